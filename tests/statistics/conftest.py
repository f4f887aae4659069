"""Stores of made-up labels."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

JPEG = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Store]:
    """A function: a store with these labels, (n, A) by sequence; the subject is what stands before the underline."""

    def write(
        sequences: Mapping[str, Sequence[Sequence[int]]],
        aus: tuple[int, ...] = (1, 12),
        levels: Mapping[str, Sequence[Sequence[int]]] | None = None,
        numbers: Mapping[str, Sequence[int]] | None = None,
        contents: tuple[str, ...] = ("occurrence", "intensity"),
    ) -> Store:
        settings = StoreSettings(dataset="fake", aus=aus, image_size=(8, 8), contents=contents, protocol={"cut": 2})
        writer = StoreWriter(tmp_path / "store", settings, overwrite=True)
        for name, labels in sequences.items():
            frames = (numbers or {}).get(name, range(len(labels)))
            rows = []
            for place, frame in enumerate(frames):
                found = dict(zip(aus, (levels or {}).get(name, [[]] * len(labels))[place], strict=False))
                row = FrameRow(
                    subject=name.partition("_")[0],
                    frame=frame,
                    timestamp=frame / 10,
                    occurrence=dict(zip(aus, labels[place], strict=True)) if "occurrence" in contents else {},
                    intensity=found,
                )
                rows.append(row)
            writer.add(name, rows, [JPEG] * len(rows))
        owners = [name.partition("_")[0] for name in sequences]
        subjects = pa.table({"subject": sorted(set(owners))})
        return writer.finish(subjects, pa.table({"sequence": list(sequences), "subject": owners}))

    return write
