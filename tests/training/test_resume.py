"""A training that was killed goes on to the same result, bit by bit."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")


from actionunits.errors import TrainingError
from actionunits.models import read_model_facts
from actionunits.training import load_recipe, train_fold
from actionunits.training.keeper import Keeper

from .conftest import FOLD, rows_of


class StopError(Exception):
    """What a kill looks like from within."""


@pytest.mark.parametrize(
    ("place", "times", "workers"),
    [
        ("on_train_batch_end", 1, 0),
        ("on_train_batch_end", 5, 1),
        ("on_validation_end", 2, 0),
        ("on_train_epoch_end", 2, 1),
        ("on_train_epoch_end", 3, 0),
        ("on_train_batch_end", 13, 0),
        ("on_train_epoch_end", 4, 0),
    ],
)
def test_a_training_that_was_killed_goes_on_to_the_same_result(
    store, recipe, tmp_path, monkeypatch, whole, place, times, workers
):
    calls = 0
    original = getattr(Keeper, place)

    def stop(self, trainer, module, *rest):
        nonlocal calls
        calls += 1
        if place == "on_train_epoch_end":
            original(self, trainer, module, *rest)
        if calls == times:
            raise StopError
        if place != "on_train_epoch_end":
            original(self, trainer, module, *rest)

    chosen = recipe(f"workers={workers}")
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, place, stop)
        with pytest.raises(StopError):
            train_fold(chosen, store, FOLD, tmp_path / "fold")
    assert not (tmp_path / "fold" / "model.safetensors").exists()
    train_fold(chosen, store, FOLD, tmp_path / "fold")
    for name in ("model.safetensors", "base/best.safetensors", "base/stage.json", "more/stage.json"):
        assert (tmp_path / "fold" / name).read_bytes() == (whole / name).read_bytes(), name
    for stage in ("base", "more"):
        ours, theirs = (
            [{key: value for key, value in row.items() if key != "seconds"} for row in rows_of(folder / stage)]
            for folder in (tmp_path / "fold", whole)
        )
        assert ours == theirs


@pytest.fixture(scope="module")
def whole(store, tmp_path_factory):
    """The folder of the toy's training, which nothing disturbed."""
    from actionunits.models import registry

    from . import toy
    from .conftest import RECIPE

    folder = tmp_path_factory.mktemp("whole")
    (folder / "toy.yaml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_HOMES", {**registry._HOMES, "toy": (toy.__name__, "Toy")})
        train_fold(load_recipe(folder / "toy.yaml"), store, FOLD, folder / "fold")
    return folder / "fold"


SCRIPT = """
import sys, torch
torch.set_num_threads(1)
sys.path.insert(0, {here!r})
from actionunits.models import registry
registry._HOMES = {{**registry._HOMES, "toy": ("toy", "Toy")}}
if __name__ == "__main__":
    from actionunits.datasets.folds import Fold
    from actionunits.store import Store
    from actionunits.training import Watch, load_recipe, train_fold
    from actionunits.training.devices import Device
    class Say(Watch):
        def steps(self, what, done, total):
            print(what, done, flush=True)
    fold = Fold(1, *{parts!r})
    recipe, device = load_recipe({recipe!r}, changes={changes!r}), Device("cpu", {count})
    train_fold(recipe, Store({store!r}), fold, {out!r}, device=device, watch=Say())
"""


@pytest.fixture
def script(store, recipe_file, tmp_path):
    """A function that writes a program which trains on so many processes."""

    def write(count, *changes):
        path = tmp_path / "script.py"
        parts = (FOLD.train, FOLD.validation, FOLD.test)
        here, out = str(Path(__file__).parent), str(tmp_path / "fold")
        told = {"here": here, "recipe": str(recipe_file), "store": str(store.folder), "parts": parts, "out": out}
        path.write_text(SCRIPT.format(count=count, changes=changes, **told))
        return [sys.executable, str(path)]

    return write


