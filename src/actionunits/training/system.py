"""A recipe as a system that cross-validation trains and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from actionunits.datasets.folds import Folds
from actionunits.errors import UsageError
from actionunits.evaluation.systems import Predictor, Selection, Setting, Task
from actionunits.training.devices import Device
from actionunits.training.engine import train_fold
from actionunits.training.home import FOLDS_FOLDER
from actionunits.training.plan import PACKAGES
from actionunits.training.plan_facts import recipe_facts
from actionunits.training.prediction import ModelPredictor
from actionunits.training.recipe import Recipe
from actionunits.training.watch import Watch


class RecipeSystem:
    """Trains each fold in ``RUN/folds/foldK``.

    Args:
        recipe: what to train, and how.
        folds: the split, of which cross-validation names the numbers.
        run: folder of the run.
        reuse: folders of runs to take stages from.
        device: what computes.
        watch: is told how it goes.
    """

    packages: tuple[str, ...] = PACKAGES

    def __init__(
        self,
        recipe: Recipe,
        folds: Folds,
        run: str | Path,
        *,
        reuse: Sequence[str | Path] = (),
        device: Device | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._recipe, self._folds, self._run = recipe, folds, Path(run)
        self._reuse, self._device, self._watch = tuple(reuse), device or Device("cpu"), watch or Watch()

    @property
    def name(self) -> str:
        """The recipe's, with its tier."""
        return self._recipe.label

    @property
    def recipe(self) -> Mapping[str, Setting]:
        """Everything its numbers depend on besides the data, the folds and the seed."""
        return recipe_facts(self._recipe, self._device)

    @property
    def selection(self) -> Selection:
        """What weights are chosen on."""
        return self._recipe.selection

    def fit(self, task: Task) -> Predictor:
        """Train one fold, or go on with it.

        Raises:
            UsageError: the store does not fit the recipe.
            TrainingError: the loss is no number.
        """
        if task.aus - self._recipe.au_set:
            raise UsageError(self.name, f"finds AU {self._recipe.au_set}, not {task.aus}", "Use --set aus=...")
        fold = next(each for each in self._folds if each.number == task.fold)
        model = train_fold(
            self._recipe,
            task.store,
            fold,
            self._run / FOLDS_FOLDER / f"fold{fold.number}",
            seed=task.seed,
            reuse=self._reuse,
            device=self._device,
            watch=self._watch,
        )
        return ModelPredictor(model, task.store, task.aus, self._device.kind, self._recipe.workers)
