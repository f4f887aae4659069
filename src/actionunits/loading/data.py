"""A fold of a store for Lightning: who trains, who validates, who is tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule

from actionunits.datasets.folds import Fold
from actionunits.facs import AUSetLike
from actionunits.loading.batch import FaceBatch
from actionunits.loading.dataset import FaceDataset
from actionunits.loading.inputs import InputRecipe, get_input
from actionunits.loading.loader import FaceLoader, face_loader
from actionunits.loading.windows import Window
from actionunits.store import Store


class FaceData(LightningDataModule):
    """The three parts of a fold; a system gets :class:`FaceBatch`, normalised, on its own device.

    Only the training part is varied and shuffled; validation and test come in the store's order, every frame once.

    Args:
        store: opened, or its folder.
        fold: the subjects of each part; nobody is in two, which :class:`~actionunits.datasets.folds.Fold` sees to.
        recipe: an input recipe, or its name; the store must have its crop.
        aus: AUs to have labels of; None for all of the store's.
        batch_size: frames.
        workers: processes that decode, for each part; 0 for this one alone.
        window: frames to load around each, or its name; None for none.
        flow: frames around each whose optical flow to load, or its name; None for none.
        seed: of everything random.

    Attributes:
        train: the data set of the training subjects.
        validation: of those who validate; None if the fold has none.
        test: of those who are tested.
        recipe: the input recipe.

    Raises:
        UsageError: as :class:`FaceDataset`; or the store lacks a subject of the fold.
        StoreError: the store is damaged, or was written by a later release.
    """

    def __init__(
        self,
        store: Store | str | Path,
        fold: Fold,
        recipe: InputRecipe | str,
        *,
        aus: AUSetLike | None = None,
        batch_size: int = 32,
        workers: int = 2,
        window: Window | str | None = None,
        flow: Window | str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        opened = store if isinstance(store, Store) else Store(store)
        self.recipe = get_input(recipe)
        self._batch_size, self._workers = batch_size, workers

        def part(subjects: tuple[str, ...], training: bool = False) -> FaceDataset:
            return FaceDataset(
                opened, self.recipe, subjects=subjects, aus=aus, training=training, window=window, flow=flow, seed=seed
            )

        self.train = part(fold.train, training=True)
        self.validation = part(fold.validation) if fold.validation else None
        self.test = part(fold.test)

    def train_dataloader(self) -> FaceLoader:
        """The training part: varied, shuffled."""
        return self._loader(self.train)

    def val_dataloader(self) -> FaceLoader | list[FaceLoader]:
        """The validation part; an empty list if the fold has none."""
        return [] if self.validation is None else self._loader(self.validation)

    def test_dataloader(self) -> FaceLoader:
        """The test part."""
        return self._loader(self.test)

    def predict_dataloader(self) -> FaceLoader:
        """The test part."""
        return self._loader(self.test)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> FaceBatch:
        """Make the bytes floating point where the system is; called by Lightning."""
        faces: FaceBatch = batch
        return faces.normalised(self.recipe)

    def _loader(self, dataset: FaceDataset) -> FaceLoader:
        return face_loader(dataset, batch_size=self._batch_size, workers=self._workers)