@pytest.mark.slow
def test_kill_9(store, recipe_file, script, tmp_path, whole):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(script(1), stdout=subprocess.PIPE, text=True, env=environment) as killed:
        for line in killed.stdout:
            if line.startswith("fold 1, more 8"):
                killed.send_signal(signal.SIGKILL)
                break
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "fold" / "model.safetensors").exists()
    train_fold(load_recipe(recipe_file), store, FOLD, tmp_path / "fold")
    assert (tmp_path / "fold" / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_two_processes_share_the_batches(store, script, tmp_path, whole):
    """They see the same faces in the same order, so that the losses are nearly those of one process."""
    words = script(2, "stages.more.epochs=0")
    subprocess.run(words, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    ours, theirs = rows_of(tmp_path / "fold" / "base"), rows_of(whole / "base")
    assert [row["epoch"] for row in ours] == [row["epoch"] for row in theirs]
    assert float(ours[0]["loss_total"]) == pytest.approx(float(theirs[0]["loss_total"]), abs=0.1)
    told = read_model_facts(tmp_path / "fold" / "model.safetensors")["facts"]
    assert told["recipe"]["devices"] == 2
    assert not list((tmp_path / "fold").rglob("*.ckpt"))


def test_half_epochs_are_validated_too_and_a_kill_between_changes_nothing(store, recipe, tmp_path, monkeypatch):
    chosen = recipe("validate_every=0.5", "stages.base.epochs=2", "stages.base.batch=8", "stages.more=null")
    train_fold(chosen, store, FOLD, tmp_path / "whole")
    assert [row["epoch"] for row in rows_of(tmp_path / "whole" / "base")] == ["0.5", "1", "1.5", "2"]
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", stopping_at(10))
        with pytest.raises(StopError):
            train_fold(chosen, store, FOLD, tmp_path / "fold")
    train_fold(chosen, store, FOLD, tmp_path / "fold")
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "fold"))
    assert one == two


def stopping_at(times):
    calls = 0

    def stop(*_):
        nonlocal calls
        calls += 1
        if calls == times:
            raise StopError

    return stop


def test_patience_ends_a_stage_also_after_a_kill(store, recipe, tmp_path, monkeypatch):
    """The rates are so small that nothing gets better."""
    words = ("stages.base.epochs=50", "stages.base.patience=2", "stages.base.rates={stem: 1e-12, head: 1e-12}")
    chosen = recipe(*words, "select.by=loss", "model.dropout=0.0", "model.extra=false")
    train_fold(chosen, store, FOLD, tmp_path / "whole")
    rows = rows_of(tmp_path / "whole" / "base")
    best = json.loads((tmp_path / "whole" / "base" / "stage.json").read_text())["epoch"]
    assert len(rows) == best + 2 < 50

    def stop(*_):
        raise StopError

    with monkeypatch.context() as patch:
        patch.setattr("actionunits.training.home.FoldHome.finish", stop)
        with pytest.raises(StopError):
            train_fold(chosen, store, FOLD, tmp_path / "fold")
    train_fold(chosen, store, FOLD, tmp_path / "fold")
    assert len(rows_of(tmp_path / "fold" / "base")) == len(rows)
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "fold"))
    assert one == two


@pytest.mark.parametrize("sent", [KeyboardInterrupt, SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
def test_signals_pass_through(store, recipe, tmp_path, monkeypatch, sent):
    def stop(*_):
        raise sent

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", stop)
        with pytest.raises((KeyboardInterrupt, SystemExit)) as caught:
            train_fold(recipe(), store, FOLD, tmp_path / "fold")
    assert caught.type is (sent if isinstance(sent, type) else SystemExit)
    assert getattr(caught.value, "code", 143) == 143
    assert signal.getsignal(signal.SIGINT) == before


def test_a_checkpoint_that_is_no_checkpoint(store, recipe, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", stopping_at(5))
        with pytest.raises(StopError):
            train_fold(recipe(), store, FOLD, tmp_path / "fold")
    path = tmp_path / "fold" / "base" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match=r"last\.ckpt: cannot be read"):
        train_fold(recipe(), store, FOLD, tmp_path / "fold")
