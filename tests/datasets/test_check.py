"""The check of a copy: complete and half copies, base rates against the published ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actionunits.datasets import check_dataset, detect_kind, get_folds, published_subjects
from actionunits.datasets.base_rates import LabelCounts, check_weights, loss_weights, published_facts
from actionunits.errors import DatasetError
from actionunits.facs import BP4D_12, DISFA_12

ANCHORS = {"bp4d": (12, 0.56), "disfa": (25, 0.30)}  # a rate for the scale, which weights do not tell


def faithful_counts(kind: str) -> LabelCounts:
    """Counts by subject that give the published weights of all folds: each part of the split in its first subject."""
    facts = published_facts(kind)
    folds, frames = list(get_folds(facts.folds)), np.array(facts.test_frames, float)
    weights = np.array(facts.weights)  # (3, A)
    anchor, rate = ANCHORS[kind]
    trained = frames.sum() - frames  # (3,)
    place = facts.aus.index(anchor)
    scale = np.array([rate, rate, rate]) * weights[:, place]
    positive = (scale[:, None] / weights) * trained[:, None]  # (3, A) in the training parts
    tested = positive.sum(axis=0) / 2 - positive  # each part is in two training parts
    counts = LabelCounts()
    for fold, count, found in zip(folds, facts.test_frames, tested, strict=True):
        assert (found >= 0).all()
        for subject in fold.test:
            counts.frames[subject] = 0
        first = fold.test[0]
        counts.frames[first] = count
        counts.known |= {(first, au): count for au in facts.aus}
        counts.positive |= {(first, au): round(value) for au, value in zip(facts.aus, found, strict=True)}
    return counts


@pytest.mark.parametrize("kind", ["bp4d", "disfa"])
def test_weights_of_a_faithful_copy(kind):
    checks = check_weights(published_facts(kind), faithful_counts(kind))
    assert [check.agrees for check in checks] == [True] * 3
    assert max(check.difference for check in checks) < 1e-3
    assert all("as published" in check.line() and "NOT" not in check.line() for check in checks)


@pytest.mark.parametrize("kind", ["bp4d", "disfa"])
def test_a_misread_column_shows(kind):
    counts = faithful_counts(kind)
    subject = get_folds(published_facts(kind).folds)[0].test[0]
    au = published_facts(kind).aus[2]
    counts.positive[subject, au] = round(counts.positive[subject, au] * 1.05)
    checks = check_weights(published_facts(kind), counts)
    assert [check.agrees for check in checks] == [True, False, False]  # who is tested in fold 1 trains in 2 and 3
    assert {check.worst_au for check in checks[1:]} == {au}
    assert "NOT as published" in checks[1].line()


def test_a_missing_frame_shows():
    counts = faithful_counts("disfa")
    counts.frames["SN003"] -= 1
    assert [check.agrees for check in check_weights(published_facts("disfa"), counts)] == [False, True, True]


def test_unknown_labels_are_not_counted():
    counts = LabelCounts()
    counts.add("F001", {1: np.array([0, 1, -1, -1, 1], np.int8)}, 5)
    counts.add("F002", {1: np.array([-1], np.int8), 2: np.array([-1], np.int8)}, 1)
    assert counts.total(1) == (3, 2)
    assert counts.total(1, ["F002"]) == (0, 0)
    assert counts.frames == {"F001": 5, "F002": 1}
    rates = counts.rates((1, 2))
    assert rates[1] == pytest.approx(2 / 3)
    assert np.isnan(rates[2])


def test_loss_weights_by_hand():
    np.testing.assert_allclose(loss_weights([0.5, 0.25, 0.125]), np.array([2, 4, 8]) * 3 / 14)


def test_rates_that_the_weights_imply():
    """Protocol: AU 12 scaled to 0.56 gives about .19 .15 .21 .46 .59 .59 .56 .47 .18 .36 .17 .15 for fold 1."""
    facts = replace(published_facts("bp4d"), weights=published_facts("bp4d").weights[:1])
    wanted = dict(zip(BP4D_12, (0.19, 0.15, 0.21, 0.46, 0.59, 0.59, 0.56, 0.47, 0.18, 0.36, 0.17, 0.15), strict=True))
    implied = facts.rates_like(BP4D_12, wanted)
    assert all(abs(implied[au] - wanted[au]) < 0.011 for au in BP4D_12)


@pytest.fixture(scope="module")
def whole_disfa(disk, tmp_path_factory):
    """Everybody, but few frames."""
    root = tmp_path_factory.mktemp("disfa")
    for subject in published_subjects("disfa"):
        disk.disfa_labels(root, subject, {au: [0, 2, 0, 3] for au in DISFA_12}, 4)
        for camera in ("Left", "Right"):
            disk.video(root / f"Video_{camera}Camera" / f"{camera}Video{subject}_comp.avi", range(4))
    return root


def test_a_copy_with_everybody(whole_disfa):
    seen = []
    report = check_dataset(whole_disfa, watch=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 54) for done in range(1, 55)]
    assert report.complete
    assert (report.kind, len(report.subjects), report.sequences, report.right) == ("disfa", 27, 27, 27)
    assert (report.frames, report.pictured, report.tracked) == (108, 108, None)
    assert report.counts.total(12) == (108, 54)
    assert [check.frames for check in report.weights] == [36, 36, 36]
    assert not any(check.agrees for check in report.weights)
    text = "\n".join(report.lines())
    assert "complete" in text.splitlines()[0]
    assert "27 of 27" in text
    assert "NOT as published" in text


def test_everything_of_a_half_copy_is_named(disk, tmp_path):
    for subject in ("SN001", "SN002", "SN014"):
        disk.disfa_labels(tmp_path, subject, {}, 4)
        disk.video(
            tmp_path / "Video_LeftCamera" / f"LeftVideo{subject}_comp.avi", range(3 if subject == "SN002" else 4)
        )
    bad = tmp_path / "ActionUnit_Labels/SN001/SN001_au12.txt"
    bad.write_text("1,0\n2,8\n")
    report = check_dataset(tmp_path)
    assert not report.complete
    assert report.weights == ()
    assert [(error.subject, error.text) for error in report.errors] == [(str(bad), "code 8 is not 0 to 5")]
    text = "\n".join(report.lines())
    for part in ("not complete", str(bad), "SN014: is no subject", "25 subjects of disfa are not there", "3 frames, 4"):
        assert part in text
    assert report.sequences == 2  # the good ones were read


def test_labels_without_pictures_are_named_with_their_frames(disk, tmp_path):
    frames = [3, 4, 5, 6, 7, 8]
    disk.occ(tmp_path / "AUCoding/AU_OCC/F001_T1.csv", frames, {au: [1] * 6 for au in BP4D_12})
    for number in (3, 5, 6):
        disk.jpeg(tmp_path / "Sequences(2D+3D)/F001/T1" / f"{number}.jpg", number)
    (tmp_path / "Sequences(2D+3D)/F001/T1/5.jpg").write_bytes(b"\xff\xd8\xff")
    report = check_dataset(tmp_path)
    assert (report.frames, report.pictured) == (6, 3)
    assert any("3 of 6 coded frames have no picture: 4, 7-8" in finding.text for finding in report.findings)
    assert not any("5.jpg" in finding.subject for finding in report.findings)  # between the first and the last
    report = check_dataset(tmp_path, all_pictures=True)
    assert any("5.jpg" in finding.subject for finding in report.findings)


def test_an_au_that_is_never_there_is_odd(disk, tmp_path):
    frames = range(1, 1101)
    codes = {au: [frame % 2 for frame in frames] for au in BP4D_12} | {15: [0] * 1100, 17: [9] * 1100}
    disk.occ(tmp_path / "AUCoding/F001_T1.csv", frames, codes)
    disk.jpeg(tmp_path / "BP4D-training/F001/T1/0001.jpg", 1)
    told = {finding.subject: finding.text for finding in check_dataset(tmp_path).findings}
    assert told["AU15"] == "is never present"
    assert told["AU17"] == "is unknown in every frame"
    assert "AU12" not in told


def test_a_clean_manifest(disk, tmp_path):
    disk.jpeg(tmp_path / "a.jpg", 1)
    disk.rows(tmp_path / "manifest.csv", [("image", "subject", "AU1", "timestamp"), ("a.jpg", "P1", 1, 0)])
    report = check_dataset(tmp_path)
    assert report.complete is None
    assert report.lines()[-1] == "Nothing is missing or odd."


def test_detecting(disk, tmp_path, whole_disfa):
    assert detect_kind(whole_disfa) == "disfa"
    for kind, pictures, name in (
        ("bp4d", "Sequences(2D+3D)", "F001_T1"),
        ("bp4d", "BP4D-training", "M018_T8"),
        ("bp4d+", "2D+3D", "F001_T1"),
        ("bp4d+", "Pictures", "F082_T1"),
    ):
        root = tmp_path / pictures
        subject, task = name.split("_")
        disk.occ(root / "AUCoding" / f"{name}.csv", [1], {})
        disk.jpeg(root / pictures / subject / task / "1.jpg", 1)
        assert detect_kind(root) == kind
    for empty in (tmp_path / "none", tmp_path.parent / "nowhere"):
        empty.parent.mkdir(exist_ok=True)
        with pytest.raises(DatasetError):
            detect_kind(empty)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="neither"):
        detect_kind(tmp_path / "empty")
