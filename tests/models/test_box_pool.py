"""Pooling of boxes, against plain loops and torchvision's layer for pyramids."""

from collections import OrderedDict

import pytest

torch = pytest.importorskip("torch")

from torchvision.ops import MultiScaleRoIAlign, roi_align  # noqa: E402

from actionunits.models.layers.box_pool import BoxPool, box_level  # noqa: E402


def some_boxes(count: int, each: int, side: int = 256) -> torch.Tensor:
    corner = torch.rand(count, each, 2) * side * 0.6
    return torch.cat([corner, corner + 8 + torch.rand(count, each, 2) * side * 0.3], dim=2)


def slow_max(features: torch.Tensor, box: torch.Tensor, size: int, stride: int) -> torch.Tensor:
    """Fast R-CNN's pooling: rounded cells of the map, split into bins that may share a cell."""
    left, top, right, bottom = (round(float(value) / stride) for value in box)
    height, width = max(bottom - top + 1, 1), max(right - left + 1, 1)
    out = torch.zeros(features.shape[0], size, size)
    for i in range(size):
        for j in range(size):
            rows = range(top + i * height // size, top + -(-(i + 1) * height // size))
            columns = range(left + j * width // size, left + -(-(j + 1) * width // size))
            inside = [
                features[:, r, c]
                for r in rows
                for c in columns
                if 0 <= r < features.shape[1] and 0 <= c < features.shape[2]
            ]
            if inside:
                out[:, i, j] = torch.stack(inside).amax(dim=0)
    return out


@pytest.mark.parametrize("size", [3, 7])
def test_max_pooling_is_fast_rcnns(size) -> None:
    torch.manual_seed(0)
    features, boxes = torch.randn(2, 5, 16, 16), some_boxes(2, 4)
    pooled = BoxPool(size, "max")([features], boxes, 4)
    assert pooled.shape == (2, 4, 5, size, size)
    for n in range(2):
        for r in range(4):
            torch.testing.assert_close(pooled[n, r], slow_max(features[n], boxes[n, r], size, 16))


def test_align_is_torchvisions() -> None:
    torch.manual_seed(0)
    features, boxes = torch.randn(2, 5, 16, 16), some_boxes(2, 4)
    pooled = BoxPool(7, "align")([features], boxes, 4)
    torch.testing.assert_close(pooled.flatten(0, 1), roi_align(features, list(boxes), 7, 1 / 16))


def test_levels_are_those_of_torchvisions_pyramid() -> None:
    torch.manual_seed(0)
    side = 1024
    maps = [torch.randn(2, 3, side // 2**level, side // 2**level) for level in (2, 3, 4, 5)]
    corner = torch.rand(2, 8, 2) * 300
    sides = torch.tensor([20.0, 60.0, 111.0, 113.0, 223.0, 230.0, 447.0, 600.0])
    boxes = torch.cat([corner, corner + sides[:, None] * torch.tensor([1.2, 1 / 1.2])], dim=2)
    reference = MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=7, sampling_ratio=-1)
    named = OrderedDict((str(i), each) for i, each in enumerate(maps))
    expected = reference(named, list(boxes), [(side, side)] * 2)
    torch.testing.assert_close(BoxPool(7, "align")(maps, boxes, 2).flatten(0, 1), expected)
    assert box_level(boxes)[0].tolist() == [0, 2, 2, 3, 3, 4, 4, 5]


def test_a_box_does_not_hang_on_the_other_faces() -> None:
    torch.manual_seed(0)
    features, boxes = torch.randn(3, 4, 8, 8), some_boxes(3, 2, 128)
    pool = BoxPool(4, "max")
    alone = pool([features[1:2]], boxes[1:2], 4)
    torch.testing.assert_close(pool([features], boxes, 4)[1:2], alone)
