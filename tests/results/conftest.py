"""Made-up frames: faces with random measures and scores, as an analysis hands them on."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from actionunits.faces.face import FLAGS, Face, Pose
from actionunits.facs import AUSet
from actionunits.results import FaceResult, FrameResult, Results, RowCollector

AUS = AUSet((1, 2, 12))
IMAGE = np.zeros((4, 4, 3), np.uint8)


def make_frame(frame=0, faces=(0,), *, aus=AUS, source="clip.mp4", timestamp=None, seed=None):
    """A frame with a face for each id in `faces`."""
    rng = np.random.default_rng(frame if seed is None else seed)
    found = tuple(make_face(rng, face_id, len(aus)) for face_id in faces)
    return FrameResult(source, frame, frame / 30 if timestamp is None else timestamp, found, IMAGE)


def make_face(rng, face_id, count):
    face = Face(
        face_id=face_id,
        confidence=float(rng.random()),
        box=tuple(rng.normal(size=4) * 300),
        mesh=rng.normal(size=(468, 3)).astype(np.float32),
        frontal=rng.normal(size=(468, 3)),
        pose=Pose(*rng.normal(size=3) * 30),
        interocular_px=float(rng.random() * 100),
        sharpness=float(rng.random() * 9000),
        brightness=100.0,
        flags=tuple(flag for flag in FLAGS if rng.random() < 0.3),
    )
    probability = rng.random(count, dtype=np.float32)
    return FaceResult(face, probability, (probability > 0.5).astype(np.int8), rng.random(count, dtype=np.float32) * 5)


def collect(frames, aus=AUS):
    """The frames as one Arrow table."""
    collector = RowCollector(aus)
    for frame in frames:
        collector.add(frame)
    return pa.Table.from_batches([collector.take()])


@pytest.fixture(scope="session")
def fake(sidecar_of):
    """What makes things up: `fake.frame(...)`, `fake.face(...)`, `fake.collect(frames)`, `fake.sidecar(...)`."""
    return SimpleNamespace(aus=AUS, frame=make_frame, face=make_face, collect=collect, sidecar=sidecar_of)


@pytest.fixture(scope="session")
def results():
    """Seven frames: some with two faces, some with none."""
    return Results(collect(make_frame(n, faces=[(0,), (0, 1), ()][n % 3]) for n in range(7)))


class _SmallDisk(io.FileIO):
    def __init__(self, path, room):
        super().__init__(path, "wb")
        self.room = room

    def write(self, data):
        if len(data) > self.room:
            raise OSError(28, os.strerror(28))
        self.room -= len(data)
        return super().write(data)


@pytest.fixture
def small_disk(monkeypatch):
    """Call it with a number of bytes: files opened for writing from then on hold no more."""

    def shrink(room):
        plain_open = Path.open

        def opened(path, mode="r", *rest, **words):
            if mode == "wb":
                return io.BufferedWriter(_SmallDisk(path, room))
            return plain_open(path, mode, *rest, **words)

        monkeypatch.setattr(Path, "open", opened)

    return shrink
