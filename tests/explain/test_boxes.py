"""AU R-CNN's regions and boxes as pictures."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.explain import SeenFaces  # noqa: E402
from actionunits.explain.boxes import box_pictures  # noqa: E402
from actionunits.explain.sheets import TILE  # noqa: E402
from actionunits.facs import AUSet  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import create_model  # noqa: E402
from actionunits.viz.palette import ORANGE  # noqa: E402

SIDE, PAD, GAP = 64, 16, 12
CROP = np.full((512, 512, 3), 120, np.uint8)


@pytest.fixture
def model():
    torch.manual_seed(0)
    own = {"id": "aurcnn-at-64", "crop": "aurcnn-512", "size": 512, "side": SIDE}
    return create_model("au_rcnn", (4, 12, 17), input=own, backbone="resnet18", hidden=8, pool=3)


def seen(landmarks: torch.Tensor) -> SeenFaces:
    batch = FaceBatch.unlabelled(torch.zeros(len(landmarks), 3, SIDE, SIDE), landmarks, 3)
    names = tuple(f"face {number}" for number in range(len(landmarks)))
    return SeenFaces(names, np.stack([CROP] * len(landmarks)), batch, AUSet(()))


def upright(count: int) -> torch.Tensor:
    mean = torch.from_numpy((MEAN_68 - MEAN_68.min(axis=0)) * 190 + [50, 70]).float() * (SIDE / 512)
    return mean.expand(count, 68, 2).clone()


def orange(tile: np.ndarray) -> tuple[int, int, int, int]:
    """Rows and columns of the box's frame."""
    found = (np.abs(tile.astype(int) - ORANGE) < 40).all(axis=2)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    return columns[0], rows[0], columns[-1], rows[-1]


def test_frames_are_the_boxes(model) -> None:
    faces = seen(upright(1))
    picture = box_pictures(model, faces, model.aus)["boxes.png"]
    boxes = model.eval()(faces.batch).parts["boxes"][0].numpy() * (TILE / SIDE)
    bare = (picture[:, PAD : PAD + TILE] == 120).all(axis=(1, 2))
    top = int(np.argmax(bare))
    assert len(boxes) == 3  # groups 2, 5 and 7
    for number, box in enumerate(boxes):
        left = PAD + (number + 1) * (TILE + GAP)
        np.testing.assert_allclose(orange(picture[top : top + TILE, left : left + TILE]), box, atol=3)


def test_only_asked_aus_are_named(model) -> None:
    faces = seen(upright(1))
    whole, one = (box_pictures(model, faces, aus)["boxes.png"] for aus in (model.aus, AUSet((4,))))
    written = [(each[:, PAD + 3 * (TILE + GAP) :] < 100).any(axis=2).sum() for each in (whole, one)]
    assert written[1] < written[0]  # group 7 carries AU 17 alone


def test_faces_without_landmarks(model) -> None:
    landmarks = upright(2)
    landmarks[0] = torch.nan
    pictures = box_pictures(model, seen(landmarks), model.aus)
    assert set(pictures) == {"boxes.png", "regions.png"}
    none = box_pictures(model, dataclasses.replace(seen(landmarks[:1])), model.aus)
    assert set(none) == {"boxes.png"}
    frames = [orange(none["boxes.png"][:, left : left + TILE]) for left in (PAD + TILE + GAP,)]
    assert frames[0][2] > frames[0][0]


def test_regions_are_drawn_on_the_face(model) -> None:
    picture = box_pictures(model, seen(upright(1)), model.aus)["regions.png"]
    drawn = np.argwhere((picture != 120).any(axis=2) & (picture != 255).any(axis=2))
    assert len(drawn) > 3000
    assert picture.shape[1] == 768 + 2 * PAD


def test_other_models_have_no_boxes(toy, faces) -> None:
    assert box_pictures(toy(), SeenFaces(("a", "b"), np.stack([CROP, CROP]), faces(2), AUSet(())), AUSet((12,))) == {}
