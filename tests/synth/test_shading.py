"""Light, shade, reflections and strands on simple bodies."""

from __future__ import annotations

import numpy as np
import pytest

from actionunits.synth.camera import TARGET
from actionunits.synth.raster import blank, rasterise
from actionunits.synth.shading import Lamps, Lit, rim_shade, shade_coloured
from actionunits.synth.shadow import add_light, draw_shadow_maps, light_frames, shadow_middle, visibility
from actionunits.synth.strokes import Glow, Turn, draw_strands, move_strands

SIZE = 48
MIDDLE = np.array(TARGET, np.float32)
NO_TRIANGLES = np.zeros((0, 3), np.int32)
NO_HAIR = np.zeros((0, 3), np.float32)


def sphere(rings: int = 40, spokes: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return unit points and outward triangles."""
    across, around = np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    points = np.stack(
        [
            np.outer(np.sin(across), np.cos(around)),
            np.outer(np.sin(across), np.sin(around)),
            np.outer(np.cos(across), np.ones(spokes)),
        ],
        -1,
    )
    number = np.arange(rings * spokes).reshape(rings, spokes)
    inner, outer = number[:-1], number[1:]
    onward, after = np.roll(inner, -1, 1), np.roll(outer, -1, 1)
    triangles = np.concatenate([np.stack([inner, outer, after], -1), np.stack([inner, after, onward], -1)])
    return points.reshape(-1, 3).astype(np.float32), triangles.reshape(-1, 3).astype(np.int32)


def lamps(direction: tuple[float, float, float], colour: float = 1.0, around: float = 0.0) -> Lamps:
    return Lamps(
        np.array([direction], np.float32),
        np.full((1, 3), colour, np.float32),
        np.full(1, 0.1, np.float32),
        np.full(3, around, np.float32),
        np.array([0, 0, 50], np.float32),
    )


def arriving(normals: np.ndarray, direction: tuple[float, float, float], colour: float = 1.0) -> np.ndarray:
    light, flow = np.zeros((len(normals), 3), np.float32), np.zeros((len(normals), 3), np.float32)
    reached = np.ones((len(normals), 1), np.float32)
    colours = np.full((1, 3), colour, np.float32)
    add_light(normals, reached, np.array([direction], np.float32), colours, 0.0, light, flow)
    return light


def picture_of_sphere(direction: tuple[float, float, float], colour: float, mirror: float) -> np.ndarray:
    points, triangles = sphere()
    screen = np.stack([points[:, 0] * 20 + 23.5, 23.5 - points[:, 1] * 20, 1 / (50 - points[:, 2])], 1)
    light = arriving(points, direction, colour)
    reached = np.ones((len(points), 1), np.float32)
    lit = Lit(screen.astype(np.float32), points, points, light, np.zeros_like(light), reached)
    near, ids = blank(SIZE)
    rasterise(lit.screen, triangles, 0, False, near, ids)
    out = np.zeros((SIZE, SIZE, 3), np.float32)
    albedo, even = np.full((len(points), 3), 0.5, np.float32), np.ones((SIZE, SIZE), np.float32)
    rough = np.float32(0.4)
    shade_coloured(ids, 0, triangles, lit, lamps(direction, colour), albedo, rough, np.float32(mirror), even, out)
    return out


def test_sphere_is_bright_towards_the_light_and_black_away_from_it() -> None:
    out = picture_of_sphere((1.0, 0.0, 0.0), 1.0, 0.04)[..., 1]
    assert out[24, 42] > 0.4
    assert out[24, 42] > out[24, 30] > 0
    assert (out[:, :22] == 0).all()


def test_matt_sphere_gives_back_albedo_times_cosine() -> None:
    out = picture_of_sphere((0.0, 0.0, 1.0), 2.0, 0.0)
    x = (np.arange(SIZE) - 23.5) / 20
    inside = np.abs(x) < 0.9
    wanted = 0.5 * 2 * np.sqrt(1 - np.minimum(x[inside] ** 2 + (0.5 / 20) ** 2, 1))
    np.testing.assert_allclose(out[24, inside, 0], wanted, atol=0.03)


def test_light_is_linear_in_its_colour() -> None:
    once, thrice = (picture_of_sphere((0.6, 0.0, 0.8), colour, 0.03) for colour in (0.2, 0.6))
    np.testing.assert_allclose(thrice, 3 * once, rtol=1e-4, atol=1e-5)


def test_a_mirror_shines_where_it_mirrors_the_lamp() -> None:
    plain, shiny = (picture_of_sphere((0.6, 0.0, 0.8), 1.0, mirror)[24, :, 0] for mirror in (0.0, 0.05))
    brightest = 23.5 + 20 * np.sin(np.arctan2(0.6, 0.8) / 2)
    assert abs(int((shiny - plain)[:40].argmax()) - brightest) <= 2


def test_what_lies_behind_a_plate_is_in_its_shadow() -> None:
    plate = np.array([[-0.5, -0.5, 1], [0.5, -0.5, 1], [0.5, 0.5, 1], [-0.5, 0.5, 1]], np.float32) + MIDDLE
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    frames = light_frames(np.array([[0.0, 0.0, 1.0]], np.float32))
    places = np.array([[0, 0, 0], [0.3, -0.3, 0.5], [0.9, 0, 0], [0, 0, 1.5], [0, 0, 1]], np.float32) + MIDDLE
    normals = np.tile(np.array([0, 0, 1], np.float32), (5, 1))
    maps = draw_shadow_maps(plate, triangles, NO_TRIANGLES, NO_HAIR, frames, MIDDLE, 96)
    np.testing.assert_array_equal(visibility(places, normals, maps, frames, shadow_middle())[:, 0], [0, 0, 1, 1, 1])
    turned = draw_shadow_maps(plate, triangles[:, ::-1].copy(), NO_TRIANGLES, NO_HAIR, frames, MIDDLE, 96)
    assert visibility(places, normals, turned, frames, MIDDLE).all()  # a closed body's far side casts nothing
    thin = draw_shadow_maps(plate, NO_TRIANGLES, triangles[:, ::-1].copy(), NO_HAIR, frames, MIDDLE, 96)
    np.testing.assert_array_equal(thin, maps)


def test_hair_casts_a_shadow() -> None:
    frames = light_frames(np.array([[0.0, 1.0, 0.0]], np.float32))
    across = np.linspace(-0.3, 0.3, 40)
    hair = np.stack(np.meshgrid(across, [0.5], across), -1).reshape(-1, 3).astype(np.float32) + MIDDLE
    maps = draw_shadow_maps(np.zeros((3, 3), np.float32), NO_TRIANGLES, NO_TRIANGLES, hair, frames, MIDDLE, 64)
    places = np.array([[0, 0, 0], [1, 0, 0]], np.float32) + MIDDLE
    up = np.tile(np.array([0, 1, 0], np.float32), (2, 1))
    np.testing.assert_array_equal(visibility(places, up, maps, frames, MIDDLE)[:, 0], [0, 1])


def test_lids_shade_what_lies_below_them() -> None:
    ids = np.zeros((20, 9), np.int32)
    ids[4:16, 2:7] = 7
    shade = rim_shade(ids, 7, 8, 2.0, 2.0, 0.6)
    assert (shade[ids == 0] == 1).all()
    assert shade[4, 4] < shade[6, 4] < shade[9, 4] <= 1
    assert shade[4, 4] < shade[15, 4] < 1


def draw_line(start: tuple[float, float], end: tuple[float, float], width: float, near: np.ndarray) -> np.ndarray:
    """Draw one white strand on black, places and width in pixels, nearness 0.1."""
    focal = 10.0  # so that nearness 0.1 gives one pixel per world unit
    points = np.array([[[*start, 0], [*end, 0]]], np.float32)
    screen = np.array([[*start, 0.1], [*end, 0.1]], np.float32)
    glow = Glow(
        np.zeros(3, np.float32), np.full(3, 1 / 1.008, np.float32), np.zeros((3, 3), np.float32),
        np.zeros((1, 4, 4), np.float32), light_frames(np.array([[0.0, 0.0, 1.0]], np.float32)), MIDDLE,
    )  # fmt: skip
    out = np.zeros((*near.shape, 3), np.float32)
    one = np.ones((1, 2), np.float32)
    draw_strands(
        points, screen, one * np.float32(width), np.ones((1, 3), np.float32), one, focal,
        lamps((0.0, 0.0, 1.0), 0.0), glow, near, out,
    )  # fmt: skip
    return out[..., 0]


@pytest.mark.parametrize("width", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("end", [(40.3, 12.2), (18.1, 40.7), (5.2, 41.0)])
def test_a_strand_covers_its_length_times_its_width(width: float, end: tuple[float, float]) -> None:
    start = (8.4, 9.3)
    out = draw_line(start, end, width, blank(SIZE)[0])
    length = np.hypot(end[0] - start[0], end[1] - start[1])
    assert out.sum() == pytest.approx(length * width, rel=0.05)
    assert out.max() <= 1.01


def test_a_strand_behind_a_surface_is_hidden() -> None:
    near = np.full((SIZE, SIZE), 0.05, np.float32)
    near[:, 24:] = 0.2
    out = draw_line((4, 20), (44, 24), 1.0, near)
    assert out[:, :24].sum() > 15
    assert (out[:, 24:] == 0).all()


def test_strands_move_with_their_vertex_and_turn_with_the_head() -> None:
    points = np.array([[[0, 7, 0], [0, 7, 1], [0, 5, 0]]], np.float32)
    moved = np.array([[0, 0, 0], [0.1, 0.2, 0.3]], np.float32)
    turn = Turn(np.array([0, 1, 0], np.float32), float(np.pi / 2), np.array([0, 6, 0], np.float32))
    placed = move_strands(points, np.array([[-1, 1, 1]], np.int32), moved, turn)
    wanted = [[0, 7, 0], [1.3, 7.2, -0.1], [0.1, 5.2, 0.3]]
    np.testing.assert_allclose(placed[0], wanted, atol=1e-6)
