"""Small stores of drawn faces, and runs of made-up predictions."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.evaluation.predictions import prediction_table
from actionunits.evaluation.run_facts import FoldFacts, RunFacts, StoreFacts
from actionunits.evaluation.runs import Run, RunWriter
from actionunits.evaluation.systems import Prediction
from actionunits.facs import AUSet
from actionunits.geometry.mean_face import MEAN_68
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

SIZE = 96  # pixels
AUS = (1, 12, 26)
MOVED = {1: ((21, 22), (0, -9)), 12: ((48, 54), (0, -8)), 26: ((8, 57, 58, 56), (0, 9))}  # points, and pixels at 5


def draw_face(levels: dict[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A (96, 96, 3) picture and its (68, 2) landmarks, somewhere, tilted a little."""
    turn, zoom = rng.normal(0, 0.1), rng.uniform(32, 38)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = np.array(MEAN_68, float)
    for au, (places, shift) in MOVED.items():
        points[list(places)] += np.array(shift) / 35 * levels.get(au, 0) / 5
    points = zoom * points @ rotation.T + SIZE / 2 + rng.normal(0, 3, 2) + rng.normal(0, 0.2, (68, 2))
    picture = np.full((SIZE, SIZE, 3), int(rng.integers(60, 200)), np.uint8)
    for x, y in points[17:]:
        cv2.circle(picture, (round(x), round(y)), 2, (250, 250, 250), -1)
    return picture, points.astype(np.float32)


def make_store(
    folder: Path,
    *,
    people: Sequence[str] = tuple(f"S{number}" for number in range(1, 10)),
    frames: int = 12,
    contents: tuple[str, ...] = ("occurrence", "intensity", "landmarks"),
    dataset: str = "fake",
    spoil: Callable[[FrameRow], FrameRow] = lambda row: row,
    **settings,
) -> Store:
    """Faces whose landmarks show their labels; the same arguments give the same bytes."""
    facts = {"dataset": dataset, "aus": AUS, "image_size": (SIZE, SIZE), "contents": contents}
    writer = StoreWriter(folder, StoreSettings(**(facts | settings)))
    for subject in people:
        rng = np.random.default_rng(list(subject.encode()))
        rows, jpegs = [], []
        for frame in range(frames):
            levels = {au: int(rng.integers(1, 6)) if rng.random() < 0.4 else 0 for au in AUS}
            picture, points = draw_face(levels, rng)
            row = FrameRow(
                subject,
                frame,
                frame / 25,
                occurrence={au: int(level > 1) for au, level in levels.items()},
                intensity=levels if "intensity" in contents else {},
                landmarks=points if "landmarks" in contents else None,
            )
            rows.append(spoil(row))
            jpegs.append(cv2.imencode(".jpg", picture)[1].tobytes())
        writer.add(f"{subject}-a", rows, jpegs)
    sequences = pa.table({"sequence": [f"{name}-a" for name in people], "subject": list(people)})
    return writer.finish(pa.table({"subject": list(people)}), sequences)


def make_run(
    folder: Path,
    *,
    aus: Sequence[int] = AUS,
    people: int = 9,
    frames: int = 20,
    seed: int = 0,
    noise: float = 0.6,
    graded: bool = True,
    unknown: float = 0.1,
    dataset: str = "fake",
    protocol: dict[str, object] | None = None,
    crop: str | None = None,
    system: str = "guess",
    selection: str = "none",
    folds: int = 3,
    labels_seed: int = 0,
) -> Run:
    """A finished run of noisy guesses; runs with the same ``labels_seed`` and shape have the same labels."""
    names = [f"P{number:02d}" for number in range(people)]
    facts = RunFacts(
        system=system,
        recipe={"system": system},
        selection=selection,
        store=StoreFacts(
            dataset=dataset,
            protocol=protocol or {},
            crop=crop,
            crop_hash=crop,
            made_by=None,
            subjects=people,
            frames=people * frames,
            frames_sha256="0" * 64,
        ),
        folds=FoldFacts(name="3fold", source="", count=folds, validation=((),) * folds),
        aus=tuple(aus),
        graded=graded,
        frames=people * frames,
        seed=seed,
        versions={},
    )
    truth, guess = np.random.default_rng(labels_seed), np.random.default_rng([1, seed])
    writer = RunWriter(folder, facts)
    for fold in range(1, folds + 1):
        tested = names[fold - 1 :: folds]
        n = len(tested) * frames
        levels = np.where(truth.random((n, len(aus))) < 0.4, truth.integers(1, 6, (n, len(aus))), 0).astype(np.int8)
        levels[truth.random(levels.shape) < unknown] = -1
        labels = np.where(levels < 0, -1, levels > 0).astype(np.int8)
        said = Prediction(
            np.clip((labels == 1) + guess.normal(0, noise, levels.shape), 0, 1).astype(np.float32),
            np.clip(levels + guess.normal(0, 2 * noise, levels.shape), 0, 5).astype(np.float32) if graded else None,
        )
        keys = {
            "fold": np.full(n, fold, np.int16),
            "subject": np.repeat(tested, frames),
            "sequence": np.repeat([f"{name}-a" for name in tested], frames),
            "frame": np.tile(np.arange(frames), len(tested)),
        }
        writer.add(fold, prediction_table(keys, AUSet(tuple(aus)), labels, levels if graded else None, said))
    writer.merge()
    writer.finish({})
    return Run(folder)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Nine people, twelve frames each."""
    return make_store(tmp_path_factory.mktemp("evaluation") / "store")
