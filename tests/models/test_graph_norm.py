"""The graph norm, against one plain batch norm per AU and Eq. 5 in a loop."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from timm.layers import BatchNormAct2d  # noqa: E402
from torch import nn  # noqa: E402

from actionunits.models.layers.graph_norm import AUPass, GraphNorm, Unfold, replace_norms  # noqa: E402

AUS, CHANNELS, FACES = 4, 3, 5
COLUMNS = ((0, 1, 2, 3), (2,), (0, 3), (1, 2))


class Separate(nn.Module):
    """The reference: AU c's own batch norm without scale and bias, then Eq. 5, AU by AU."""

    def __init__(self, norm: GraphNorm, weights: torch.Tensor) -> None:
        super().__init__()
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(CHANNELS, eps=norm.eps, momentum=norm.momentum, affine=False) for _ in range(AUS)
        ).double()
        for c, each in enumerate(self.norms):
            each.running_mean.copy_(norm.running_mean[c])
            each.running_var.copy_(norm.running_var[c])
        self.gamma = nn.ParameterList([*norm.gamma.detach().clone()])
        self.beta = nn.ParameterList([*norm.beta.detach().clone()])
        self.weights = weights

    def forward(self, features: torch.Tensor, c: int) -> torch.Tensor:
        gamma, beta = 0, 0
        for k in range(AUS):
            gamma = gamma + self.weights[c, k] * self.gamma[k]
            beta = beta + self.weights[c, k] * self.beta[k]
        return gamma[:, None, None] * self.norms[c](features) + beta[:, None, None]


@pytest.fixture
def weights() -> torch.Tensor:
    drawn = torch.from_numpy(np.random.default_rng(3).normal(size=(AUS, AUS))).double()
    return drawn / drawn.sum(dim=1, keepdim=True)


@pytest.fixture
def current() -> AUPass:
    return AUPass()


@pytest.fixture
def norm(current) -> GraphNorm:
    torch.manual_seed(0)
    made = GraphNorm(nn.BatchNorm2d(CHANNELS, eps=0.1, momentum=0.3), AUS, current).double()
    with torch.no_grad():
        for each in (made.gamma, made.beta, made.running_mean):
            each.normal_()
        made.running_var.uniform_(0.5, 2)
    return made


def faces(count: int) -> torch.Tensor:
    return torch.randn(count, CHANNELS, 4, 6, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("opens", [False, True])
@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("training", [True, False])
def test_it_is_a_batch_norm_for_each_au(norm, weights, current, training, columns, opens, layout) -> None:
    slow = Separate(norm, weights)
    slow.train(training)
    norm.train(training)
    norm.opens = opens
    size = len(columns)
    features = faces(FACES if opens else FACES * size)
    with current.over(columns, weights):
        found = norm(features.contiguous(memory_format=layout))
    by_au = features[:, None].expand(-1, size, -1, -1, -1) if opens else features.unflatten(0, (FACES, size))
    expected = torch.stack([slow(by_au[:, place], c) for place, c in enumerate(columns)], dim=1)
    torch.testing.assert_close(found.unflatten(0, (FACES, size)), expected)

    torch.testing.assert_close(norm.running_mean, torch.stack([each.running_mean for each in slow.norms]))
    torch.testing.assert_close(norm.running_var, torch.stack([each.running_var for each in slow.norms]))

    leaning = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * leaning).sum(), [features, *slow.gamma, *slow.beta])
    gradients = torch.autograd.grad((found * leaning.flatten(0, 1)).sum(), [features, norm.gamma, norm.beta])
    torch.testing.assert_close(gradients[0], wanted[0])
    torch.testing.assert_close(gradients[1], torch.stack(wanted[1 : AUS + 1]))
    torch.testing.assert_close(gradients[2], torch.stack(wanted[AUS + 1 :]))


def test_everybody_learns_by_their_share(norm, weights, current) -> None:
    """With AU c in the batch, the gradient of gamma_k is that of the mixed gamma times w_ck / s_c."""
    with current.over((2,), weights):
        norm(faces(FACES)).square().sum().backward()
    whole = norm.gamma.grad.sum(dim=0)  # rows sum to 1
    torch.testing.assert_close(norm.gamma.grad, weights[2][:, None] * whole)


@pytest.mark.parametrize("opens", [False, True])
def test_predicting_is_the_same_with_and_without_gradients(norm, weights, current, opens) -> None:
    norm.eval().opens = opens
    features = faces(FACES * (1 if opens else AUS)).detach()
    before = features.clone()
    with current.over(COLUMNS[0], weights):
        expected = norm(features)
        assert torch.equal(features, before)
        with torch.no_grad():
            assert torch.equal(norm(features), expected)
    assert torch.equal(features, before) is opens  # else the faces were a convolution's, and are used up


