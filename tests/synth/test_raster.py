"""The rasteriser against a slow loop over pixels, and its conventions."""

from __future__ import annotations

import numpy as np
import pytest

from actionunits.synth.camera import Camera
from actionunits.synth.raster import FARTHEST, NOTHING, View, blank, corner_weights, rasterise

SIZE = 24


def slowly(screen: np.ndarray, triangles: np.ndarray, two_sided: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw by solving for the weights of every pixel; also return how far from an edge each pixel is."""
    near, ids = np.full((SIZE, SIZE), FARTHEST), np.full((SIZE, SIZE), NOTHING)
    clear = np.full((SIZE, SIZE), np.inf)
    for number, corners in enumerate(triangles):
        places = screen[corners].astype(float)
        system = np.vstack([places[:, :2].T, np.ones(3)])
        area = np.linalg.det(system)
        if abs(area) < 1e-9 or (area >= 0 and not two_sided):
            continue
        for y in range(SIZE):
            for x in range(SIZE):
                weights = np.linalg.solve(system, [x, y, 1])
                clear[y, x] = min(clear[y, x], abs(weights.min()))
                if weights.min() < 0:
                    continue
                nearness = weights @ places[:, 2]
                if nearness > near[y, x]:
                    clear[y, x] = min(clear[y, x], nearness - near[y, x])
                    near[y, x], ids[y, x] = nearness, number
    return near, ids, clear


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_a_slow_loop(seed: int, two_sided: bool) -> None:
    r = np.random.default_rng(seed)
    screen = r.uniform(-8, SIZE + 8, (24, 3)).astype(np.float32)
    triangles = r.permutation(24).reshape(8, 3).astype(np.int32)
    near, ids = blank(SIZE)
    rasterise(screen, triangles, 0, two_sided, near, ids)
    slow_near, slow_ids, clear = slowly(screen, triangles, two_sided)
    sure = clear > 1e-4
    assert sure.mean() > 0.9
    np.testing.assert_array_equal(ids[sure], slow_ids[sure])
    drawn = sure & (slow_ids >= 0)
    assert drawn.sum() > 30
    np.testing.assert_allclose(near[drawn], slow_near[drawn], rtol=1e-4, atol=1e-4)


def test_draws_only_what_is_seen_from_outside() -> None:
    screen = np.array([[2, 20, 1], [20, 20, 1], [2, 2, 1]], np.float32)  # counter-clockwise with y up
    for corners, seen in (([0, 1, 2], True), ([0, 2, 1], False)):
        near, ids = blank(SIZE)
        rasterise(screen, np.array([corners], np.int32), 5, False, near, ids)
        assert (ids == 5).any() == seen
        assert (near > FARTHEST).any() == seen


def test_neighbours_leave_no_gap() -> None:
    r = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(-3, SIZE + 3, 14), np.linspace(-3, SIZE + 3, 14))
    screen = np.stack([x + r.normal(0, 0.4, x.shape), y + r.normal(0, 0.4, x.shape), np.ones_like(x)], -1)
    number = np.arange(14 * 14).reshape(14, 14)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    near, ids = blank(SIZE)
    rasterise(screen.reshape(-1, 3).astype(np.float32), triangles, 0, False, near, ids)
    assert (ids >= 0).all()


def test_corner_weights_are_right_in_perspective() -> None:
    world = np.array([[-1, 0, 0], [1, 0, -3], [0, 1.5, 1]], np.float32) + np.array([0, 7, 0.4])
    view = View(Camera(view=45, face_share=0.6), 64)
    wanted = np.array([0.2, 0.5, 0.3])
    place = view.screen((wanted @ world)[None].astype(np.float32))[0]
    screen = view.screen(world.astype(np.float32))
    screen[:, :2] -= place[:2]  # the place becomes pixel (0, 0)
    np.testing.assert_allclose(corner_weights(screen, 0, 1, 2, 0, 0), wanted, atol=1e-4)


@pytest.mark.parametrize("camera", [Camera(), Camera(view=45, face_share=0.8, offset=(0.1, -0.05), elevation=12)])
def test_screen_agrees_with_the_camera(camera: Camera) -> None:
    points = (np.random.default_rng(0).normal(0, 0.7, (50, 3)) + np.array([0, 7, 0.4])).astype(np.float32)
    screen, slow = View(camera, 256).screen(points), camera.project(points, 256)
    np.testing.assert_allclose(screen[:, :2], slow[:, :2], atol=0.01)
    np.testing.assert_allclose(1 / screen[:, 2], slow[:, 2], rtol=1e-4)
