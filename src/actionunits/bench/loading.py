"""``actionunits bench loading``: from a store's JPEG files to normalised batches, as training and testing take them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from actionunits.bench.tables import cpu_seconds, save_table
from actionunits.geometry import CropRecipe
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import FaceDataset, InputRecipe, face_loader, get_input
from actionunits.media import VideoReader
from actionunits.samples import SAMPLE_CLIP
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

BATCH = 32
_AU = 12
_NOISE = 3.0  # grey levels, so that the files are as large as a camera's
_QUALITY = 95  # as `data prepare` writes
_MARGIN = 40  # pixels of the sample clip around the face


@dataclass(frozen=True, slots=True)
class LoadingRate:
    """One line of the table.

    Attributes:
        what: was loaded.
        workers: processes that decoded beside the one that normalised; 0 for that one alone.
        images: in the epoch that was timed.
        seconds: of that epoch, by the clock; the workers had started in the one before.
        cpu_ms: CPU milliseconds an image, of all processes together, over all epochs and with the workers' start.
        bytes_each: mean size of a JPEG file.
    """

    what: str
    workers: int
    images: int
    seconds: float
    cpu_ms: float
    bytes_each: int

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.seconds


def make_store(folder: Path, crop: CropRecipe, frames: int) -> Store:
    """A store of the sample clip's face, with a camera's noise."""
    with VideoReader(SAMPLE_CLIP) as reader:
        inner = slice(_MARGIN, -_MARGIN)
        faces = [cv2.resize(frame.image[inner, inner], (crop.size, crop.size)) for frame in reader]
    settings = StoreSettings(
        dataset="bench",
        crop=crop.id,
        crop_hash=crop.hash,
        image_size=(crop.size, crop.size),
        aus=(_AU,),
        contents=("occurrence", "landmarks"),
    )
    random = np.random.default_rng(0)
    landmarks = (crop.size * (0.5 + 0.3 * MEAN_68)).astype(np.float32)
    rows, jpegs = [], []
    for frame in range(frames):
        noisy = faces[frame % len(faces)] + random.normal(0, _NOISE, (crop.size, crop.size, 1))
        picture = cv2.cvtColor(np.clip(noisy, 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
        jpegs.append(bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]))
        rows.append(FrameRow("S1", frame, frame / 25, occurrence={_AU: frame % 2}, landmarks=landmarks))
    writer = StoreWriter(folder, settings)
    writer.add("S1", rows, jpegs)
    return writer.finish(pa.table({"subject": ["S1"]}), pa.table({"sequence": ["S1"], "subject": ["S1"]}))


def run_benchmark(
    *,
    frames: int = 2000,
    inputs: tuple[str, ...] = ("lp-224", "re-224"),
    workers: int = 2,
    epochs: int = 3,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[LoadingRate]:
    """Decode alone, then load for training and for testing by each recipe.

    Args:
        frames: in the store, and so in an epoch.
        inputs: input recipes.
        workers: processes that decode.
        epochs: that are loaded; the fastest but for the first is timed.
        watch: progress, in images.
    """
    recipes = [get_input(name) for name in inputs]
    total = len(recipes) * (1 + 2 * epochs) * frames
    done = 0

    def tick(images: int) -> None:
        nonlocal done
        done += images
        watch(done, total)

    for recipe in recipes:
        with tempfile.TemporaryDirectory(prefix="actionunits-bench-") as name:
            store = make_store(Path(name) / "store", recipe.crop_recipe, frames)
            yield _decoded(store, recipe, tick)
            for training in (True, False):
                yield _loaded(FaceDataset(store, recipe, training=training), workers, epochs, tick)


def save(lines: list[LoadingRate], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    head = ("what", "workers", "images", "seconds", "images_per_second", "cpu_ms_per_image", "bytes_per_image")
    rows = [
        (
            line.what,
            line.workers,
            line.images,
            f"{line.seconds:.2f}",
            f"{line.rate:.1f}",
            f"{line.cpu_ms:.2f}",
            line.bytes_each,
        )
        for line in lines
    ]
    save_table(path, head, rows)


def _decoded(store: Store, recipe: InputRecipe, tick: Callable[[int], None]) -> LoadingRate:
    cpu, clock = cpu_seconds(), time.perf_counter()
    for row in range(len(store)):
        store.image(row)
    seconds, cpu_ms = time.perf_counter() - clock, 1000 * (cpu_seconds() - cpu) / len(store)
    tick(len(store))
    return LoadingRate(f"decode {recipe.crop}", 0, len(store), seconds, cpu_ms, _bytes_each(store))


def _loaded(dataset: FaceDataset, workers: int, epochs: int, tick: Callable[[int], None]) -> LoadingRate:
    cpu = cpu_seconds()
    loader = face_loader(dataset, batch_size=BATCH, workers=workers)
    best, every, images = float("inf"), 0, 0
    for epoch in range(epochs):
        clock, images = time.perf_counter(), 0
        for batch in loader.epoch(epoch):
            images += len(batch.normalised(dataset.recipe))
            tick(len(batch))
        every += images
        if epoch or epochs == 1:
            best = min(best, time.perf_counter() - clock)
    del loader  # ends the workers, whose time counts once they have ended
    part = "training" if dataset.training else "testing"
    cpu_ms = 1000 * (cpu_seconds() - cpu) / every
    bytes_each = _bytes_each(dataset.frames.store)
    return LoadingRate(f"{dataset.recipe.id} {part}", workers, images, best, cpu_ms, bytes_each)


def _bytes_each(store: Store) -> int:
    return sum(len(store.jpeg(row)) for row in range(len(store))) // len(store)
