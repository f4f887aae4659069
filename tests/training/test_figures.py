"""Means and scores of batches are those of everything at once."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from sklearn.metrics import f1_score, roc_auc_score

from actionunits.loading import FaceBatch
from actionunits.models import AUOutput
from actionunits.training import figures
from actionunits.training.figures import Answers, Means


def batch_of(row, occurrence, intensity):
    from dataclasses import replace

    blank = FaceBatch.unlabelled(torch.zeros(len(row), 3, 2, 2), torch.zeros(len(row), 68, 2), occurrence.shape[1])
    parts = (torch.from_numpy(each) for each in (row, occurrence, intensity))
    return replace(blank, **dict(zip(("row", "occurrence", "intensity"), parts, strict=True)))


@pytest.fixture
def answers():
    rng = np.random.default_rng(0)
    occurrence = rng.integers(0, 2, (50, 3)).astype(np.int8)
    intensity = (occurrence * rng.integers(1, 6, (50, 3))).astype(np.int8)
    occurrence[rng.random((50, 3)) < 0.2] = -1
    logits = rng.normal(0, 2, (50, 3)).astype(np.float32) + occurrence
    levels = rng.normal(0, 1, (50, 3, 6)).astype(np.float32)
    return np.arange(50), occurrence, intensity, logits, levels


def taken(answers, places, levels=True, columns=(0, 1, 2)):
    found = Answers(columns)
    row, occurrence, intensity, logits, graded = answers
    for at in places:
        output = AUOutput(torch.from_numpy(logits[at]), torch.from_numpy(graded[at]) if levels else None)
        found.add(output, batch_of(row[at], occurrence[at], intensity[at]))
    return found


def test_scores_of_batches(answers):
    scores = taken(answers, np.split(np.arange(50), [7, 8, 31])).take()
    _, occurrence, intensity, logits, levels = answers
    f1, auroc = [], []
    for au in range(3):
        known = occurrence[:, au] >= 0
        f1.append(f1_score(occurrence[known, au], logits[known, au] >= 0))
        auroc.append(roc_auc_score(occurrence[known, au], logits[known, au]))
    assert scores["f1"] == pytest.approx(np.mean(f1))
    assert scores["auroc"] == pytest.approx(np.mean(auroc))
    said = levels.argmax(axis=-1)
    icc = [
        2 * np.cov(intensity[:, au], said[:, au])[0, 1] / (intensity[:, au].var(ddof=1) + said[:, au].var(ddof=1))
        for au in range(3)
    ]
    assert scores["icc"] == pytest.approx(np.mean(icc))


def test_a_face_seen_twice_counts_once_and_no_levels_no_icc(answers):
    once = taken(answers, [np.arange(50)], levels=False).take()
    twice = taken(answers, [np.arange(50), np.arange(10)], levels=False).take()
    assert once["f1"] == twice["f1"]
    assert once["auroc"] == twice["auroc"]
    assert np.isnan(once["icc"])
    assert np.isnan(twice["icc"])


def test_means_of_batches():
    means = Means()
    for values in ([1.0, 2.0, 6.0], [4.0]):
        tensor = torch.tensor(values, requires_grad=True)
        means.add({"loss": tensor.mean(), "part": 2 * tensor.mean()}, len(values))
    assert means.take() == {"loss": 13 / 4, "part": 26 / 4}
    assert means.take() == {}


def test_processes_are_put_together(monkeypatch, answers):
    """Two of them, of which the second saw one face of the first."""
    other = taken(answers, [np.arange(24, 50)])
    monkeypatch.setattr(figures, "_from_all", lambda mine: [mine, other._parts])
    both = taken(answers, [np.arange(25)]).take()
    monkeypatch.undo()
    assert both == taken(answers, [np.arange(50)]).take()
    monkeypatch.setattr(figures, "_from_all", lambda mine: [mine, ({"loss": 5.0}, 3)])
    means = Means()
    means.add({"loss": torch.tensor(1.0)}, 1)
    assert means.take() == {"loss": 1.5}


def test_aus_that_are_never_trained_do_not_count(answers):
    _, occurrence, _, logits, _ = answers
    known = occurrence[:, 2] >= 0
    said = taken(answers, [slice(None)], columns=(2,)).take()
    assert said["auroc"] == pytest.approx(roc_auc_score(occurrence[known, 2], logits[known, 2]))
