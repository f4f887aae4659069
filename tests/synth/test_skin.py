from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from actionunits.synth.brows import brow_line
from actionunits.synth.chart import SIZE, grid
from actionunits.synth.complexion import base_colour
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import SKIN, get_rig
from actionunits.synth.scalp import hairline, scalp_cover
from actionunits.synth.skin import paint_skin
from actionunits.synth.traits import MakeUp

BARE = MakeUp(0, (0.45, 0.03, 0.05), 0, (0.05, 0.07, 0.15), 0, 0, 0, 0)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
U, V = grid()


@pytest.fixture(scope="module")
def rig():
    return get_rig()


@pytest.fixture(scope="module")
def plain():
    """A young man without anything on his skin."""
    traits = next(one for one in (draw_traits(1, k) for k in range(48)) if one.male > 0.5 and one.age < 30)
    return dataclasses.replace(
        traits,
        makeup=BARE,
        beard="stubble",
        freckles=0.0,
        static_wrinkles=0.0,
        tone=2.0,
        hair="short",
        grey=0.0,
        hair_rgb=(0.02, 0.015, 0.012),
    )


@pytest.fixture(scope="module")
def skin(rig, plain):
    return paint_skin(rig, plain)


def box(u: tuple[float, float], v: tuple[float, float]) -> np.ndarray:
    return (np.abs(U) > u[0]) & (np.abs(U) < u[1]) & (v[0] < V) & (v[1] > V)


CHEEK, CHIN = box((0.25, 0.45), (6.95, 7.12)), box((0, 0.12), (6.22, 6.40))
FOREHEAD, LID = box((0, 0.4), (7.60, 7.80)), box((0.2, 0.32), (7.35, 7.38))


def test_ranges(rig, skin):
    for name, shape in (("albedo", (SIZE, SIZE, 3)), ("slope", (SIZE, SIZE, 2)), ("gloss", (SIZE, SIZE))):
        value = getattr(skin, name)
        assert value.shape == shape
        assert value.dtype == np.float32
        assert np.isfinite(value).all()
    assert skin.tint.shape == (len(rig.chart), 3)
    assert skin.tint.dtype == np.float32
    assert 0 < skin.albedo.min() < skin.albedo.max() < 1
    assert 0 < skin.gloss.min() < skin.gloss.max() < 3
    assert 0.6 < skin.gloss.mean() < 1.6
    assert skin.tint.min() > 0


def test_same_traits_same_bytes(rig, plain, skin):
    again = paint_skin(rig, plain)
    for field in dataclasses.fields(skin):
        assert getattr(again, field.name).tobytes() == getattr(skin, field.name).tobytes()


def test_tone_orders_luminance_and_keeps_skin_warm(rig, plain):
    light = []
    for tone in np.linspace(0, 5.99, 5):
        traits = dataclasses.replace(plain, tone=float(tone))
        colour = np.median(paint_skin(rig, traits).albedo[CHEEK], 0)
        light.append(float(colour @ LUMINANCE))
        red, green, blue = colour
        assert red > green > blue
        assert 1.25 < red / green < 2.3  # neither grey nor orange
        assert 1.0 < green / blue < 2.0
    assert (np.diff(light) < 0).all()
    assert light[0] > 8 * light[-1]


def test_undertone_runs_from_pink_to_olive(plain):
    cool, warm = (base_colour(dataclasses.replace(plain, undertone=value)) for value in (-1.0, 1.0))
    assert cool[2] / cool[1] > warm[2] / warm[1]


def test_dark_skin_is_not_oilier(rig, plain, skin):
    dark = paint_skin(rig, dataclasses.replace(plain, tone=5.9))
    assert dark.gloss.mean() < skin.gloss.mean()
    dry, oily = (paint_skin(rig, dataclasses.replace(plain, oil=oil)).gloss for oil in (0.0, 1.0))
    assert oily[FOREHEAD].mean() > 1.4 * dry[FOREHEAD].mean()


def test_redness_is_on_the_cheeks(rig, plain):
    pale, red = (paint_skin(rig, dataclasses.replace(plain, redness=value)).albedo for value in (0.0, 1.0))
    change = (red[..., 1] / red[..., 0]) / (pale[..., 1] / pale[..., 0])
    assert change[CHEEK].mean() < 0.9
    assert change[CHEEK].mean() < change[LID].mean() - 0.05


def test_freckles_darken_spots_of_the_cheeks_and_nose(rig, plain, skin):
    freckled = paint_skin(rig, dataclasses.replace(plain, freckles=1.0)).albedo
    darker = freckled[..., 1] < 0.93 * skin.albedo[..., 1]
    share = darker[CHEEK].mean()
    assert 0.03 < share < 0.6
    assert share > 3 * darker[box((0, 0.12), (6.0, 6.3))].mean()


