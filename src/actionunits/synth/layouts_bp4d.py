"""BP4D and BP4D+ as they lie on disk (layout facts: the shared protocol, section 3)."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.facs import BP4D_INTENSITY_5, column
from actionunits.geometry import to_49
from actionunits.store import Store
from actionunits.synth.layouts_plan import Layout, LayoutOptions, LayoutReport, fit_struct, mat_bytes, sequences_of

UNKNOWN = 9
AU_COLUMNS = (*(1, 2, 4, 5, 6, 7), *range(9, 21), *(22, 23, 24, 27, 28), *range(29, 40))
"""The AUs with a column in ``AU_OCC``."""
FERA_COLUMNS = tuple(range(1, 100))  # the number of the column is that of the AU, but for the last one
OCCLUSION = 99

_TASKS = tuple(f"T{number}" for number in range(1, 9))
_PLUS_TASKS = tuple(f"T{number}" for number in (1, 6, 7, 8, 2, 3, 4, 5, 9, 10))  # those with labels first
_PLUS_CODED = frozenset(_PLUS_TASKS[:4])
_FIRST_NUMBERS = 1500  # BP4D's coded spans begin anywhere in a video of up to 3,000 frames
_TRIMMED = 5  # rows that `trim_labels` takes away, but never more than half of them
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Task:
    """One sequence under its new name: ``number`` is that of its first picture."""

    person: str
    task: str
    rows: range
    number: int

    @property
    def name(self) -> str:
        return f"{self.person}_{self.task}"


def write_bp4d(store: Store, folder: Path, options: LayoutOptions) -> LayoutReport:
    """Write BP4D into an empty folder; see :func:`actionunits.synth.layouts.write_layout`."""
    coding = _Coding(store, folder, options)
    tasks, names = _dealt(store, _TASKS)
    pictures = folder / ("Sequences(2D+3D)" if options.packaging == "new" else "BP4D-training")
    for task in tasks:
        place = pictures / task.person / task.task
        place.mkdir(parents=True)
        for name, row in zip(_picture_names(task, options), task.rows, strict=True):
            (place / name).write_bytes(store.jpeg(row))
        coding.write_points(task)
        edge = min(options.uncoded, len(task.rows) // 4)
        coding.write_labels(task, edge, len(task.rows) - edge, task.number + edge)
    return coding.report("bp4d", tasks, names)


def write_bp4d_plus(store: Store, folder: Path, options: LayoutOptions) -> LayoutReport:
    """Write BP4D+ into an empty folder; see :func:`actionunits.synth.layouts.write_layout`."""
    coding = _Coding(store, folder, options)
    tasks, names = _dealt(store, _PLUS_TASKS)
    (folder / "2D+3D").mkdir()
    for person in sorted({task.person for task in tasks}):
        own = [task for task in tasks if task.person == person]
        with zipfile.ZipFile(folder / "2D+3D" / f"{person}.zip", "w") as archive:
            for task in own:
                for number, row in enumerate(task.rows):  # names begin at 0, labels at 1
                    entry = zipfile.ZipInfo(f"{person}/{task.task}/{number:04d}.jpg", _ZIP_DATE)
                    archive.writestr(entry, bytes(store.jpeg(row)))
    coded = [task for task in tasks if task.task in _PLUS_CODED]
    trimmed = next((task for task in coded if task.task == "T7"), coded[0]) if options.trim_labels else None
    for task in tasks:
        coding.write_points(task)
        if task.task in _PLUS_CODED:
            count = len(task.rows)
            coding.write_labels(task, 0, count - min(_TRIMMED, count // 2) if task is trimmed else count, 1)
    return coding.report("bp4d+", tasks, names)


class _Coding:
    """Writes the label tables and the tracked points, and counts what it writes."""

    def __init__(self, store: Store, folder: Path, options: LayoutOptions) -> None:
        self._store, self._folder, self._options = store, folder, options
        self._occurrence = store.labels(store.au_set)
        self._aus = [au for au in AU_COLUMNS if au in store.au_set]
        scored = BP4D_INTENSITY_5 & store.au_set if "intensity" in store.header.contents else ()
        self._intensity = {au: store.labels(au, "intensity")[:, 0] for au in scored}
        self._coded, self._unknown = 0, 0

    def write_labels(self, task: _Task, start: int, stop: int, number: int) -> None:
        """Write the tables of a task's frames ``start`` to ``stop``; the first of them has this number."""
        rows, fera = task.rows[start:stop], self._options.packaging == "fera2015"
        random = np.random.default_rng(zlib.crc32(task.name.encode()))
        numbers = np.arange(number, number + len(rows))
        heads = FERA_COLUMNS if fera else AU_COLUMNS
        cells = np.full((len(rows), len(heads)), UNKNOWN)
        for au in self._aus:
            labels = self._occurrence[rows.start : rows.stop, self._store.au_set.index(au)]
            cells[:, heads.index(au)] = self._coded_cells(labels, random)
        if fera:
            cells[:, heads.index(OCCLUSION)] = 0
        place = self._folder / "AUCoding" if fera else self._folder / "AUCoding" / "AU_OCC"
        _write_csv(place / f"{task.name}.csv", numbers, cells, ("0", *map(str, heads)))
        place = self._folder / ("AU-Intensity-Codes3.0" if fera else "AUCoding/AU_INT")
        for au, intensity in self._intensity.items():
            scores = self._coded_cells(intensity[rows.start : rows.stop], random)
            _write_csv(place / column(au) / f"{task.name}_{column(au)}.csv", numbers, scores[:, None], None)
        self._coded += len(rows)

    def write_points(self, task: _Task) -> None:
        """Write the 49 points of every picture of a task, if the store has landmarks."""
        if "landmarks" not in self._store.header.contents:
            return
        place = self._folder / "2DFeatures"
        place.mkdir(exist_ok=True)
        points = to_49(self._store.landmarks(slice(task.rows.start, task.rows.stop)))
        (place / f"{task.name}.mat").write_bytes(mat_bytes({"fit": fit_struct(points)}))

    def report(self, layout: Layout, tasks: Sequence[_Task], names: dict[str, str]) -> LayoutReport:
        """What was written so far."""
        people = len({task.person for task in tasks})
        frames = sum(len(task.rows) for task in tasks)
        return LayoutReport(layout, self._folder, people, len(tasks), frames, self._coded, self._unknown, names)

    def _coded_cells(self, labels: NDArray[np.int8], random: np.random.Generator) -> NDArray[np.int64]:
        hidden = (labels < 0) | (random.random(len(labels)) < self._options.unknown_share)
        self._unknown += int(hidden.sum())
        return np.where(hidden, UNKNOWN, labels.astype(np.int64))