@pytest.mark.parametrize("gradients", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("columns", COLUMNS)
def test_to_pool_before_the_relu_is_to_pool_after(norm, weights, current, columns, training, gradients) -> None:
    """Scales of either sign: a negative one turns the least into the largest."""
    norm.train(training).opens = True
    pool, features = nn.MaxPool2d(3, stride=2, padding=1), faces(FACES).detach()
    assert (norm.gamma < 0).any()
    with torch.set_grad_enabled(gradients):
        with current.over(columns, weights):
            expected = pool(norm(features).relu())
        norm.pool = pool
        with current.over(columns, weights):
            found = norm(features).relu()
    assert torch.equal(found, expected)


def test_a_pass_sees_what_was_learned_since_the_last(norm, weights, current) -> None:
    norm.eval()
    features = faces(FACES * AUS)
    results = []
    for _ in range(2):
        with current.over(COLUMNS[0], weights):
            results += [norm(features), norm(features)]  # several batches in a pass
        with torch.no_grad():
            norm.beta += 1
    assert torch.equal(results[0], results[1])
    torch.testing.assert_close(results[2], results[0] + 1)  # rows sum to 1


def test_rows_of_other_aus_are_left_alone(norm, weights, current) -> None:
    before = copy.deepcopy(norm)
    with current.over((0, 3), weights):
        norm(faces(2 * FACES))
    for name in ("running_mean", "running_var"):
        same = (getattr(norm, name) == getattr(before, name)).all(dim=1)
        assert same.tolist() == [False, True, True, False]


def test_a_plain_mean_over_batches(norm, weights, current) -> None:
    batches = [faces(FACES).detach() + shift for shift in range(3)]
    for seen, batch in enumerate(batches, start=1):
        with current.over((1,), weights, momentum=1 / seen):
            norm(batch)
    plain = nn.BatchNorm2d(CHANNELS, momentum=None).double()
    for batch in batches:
        plain(batch)
    torch.testing.assert_close(norm.running_mean[1], plain.running_mean)
    torch.testing.assert_close(norm.running_var[1], plain.running_var)


def test_a_mixture_borrows_variance_within_and_between(norm) -> None:
    """Against the moments of a sample that holds each neighbour's as often as it weighs."""
    rng = np.random.default_rng(0)
    samples = [rng.normal(place, place + 1, (size, CHANNELS)) for place, size in enumerate((100, 300, 600))]
    with torch.no_grad():
        for place, sample in zip((0, 1, 3), samples, strict=True):
            norm.running_mean[place] = torch.from_numpy(sample.mean(axis=0))
            norm.running_var[place] = torch.from_numpy(sample.var(axis=0))
        norm.borrow((2,), torch.tensor([[0.1, 0.3, 0, 0.6]], dtype=torch.float64))
    pooled = np.concatenate(samples)
    np.testing.assert_allclose(norm.running_mean[2], pooled.mean(axis=0))
    np.testing.assert_allclose(norm.running_var[2], pooled.var(axis=0))


def test_without_scale_and_bias(weights, current) -> None:
    plain = nn.BatchNorm2d(CHANNELS)
    plain.weight.data.fill_(7)
    norm = GraphNorm(plain, AUS, current, affine=False)
    assert not list(norm.parameters())
    features = faces(FACES * AUS).detach().float()
    with current.over(COLUMNS[0], weights.float()):
        found = norm(features)
    bare = nn.BatchNorm2d(CHANNELS, affine=False)
    for place in range(AUS):
        torch.testing.assert_close(found[place::AUS], bare(features[place::AUS]))


def test_it_replaces_every_norm_and_keeps_what_it_held(current) -> None:
    plain = BatchNormAct2d(CHANNELS, eps=1e-3, momentum=0.01, act_layer=nn.ReLU6)
    for each in (plain.weight, plain.bias, plain.running_mean, plain.running_var):
        each.data.uniform_(1, 2)
    module = nn.Sequential(nn.Conv2d(3, CHANNELS, 1), plain, nn.Sequential(nn.BatchNorm2d(2)))
    made = replace_norms(module, AUS, current)
    assert made == [layer for layer in module.modules() if isinstance(layer, GraphNorm)]
    assert [layer.channels for layer in made] == [CHANNELS, 2]
    assert not [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    first = made[0]
    assert (first.eps, first.momentum) == (1e-3, 0.01)
    for name, held in (("gamma", plain.weight), ("beta", plain.bias)):
        assert torch.equal(getattr(first, name), held.expand(AUS, -1))
    for name in ("running_mean", "running_var"):
        assert torch.equal(getattr(first, name), getattr(plain, name).expand(AUS, -1))
    features = 9 * torch.randn(AUS * FACES, CHANNELS, 2, 2)
    with current.over(COLUMNS[0], torch.eye(AUS)), torch.no_grad():
        first.eval()
        torch.testing.assert_close(first(features.clone()), plain.eval()(features))
    assert features.max() > 6


def test_unfolding_keeps_a_faces_rows_together(current) -> None:
    with current.over((0, 2), torch.eye(AUS)):
        rows = Unfold(current)(torch.arange(3.0).view(3, 1, 1, 1))
    assert rows.flatten().tolist() == [0, 0, 1, 1, 2, 2]


def test_a_pass_that_fails_leaves_nothing_behind(norm, weights, current) -> None:
    def compute() -> None:
        with current.over((0, 1), weights, momentum=0.5):
            norm(torch.zeros(3, CHANNELS, 2, 2, dtype=torch.float64))  # 3 rows are not faces times 2

    with pytest.raises(RuntimeError):
        compute()
    assert (current.size, current.momentum, current.weights.numel(), current.tables) == (0, None, 0, {})
