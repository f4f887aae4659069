"""Training one fold: what is learned, what is written, what stays as it was, and how it goes on after a kill."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

import torch

from actionunits.errors import TrainingError, UsageError
from actionunits.evaluation.systems import Prediction
from actionunits.metrics import auroc
from actionunits.models import load_state_of, read_model_facts
from actionunits.training import load_recipe, predict, train_fold

from .conftest import AUS, FOLD, Notes, rows_of


def state(path):
    return load_state_of(path)[1]


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_fold_is_trained_and_everything_is_kept(store, recipe, tmp_path):
    notes = Notes()
    model = train_fold(recipe("stages.base.epochs=12"), store, FOLD, tmp_path / "fold", seed=3, watch=notes)
    rows = store.split(FOLD.test)
    said = predict(model, store, rows)
    assert isinstance(said, Prediction)
    assert said.intensity is None
    assert auroc(store.labels(AUS)[rows], said.probability).values.mean() > 0.9
    assert not model.training
    names = {path.relative_to(tmp_path / "fold").as_posix() for path in (tmp_path / "fold").rglob("*")}
    stages = {
        f"{stage}/{name}" for stage in ("base", "more") for name in ("metrics.csv", "best.safetensors", "stage.json")
    }
    assert names == {"facts.json", "recipe.yaml", "model.safetensors", "base", "more"} | stages
    facts = read_model_facts(tmp_path / "fold" / "model.safetensors")
    assert facts["settings"]["width"] == 8  # a default
    told = facts["facts"]
    assert told["seed"] == 3
    assert told["fold"] == {"number": 1, "train": list(FOLD.train), "choose": list(FOLD.validation)}
    assert told["store"]["frames_sha256"] == store.header.frames_sha256
    assert told["selection"] == "val"
    assert told["recipe"]["stages.base.epochs"] == 12
    assert set(told["versions"]) >= {"torch", "lightning", "actionunits"}
    assert load_recipe(tmp_path / "fold" / "recipe.yaml") == recipe("stages.base.epochs=12")
    assert len(rows_of(tmp_path / "fold" / "base")) == 12
    assert len([line for line in notes.lines if line.startswith("fold 1, base, epoch")]) == 12
    assert notes.counts[0] == ("fold 1, base", 1, 36)
    assert not any(path.name.startswith(".") for path in (tmp_path / "fold").rglob("*"))


def test_metrics_hold_rates_losses_and_scores(store, recipe, tmp_path):
    train_fold(recipe(), store, FOLD, tmp_path / "fold")
    rows = rows_of(tmp_path / "fold" / "more")
    wanted = ["epoch", "seconds", "rate_extra", "rate_head", "loss_occurrence", "loss_penalty", "loss_total"]
    assert list(rows[0]) == [*wanted, "val_loss", "f1", "auroc", "icc"]
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row in rows:
        total = float(row["loss_occurrence"]) + float(row["loss_penalty"])
        assert float(row["loss_total"]) == pytest.approx(total, rel=1e-4)
        assert row["icc"] == ""
    batches, warm = 6, 2
    last = 0.5 * (1 + np.cos(np.pi * (2 * batches - 1 - warm) / (2 * batches - warm)))
    assert float(rows[-1]["rate_extra"]) == pytest.approx(1e-2 * last, rel=1e-4)
    assert float(rows[-1]["rate_head"]) == pytest.approx(1e-3 * last, rel=1e-4)


def test_frozen_parts_do_not_change_and_each_stage_begins_with_the_best(store, recipe, tmp_path):
    train_fold(recipe("stages.base.epochs=6"), store, FOLD, tmp_path / "fold")
    base, more = (state(tmp_path / "fold" / name / "best.safetensors") for name in ("base", "more"))
    for name in base:
        if name.startswith("stem"):
            assert torch.equal(base[name], more[name]), name
    assert not torch.equal(base["extra.1.weight"], more["extra.1.weight"])
    assert same(more, state(tmp_path / "fold" / "model.safetensors"))
    told = json.loads((tmp_path / "fold" / "base" / "stage.json").read_text())
    scores = [float(row["f1"]) for row in rows_of(tmp_path / "fold" / "base")]
    assert told["score"] == pytest.approx(max(scores), abs=1e-5)
    assert told["epoch"] == 1 + scores.index(max(scores))


def test_the_same_again_bit_by_bit_and_another_seed_is_another(store, recipe, tmp_path):
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        train_fold(recipe(tier="quick"), store, FOLD, tmp_path / name, seed=seed)
    one, two, three = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


def test_stages_are_taken_over_where_nothing_that_matters_differs(store, recipe, tmp_path):
    notes = Notes()
    train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "run" / "folds" / "fold1")
    other = recipe("model.gain=2.0", tier="quick")
    train_fold(other, store, FOLD, tmp_path / "alone")
    train_fold(other, store, FOLD, tmp_path / "taken", reuse=[tmp_path / "run"], watch=notes)
    assert notes.lines[0] == f"fold 1, base: taken from {tmp_path / 'run' / 'folds' / 'fold1' / 'base'}"
    assert not [line for line in notes.lines[1:] if "taken" in line]
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("alone", "taken"))
    assert one == two
    assert rows_of(tmp_path / "taken" / "base")
    for changes, seed in (((), 1), (("model.width=9",), 0), (("stages.base.batch=12",), 0), (("input=jaa-176",), 0)):
        notes.lines.clear()
        chosen = recipe(*changes, tier="quick")
        place = tmp_path / f"{changes} {seed}".replace("/", "")
        train_fold(chosen, store, FOLD, place, seed=seed, reuse=[tmp_path / "run"], watch=notes)
        assert not [line for line in notes.lines if "taken" in line], changes


def test_a_row_with_other_parts_takes_a_shared_stage_over(store, recipe, tmp_path):
    """The second row has no part ``extra``, which the first one has from the beginning."""
    train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "run")
    words = ("model.extra=false", "stages={base: {epochs: 1}, more: null}")
    notes = Notes()
    train_fold(recipe(*words), store, FOLD, tmp_path / "taken", reuse=[tmp_path / "run"], watch=notes)
    assert "taken from" in notes.lines[0]
    train_fold(recipe(*words), store, FOLD, tmp_path / "alone")
    one, two = (state(tmp_path / name / "model.safetensors") for name in ("alone", "taken"))
    assert same(one, two)


def test_ways_to_choose(store, recipe, tmp_path):
    for on, choose in (("last", []), ("test_oracle", list(FOLD.test))):
        place = tmp_path / on
        train_fold(recipe(f"select.on={on}", tier="quick"), store, FOLD, place)
        facts = read_model_facts(place / "model.safetensors")["facts"]
        assert facts["selection"] == on
        assert facts["fold"]["choose"] == choose
        assert facts["fold"]["train"] == sorted((*FOLD.train, *FOLD.validation))
        assert ("f1" in rows_of(place / "more")[0]) == bool(choose)
    assert json.loads((tmp_path / "last" / "more" / "stage.json").read_text())["score"] is None


def test_intensities_and_calibration(store, recipe, tmp_path):
    words = ("model.grades=true", "select.by=icc", "calibrate=true")
    model = train_fold(recipe(*words, tier="quick"), store, FOLD, tmp_path / "fold")
    assert float(model.settled) != 0
    said = predict(model, store, store.split(FOLD.test))
    assert said.intensity.shape == (32, 2)
    assert 0 <= said.intensity.min() <= said.intensity.max() <= 5
    assert rows_of(tmp_path / "fold" / "more")[0]["icc"] != ""


def test_it_has_seen_the_training_labels_and_no_others(store, recipe, tmp_path):
    model = train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "fold")
    rates = (store.labels(AUS)[store.split(FOLD.train)] == 1).mean(axis=0)
    np.testing.assert_allclose(model.rates.numpy(), rates, rtol=1e-6)


def test_predictions_come_in_the_order_that_was_asked_for(store, recipe, tmp_path):
    model = train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "fold")
    rows = store.split(FOLD.test)
    mixed = np.random.default_rng(0).permutation(rows)[:9]
    plain = dict(zip(rows.tolist(), predict(model, store, rows).probability.tolist(), strict=True))
    found = predict(model, store, mixed).probability
    np.testing.assert_allclose(found, [plain[row] for row in mixed.tolist()], atol=1e-6)


def test_a_loss_that_is_no_number_stops_and_says_where(store, recipe, tmp_path):
    with pytest.raises(TrainingError) as caught:
        train_fold(recipe("model.spoil=5"), store, FOLD, tmp_path / "fold")
    said = str(caught.value)
    assert said.startswith("fold 1, stage base, epoch 2, batch 2: the loss's term 'penalty' is nan")
    assert "stages.base.rates.stem" in said
    kept = torch.load(tmp_path / "fold" / "base" / "last.ckpt", weights_only=True)
    assert all(bool(torch.isfinite(each).all()) for each in kept["state_dict"].values())
    assert kept["callbacks"]["Keeper"]["rows"][-1]["epoch"] == 1
    with pytest.raises(UsageError, match="other settings"):
        train_fold(recipe("clip=1.0"), store, FOLD, tmp_path / "fold")


def test_rates_wake_and_freeze_parts(store, recipe, tmp_path):
    words = ("stages.base.rates={stem: null, extra: 1e-2}", "stages.more=null")
    train_fold(recipe(*words), store, FOLD, tmp_path / "fold", seed=1)
    train_fold(recipe(*words, "stages.base.epochs=1"), store, FOLD, tmp_path / "short", seed=1)
    one, two = (state(tmp_path / name / "base" / "best.safetensors") for name in ("fold", "short"))
    assert torch.equal(one["stem.1.weight"], two["stem.1.weight"])
    assert one["stem.2.num_batches_tracked"] == 0


def test_a_model_to_start_from(store, recipe, tmp_path):
    first = train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "first")
    path = tmp_path / "first" / "model.safetensors"
    skipped = "stages={base: {epochs: 0}, more: {epochs: 0}}"
    again = train_fold(recipe(f"start={path}", skipped), store, FOLD, tmp_path / "again")
    assert same(first.state_dict(), again.state_dict())
    told = read_model_facts(tmp_path / "again" / "model.safetensors")["facts"]
    assert set(told["files"]) == {"start"}