def _dealt(store: Store, names: tuple[str, ...]) -> tuple[list[_Task], dict[str, str]]:
    """The store's sequences as tasks of numbered people, and the new name of each."""
    tasks, renamed = [], {}
    people = _numbered(store)
    for subject, sequences in sequences_of(store).items():
        if len(sequences) > len(names):
            reason = f"has {len(sequences)} sequences; this layout has {len(names)} tasks"
            raise UsageError(f"subject {subject}", reason, "Make a store with fewer sequences of each subject")
        for sequence, name in zip(sequences, names, strict=False):
            first = 2 + zlib.crc32(f"{people[subject]}_{name}".encode()) % _FIRST_NUMBERS
            task = _Task(people[subject], name, store.rows_of(sequence), first)
            tasks.append(task)
            renamed[sequence] = task.name
    return tasks, renamed


def _numbered(store: Store) -> dict[str, str]:
    """``F001``, ``M001``, ``F002`` ... by subject, numbered within each gender in the order of the store."""
    if "gender" not in store.subjects.column_names:
        raise UsageError(store.folder, "its table of subjects has no column gender", "Add it: female or male")
    count = {"F": 0, "M": 0}
    people = {}
    genders = store.subjects["gender"].to_pylist()
    for subject, gender in zip(store.subjects["subject"].to_pylist(), genders, strict=True):
        letter = str(gender)[:1].upper()
        if letter not in count or count[letter] == 999:
            raise UsageError(
                f"subject {subject}", f"gender {gender!r} gives no name such as F001", "Say female or male"
            )
        count[letter] += 1
        people[subject] = f"{letter}{count[letter]:03d}"
    return people


def _picture_names(task: _Task, options: LayoutOptions) -> list[str]:
    last = task.number + len(task.rows) - 1
    digits = (3 if last < 1000 else 4) if options.padding is None else options.padding
    return [f"{number:0{digits}d}.jpg" for number in range(task.number, last + 1)]


def _write_csv(path: Path, numbers: NDArray[np.int64], cells: NDArray[np.int64], head: tuple[str, ...] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [] if head is None else [",".join(head)]
    lines += [",".join(map(str, row)) for row in np.column_stack([numbers, cells]).tolist()]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
