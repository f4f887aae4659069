"""What a corpus would take: time, machines, money and space, from constants that ``bench batch`` measured.

The model is a sum: every frame costs what one worker needed for a frame of that size, every file costs what a file of
one frame needed, and workers share the work with the efficiency that was measured from one to the most.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from actionunits.errors import ResultsError


@dataclass(frozen=True)
class Constants:
    """What was measured.

    Attributes:
        frame_seconds: of one worker on one core for a frame, by size as in ``640x360``.
        file_seconds: of one worker for a file beside its frames.
        efficiency: speed of the most workers over that of one, a core each, by their number; 1 is perfect.
        workers: the most that were measured.
        row_bytes: of the output for a row, in a long file.
        file_bytes: of the output for a file beside its rows.
        machine: where.
    """

    frame_seconds: dict[str, float]
    file_seconds: float
    efficiency: float
    workers: int
    row_bytes: float
    file_bytes: float
    machine: str


@dataclass(frozen=True)
class Estimate:
    """What a corpus takes.

    Attributes:
        frames: to analyse.
        core_hours: of workers, a core each.
        wall_hours: on the cores named.
        output_gb: of rows.
        price: of the core hours that are paid for, idle ones too; None where no price was named.
    """

    frames: int
    core_hours: float
    wall_hours: float
    output_gb: float
    price: float | None


def read_constants(path: Path) -> Constants:
    """The constants in a CSV of ``actionunits bench batch``.

    Raises:
        ResultsError: it cannot be read, or lacks lines.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        short = [line for line in lines if line["what"] == "short clips" and line["cores_each"] == "1"]
        first, *_, most = sorted(short, key=lambda line: int(line["workers"]))
        long = [line for line in lines if line["what"].startswith("one clip, ")]
        sizes = {line["what"].rpartition(" ")[2]: float(line["worker_seconds"]) / int(line["frames"]) for line in long}
        (single,) = (line for line in lines if line["what"] == "files of one frame")
        file_bytes = int(single["bytes_out"]) / int(single["files"])
        row_bytes = max((int(line["bytes_out"]) - file_bytes) / int(line["frames"]) for line in long)
        workers = int(most["workers"]) // int(first["workers"])
        return Constants(
            sizes,
            float(single["worker_seconds"]) / int(single["files"]),
            float(first["seconds"]) / float(most["seconds"]) / workers,
            int(most["workers"]),
            row_bytes,
            file_bytes,
            lines[0]["machine"],
        )
    except (OSError, KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        step = "Write one with `actionunits bench batch`"
        raise ResultsError(path, f"holds no figures of `actionunits bench batch` ({error})", step) from error


def estimate(
    constants: Constants,
    *,
    hours: float = 10_000,
    size: str = "640x360",
    rate: float = 30,
    every: int = 1,
    minutes_each: float = 10,
    faces: float = 1,
    cores: int = 64,
    price: float | None = None,
) -> Estimate:
    """Say what a corpus takes.

    Args:
        constants: what was measured.
        hours: of video.
        size: of its pictures, one of those measured.
        rate: frames a second.
        every: every Nth frame is analysed; the others are decoded all the same, and are counted as if analysed.
        minutes_each: length of a file.
        faces: in a frame, on average; each costs a row, and is taken to cost as much time as the first.
        cores: that work at once, a worker each.
        price: of a core for an hour, in any currency.

    Raises:
        ResultsError: that size was not measured.
    """
    if size not in constants.frame_seconds:
        known = ", ".join(constants.frame_seconds)
        raise ResultsError(size, "no clip of this size was measured", f"Choose from {known}")
    frames = round(hours * 3600 * rate)
    files = hours * 60 / minutes_each
    seconds = frames * constants.frame_seconds[size] * max(1.0, faces) + files * constants.file_seconds
    efficiency = min(1.0, constants.efficiency) if cores > 1 else 1.0
    core_hours = seconds / 3600 / efficiency
    rows = frames / every * max(1.0, faces)
    return Estimate(
        frames,
        core_hours,
        core_hours / cores,
        (rows * constants.row_bytes + files * constants.file_bytes) / 1e9,
        None if price is None else core_hours * price,
    )
