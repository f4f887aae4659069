"""Regions of interest on a map: against loops, and under mirroring and turning."""

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.facs import AUSet  # noqa: E402
from actionunits.geometry import AU_CENTRES, au_centres  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import get_input  # noqa: E402
from actionunits.loading.placement import Placement  # noqa: E402
from actionunits.models.cells import mean_face  # noqa: E402
from actionunits.models.layers.roi_maps import ROIRegions, region_means, squares, target_maps  # noqa: E402

AUS = AUSet(tuple(AU_CENTRES))
LIPS = {23, 24, 25}  # their centres are one above the other
RECIPE = get_input("roi-256")


def faces(count=4, seed=0):
    """Landmarks in stored pictures, (N, 68, 2), shaken; those of a face lie within the picture however it is turned."""
    rng = np.random.default_rng(seed)
    return 127.5 + 60 * MEAN_68 + rng.normal(0, 4, (count, 68, 2))


def placed(stored, *, flipped=False, rotation=0.0):
    """The same faces in the network's pictures, mirrored and turned as the loader does."""
    count = len(stored)
    placement = Placement(RECIPE, np.zeros((count, 2), np.int64), np.full(count, flipped), np.full(count, rotation))
    return torch.from_numpy(placement.landmarks(stored[:, None])[:, 0])


def regions_of(landmarks, *, cells=7, aus=AUS):
    return ROIRegions(aus, RECIPE, 64, cells)(landmarks)[0]


def by_hand(centre, cells, grid, side):
    """The cells nearest to a centre: those whose middle, in pixels, is less than half a region away in x and y."""
    inside = np.zeros((grid, grid), bool)
    cell = side / grid
    lowest = [min(range(-cells - grid, 2 * grid), key=lambda k, c=c: _distance(k, cells, cell, c)) for c in centre]
    lowest = [min(max(first, 1 - cells), grid - 1) for first in lowest]
    for row in range(grid):
        for column in range(grid):
            inside[row, column] = 0 <= row - lowest[1] < cells and 0 <= column - lowest[0] < cells
    return inside


def _distance(first, cells, cell, centre):
    """Of the middle of a run of cells from a place, in pixels."""
    return abs((first + cells / 2) * cell - 0.5 - centre)


@pytest.mark.parametrize(("cells", "grid", "side"), [(7, 64, 256), (3, 32, 128), (4, 32, 128), (1, 9, 34)])
def test_squares_are_the_nearest_cells(cells, grid, side):
    rng = np.random.default_rng(1)
    centres = rng.uniform(-0.3 * side, 1.3 * side, (30, 2))
    found = squares(torch.from_numpy(centres), cells=cells, grid=grid, side=side)
    for centre, region in zip(centres, found, strict=True):
        np.testing.assert_array_equal(region, by_hand(centre, cells, grid, side))


def test_areas_and_clipping():
    corners = torch.tensor([[127.0, 127.0], [0.0, 127.0], [0.0, 0.0], [255.0, 255.0], [-5000.0, 90.0], [9e9, -9e9]])
    areas = squares(corners, cells=7, grid=64, side=256).sum(dim=(1, 2))
    assert areas.tolist() == [49, 28, 16, 16, 7, 1]


def test_the_cell_of_a_centre_is_in_the_middle():
    region = squares(torch.tensor([103.9, 40.2]), cells=7, grid=64, side=256)  # cell 26 covers pixels 104 to 107
    rows, columns = np.nonzero(region.numpy())
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (7, 13, 23, 29)


def test_regions_lie_at_the_centres_of_the_geometry():
    landmarks = placed(faces(), rotation=17.0)
    found = regions_of(landmarks)
    assert found.shape == (4, len(AUS), 2, 64, 64)
    for face, (column, au) in itertools.product(range(4), enumerate(AUS)):
        for which, centre in enumerate(au_centres(landmarks[face].numpy(), au)):
            np.testing.assert_array_equal(found[face, column, which], by_hand(centre, 7, 64, 256))
    assert (found.sum(dim=(3, 4)) == 49).all()