def test_beard_darkens_chin_not_forehead(rig, plain, skin):
    shaved = paint_skin(rig, dataclasses.replace(plain, beard="none"))
    chin = skin.albedo[CHIN].mean() / shaved.albedo[CHIN].mean()
    assert chin < 0.93
    np.testing.assert_allclose(skin.albedo[FOREHEAD].mean(), shaved.albedo[FOREHEAD].mean(), rtol=0.02)
    goatee = paint_skin(rig, dataclasses.replace(plain, beard="goatee"))
    jaw = box((0.55, 0.75), (6.6, 6.7))
    assert goatee.albedo[jaw].mean() > 1.05 * skin.albedo[jaw].mean()
    dark = dataclasses.replace(plain, tone=5.9, grey=1.0)
    grey = [
        paint_skin(rig, dataclasses.replace(dark, beard=beard)).albedo[CHIN].mean() for beard in ("stubble", "none")
    ]
    assert grey[0] < grey[1]  # roots of grey hair do not light up dark skin


@pytest.mark.parametrize(("item", "where"), [("shadow", LID), ("blush", box((0.40, 0.48), (6.98, 7.06)))])
def test_makeup_colours_its_place(rig, plain, skin, item, where):
    made = paint_skin(rig, dataclasses.replace(plain, makeup=dataclasses.replace(BARE, **{item: 1.0})))
    change = np.abs(made.albedo / skin.albedo - 1).max(-1)
    assert change[where].mean() > 0.1
    assert change[FOREHEAD].max() < 0.01


def test_liner_follows_the_lashes(rig, plain, skin):
    made = paint_skin(rig, dataclasses.replace(plain, makeup=dataclasses.replace(BARE, liner=1.0)))
    darker = made.albedo.mean(-1) < 0.6 * skin.albedo.mean(-1)
    assert darker.sum() > 100
    assert not darker[~box((0.10, 0.45), (7.2, 7.37))].any()


def test_foundation_evens_out(rig, plain, skin):
    made = paint_skin(rig, dataclasses.replace(plain, makeup=dataclasses.replace(BARE, foundation=1.0)))
    assert made.albedo[CHEEK].std(0)[1] < 0.8 * skin.albedo[CHEEK].std(0)[1]


def test_lipstick_tints_the_lips_alone(rig, plain, skin):
    made = paint_skin(rig, dataclasses.replace(plain, makeup=dataclasses.replace(BARE, lipstick=1.0)))
    lips = (rig.masks["lips"] > 0.9) & (rig.masks["inside-mouth"] < 0.05) & (rig.vertex_part == SKIN)
    redder = made.tint[lips, 1] / made.tint[lips, 0] < 0.5 * skin.tint[lips, 1] / skin.tint[lips, 0]
    assert redder.mean() > 0.9
    np.testing.assert_array_equal(made.tint[rig.masks["lips"] == 0], skin.tint[rig.masks["lips"] == 0])
    natural = skin.tint[lips] * base_colour(plain)
    assert (natural[:, 0] > 1.3 * natural[:, 1]).all()


def test_lines_come_with_age_lines(rig, plain, skin):
    lined = paint_skin(rig, dataclasses.replace(plain, static_wrinkles=1.0))
    steep = [np.square(one.slope[FOREHEAD]).mean() for one in (skin, lined)]
    assert steep[1] > 2 * steep[0]
    furrow = box((0.15, 0.26), (6.68, 6.95))
    assert np.abs(lined.slope[furrow]).max() > np.abs(skin.slope[furrow]).max()


def test_slope_comes_from_a_height(skin):
    slope = skin.slope.astype(float)
    step_u, step_v = U[0, 1] - U[0, 0], V[0, 0] - V[1, 0]
    across = (slope[2:-2, 3:-1, 1] - slope[2:-2, 1:-3, 1]) / (2 * step_u)
    along = (slope[1:-3, 2:-2, 0] - slope[3:-1, 2:-2, 0]) / (2 * step_v)
    assert np.abs(along - across).max() < 0.01 * np.abs(along).max()


def test_brows_have_ground(plain, skin):
    u, v = brow_line(plain)[12]
    ground = (np.hypot(U - u, V - v) < 0.012) | (np.hypot(U + u, V - v) < 0.012)
    above = (np.hypot(U - u, V - v - 0.09) < 0.012) | (np.hypot(U + u, V - v - 0.09) < 0.012)
    assert skin.albedo[ground].mean() < 0.9 * skin.albedo[above].mean()
    assert skin.gloss[ground].mean() < 0.5 * skin.gloss[above].mean()


def test_scalp_is_tinted_by_the_hair(rig, plain):
    top = (rig.chart[:, 1] > 8.3) & (rig.vertex_part == SKIN)
    tint = {hair: paint_skin(rig, dataclasses.replace(plain, hair=hair)).tint[top].mean() for hair in ("bald", "short")}
    assert tint["short"] < 0.6 < tint["bald"]


def test_hairline():
    traits = dataclasses.replace(draw_traits(1, 0), hair="short", male=1.0, age=50.0)
    u = np.linspace(-3.1, 3.1, 101)
    np.testing.assert_allclose(hairline(u, traits), hairline(-u, traits), atol=1e-5)
    assert 7.8 < hairline(0.0, traits) < 8.15
    assert hairline(3.0, traits) < 6.6
    balding = dataclasses.replace(traits, hair="balding")
    assert hairline(0.3, balding) > hairline(0.3, traits) + 0.15
    assert scalp_cover(0.0, 8.4, traits) == 1
    assert scalp_cover(0.0, 8.4, balding) == 0
    assert scalp_cover(2.5, 7.5, balding) == 1
    assert scalp_cover(0.0, 7.5, traits) == 0
