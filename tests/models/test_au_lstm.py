"""LSTMs side by side against as many of PyTorch's."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.models.layers.au_lstm import AULSTM  # noqa: E402

AUS, FACES, STEPS, FEATURES = 3, 4, 7, 10


def pair(hidden: int) -> tuple[AULSTM, list[nn.LSTM]]:
    """The layer and PyTorch's, with the same weights."""
    torch.manual_seed(hidden)
    layer, separate = AULSTM(AUS, FEATURES, hidden), [nn.LSTM(FEATURES, hidden, batch_first=True) for _ in range(AUS)]
    names = dict(layer.named_parameters())
    layer.load_state_dict({name: torch.stack([getattr(each, f"{name}_l0") for each in separate]) for name in names})
    return layer, separate


@pytest.mark.parametrize("hidden", [1, 5])
@pytest.mark.parametrize("own", [False, True], ids=["shared", "own"])
def test_states_and_gradients_are_those_of_separate_lstms(hidden, own):
    layer, separate = pair(hidden)
    sequence = torch.randn(*([AUS] if own else []), FACES, STEPS, FEATURES, requires_grad=True)
    found = layer(sequence)
    assert found.shape == (STEPS, AUS, FACES, hidden)
    wanted = torch.stack([lstm(sequence[au] if own else sequence)[0] for au, lstm in enumerate(separate)])
    wanted = wanted.permute(2, 0, 1, 3)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)

    upstream = torch.randn_like(found)
    (from_found,) = torch.autograd.grad(found, sequence, upstream, retain_graph=True)
    (from_wanted,) = torch.autograd.grad(wanted, sequence, upstream, retain_graph=True)
    torch.testing.assert_close(from_found, from_wanted, rtol=0, atol=1e-5)
    found.backward(upstream)
    wanted.backward(upstream)
    for name, parameter in layer.named_parameters():
        each = torch.stack([getattr(lstm, f"{name}_l0").grad for lstm in separate])
        torch.testing.assert_close(parameter.grad, each, rtol=0, atol=1e-5)


def test_it_begins_in_the_range_of_pytorchs():
    torch.manual_seed(0)
    layer, one = AULSTM(20, 30, 16), nn.LSTM(30, 16)
    for name, parameter in layer.named_parameters():
        assert parameter.abs().max() <= 1 / 4
        assert parameter.std().item() == pytest.approx(getattr(one, f"{name}_l0").std().item(), rel=0.15)
    assert not layer.weight_ih[0].equal(layer.weight_ih[1])
