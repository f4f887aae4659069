"""A run: a folder that keeps what a system said of every test frame, and all that its numbers depend on.

``run.json``
    the system, the data, the folds, the seed, the versions:
    :class:`~actionunits.evaluation.run_facts.RunFacts`. Written last.
``predictions.parquet``
    one row a test frame: :func:`~actionunits.evaluation.predictions.prediction_schema`. Every number can be computed
    from it again.
``folds.csv``, ``table.csv``, ``table.md``
    the counts of each fold, and the table.

A run that was killed keeps its finished folds in ``parts`` and goes on from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ResultsError, StoreError, UsageError
from actionunits.evaluation.predictions import STAND_IN, read_predictions, write_predictions
from actionunits.evaluation.run_facts import RunFacts, read_run_facts
from actionunits.facs import AUSet, AUSetLike, column
from actionunits.store.tables import read_table

RUN_FILE, BEGUN_FILE, PREDICTIONS_FILE, PARTS_FOLDER = "run.json", "begun.json", "predictions.parquet", "parts"


class Run:
    """A finished run, read only.

    Args:
        folder: with ``run.json`` and ``predictions.parquet``.
        facts: None reads them from ``run.json``.

    Attributes:
        folder: the same.
        facts: the contents of ``run.json``.

    Raises:
        ResultsError: files are missing or damaged, or do not belong together.
    """

    def __init__(self, folder: str | Path, facts: RunFacts | None = None) -> None:
        self.folder = Path(folder)
        self.facts = read_run_facts(self.folder / RUN_FILE) if facts is None else facts

    def __repr__(self) -> str:
        return f"<Run {self.folder}: {self.facts.system} on {self.facts.store.dataset}, {self.facts.folds.name}>"

    @cached_property
    def frames(self) -> pa.Table:
        """All rows of ``predictions.parquet``, checked; see :func:`prediction_schema`."""
        return read_predictions(self.folder / PREDICTIONS_FILE, self.facts)

    @property
    def predicts_intensity(self) -> bool:
        """Whether the system says intensities."""
        return f"{column(self.facts.aus[0])}_r" in self.frames.column_names

    @property
    def stand_ins(self) -> int | None:
        """In how many frames landmarks were unknown, so that a mean face's stood in; None if it looks at none."""
        if STAND_IN not in self.frames.column_names:
            return None
        return int(pc.sum(self.frames[STAND_IN]).as_py() or 0)

    @property
    def folds(self) -> NDArray[np.int16]:
        """(N,): the fold that tested each frame, from 1."""
        return np.asarray(self.frames["fold"].to_numpy())

    @property
    def subjects(self) -> NDArray[np.str_]:
        """(N,): who is seen."""
        return np.array(self.frames["subject"].to_pylist(), np.str_)

    @property
    def fold_of(self) -> dict[str, int]:
        """The fold that tests each subject."""
        pairs = self.frames.group_by("subject").aggregate([("fold", "min")])
        return dict(zip(pairs["subject"].to_pylist(), pairs["fold_min"].to_pylist(), strict=True))

    def labels(self, aus: AUSetLike) -> NDArray[np.int8]:
        """(N, A) labels of occurrence: 0, 1, and -1 for unknown."""
        return self._columns(aus, "true")

    def probability(self, aus: AUSetLike) -> NDArray[np.float32]:
        """(N, A) predicted probabilities, 0 to 1."""
        return self._columns(aus, "p")

    def levels(self, aus: AUSetLike) -> NDArray[np.int8]:
        """(N, A) labels of intensity: 0 to 5, and -1 for unknown, as everywhere in a store without."""
        if not self.facts.graded:
            return np.full((len(self.frames), len(AUSet.parse(aus))), -1, np.int8)
        return self._columns(aus, "level")

    def intensity(self, aus: AUSetLike) -> NDArray[np.float32]:
        """(N, A) predicted intensities, 0 to 5; NaN for none."""
        if not self.predicts_intensity:
            return np.full((len(self.frames), len(AUSet.parse(aus))), np.nan, np.float32)
        return self._columns(aus, "r")

    def _columns(self, aus: AUSetLike, suffix: str) -> NDArray[Any]:
        wanted = AUSet.parse(aus)
        missing = wanted - self.facts.au_set
        if missing:
            raise UsageError(self.folder, f"this run has no AU {missing}", f"It has AU {self.facts.au_set}")
        return np.stack([self.frames[f"{name}_{suffix}"].to_numpy() for name in wanted.columns], axis=1)


