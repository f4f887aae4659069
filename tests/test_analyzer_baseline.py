"""The person baseline through a whole analysis, against what the plain analysis says of the same frames."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from actionunits.analyzer import Analyzer, Watch
from actionunits.errors import UsageError
from actionunits.estimators import AUScores
from actionunits.media import Camera, Frame
from actionunits.results import FrameResult
from actionunits.samples import SAMPLE_CLIP

Clip = Callable[..., Path]
Pictures = tuple[np.ndarray, ...]
Numbers = Callable[[Any], list[tuple[Any, ...]]]
EVERY = 6


class Diary(Watch):
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.rest: dict[int, AUScores] = {}
        self.looks = 0

    def looked_at(self, frame: Frame) -> None:
        self.looks += 1

    def warned(self, text: str) -> None:
        self.warnings.append(text)

    def rested(self, rest: Mapping[int, AUScores]) -> None:
        self.rest = dict(rest)


def table(results: list[FrameResult], what: str, face: int = 0) -> np.ndarray:
    """(T, A) of the frames that show this face."""
    return np.array([getattr(one, what) for each in results for one in each.faces if one.face.face_id == face])


def analysed(baseline: str, source: Any, every: int = 1, **words: Any) -> tuple[list[FrameResult], Diary]:
    diary = Diary()
    return list(Analyzer(baseline=baseline, every=every).stream(source, watch=diary, **words)), diary


@pytest.fixture(scope="module")
def plain() -> list[FrameResult]:
    """The sample clip, whose face moves, without a baseline."""
    return analysed("none", SAMPLE_CLIP, EVERY)[0]


def test_median(plain: list[FrameResult], analyzer: Analyzer) -> None:
    results, diary = analysed("median", SAMPLE_CLIP, EVERY)
    intensity = table(results, "intensity")
    assert len(intensity) == len(plain) > 20
    assert ((intensity == 0).mean(axis=0) >= 0.5).all()
    assert (intensity.max(axis=0) > 0.3).any()  # and yet it moves
    evidence = logit(table(plain, "probability").astype(np.float64))
    neutral = np.array(analyzer.card.neutral_evidence)
    expected = expit(evidence - np.median(evidence, axis=0) + neutral)
    np.testing.assert_allclose(table(results, "probability"), expected, atol=2e-4)
    np.testing.assert_allclose(np.median(table(results, "probability"), axis=0), expit(neutral), atol=2e-3)
    assert diary.warnings == []
    assert diary.rest.keys() == {0}


def test_neutral_span(plain: list[FrameResult], analyzer: Analyzer) -> None:
    results, diary = analysed("neutral:1-2.5", SAMPLE_CLIP, EVERY)
    times = np.array([result.timestamp for result in plain])
    span = (times >= 1) & (times <= 2.5)
    assert 3 < span.sum() < len(times)
    evidence = logit(table(plain, "probability").astype(np.float64))
    expected = expit(evidence - np.median(evidence[span], axis=0) + np.array(analyzer.card.neutral_evidence))
    np.testing.assert_allclose(table(results, "probability"), expected, atol=2e-4)
    occurs = table(results, "probability") >= np.array(list(analyzer.thresholds.values()), np.float32)
    assert (table(results, "occurrence") == occurs).all()
    assert diary.warnings == []
    assert ((table(results, "intensity")[span] == 0).mean(axis=0) >= 0.5).all()


def test_faces_and_times_are_those_of_the_plain_analysis(plain: list[FrameResult]) -> None:
    results, _ = analysed("median", SAMPLE_CLIP, EVERY)
    for one, other in zip(plain, results, strict=True):
        assert (one.frame, one.timestamp, one.source) == (other.frame, other.timestamp, other.source)
        assert one.image.tobytes() == other.image.tobytes()
        assert one.faces[0].face.mesh.tobytes() == other.faces[0].face.mesh.tobytes()


@pytest.mark.parametrize("baseline", ["median", "neutral:0-1"])
def test_with_and_without_pictures(baseline: str, numbers_of: Numbers) -> None:
    twice, with_pictures = analysed(baseline, SAMPLE_CLIP, EVERY)
    once, without = analysed(baseline, SAMPLE_CLIP, EVERY, pictures=False)
    assert numbers_of(once) == numbers_of(twice)
    assert (with_pictures.looks, without.looks) == (2 * len(twice), len(once))
    assert {result.image.size for result in once} == {0}
    assert twice[0].image.shape == (320, 320, 3)


def test_each_person_has_a_rest_of_their_own(pictures: Pictures, clip: Clip) -> None:
    """Two people who never move are both at rest, different as they look."""
    path = clip("pair.mkv", [np.concatenate([pictures[1], pictures[0]], axis=1)] * 5)
    results, diary = analysed("median", path)
    assert diary.rest.keys() == {0, 1}
    for face in (0, 1):
        assert len(table(results, "intensity", face)) == 5
        assert table(results, "intensity", face).max() < 0.35
    assert np.abs(diary.rest[0].intensity - diary.rest[1].intensity).max() > 1


def test_somebody_who_is_not_seen_in_the_span(
    blank: np.ndarray, pictures: Pictures, clip: Clip, numbers_of: Numbers
) -> None:
    path = clip("late.mkv", [blank] * 5 + [pictures[0]] * 5)
    results, diary = analysed("neutral:0-0.1", path)
    (warning,) = diary.warnings
    assert "face 0" in warning
    assert "median" in warning
    assert [len(result.faces) for result in results] == [0] * 5 + [1] * 5
    assert numbers_of(results) == numbers_of(analysed("median", path)[0])


def test_a_face_in_one_frame_is_left_as_it_is(
    face_files: tuple[Path, ...], blank: np.ndarray, pictures: Pictures, clip: Clip, numbers_of: Numbers
) -> None:
    for source in (face_files[0], clip("flash.mkv", [blank, pictures[0], blank])):
        for pictures_too in (True, False):
            results, diary = analysed("median", source, pictures=pictures_too)
            (warning,) = diary.warnings
            assert "face 0 is seen in one frame only" in warning
            assert numbers_of(results) == numbers_of(analysed("none", source)[0])


def test_no_face_has_no_rest(blank: np.ndarray, clip: Clip) -> None:
    results, diary = analysed("median", clip("blank.mkv", [blank] * 3))
    assert [result.faces for result in results] == [()] * 3
    assert (diary.rest, diary.warnings) == ({}, [])


def test_a_camera_has_no_end() -> None:
    camera = Camera(str(SAMPLE_CLIP))
    with pytest.raises(UsageError, match=r"baseline median: .*camera"):
        next(Analyzer(baseline="median").stream(camera))
