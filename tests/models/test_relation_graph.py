"""The relation graph, against Eq. 5 written out and the bounds that its guards promise."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_12, AUSet  # noqa: E402
from actionunits.models.relation_graph import (  # noqa: E402
    RelationGraph,
    mixing_weights,
    new_au_weights,
    positive_weights,
    shrink_factors,
)

AUS = AUSet((1, 4, 12, 25))
SAFE = np.array([[1, 0.5, -0.2, 0.1], [0.5, 1, 0.3, -0.4], [-0.2, 0.3, 1, 0.6], [0.1, -0.4, 0.6, 1]])


def correlations(seed: int, size: int = 12) -> np.ndarray:
    """Of few frames, so that they are large and many rows sum to little."""
    return np.corrcoef(np.random.default_rng(seed).normal(size=(size, 4)))


def adversarial(size: int) -> torch.Tensor:
    """Every row sums to 0."""
    relation = torch.full((size, size), -1 / (size - 1), dtype=torch.float64)
    return relation.fill_diagonal_(1)


def eq_5(relation: np.ndarray) -> np.ndarray:
    weights = np.zeros_like(relation)
    for c in range(len(relation)):
        for k in range(len(relation)):
            weights[c, k] = relation[c, k] / sum(relation[c, j] for j in range(len(relation)))
    return weights


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("norm", ["shrink", "softmax"])
def test_rows_sum_to_1(norm, seed) -> None:
    weights = mixing_weights(torch.from_numpy(correlations(seed)), norm)
    np.testing.assert_allclose(weights.sum(dim=1), 1)


@pytest.mark.parametrize("norm", ["shrink", "paper"])
def test_where_it_is_safe_it_is_the_papers_formula(norm) -> None:
    np.testing.assert_allclose(mixing_weights(torch.from_numpy(SAFE), norm), eq_5(SAFE))
    assert (shrink_factors(torch.from_numpy(SAFE), 0.25) == 1).all()


@pytest.mark.parametrize("delta", [0.1, 0.25, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_shrink_keeps_every_sum_above_delta_and_changes_nothing_else(seed, delta) -> None:
    relation = torch.from_numpy(correlations(seed))
    factors = shrink_factors(relation, delta)
    sums = relation.sum(dim=1)
    small = sums < delta
    assert small.any()
    shrunk = relation * factors[:, None]
    shrunk.fill_diagonal_(1)
    np.testing.assert_allclose(shrunk.sum(dim=1)[small], delta)
    np.testing.assert_allclose(factors[~small], 1)
    weights = mixing_weights(relation, "shrink", delta=delta)
    np.testing.assert_allclose(weights, eq_5(shrunk.numpy()))
    assert weights.abs().max() <= 1 / delta + 1e-9


@pytest.mark.parametrize("size", [2, 8, 12])
@pytest.mark.parametrize("norm", ["shrink", "abs", "softmax"])
def test_adversarial_relations_stay_finite(norm, size) -> None:
    weights = mixing_weights(adversarial(size), norm)
    assert weights.isfinite().all()
    assert weights.abs().max() <= 4 + 1e-9


def test_abs_and_softmax() -> None:
    relation = torch.from_numpy(SAFE)
    np.testing.assert_allclose(mixing_weights(relation, "abs")[1], SAFE[1] / 2.2)
    powers = np.exp(SAFE[1] / 0.5)
    np.testing.assert_allclose(mixing_weights(relation, "softmax", temperature=0.5)[1], powers / powers.sum())


def test_paper_refuses_to_divide_by_nothing_and_names_the_au() -> None:
    graph = RelationGraph(AUS, norm="paper")
    relation = SAFE.copy()
    relation[2] = [-0.5, -0.2, 1, -0.3]
    with pytest.raises(UsageError, match=r"AU12: its relations sum to .*shrink"):
        graph.observe(relation)
    assert torch.equal(graph.mixing, torch.eye(4))


def test_paper_warns_of_small_and_negative_sums(recwarn) -> None:
    graph = RelationGraph(AUS, norm="paper")
    graph.observe(SAFE)
    assert not recwarn.list
    relation = SAFE.copy()
    relation[1], relation[2] = [-0.5, 1, -0.2, -0.1], [-0.9, -0.4, 1, -0.3]
    with pytest.warns(UserWarning, match=r"AU4 \(0\.200\), AU12 \(-0\.600\)"):
        graph.observe(relation)
    np.testing.assert_allclose(graph(), eq_5(relation), rtol=1e-6)


def test_it_tells_sums_and_factors() -> None:
    graph = RelationGraph(AUS, norm="shrink")
    relation = SAFE.copy()
    relation[2] = [-0.9, -0.4, np.nan, -0.2]
    graph.observe(relation)
    np.testing.assert_allclose(graph.row_sums, [1.4, 1.4, -0.5, 1.3], rtol=1e-6)
    np.testing.assert_allclose(graph.shrinkage, [1, 1, 0.5, 1], rtol=1e-6)
    np.testing.assert_allclose(graph()[2], np.array([-0.45, -0.2, 1, -0.1]) / 0.25, rtol=1e-6)
    assert (RelationGraph(AUS, norm="abs").shrinkage == 1).all()


def test_what_is_not_known_is_no_relation() -> None:
    graph = RelationGraph(AUS)
    relation = SAFE.copy()
    relation[0, 1] = relation[1, 0] = np.nan
    relation[3, 3] = 0  # an AU that is constant
    graph.observe(relation)
    assert graph.relation[0, 1] == graph()[1, 0] == 0
    assert graph.relation[3, 3] == 1
    assert graph().isfinite().all()


def test_before_it_saw_labels_everybody_listens_to_itself() -> None:
    assert torch.equal(RelationGraph(AUS)(), torch.eye(4))


def test_without_relations() -> None:
    graph = RelationGraph(AUS, "self", unseen=[12])
    graph.observe(SAFE)
    expected = np.eye(4)
    expected[2] = [-0.2 / 0.7, 0.3 / 0.7, 0, 0.6 / 0.7]
    np.testing.assert_allclose(graph(), expected, rtol=1e-6)


@pytest.mark.parametrize("aus", [BP4D_12, AUSet((12,))])
def test_learnable_relations(aus) -> None:
    torch.manual_seed(0)
    graph, count = RelationGraph(aus, "learnable"), len(aus)
    assert sum(parameter.numel() for parameter in graph.parameters()) == count * (count - 1)
    others = ~np.eye(count, dtype=bool)
    expected = np.eye(count)
    expected[others] = np.tanh(graph.theta.detach().numpy().ravel())
    np.testing.assert_allclose(graph.row_sums, expected.sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(graph().detach(), eq_5(expected), rtol=1e-5)


def test_learnable_relations_begin_small_and_random() -> None:
    torch.manual_seed(0)
    theta = RelationGraph(AUSet(tuple(BP4D_12)), "learnable").theta
    assert 0.08 < theta.std() < 0.12
    assert abs(theta.mean()) < 0.03
    assert not torch.allclose(RelationGraph(AUSet(tuple(BP4D_12)), "learnable").theta, theta)


def test_learnable_relations_are_guarded_in_every_step_and_the_guard_does_not_learn() -> None:
    graph = RelationGraph(AUS, "learnable").double()
    with torch.no_grad():
        graph.theta.fill_(-2)  # rows sum to about -1.9
    factor = 0.75 / (3 * np.tanh(2))
    np.testing.assert_allclose(graph.shrinkage, factor)
    weights = graph()
    np.testing.assert_allclose(weights.detach().sum(dim=1), 1)
    (found,) = torch.autograd.grad(weights[0, 0], graph.theta)
    others = -3 * factor * np.tanh(2)
    expected = -factor * (1 - np.tanh(2) ** 2) / (1 + others) ** 2  # of 1 / (1 + factor * sum), the factor a constant
    np.testing.assert_allclose(found[:3], expected)
    assert not found[3:].any()


@pytest.mark.parametrize(
    ("relation", "norm"),
    [("pcc", "shrink"), ("pcc", "paper"), ("pcc", "abs"), ("pcc", "softmax"), ("learnable", "shrink")],
)
def test_nobody_listens_to_an_au_that_is_not_trained(relation, norm) -> None:
    graph = RelationGraph(AUS, relation, norm=norm, unseen=[4])
    graph.observe(SAFE)
    weights = graph().detach()
    assert not weights[:, 1].any()
    np.testing.assert_allclose(weights[1], np.array([0.5, 0, 0.3, -0.4]) / 0.4, rtol=1e-6)
    if relation == "pcc":
        seen = np.ix_([0, 2, 3], [0, 2, 3])
        np.testing.assert_allclose(weights.numpy()[seen], mixing_weights(torch.from_numpy(SAFE[seen]), norm), rtol=1e-6)


def test_the_weights_of_a_new_au() -> None:
    mixed = torch.tensor([0.6, -0.2, 0.4])
    np.testing.assert_allclose(new_au_weights(mixed), [0.75, -0.25, 0.5], rtol=1e-6)
    unsafe = torch.tensor([0.6, -0.5, 0.1])  # the sum, 0.2, is less than a quarter of 1.2
    np.testing.assert_allclose(new_au_weights(unsafe), [6 / 7, 0, 1 / 7], rtol=1e-6)
    np.testing.assert_allclose(new_au_weights(unsafe, delta=0.1), unsafe / 0.2, rtol=1e-5)
    np.testing.assert_allclose(new_au_weights(torch.tensor([-0.6, -0.5])), [0.5, 0.5])
    np.testing.assert_allclose(new_au_weights(torch.zeros(4)), [0.25] * 4)
    np.testing.assert_allclose(positive_weights(mixed), [0.6, 0, 0.4])


def test_positive_relations_of_unseen_aus() -> None:
    graph = RelationGraph(AUS, unseen=[4, 25])
    graph.observe(SAFE)
    np.testing.assert_allclose(graph.positive(), [[0.625, 0, 0.375, 0], [1 / 7, 0, 6 / 7, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"relation": "friends"}, "pcc, learnable, self"),
        ({"norm": "l2"}, "shrink, paper"),
        ({"relation": "learnable", "norm": "paper"}, "sum to 0"),
        ({"delta": 0}, "above 0"),
        ({"delta": 1.5}, "at most 1"),
        ({"delta": float("nan")}, "above 0"),
        ({"temperature": 0}, "above 0"),
        ({"unseen": [6]}, "not among"),
        ({"unseen": [4, 4]}, "twice"),
        ({"unseen": AUS}, "left to train"),
    ],
)
def test_wrong_settings(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        RelationGraph(AUS, **settings)