class RunWriter:
    """Fills the folder of a run, fold by fold; a run that was killed goes on after its last whole fold.

    Args:
        folder: new, empty, or begun with the same facts.
        facts: what the run is.

    Raises:
        UsageError: the folder holds a finished run, a run begun with other facts, or other files.
        ResultsError: it cannot be written to.
    """

    def __init__(self, folder: str | Path, facts: RunFacts) -> None:
        self.folder = Path(folder)
        self.facts = facts
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in self.folder.iterdir()}
            self._check(names)
            (self.folder / PARTS_FOLDER).mkdir(exist_ok=True)
        except OSError as failure:
            raise write_failure(self.folder, failure) from failure
        if BEGUN_FILE not in names:
            write_text(self.folder / BEGUN_FILE, facts.model_dump_json(indent=2) + "\n")

    def _check(self, names: set[str]) -> None:
        advice = "Choose another folder, or delete this one"
        if RUN_FILE in names:
            raise UsageError(self.folder, "holds a finished run", advice)
        if names and BEGUN_FILE not in names:
            raise UsageError(self.folder, "holds files that are no run", advice)
        if names and read_run_facts(self.folder / BEGUN_FILE) != self.facts:
            raise UsageError(self.folder, "holds a run that was begun with other settings or versions", advice)

    def has(self, fold: int) -> bool:
        """Whether a fold is finished."""
        return self._part(fold).is_file()

    def add(self, fold: int, frames: pa.Table) -> None:
        """Keep the predictions of one fold, as from :func:`prediction_table`.

        Raises:
            ResultsError: they cannot be written.
        """
        write_predictions(self._part(fold), frames)

    def finish(self, texts: Mapping[str, str]) -> None:
        """Write the tables and ``run.json``, and take the parts away.

        Args:
            texts: contents by file name.

        Raises:
            ResultsError: a file cannot be written.
        """
        for name, text in texts.items():
            write_text(self.folder / name, text)
        write_text(self.folder / RUN_FILE, self.facts.model_dump_json(indent=2) + "\n")
        try:
            for path in (self.folder / PARTS_FOLDER).glob("fold*.parquet"):
                path.unlink()
            (self.folder / PARTS_FOLDER).rmdir()
            (self.folder / BEGUN_FILE).unlink()
        except OSError as failure:
            raise write_failure(self.folder, failure) from failure

    def merge(self) -> Run:
        """Put the folds together in ``predictions.parquet``; the run can be scored before it is finished.

        Raises:
            ResultsError: a fold is missing or damaged, or the file cannot be written.
        """
        try:
            parts = [read_table(self._part(fold)) for fold in self.facts.folds.numbers]
            table = pa.concat_tables(parts)
        except (StoreError, pa.ArrowException) as failure:
            reason = "the finished folds do not fit together, or one is damaged"
            raise ResultsError(self.folder / PARTS_FOLDER, reason, "Delete the folder, and run again") from failure
        write_predictions(self.folder / PREDICTIONS_FILE, table)
        return Run(self.folder, self.facts)

    def _part(self, fold: int) -> Path:
        return self.folder / PARTS_FOLDER / f"fold{fold:05d}.parquet"


def write_text(path: Path, text: str) -> None:
    """Write a text file, UTF-8, aside first, then renamed.

    Raises:
        ResultsError: it cannot be written.
    """
    with written_aside(path) as aside:
        try:
            aside.write_bytes(text.encode())
        except OSError as failure:
            raise write_failure(path, failure) from failure


def read_runs(folders: Iterable[str | Path]) -> list[Run]:
    """Open several runs; a folder that holds finished runs stands for all of them, sorted by name.

    Raises:
        ResultsError: a folder is neither a finished run nor a folder of some.
        UsageError: none is named.
    """
    runs = []
    for folder in map(Path, folders):
        inner = sorted(path.parent for path in folder.glob(f"*/{RUN_FILE}")) if folder.is_dir() else []
        runs += [Run(each) for each in inner] if inner and not (folder / RUN_FILE).exists() else [Run(folder)]
    if not runs:
        raise UsageError("no run", "there is nothing to compare", "Name the folders of finished runs")
    return runs
