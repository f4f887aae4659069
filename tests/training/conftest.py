"""A store on which a toy system learns within seconds."""

import csv
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

import cv2
import numpy as np
import pyarrow as pa
import torch

from actionunits.datasets.folds import Fold
from actionunits.geometry import get_crop
from actionunits.geometry.mean_face import MEAN_68
from actionunits.models import registry
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter
from actionunits.training import load_recipe
from actionunits.training.watch import Watch

from . import toy

PEOPLE = tuple(f"S{number}" for number in range(6))
AUS = (1, 12)
FOLD = Fold(1, PEOPLE[2:5], PEOPLE[5:], PEOPLE[:2])
RECIPE = """
title: a toy
system: toy
aus: [1, 12]
input: jaa-112
store: {dataset: fake, occurs_from: 2}
workers: 0
tiers:
  quick:
    stages: {base: {epochs: 1}, more: {epochs: 1}}
"""


def make_store(folder: Path, *, crop="jaa-200", frames=16, aus=AUS, unlabelled=(), lost=(), **changes) -> Store:
    """Faces with a bright bar where an AU occurs; same arguments, same bytes. Frames that are lost lack landmarks."""
    recipe = get_crop(crop)
    size = recipe.size
    facts = {
        "dataset": "fake",
        "aus": aus,
        "contents": ("occurrence", "intensity", "landmarks"),
        "image_size": (size, size),
        "crop": recipe.id,
        "crop_hash": recipe.hash,
        "protocol": {"occurs_from": 2},
    }
    writer = StoreWriter(folder, StoreSettings(**(facts | changes)))
    for subject in PEOPLE:
        rng = np.random.default_rng(list(subject.encode()))
        rows, jpegs = [], []
        for frame in range(frames):
            labels = {au: int(rng.integers(2)) for au in aus}
            picture = (90 + rng.integers(0, 30, (size, size, 3))).astype(np.uint8)
            for place, au in enumerate(aus):
                if labels[au]:
                    picture[40 + 60 * place : 90 + 60 * place, 60:140, place] = 250
            told = {au: -1 if subject in unlabelled else label for au, label in labels.items()}
            points = (size * (0.5 + 0.3 * MEAN_68)).astype(np.float32)
            points[:] = np.nan if frame in lost else points
            rows.append(
                FrameRow(
                    subject,
                    frame,
                    frame / 25,
                    occurrence=told,
                    intensity={au: 3 * label if label > 0 else label for au, label in told.items()}
                    if "intensity" in writer.settings.contents
                    else {},
                    landmarks=points if "landmarks" in writer.settings.contents else None,
                )
            )
            jpegs.append(cv2.imencode(".jpg", picture)[1].tobytes())
        writer.add(f"{subject}-a", rows, jpegs)
    sequences = pa.table({"sequence": [f"{name}-a" for name in PEOPLE], "subject": list(PEOPLE)})
    return writer.finish(pa.table({"subject": list(PEOPLE)}), sequences)


class Notes(Watch):
    """Remembers what it is told."""

    def __init__(self):
        self.lines, self.counts = [], []

    def say(self, line):
        self.lines.append(line)

    def steps(self, what, done, total):
        self.counts.append((what, done, total))


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The rows of a stage's ``metrics.csv``."""
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    """Six people, sixteen frames each."""
    return make_store(tmp_path_factory.mktemp("training") / "store")


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """One thread, and the toy among the systems."""
    torch.set_num_threads(1)
    monkeypatch.setattr(registry, "_HOMES", {**registry._HOMES, "toy": (toy.__name__, "Toy")})


@pytest.fixture
def recipe_file(tmp_path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def recipe(recipe_file):
    """A function that reads the toy's recipe with changes."""
    return lambda *changes, **more: load_recipe(recipe_file, changes=changes, **more)
