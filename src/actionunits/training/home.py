"""The folder of a fold: what is in it, and whose it is.

``facts.json``
    all that the weights depend on; a folder begun with other facts is left alone.
``recipe.yaml``
    the recipe, parents, tier and changes worked in; ``load_recipe`` reads it.
``STAGE/``
    ``metrics.csv``, ``best.safetensors``, ``last.ckpt`` while it is not finished, ``stage.json`` once it is.
``model.safetensors``
    the result: :func:`actionunits.models.load_model` makes the model again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ResultsError, UsageError
from actionunits.evaluation.runs import write_text
from actionunits.training.keeper import BEST_FILE, LAST_FILE, METRICS_FILE
from actionunits.training.plan import Plan, Step

FACTS_FILE, RECIPE_FILE, MODEL_FILE, STAGE_FILE = "facts.json", "recipe.yaml", "model.safetensors", "stage.json"
FOLDS_FOLDER = "folds"
_MOST_BYTES = 2**22
_ADVICE = "Choose another folder, or delete this one"


@dataclass(frozen=True)
class Finished:
    """A stage that has been trained.

    Attributes:
        folder: with its files.
        fingerprint: as :class:`~actionunits.training.plan.Step` has it.
        epoch: how many epochs had passed when its weights were best.
        score: theirs; None where nothing was chosen.
    """

    folder: Path
    fingerprint: str
    epoch: float
    score: float | None

    @property
    def weights(self) -> Path:
        """The file of the weights it ended with."""
        return self.folder / BEST_FILE


class FoldHome:
    """The folder of one fold's training.

    Args:
        folder: new, empty, or begun with the same facts.
        plan: of the training.

    Raises:
        UsageError: the folder holds other files, or a training with other facts.
    """

    def __init__(self, folder: str | Path, plan: Plan) -> None:
        self.folder = Path(folder)
        self._plan = plan
        try:
            names = {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()
        except OSError as failure:
            raise write_failure(self.folder, failure) from failure
        if names and FACTS_FILE not in names:
            raise UsageError(self.folder, "holds files that are no trained fold", _ADVICE)
        if names and _read(self.folder / FACTS_FILE) != json.loads(self._facts):
            raise UsageError(self.folder, "holds a fold that was trained with other settings or versions", _ADVICE)

    @property
    def model(self) -> Path:
        """The file of the result."""
        return self.folder / MODEL_FILE

    def begin(self) -> None:
        """Write what is known before the first stage.

        Raises:
            ResultsError: it cannot be written.
        """
        self._make(self.folder)
        write_text(self.folder / FACTS_FILE, self._facts)
        self._plan.recipe.save(self.folder / RECIPE_FILE)

    def stage(self, step: Step) -> Path:
        """The folder of a stage, made if it is not there."""
        folder = self.folder / step.stage.name
        self._make(folder)
        return folder

    def finished(self, step: Step) -> Finished | None:
        """The stage, if it has been trained here."""
        return _finished(self.folder / step.stage.name, step)

    def finish(self, step: Step, best: Mapping[str, float]) -> Finished:
        """Note that a stage has been trained.

        Args:
            step: which one.
            best: ``epoch``, and ``score``, NaN for none.
        """
        folder, score = self.folder / step.stage.name, best["score"]
        done = Finished(folder, step.fingerprint, best["epoch"], None if score != score else score)
        self._note(done)
        (folder / LAST_FILE).unlink(missing_ok=True)
        return done

    def take(self, step: Step, found: Finished) -> Finished:
        """Copy a stage that has been trained elsewhere."""
        folder = self.stage(step)
        for name in (METRICS_FILE, BEST_FILE):
            with written_aside(folder / name) as aside:
                try:
                    shutil.copyfile(found.folder / name, aside)
                except OSError as failure:
                    raise write_failure(folder / name, failure) from failure
        done = Finished(folder, found.fingerprint, found.epoch, found.score)
        self._note(done, taken_from=str(found.folder))
        return done

    @property
    def _facts(self) -> str:
        return json.dumps(self._plan.facts, indent=2, sort_keys=True) + "\n"

    def _note(self, done: Finished, **more: str) -> None:
        values = {"fingerprint": done.fingerprint, "epoch": done.epoch, "score": done.score, **more}
        write_text(done.folder / STAGE_FILE, json.dumps(values, indent=2) + "\n")

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise write_failure(folder, failure) from failure


def require_runs(runs: Sequence[str | Path]) -> None:
    """Require folders to take stages from.

    Raises:
        UsageError: one is missing.
    """
    for run in map(Path, runs):
        if not run.is_dir():
            raise UsageError(run, "there is no such folder to take stages from", "Name the folder of a run")


def find_finished(runs: Sequence[str | Path], step: Step) -> Finished | None:
    """A stage with the same fingerprint among those of some runs, or folders of runs."""
    for run in map(Path, runs):
        for folder in _stages(run, step.stage.name):
            found = _finished(folder, step)
            if found is not None:
                return found
    return None


def _stages(run: Path, name: str) -> Iterator[Path]:
    for pattern in (name, f"{FOLDS_FOLDER}/*/{name}", f"*/{FOLDS_FOLDER}/*/{name}"):
        yield from sorted(run.glob(pattern))


def _finished(folder: Path, step: Step) -> Finished | None:
    path = folder / STAGE_FILE
    if not path.is_file() or not (folder / BEST_FILE).is_file():
        return None
    said = _read(path)
    if said.get("fingerprint") != step.fingerprint:
        return None
    return Finished(folder, step.fingerprint, float(said.get("epoch", 0.0)), said.get("score"))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError) as failure:
        raise ResultsError(path, "cannot be read", _ADVICE) from failure
    if not isinstance(values, dict):
        raise ResultsError(path, "is not what this release writes", _ADVICE)
    return values