def test_mirrored_faces_have_mirrored_regions():
    stored = faces()
    plain, mirrored = (regions_of(placed(stored, flipped=flipped)) for flipped in (False, True))
    for column, au in enumerate(AUS):
        expected = plain[:, column].flip(-1)
        assert torch.equal(mirrored[:, column], expected if au in LIPS else expected.flip(1))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_faces_turned_by_quarters_have_turned_regions(quarters):
    stored = faces()
    turned = regions_of(placed(stored, rotation=90.0 * quarters))
    assert torch.equal(turned, torch.rot90(regions_of(placed(stored)), quarters, dims=(-2, -1)))


@pytest.mark.parametrize("angle", [-30.0, 12.0, 30.0])
def test_regions_of_turned_faces_turn_with_them(angle):
    stored = faces()
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    upright, turned = (middles(regions_of(placed(stored, rotation=each))) for each in (0.0, angle))
    back = torch.stack(
        [cosine * turned[..., 0] - sine * turned[..., 1], sine * turned[..., 0] + cosine * turned[..., 1]], dim=-1
    )
    torch.testing.assert_close(back, upright, rtol=0, atol=1.3)  # half a cell each, in any direction


def middles(regions):
    """The middle of each region, x and y from the middle of the map, cells."""
    steps = torch.arange(64.0) - 31.5
    x, y = ((regions.sum(dim=axis) * steps).sum(-1) / regions.sum(dim=(-2, -1)) for axis in (-2, -1))
    return torch.stack([x, y], dim=-1)


@pytest.mark.parametrize("flipped", [False, True])
def test_target_maps_are_mirrored_and_turned_with_the_face(flipped):
    stored, labels = faces(), torch.from_numpy(np.random.default_rng(2).integers(-1, 2, (4, len(AUS))))
    plain = target_maps(regions_of(placed(stored)), labels)
    other = target_maps(regions_of(placed(stored, flipped=flipped, rotation=180.0)), labels)
    assert torch.equal(other, torch.rot90(plain.flip(-1) if flipped else plain, 2, dims=(-2, -1)))


@pytest.mark.parametrize("absent", [-1.0, 0.0])
def test_values_of_target_maps(absent):
    labels = torch.tensor([[1, 0, -1]], dtype=torch.int8)
    regions = regions_of(placed(faces(1)), aus=AUSet((12, 23, 1)))
    maps = target_maps(regions, labels, absent=absent)
    assert maps.dtype == torch.float32
    for column, value in enumerate((1.0, absent, 0.0)):
        either = regions[0, column, 0] | regions[0, column, 1]
        assert (maps[0, column][either] == value).all()
        assert not maps[0, column][~either].any()
    assert (maps[0, 0] == 1).sum() == 98
    assert regions[0, 1].any(dim=0).sum() < 98  # those of the lips overlap


def test_means_by_hand():
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 64, 64)
    landmarks = placed(faces(2)) - torch.tensor([0.0, 120.0])  # brows beyond the map
    regions = regions_of(landmarks, aus=AUSet((1, 4, 12)))
    found = region_means(maps, regions)
    for place in itertools.product(range(2), range(3), range(2)):
        values = [float(value) for value in maps[place[:2]][regions[place]]]
        assert 0 < len(values) <= 49
        assert float(found[place]) == pytest.approx(sum(values) / len(values), abs=1e-6)


def test_unknown_landmarks_are_those_of_the_mean_face():
    landmarks = placed(faces(3))
    landmarks[1, 60] = math.nan
    landmarks[2] = math.nan
    layer = ROIRegions(AUS, RECIPE, 64, 7)
    regions, known = layer(landmarks)
    mean, _ = layer(torch.from_numpy(mean_face(RECIPE)).float()[None])
    assert known.tolist() == [True, False, False]
    assert torch.equal(regions[1:], mean.expand(2, *mean.shape[1:]))
    assert not torch.equal(regions[0], mean[0])
    assert not layer.state_dict()
