"""The CRF against sums over all labellings, and against messages that are passed one by one."""

import itertools
import math

import pytest

torch = pytest.importorskip("torch")

from actionunits.models.layers.pairwise_crf import Graph, PairwiseCRF, sum_product  # noqa: E402

TREES = {
    "path": [(0, 1), (1, 2), (3, 2), (3, 4)],
    "star": [(0, 1), (2, 0), (0, 3), (4, 0)],
    "forest": [(0, 1), (4, 2)],
    "none": [],
}
CYCLE = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (0, 4)]


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def graph_of(edges, kinds=1) -> Graph:
    pairs = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    return Graph(pairs, torch.arange(len(edges)) % kinds)


def crf_of(labels=3, features=4, **settings) -> PairwiseCRF:
    crf = PairwiseCRF(features, labels, **{"kinds": 2, "iterations": 20, **settings}).double()
    with torch.no_grad():
        for each in crf.parameters():
            each.normal_()
    return crf


def log_joint(crf, features, edges, kinds, labelling):
    """Of one labelling, not normalised: the definition, term by term."""
    total = sum(crf.weight[label] @ features[node] for node, label in enumerate(labelling))
    for (one, other), kind in zip(edges, kinds, strict=True):
        table = crf.tables[kind]
        table = (table + table.T) / 2 if crf.symmetric else table
        total = total + table[labelling[one], labelling[other]]
    return total


def every_labelling(crf, features, edges, kinds):
    """Labellings, and the log-probability of each."""
    labels = crf.weight.shape[0]
    all_of_them = list(itertools.product(range(labels), repeat=len(features)))
    scores = torch.stack([log_joint(crf, features, edges, kinds, each) for each in all_of_them])
    return all_of_them, scores - torch.logsumexp(scores, 0)


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("symmetric", [True, False])
def test_marginals_are_exact_on_trees(name, symmetric) -> None:
    edges, crf, features = TREES[name], crf_of(symmetric=symmetric), torch.randn(5, 4).double()
    graph = graph_of(edges, kinds=2)
    found = crf.beliefs(crf(features), graph)
    labellings, log_p = every_labelling(crf, features, edges, graph.kinds.tolist())
    nodes, pairs = torch.zeros(5, 3).double(), torch.zeros(len(edges), 3, 3).double()
    for labelling, probability in zip(labellings, log_p.exp(), strict=True):
        for node, label in enumerate(labelling):
            nodes[node, label] += probability
        for place, (one, other) in enumerate(edges):
            pairs[place, labelling[one], labelling[other]] += probability
    torch.testing.assert_close(found.nodes.exp(), nodes, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.edges.exp(), pairs, rtol=0, atol=1e-5)


def slowly(scores, tables, edges, rounds):
    """Messages as numbers in a dictionary, in probabilities; the beliefs of the nodes."""
    labels, neighbours = range(len(scores[0])), {node: [] for node in range(len(scores))}
    potential = {}
    for (one, other), table in zip(edges, tables, strict=True):
        neighbours[one].append(other)
        neighbours[other].append(one)
        for a in labels:
            for b in labels:
                potential[one, other, a, b] = potential[other, one, b, a] = math.exp(table[a][b])
    told = {(node, near, label): 1.0 for node in neighbours for near in neighbours[node] for label in labels}

    def product(node, label, but=None):
        value = math.exp(scores[node][label])
        for near in neighbours[node]:
            if near != but:
                value *= told[near, node, label]
        return value

    for _ in range(rounds):
        fresh = {}
        for node in neighbours:
            for near in neighbours[node]:
                sent = [sum(product(node, a, but=near) * potential[node, near, a, b] for a in labels) for b in labels]
                fresh |= {(node, near, label): value / sum(sent) for label, value in zip(labels, sent, strict=True)}
        told = fresh
    beliefs = [[product(node, label) for label in labels] for node in neighbours]
    return torch.tensor([[value / sum(row) for value in row] for row in beliefs], dtype=torch.float64)


@pytest.mark.parametrize("rounds", [0, 1, 2, 7])
def test_messages_are_those_of_the_textbook(rounds) -> None:
    scores, tables = torch.randn(5, 3).double(), torch.randn(len(CYCLE), 3, 3).double()
    found = sum_product(scores, tables, graph_of(CYCLE).edges, rounds)
    expected = slowly(scores.tolist(), tables.tolist(), CYCLE, rounds)
    torch.testing.assert_close(found.nodes.exp(), expected, rtol=0, atol=1e-10)


