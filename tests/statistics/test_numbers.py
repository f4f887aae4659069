"""Each statistic against another way of computing it."""

from itertools import groupby

import numpy as np
import pytest
from scipy.stats import pearsonr

from actionunits.metrics import always_positive_f1
from actionunits.statistics import base_rates, find_segments, relation_matrix


@pytest.fixture
def labels() -> np.ndarray:
    rng = np.random.default_rng(3)
    runs = np.repeat(rng.integers(-1, 2, (60, 4)), 5, axis=0)
    return np.where(rng.random(runs.shape) < 0.9, runs, rng.integers(-1, 2, runs.shape)).astype(np.int8)  # (300, 4)


def test_base_rates(labels) -> None:
    owners = np.repeat([0, 1, 2], 100)
    labels[owners == 2, 0] = np.minimum(labels[owners == 2, 0], 0)
    found = base_rates(labels, owners)
    for place in range(4):
        known = labels[labels[:, place] >= 0, place]
        assert found.rate[place] == known.mean()
        assert found.positive[place] + found.negative[place] + found.unknown[place] == 300
        assert found.positive[place] == (known == 1).sum()
    assert found.subjects.tolist() == [2, 3, 3, 3]
    assert found.always_positive_f1 == pytest.approx(always_positive_f1(labels).values)
    assert np.isnan(base_rates(np.full((3, 1), -1, np.int8), np.zeros(3, int)).rate[0])


def test_relations_are_pearsons_over_the_common_frames(labels) -> None:
    matrix = relation_matrix(labels)
    for i, j in np.ndindex(4, 4):
        known = (labels[:, i] >= 0) & (labels[:, j] >= 0)
        assert matrix[i, j] == pytest.approx(pearsonr(labels[known, i], labels[known, j]).statistic, abs=1e-12)
    assert np.array_equal(matrix, matrix.T)


def test_relations_of_levels() -> None:
    levels = np.random.default_rng(0).integers(0, 6, (80, 3)).astype(np.int8)
    assert relation_matrix(levels) == pytest.approx(np.corrcoef(levels.T), abs=1e-12)


def test_a_constant_has_no_relation_and_the_unknown_none_at_all() -> None:
    labels = np.array([[0, 1, -1, 1], [0, 0, -1, -1], [0, 1, -1, -1]], np.int8)
    matrix = relation_matrix(labels)
    assert matrix[0].tolist()[:2] == [0, 0]
    assert matrix[1, 1] == 1
    assert np.isnan(matrix[2]).all()
    assert matrix[1, 3] == 0  # one common frame


def slow_segments(labels, lengths, frames) -> list[int]:
    """Runs by a loop: a frame goes on with a run if it is the next of its sequence."""
    runs, start = [], 0
    for length in lengths:
        piece = list(zip(labels[start : start + length], frames[start : start + length], strict=True))
        keyed = [(label, frame - place) for place, (label, frame) in enumerate(piece)]
        runs += [len(list(group)) for (label, _), group in groupby(keyed) if label == 1]
        start += length
    return runs


def test_segments_are_the_runs_that_a_loop_finds(labels) -> None:
    lengths = [120, 1, 100, 79]
    frames = np.concatenate([np.arange(length) + 7 for length in lengths]).astype(np.int32)
    frames[60:120] += 3  # three frames are missing
    frames[250:] += 1
    for column in labels.T:
        found = find_segments(column, lengths, frames, frames / 25)
        assert found.frames.tolist() == slow_segments(column, lengths, frames)
        assert found.frames.sum() == (column == 1).sum()  # mean times count, as Tables 14 and 15 multiply to frames


def test_seconds_and_cuts() -> None:
    labels = np.array([1, 1, 0, 1, 1, 1, 0, -1, 1, 0, 0, 1], np.int8)
    frames = np.arange(12, dtype=np.int32) * 5  # every fifth frame was kept
    found = find_segments(labels, [12], frames, frames / 25)
    assert found.frames.tolist() == [2, 3, 1, 1]
    assert found.seconds == pytest.approx([0.4, 0.6, 0.2, 0.2])
    assert found.cut.tolist() == [True, False, True, True]


def test_segments_end_with_the_sequence() -> None:
    frames = np.array([0, 1, 2, 3, 4, 5], np.int32)
    found = find_segments(np.ones(6, np.int8), [3, 3], frames, frames / 25)
    assert found.frames.tolist() == [3, 3]
    assert len(find_segments(np.zeros(6, np.int8), [6], frames, frames / 25)) == 0
