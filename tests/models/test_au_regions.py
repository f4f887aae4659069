"""Places of AUs on found landmarks, and the parts of a map cut out there."""

import math

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torchvision.ops import roi_align

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.geometry import AU_CENTRES, au_centres, flip_landmarks, to_49
from actionunits.geometry.mean_face import MEAN_68
from actionunits.models.layers.au_regions import AUCentres, cut_regions

AUS = AUSet(tuple(AU_CENTRES))
LIPS = {23, 24, 25}  # their centres are one above the other


@pytest.fixture
def faces():
    """(N, 68, 2): turned, shaken and of several sizes."""
    rng = np.random.default_rng(0)
    turned = []
    for angle in (0, 0.4, -2.5):
        cosine, sine = math.cos(angle), math.sin(angle)
        turned.append(MEAN_68 @ np.array([[cosine, sine], [-sine, cosine]]) * rng.uniform(30, 90) + 88)
    return (np.stack(turned) + rng.normal(size=(3, 68, 2))).astype(np.float32)


@pytest.mark.parametrize("points", [68, 49])
def test_centres_are_those_of_the_geometry(faces, points):
    given = torch.from_numpy(faces if points == 68 else to_49(faces))
    expected = np.stack([au_centres(faces, au) for au in AUS], axis=1)  # (N, A, 2, 2)
    np.testing.assert_allclose(AUCentres(AUS, points)(given), expected, atol=1e-3)


def test_mirrored_faces_have_mirrored_centres(faces):
    centres = AUCentres(AUS, 68)
    mirrored = centres(torch.from_numpy(flip_landmarks(faces, 176)))
    expected = centres(torch.from_numpy(faces)) * torch.tensor([-1, 1]) + torch.tensor([175, 0])
    for column, au in enumerate(AUS):
        one = expected[:, column] if au in LIPS else expected[:, column].flip(1)
        torch.testing.assert_close(mirrored[:, column], one, rtol=0, atol=1e-3)


def test_eyes_that_coincide_give_finite_centres():
    assert AUCentres(AUS)(torch.zeros(1, 49, 2)).isfinite().all()


def test_aus_without_a_place_are_refused():
    with pytest.raises(UsageError, match=r"AU 5,20 have no rule .* Those with one are 1,2,4,6") as caught:
        AUCentres(AUSet((1, 5, 20)))
    assert "26" in str(caught.value)


def by_hand(features, centre, cells, side):
    """Bilinear samples from the definition, one by one; cell i of the map covers pixels side / h * [i, i + 1) - 1/2."""
    channels, height, width = features.shape
    result = torch.zeros(channels, cells, cells)
    for row in range(cells):
        for column in range(cells):
            x = (centre[0] + 0.5) * width / side - 0.5 + column - (cells - 1) / 2
            y = (centre[1] + 0.5) * height / side - 0.5 + row - (cells - 1) / 2
            for near_y in (math.floor(y), math.floor(y) + 1):
                for near_x in (math.floor(x), math.floor(x) + 1):
                    if 0 <= near_x < width and 0 <= near_y < height:
                        share = (1 - abs(x - near_x)) * (1 - abs(y - near_y))
                        result[:, row, column] += share * features[:, near_y, near_x]
    return result


def test_regions_by_hand():
    torch.manual_seed(0)
    features = torch.randn(2, 3, 11, 11)
    centres = torch.tensor([[[20.3, 9.1], [-4.0, 43.5]], [[0.0, 0.0], [60.0, 21.5]]])  # some beyond the map
    found = cut_regions(features, centres, cells=4, side=44)
    assert found.shape == (2, 2, 3, 4, 4)
    for face in range(2):
        for region in range(2):
            expected = by_hand(features[face], centres[face, region].tolist(), 4, 44)
            torch.testing.assert_close(found[face, region], expected, rtol=1e-4, atol=1e-5)


def test_regions_inside_the_map_are_roi_aligns():
    torch.manual_seed(0)
    features = torch.randn(1, 5, 44, 44)
    centres = torch.tensor([[[70.2, 81.7], [100.0, 64.3]]])
    middle = (centres[0] + 0.5) / 4  # cells, edges at integers
    boxes = torch.cat([torch.zeros(2, 1), middle - 6, middle + 6], dim=1)
    expected = roi_align(features, boxes, output_size=12, sampling_ratio=1, aligned=True)
    torch.testing.assert_close(cut_regions(features, centres, cells=12, side=176)[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cells", [7, 8])
def test_regions_follow_the_landmarks(faces, cells):
    """A bright cell where the landmark is comes to the middle of the region, wherever the face is."""
    landmarks = torch.from_numpy(faces[:1])
    for shift in ((0, 0), (16, -8)):  # whole cells
        moved = landmarks + torch.tensor(shift, dtype=torch.float32)
        centre = AUCentres(AUSet((12,)), 68)(moved)[:, 0]  # (1, 2, 2)
        across = (torch.arange(44) * 4 + 1.5).expand(44, 44)  # pixels
        there = (torch.stack([across, across.T], dim=-1)[None] - centre[:, :1, None]).square().sum(-1)  # (1, 44, 44)
        region = cut_regions(torch.exp(-there / 64)[:, None], centre, cells=cells, side=176)[0, 0, 0]
        torch.testing.assert_close(region, region.flip(0), atol=0.02, rtol=0)
        torch.testing.assert_close(region, region.flip(1), atol=0.02, rtol=0)
        assert region.max() > 0.8


def test_mirrored_pictures_have_mirrored_regions(faces):
    torch.manual_seed(0)
    features = torch.randn(3, 2, 44, 44)
    centres = AUCentres(AUS, 68)
    there = centres(torch.from_numpy(faces)).flatten(1, 2)
    mirrored = centres(torch.from_numpy(flip_landmarks(faces, 176))).flatten(1, 2)
    regions = cut_regions(features, there, cells=12, side=176).flip(-1).unflatten(1, (-1, 2))  # (N, A, 2, ...)
    found = cut_regions(features.flip(-1), mirrored, cells=12, side=176).unflatten(1, (-1, 2))
    for column, au in enumerate(AUS):
        expected = regions[:, column] if au in LIPS else regions[:, column].flip(1)
        torch.testing.assert_close(found[:, column], expected, atol=1e-3, rtol=1e-3)
