"""Small stores of smooth random pictures, cropped by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")

from actionunits.geometry import get_crop
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import Window
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

AUS = (1, 2, 12)
AROUND = Window("around", tuple(range(-5, 6)))
PEOPLE: Mapping[str, Mapping[str, Sequence[int]]] = {
    "S1": {"S1-a": range(10, 22), "S1-b": range(4)},
    "S2": {"S2-a": (0, 1, 2, 8, 9, 20)},
    "S3": {"S3-a": range(100, 106)},
    "S4": {"S4-a": range(5)},
}


def smooth_picture(size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size, 3) uint8, without fine detail, so that resampling it is nearly exact."""
    coarse = rng.integers(0, 256, (size // 16, size // 16, 3)).astype(np.uint8)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def make_store(folder: Path, crop: str | None = "jaa-200", people=PEOPLE, **changes) -> Store:
    """The same arguments give the same bytes."""
    recipe = get_crop(crop) if crop else None
    size = recipe.size if recipe else 64
    facts = {
        "dataset": "fake",
        "aus": AUS,
        "contents": ("occurrence", "intensity", "landmarks"),
        "image_size": (size, size),
        "crop": recipe.id if recipe else None,
        "crop_hash": recipe.hash if recipe else None,
    }
    writer = StoreWriter(folder, StoreSettings(**(facts | changes)))
    rng = np.random.default_rng(0)
    owners = {name: subject for subject, sequences in people.items() for name in sequences}
    for name, subject in owners.items():
        rows, jpegs = [], []
        for frame in people[subject][name]:
            points = (size * (0.5 + 0.3 * MEAN_68) + rng.normal(0, 1, (68, 2))).astype(np.float32)
            labels = {au: int(rng.integers(-1, 2)) for au in AUS}
            levels = {au: int(rng.integers(-1, 6)) for au in AUS}
            points = points if "landmarks" in writer.settings.contents else None
            rows.append(FrameRow(subject, frame, frame / 25, "", labels, levels, landmarks=points))
            jpegs.append(cv2.imencode(".jpg", smooth_picture(size, rng))[1].tobytes())
        writer.add(name, rows, jpegs)
    sequences = pa.table({"sequence": list(owners), "subject": list(owners.values())})
    return writer.finish(pa.table({"subject": list(people)}), sequences)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    """Four people, five sequences, cropped as jaa-200."""
    return make_store(tmp_path_factory.mktemp("loading") / "store")
