"""A fold under Lightning."""

import warnings

import pytest

pytest.importorskip("lightning")

import torch
from lightning.pytorch import LightningModule, Trainer

from actionunits.datasets.folds import Fold
from actionunits.errors import UsageError
from actionunits.loading import FaceBatch, FaceData

FOLD = Fold(1, train=("S1", "S2"), validation=("S3",), test=("S4",))


class Recorder(LightningModule):
    """One weight a colour; keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 3)
        self.seen: dict[str, list[FaceBatch]] = {"train": [], "val": [], "test": [], "predict": []}

    def keep(self, part: str, batch: FaceBatch) -> torch.Tensor:
        self.seen[part].append(batch)
        return self.layer(batch.image.mean(dim=(2, 3))).square().mean()

    def training_step(self, batch):
        return self.keep("train", batch)

    def validation_step(self, batch):
        self.keep("val", batch)

    def test_step(self, batch):
        self.keep("test", batch)

    def predict_step(self, batch):
        return self.keep("predict", batch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def trainer(folder, epochs=2) -> Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return Trainer(
        max_epochs=epochs, accelerator="cpu", default_root_dir=folder, enable_model_summary=False,
        num_sanity_val_steps=0, log_every_n_steps=1, **quiet,
    )  # fmt: skip


def rows(batches: list[FaceBatch]) -> list[int]:
    return torch.cat([batch.row for batch in batches]).tolist()


@pytest.mark.parametrize("workers", [0, 1])
def test_each_part_sees_its_people(store, tmp_path, workers):
    data = FaceData(store.folder, FOLD, "jaa-176", batch_size=4, workers=workers, seed=1)
    model = Recorder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = trainer(tmp_path)
        run.fit(model, data)
        run.test(model, data, verbose=False)
        run.predict(model, data)
    people = {part: {name for batch in batches for name in batch.subject} for part, batches in model.seen.items()}
    assert people == {"train": {"S1", "S2"}, "val": {"S3"}, "test": {"S4"}, "predict": {"S4"}}
    for part, subject in (("test", "S4"), ("predict", "S4")):
        assert rows(model.seen[part]) == store.split([subject]).tolist()
    first, second = model.seen["train"][:5], model.seen["train"][5:]
    assert len(second) == 5
    assert rows(first) != rows(second)
    for batch in first:
        assert batch.image.dtype == torch.float32
        assert -1.001 <= batch.image.min() < -0.5 < 0.5 < batch.image.max() <= 1.001


def test_the_same_seed_trains_the_same(store, tmp_path):
    def trained(workers: int, seed: int) -> torch.Tensor:
        torch.manual_seed(0)
        model = Recorder()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer(tmp_path, 1).fit(model, FaceData(store, FOLD, "jaa-176", batch_size=4, workers=workers, seed=seed))
        return model.layer.weight.detach()

    wanted = trained(0, 1)
    assert torch.equal(trained(2, 1), wanted)
    assert not torch.equal(trained(0, 2), wanted)


def test_a_fold_without_validation(store, tmp_path):
    data = FaceData(store, Fold(1, ("S1",), (), ("S4",)), "jaa-176", batch_size=4, workers=0)
    assert data.validation is None
    model = Recorder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer(tmp_path, 1).fit(model, data)
    assert model.seen["train"]
    assert not model.seen["val"]


def test_only_training_is_varied(store):
    data = FaceData(store, FOLD, "jaa-176", workers=0, window="flow-10", aus=(12,))
    assert [part.training for part in (data.train, data.validation, data.test)] == [True, False, False]
    batch = next(iter(data.test_dataloader()))
    assert batch.clip.occurrence.shape == (5, 10, 1)


def test_nobody_is_in_two_parts(store):
    with pytest.raises(UsageError, match="S1"):
        FaceData(store, Fold(1, ("S1", "S2"), (), ("S1",)), "jaa-176")
    with pytest.raises(UsageError, match="S9"):
        FaceData(store, Fold(1, ("S1",), (), ("S9",)), "jaa-176")
