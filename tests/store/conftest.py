"""Tiny stores of random pictures."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

AUS = (1, 2, 12)
SIZE = 32
SEQUENCES = {"S2-b": ("S2", 5), "S2-a": ("S2", 3), "S1-a": ("S1", 4), "S10-x": ("S10", 2)}
ORDER = ("S1-a", "S10-x", "S2-a", "S2-b")


def make_row(subject: str, frame: int, rng: np.random.Generator) -> FrameRow:
    def labels(high: int) -> dict[int, int]:
        return {au: int(rng.integers(-1, high + 1)) for au in AUS}

    landmarks = rng.uniform(0, SIZE, (68, 2)).astype(np.float32)
    landmarks[rng.integers(68)] = np.nan
    return FrameRow(
        subject=subject,
        frame=3 * frame,
        timestamp=frame / 25,
        occurrence=labels(1),
        intensity=labels(5),
        left=labels(5),
        right=labels(5),
        landmarks=landmarks,
        visible=rng.random(68) < 0.9,
        pose=tuple(rng.normal(0, 20, 3)),
        gaze=tuple(rng.normal(0, 20, 2)),
        flags=("blurred", "dark")[: rng.integers(3)],
    )


def make_sequence(name: str) -> tuple[list[FrameRow], list[bytes]]:
    subject, count = SEQUENCES[name]
    rng = np.random.default_rng(list(name.encode()))
    rows = [make_row(subject, frame, rng) for frame in range(count)]
    pictures = [rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8) for _ in rows]
    return rows, [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]


def make_settings(**changes) -> StoreSettings:
    facts = {"dataset": "fake", "aus": AUS, "image_size": (SIZE, SIZE), "protocol": {"occurs_from": 2}}
    return StoreSettings(**(facts | changes))


SUBJECTS = pa.table({"subject": ["S2", "S1", "S10"], "age": [20, 30, 40]})
SEQUENCE_TABLE = pa.table(
    {"sequence": list(SEQUENCES), "subject": [owner for owner, _ in SEQUENCES.values()], "fps": [25.0] * 4}
)


def write_store(folder: Path, names=tuple(SEQUENCES)) -> Store:
    writer = StoreWriter(folder, make_settings())
    for name in names:
        writer.add(name, *make_sequence(name))
    return writer.finish(SUBJECTS, SEQUENCE_TABLE)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def store(tmp_path) -> Store:
    return write_store(tmp_path / "store")
