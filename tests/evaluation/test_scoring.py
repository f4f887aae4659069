"""Every number of a table, computed again from predictions.parquet with scikit-learn and the equations."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score

from actionunits.errors import UsageError
from actionunits.evaluation.report import folds_csv, run_sheet
from actionunits.evaluation.scoring import fold_mean_of, fold_scores, paired, same_frames, summarise
from actionunits.facs import AUSet

from .conftest import AUS, make_run

ALL = AUSet(AUS)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("scoring") / "run")


def frames_of(run, au):
    """The known frames of an AU, from the file itself."""
    table = pd.read_parquet(run.folder / "predictions.parquet")
    name = f"AU{au:02d}"
    return table[table[f"{name}_true"] >= 0].assign(
        truth=lambda each: each[f"{name}_true"],
        p=lambda each: each[f"{name}_p"],
        called=lambda each: each[f"{name}_p"] >= 0.5,
        level=lambda each: each[f"{name}_level"].astype(float),
        said=lambda each: each[f"{name}_r"].astype(float),
    )


@pytest.mark.parametrize("place", range(len(AUS)))
def test_scores_from_the_file_alone(run, place):
    summary = summarise(run, resamples=50)
    known = frames_of(run, AUS[place])
    folds = [part for _, part in known.groupby("fold")]
    assert len(folds) == 3
    assert summary.f1.values[place] == pytest.approx(np.mean([f1_score(each.truth, each.called) for each in folds]))
    assert summary.pooled.values[place] == pytest.approx(f1_score(known.truth, known.called))
    assert summary.auroc.values[place] == pytest.approx(np.mean([roc_auc_score(each.truth, each.p) for each in folds]))
    icc = [2 * np.cov(each.level, each.said)[0, 1] / (each.level.var() + each.said.var()) for each in folds]
    assert summary.icc.values[place] == pytest.approx(np.mean(icc))
    mae = [(each.level - each.said.round()).abs().mean() for each in folds]
    assert summary.mae.values[place] == pytest.approx(np.mean(mae))
    assert summary.share[place] == pytest.approx(known.truth.mean())
    assert summary.known[place] + summary.unknown[place] == len(run.frames)
    rates = [each.truth.mean() for each in folds]
    assert summary.always.values[place] == pytest.approx(np.mean([2 * rate / (1 + rate) for rate in rates]))
    for metric, expected in (("f1", summary.f1), ("icc", summary.icc), ("mae", summary.mae)):
        np.testing.assert_array_equal(fold_mean_of(run, ALL, metric).values, expected.values)


def test_counts_of_each_fold(run):
    for each in fold_scores(run):
        known = frames_of(run, each.au)
        part = known[known.fold == each.fold]
        tn, fp, fn, tp = confusion_matrix(part.truth, part.called).ravel()
        assert each.counts == (tp, fp, fn, tn)
        assert each.unknown == (run.folds == each.fold).sum() - len(part)
    lines = list(csv.DictReader(io.StringIO(folds_csv(run))))
    assert len(lines) == 3 * len(AUS)
    tp, fp, fn = (sum(int(line[name]) for line in lines if line["au"] == "12") for name in ("tp", "fp", "fn"))
    assert summarise(run, resamples=1).pooled.values[1] == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_intervals_hold_the_score_and_shrink_with_subjects(tmp_path):
    widths = []
    for people in (9, 90):
        found = summarise(make_run(tmp_path / str(people), people=people), resamples=400).f1_interval
        assert (found.per_au.low <= found.scores.values).all()
        assert (found.per_au.high >= found.scores.values).all()
        widths.append(float(found.average.high - found.average.low))
    assert widths[1] < widths[0] / 2


def test_the_same_seed_gives_the_same_intervals(run):
    one, two, other = (summarise(run, resamples=100, seed=seed).f1_interval.per_au.low for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_one_subject_a_fold_and_one_subject_in_all(tmp_path):
    loso = summarise(make_run(tmp_path / "loso", folds=9), resamples=20)
    assert loso.f1_interval is None
    assert loso.pooled_interval is not None
    alone = make_run(tmp_path / "alone", people=1, folds=1)
    assert summarise(alone).pooled_interval is None
    assert run_sheet(alone).rows[-1].cells[4] == ""


def test_a_subset_of_aus_has_its_own_average(run):
    part = summarise(run, AUSet((12,)), resamples=50)
    assert part.f1_interval.average.value == pytest.approx(summarise(run, resamples=50).f1.values[1])
    with pytest.raises(UsageError, match="no AU 45"):
        summarise(run, AUSet((45,)))


def test_better_is_better_beyond_chance(tmp_path):
    worse = make_run(tmp_path / "worse", people=30, noise=1.5, seed=1)
    better = make_run(tmp_path / "better", people=30, noise=0.3, seed=2)
    assert same_frames(better, worse, ALL)
    found = paired(better, worse, ALL, resamples=300)
    assert found.average.low > 0
    assert found.p_average < 0.01
    assert paired(worse, better, ALL, resamples=300).average.value == pytest.approx(-found.average.value)
    same = paired(better, better, ALL, resamples=50)
    assert same.p_average == 1.0
    assert same.average.low == same.average.high == 0


def test_other_labels_are_not_the_same_frames(tmp_path):
    one = make_run(tmp_path / "one")
    assert not same_frames(one, make_run(tmp_path / "other", labels_seed=1), ALL)
    assert not same_frames(one, make_run(tmp_path / "longer", frames=21), ALL)


def test_the_table_says_what_it_is(tmp_path):
    oracle = make_run(tmp_path / "oracle", selection="test_oracle", seed=7)
    sheet = run_sheet(oracle)
    assert "CHOSEN ON THE TEST SUBJECTS" in sheet.title
    assert "seed 7" in sheet.title
    assert any("without a label" in note for note in sheet.notes)
    assert sheet.columns[-2:] == ("ICC", "MAE")
    assert "ICC" not in run_sheet(make_run(tmp_path / "plain", graded=False)).columns


def test_an_au_nobody_codes_counts_in_no_average(tmp_path):
    run = make_run(tmp_path / "run", unknown=0.0)
    table = pd.read_parquet(run.folder / "predictions.parquet")
    uncoded = make_run(tmp_path / "uncoded", unknown=1.0)
    assert np.isnan(summarise(uncoded, resamples=5).f1.values).all()
    assert run_sheet(uncoded).rows[-1].cells[3] == ""
    assert len(table) == 180
