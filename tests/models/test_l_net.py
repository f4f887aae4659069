"""The L-Net against Eq. 1, step by step."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.models.layers.l_net import LNet  # noqa: E402

CHANNELS, FACES = 6, 3
WHOLE = [list(range(9))] * 2
BACKWARDS = [list(range(8, -1, -1))] * 2
REGIONS = [[0, 1, 4], [8, 5, 2, 7, 6]]


def slow(net: LNet, features: torch.Tensor, walks: list[list[int]], hidden: int) -> torch.Tensor:
    """The mean over the steps of the logit of each step, of one LSTM at a time."""
    logits = []
    for au, walk in enumerate(walks):
        lstm = nn.LSTM(CHANNELS, hidden, batch_first=True)
        lstm.load_state_dict({f"{name}_l0": each[au] for name, each in net.lstm.state_dict().items()})
        sequence = torch.stack([features[:, :, cell // 3, cell % 3] for cell in walk], dim=1)  # (N, T, D)
        states = lstm(sequence)[0]  # (N, T, H)
        steps = states if net.head is None else states @ net.head.weight[au, 0] + net.head.bias[au]
        logits.append(steps.flatten(1).mean(dim=1))
    return torch.stack(logits, dim=1)


@pytest.mark.parametrize("walks", [WHOLE, BACKWARDS, REGIONS], ids=["whole", "backwards", "regions"])
@pytest.mark.parametrize("hidden", [1, 4])
def test_logits_are_those_of_the_equation(walks, hidden):
    torch.manual_seed(0)
    net, features = LNet(CHANNELS, walks, hidden), torch.randn(FACES, CHANNELS, 3, 3)
    logits, states = net(features)
    assert states.shape == (FACES, 2, hidden)
    torch.testing.assert_close(logits, slow(net, features, walks, hidden), rtol=0, atol=1e-5)


def test_the_literal_reading_has_no_head_and_small_logits():
    torch.manual_seed(1)
    net = LNet(CHANNELS, WHOLE, 1)
    assert net.head is None
    assert net(100 * torch.randn(50, CHANNELS, 3, 3))[0].abs().max() < 1


def test_only_the_cells_of_a_walk_matter():
    torch.manual_seed(2)
    net, features = LNet(CHANNELS, REGIONS, 4), torch.randn(FACES, CHANNELS, 3, 3, requires_grad=True)
    for au, walk in enumerate(REGIONS):
        (gradient,) = torch.autograd.grad(net(features)[0][:, au].sum(), features)
        seen = gradient.abs().sum(dim=(0, 1)).flatten()
        assert [cell for cell in range(9) if seen[cell] > 0] == sorted(walk)


@pytest.mark.parametrize(
    ("hidden", "parameters"), [(128, 3_945_996), (64, 1_776_396), (256, 9_464_844), (512, 25_221_132), (1, 24_720)]
)
def test_parameters_of_the_paper_at_twelve_action_units(hidden, parameters):
    with torch.device("meta"):
        net = LNet(512, [list(range(49))] * 12, hidden)
    assert sum(each.numel() for each in net.parameters()) == parameters


def test_parameters_of_the_paper_at_eight_action_units():
    with torch.device("meta"):
        net = LNet(512, [list(range(49))] * 8, 128)
    assert sum(each.numel() for each in net.parameters()) == 2_630_664