def test_a_fixed_point_is_consistent_and_near_the_truth() -> None:
    edges, crf, features = CYCLE, crf_of(iterations=200), 0.3 * torch.randn(5, 4).double()
    with torch.no_grad():
        crf.tables.mul_(0.3)
    graph = graph_of(edges, kinds=2)
    scores = crf(features)
    found, further = (sum_product(scores, crf._pairs(graph), graph.edges, rounds) for rounds in (200, 201))
    torch.testing.assert_close(found.nodes, further.nodes, rtol=0, atol=1e-9)
    for side, node in ((2, graph.edges[0]), (1, graph.edges[1])):
        torch.testing.assert_close(found.edges.exp().sum(side), found.nodes.exp()[node], rtol=0, atol=1e-9)
    labellings, log_p = every_labelling(crf, features, edges, graph.kinds.tolist())
    exact = torch.zeros(5, 3).double()
    for labelling, probability in zip(labellings, log_p.exp(), strict=True):
        exact[range(5), labelling] += probability
    torch.testing.assert_close(found.nodes.exp(), exact, rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ["path", "star", "none"])
def test_the_likelihood_and_its_gradient_are_exact_on_trees(name) -> None:
    edges, crf, features = TREES[name], crf_of(symmetric=False), torch.randn(5, 4).double()
    features.requires_grad_()
    graph, labels = graph_of(edges, kinds=2), [0, 2, 1, 1, 0]
    inputs = [*crf.parameters(), features]

    def exact():
        labellings, log_p = every_labelling(crf, features, edges, graph.kinds.tolist())
        return -log_p[labellings.index(tuple(labels))]

    found = crf.surprise(crf(features), graph, torch.tensor(labels))
    torch.testing.assert_close(found, exact())
    ours = torch.autograd.grad(found, inputs)
    with torch.no_grad():
        for each, gradient in zip(inputs, ours, strict=True):
            flat, step = each.flatten(), 1e-6
            for place in range(0, len(flat), max(1, len(flat) // 7)):
                before = flat[place].item()
                each.view(-1)[place] = before + step
                more = exact()
                each.view(-1)[place] = before - step
                less = exact()
                each.view(-1)[place] = before
                assert float(gradient.flatten()[place]) == pytest.approx(float(more - less) / (2 * step), abs=1e-6)


def test_the_gradient_is_the_models_expectation_minus_the_datas() -> None:
    """On graphs with loops too, where the likelihood is out of reach."""
    crf, features, labels = crf_of(iterations=3), torch.randn(5, 4).double(), torch.tensor([0, 2, 1, 1, 0])
    graph = graph_of(CYCLE, kinds=2)
    crf.surprise(crf(features), graph, labels).backward()
    found = crf.beliefs(crf(features), graph)
    wanted = torch.zeros(3, 4).double()
    for node in range(5):
        for label in range(3):
            wanted[label] += (found.nodes[node, label].exp() - float(labels[node] == label)) * features[node]
    torch.testing.assert_close(crf.weight.grad, wanted)
    tables = torch.zeros(2, 3, 3).double()
    for place, (one, other) in enumerate(CYCLE):
        tables[graph.kinds[place]] += found.edges[place].exp()
        tables[graph.kinds[place], labels[one], labels[other]] -= 1
    torch.testing.assert_close(crf.tables.grad, (tables + tables.mT) / 2)


def test_unknown_nodes_are_left_out() -> None:
    crf, features = crf_of(), torch.randn(5, 4).double().requires_grad_()
    graph, labels = graph_of(CYCLE, kinds=2), torch.tensor([0, -1, 1, 1, 0])
    scores = crf(features)
    found = crf.surprise(scores, graph, labels)
    kept = [
        (one, other, kind)
        for (one, other), kind in zip(CYCLE, graph.kinds.tolist(), strict=True)
        if 1 not in (one, other)
    ]
    place = {0: 0, 2: 1, 3: 2, 4: 3}
    smaller = Graph(
        torch.tensor([[place[one] for one, _, _ in kept], [place[other] for _, other, _ in kept]]),
        torch.tensor([kind for *_, kind in kept]),
    )
    torch.testing.assert_close(found, crf.surprise(scores[[0, 2, 3, 4]], smaller, labels[[0, 2, 3, 4]]))
    (gradient,) = torch.autograd.grad(found, features)
    assert not gradient[1].any()
    assert gradient[[0, 2, 3, 4]].abs().sum(dim=1).all()


def test_without_a_known_label_nothing_is_learned() -> None:
    crf = crf_of()
    loss = crf.surprise(crf(torch.randn(5, 4)), graph_of(CYCLE, kinds=2), torch.full((5,), -1))
    loss.backward()
    assert loss == 0
    assert not any(each.grad.any() for each in crf.parameters())


def test_parameters_of_the_paper() -> None:
    assert sum(each.numel() for each in PairwiseCRF(2048, 22).parameters()) == 45_540


def test_half_precision_is_kept_out() -> None:
    crf, features = PairwiseCRF(4, 3), torch.randn(5, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(crf(features), crf(features.float()))
        assert crf(features.bfloat16()).dtype == torch.float32
