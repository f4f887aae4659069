"""Analyses made from numbers, and a coder's files made from text."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from actionunits.results import Results
from actionunits.results.schema import arrow_schema, columns


def make_results(
    shown: Mapping[int, Sequence[int]],
    *,
    times: Sequence[float] | None = None,
    intensity: Mapping[int, Sequence[float]] | None = None,
    lost: Sequence[int] = (),
    face_id: int = 0,
    source: str = "clip.mp4",
    numbers: Sequence[int] | None = None,
) -> Results:
    """An analysis of one face: what is shown in each frame by AU; 10 frames a second unless told."""
    aus = tuple(shown)
    count = len(next(iter(shown.values())))
    lost_rows = [row in lost for row in range(count)]

    def seen(values: Sequence[Any]) -> list[Any]:
        return [None if gone else value for gone, value in zip(lost_rows, values, strict=True)]

    cells: dict[str, Sequence[Any]] = {each.name: seen([1.0] * count) for each in columns(aus)}
    cells |= {
        "source": [source] * count,
        "frame": list(range(count)) if numbers is None else list(numbers),
        "timestamp": [row / 10 for row in range(count)] if times is None else list(times),
        "face_id": seen([face_id] * count),
        "success": [int(not gone) for gone in lost_rows],
        "flags": seen([""] * count),
    }
    for au in aus:
        probability = [0.9 if value else 0.1 for value in shown[au]]
        cells[f"AU{au:02d}_p"] = seen(probability)
        cells[f"AU{au:02d}_c"] = seen([int(value) for value in shown[au]])
        cells[f"AU{au:02d}_r"] = seen([float(value) for value in (intensity or shown)[au]])
    schema = arrow_schema(aus)
    return Results(pa.table({each.name: pa.array(cells[each.name], each.type) for each in schema}, schema=schema))


@pytest.fixture(scope="session")
def analysis() -> Callable[..., Results]:
    return make_results


@pytest.fixture
def coder(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a coder's file."""

    def write(text: str, name: str = "codes.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)
