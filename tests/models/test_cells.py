"""Walks over the map, and the cells of an action unit against a loop over pixels."""

import numpy as np
import pytest

pytest.importorskip("torch")

from actionunits.facs import BP4D_12, DISFA_8
from actionunits.geometry import au_centres, get_crop
from actionunits.loading import InputRecipe, get_input
from actionunits.models.cells import au_cells, cell_order, mean_face


@pytest.mark.parametrize("order", ["raster", "snake", "hilbert"])
@pytest.mark.parametrize("grid", [1, 2, 3, 4, 7, 8])
def test_every_cell_is_visited_once(order, grid):
    assert sorted(cell_order(grid, order)) == list(range(grid * grid))


@pytest.mark.parametrize(
    ("order", "grid"), [("snake", 7), ("snake", 4), ("hilbert", 2), ("hilbert", 4), ("hilbert", 16)]
)
def test_walks_go_from_neighbour_to_neighbour(order, grid):
    row, column = np.divmod(cell_order(grid, order), grid)
    assert (np.abs(np.diff(row)) + np.abs(np.diff(column)) == 1).all()


def test_orders_of_small_maps():
    assert cell_order(3, "raster") == tuple(range(9))
    assert cell_order(3, "snake") == (0, 1, 2, 5, 4, 3, 6, 7, 8)
    assert cell_order(2, "hilbert") in {(0, 1, 3, 2), (0, 2, 3, 1)}


def test_hilberts_curve_keeps_quarters_together():
    """What a snake does not: every quarter of the map is one run of the walk."""
    row, column = np.divmod(cell_order(8, "hilbert"), 8)
    quarter = row // 4 * 2 + column // 4
    assert [len(set(quarter[start : start + 16])) for start in range(0, 64, 16)] == [1] * 4


def test_the_mean_face_is_where_the_crop_puts_it():
    targets = {int(name.removeprefix("point_")): (x, y) for name, x, y in get_crop("lp-240-masked").targets}
    plain, half = mean_face(get_input("lp-224")), mean_face(get_input("lp-112"))
    wanted = np.array([targets[point] for point in sorted(targets)]) - 8
    np.testing.assert_allclose(plain[sorted(targets)], wanted, atol=0.01)
    np.testing.assert_allclose(half, (plain + 0.5) / 2 - 0.5, atol=1e-3)


@pytest.mark.parametrize(("name", "stride"), [("lp-224", 32), ("lp-112", 16)])
@pytest.mark.parametrize("au", sorted(set(BP4D_12) | set(DISFA_8)))
def test_cells_are_those_near_a_centre(name, stride, au):
    """Of 7 x 7 cells, one is near if the middle of its pixels is within one and a half cells of a centre."""
    centres = au_centres(mean_face(get_input(name)), au)
    near = []
    for cell in range(49):
        top, left = cell // 7 * stride, cell % 7 * stride
        middle = np.arange(left, left + stride).mean(), np.arange(top, top + stride).mean()
        if any(max(abs(middle[0] - x), abs(middle[1] - y)) <= 1.5 * stride for x, y in centres):
            near.append(cell)
    assert au_cells(au, get_input(name), stride) == tuple(near)
    assert 0 < len(near) < 49


def test_places_on_the_face():
    """Brows above, cheeks to both sides, the chin at the bottom; left and right alike."""
    rows = {au: {cell // 7 for cell in au_cells(au, get_input("lp-224"), 32)} for au in (2, 6, 12, 17)}
    assert max(rows[2]) < min(rows[12]) <= max(rows[12]) < max(rows[17]) == 6
    for au in sorted(set(BP4D_12) | set(DISFA_8)):
        cells = au_cells(au, get_input("lp-224"), 32)
        assert {cell // 7 * 7 + 6 - cell % 7 for cell in cells} == set(cells)


def test_action_units_without_a_place_have_all_cells():
    assert au_cells(5, get_input("lp-224"), 32) == tuple(range(49))
    corner = InputRecipe("chip", "lp-240-masked", 16)  # the nose and nothing else
    assert au_cells(17, corner, 16) == (0,)


def test_maps_that_do_not_divide_the_picture():
    cells = au_cells(12, get_input("jaa-176"), 32)  # 5.5 cells
    assert cells
    assert max(cells) < 36
