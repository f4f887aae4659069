"""The LSTM of maps, against one written as a loop from its equations."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import conv2d  # noqa: E402

from actionunits.models.layers.conv_lstm import ConvLSTM  # noqa: E402


def slow(layer: ConvLSTM, maps: torch.Tensor) -> torch.Tensor:
    """One sequence, one box and one step at a time."""
    size, out = layer.size, []
    for sequence in maps:  # (T, R, inputs, h, w)
        boxes = []
        for box in range(maps.shape[2]):
            own = 0 if layer.boxes == 1 else box
            weight = layer.gates.weight[own * 4 * size : (own + 1) * 4 * size]
            bias = layer.gates.bias[own * 4 * size : (own + 1) * 4 * size]
            h = c = torch.zeros(size, *maps.shape[-2:])
            states = []
            for x in sequence[:, box]:
                i_f_o_g = conv2d(torch.cat([x, h])[None], weight, bias, padding=1)[0]
                forget, take, show, new = i_f_o_g.split(size)
                c = torch.sigmoid(forget) * c + torch.sigmoid(take) * torch.tanh(new)
                h = torch.sigmoid(show) * torch.tanh(c)
                states.append(h)
            boxes.append(torch.stack(states))
        out.append(torch.stack(boxes, dim=1))
    return torch.stack(out)


@pytest.mark.parametrize("own", [3, 1])
def test_it_is_the_equations(own) -> None:
    torch.manual_seed(0)
    layer = ConvLSTM(own, 2, 4)
    maps = torch.randn(2, 5, 3, 2, 6, 7)
    states = layer(maps)
    assert states.shape == (2, 5, 3, 4, 6, 7)
    torch.testing.assert_close(states, slow(layer, maps))


def test_boxes_do_not_hear_of_each_other() -> None:
    torch.manual_seed(0)
    layer, maps = ConvLSTM(3, 2, 4), torch.randn(1, 3, 3, 2, 4, 4)
    other = maps.clone()
    other[:, :, 1] += 1
    same = (layer(maps) == layer(other)).flatten(3).all(dim=3)[0].all(dim=0)
    assert same.tolist() == [True, False, True]


def test_the_papers_size() -> None:
    with torch.device("meta"):
        one, nine = ConvLSTM(1, 2048, 256), ConvLSTM(9, 2048, 256)
    assert sum(each.numel() for each in one.parameters()) == 21_234_688
    assert sum(each.numel() for each in nine.parameters()) == 9 * 21_234_688
