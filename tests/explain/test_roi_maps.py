"""ROI maps, eigenvectors and channels as pictures."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.explain import SeenFaces, explain_picture  # noqa: E402
from actionunits.explain.roi_maps import channel_sheet, roi_pictures  # noqa: E402
from actionunits.explain.sheets import TILE, FaceRow, map_sheet, overlaid_signed  # noqa: E402
from actionunits.facs import AUSet  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import create_model  # noqa: E402

CROP = np.full((128, 128, 3), 120, np.uint8)
INPUT = {"id": "roi-at-64", "crop": "roi-256", "size": 256, "side": 64}
EYES, MOUTH = AUSet((7,)), AUSet((12,))


@pytest.fixture
def seen() -> SeenFaces:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn((2, 3, 64, 64), generator=generator)
    landmarks = torch.from_numpy(64 * (0.5 + 0.28 * MEAN_68)).float().expand(2, 68, 2)
    batch = FaceBatch.unlabelled(image, landmarks, 1)
    batch = dataclasses.replace(batch, occurrence=torch.tensor([[1], [-1]], dtype=torch.int8))
    return SeenFaces(("one", "two"), np.stack([CROP, CROP]), batch, MOUTH)


def made(**settings: object):
    torch.manual_seed(0)
    return create_model("roi_gcn", (7, 12), input=INPUT, backbone="efficientnet_lite0", roi_cells=3, **settings)


def coloured(picture: np.ndarray) -> np.ndarray:
    """Where a picture is not grey."""
    return np.ptp(picture.astype(int), axis=2) > 24


@pytest.mark.parametrize(
    ("graph", "names"),
    [
        ("none", {"roi_maps.png"}),
        ("unsupervised", {"roi_maps.png", "channels.png"}),
        ("supervised", {"roi_maps.png", "channels.png", "eigenvectors.png"}),
    ],
)
def test_what_there_is_to_show(graph: str, names: set[str], seen: SeenFaces) -> None:
    pictures = roi_pictures(made(graph=graph), seen, MOUTH)
    assert set(pictures) == names
    assert all(picture.dtype == np.uint8 and picture.ndim == 3 for picture in pictures.values())


def test_other_models_have_nothing_to_show(toy, faces) -> None:
    batch = faces(2)
    assert roi_pictures(toy(), SeenFaces(("a", "b"), np.stack([CROP, CROP]), batch, AUSet(())), AUSet((12,))) == {}


@pytest.mark.parametrize(("aus", "upper"), [(EYES, True), (MOUTH, False)])
def test_regions_are_framed_where_the_au_is(aus: AUSet, upper: bool, seen: SeenFaces) -> None:
    model = made(graph="none")
    torch.nn.init.zeros_(model.head.weight)  # the maps say nothing; what is left are the frames
    sheet = roi_pictures(model, seen, aus)["roi_maps.png"].astype(int)
    bare, framed = (sheet[:, left : left + TILE].sum(axis=2) for left in (16, 16 + TILE + 12))
    top = int(np.argmax((bare == 360).all(axis=1)))
    rows = np.nonzero((framed[top : top + TILE] != 360).any(axis=1))[0]
    assert len(rows) > 10
    assert rows.max() < TILE / 2 if upper else rows.min() > TILE / 2


def test_red_is_above_0_and_blue_below() -> None:
    values = np.zeros((16, 16), np.float32)
    values[:8], values[8:] = 0.8, -0.8
    drawn = overlaid_signed(CROP, values).astype(int)
    high, low = drawn[TILE // 4, TILE // 2], drawn[3 * TILE // 4, TILE // 2]
    assert high[0] > high[2] + 50
    assert low[2] > low[0] + 50
    assert not coloured(overlaid_signed(CROP, np.zeros((16, 16), np.float32))).any()


def test_a_signed_map_is_drawn_with_its_regions() -> None:
    regions = np.zeros((1, 2, 16, 16), bool)
    regions[0, 0, 3:6, 3:6] = True
    values = np.zeros((1, 16, 16), np.float32)
    plain = FaceRow("one", CROP, values, (12,), ("",), (False,), signed=True)
    framed = dataclasses.replace(plain, regions=regions)
    differ = np.argwhere((map_sheet([plain], "t", "n") != map_sheet([framed], "t", "n")).any(axis=2))
    extent = np.ptp(differ, axis=0)
    assert np.abs(extent - 3 * TILE / 16).max() < 6


def test_channels_are_scaled_on_their_own() -> None:
    channels = np.zeros((5, 8, 8), np.float32)
    channels[0], channels[1] = 0.01, -3.0  # sizes
    channels[2, :4] = 1.0
    picture = channel_sheet((channels, channels[:2]), ("before", "after"))
    white = (picture == 255).all(axis=2)
    first = picture[60:92, 16:48]
    assert white.any()
    assert (picture == 0).all(axis=2).sum() == 32 * 32 * 2.5
    assert (first[4:-4, 4:-4] == 255).all()


def test_a_picture_is_explained(face_files: tuple[Path, ...], written: Path) -> None:
    names = {path.name for path in explain_picture(made(), face_files[0], written, aus="12").files}
    assert {"maps.png", "roi_maps.png", "eigenvectors.png", "channels.png", "explain.json"} <= names
