"""Runs beside each other and beside the papers, with every difference of protocol named."""

import csv
import io

import pytest

from actionunits.errors import UsageError
from actionunits.evaluation.comparison import compare_runs, printed_rows
from actionunits.evaluation.protocols import ITEMS, differences, spelled_out
from actionunits.evaluation.published import publications
from actionunits.evaluation.scoring import summarise
from actionunits.evaluation.sheets import render
from actionunits.facs import BP4D_12, DISFA_8, DISFA_12, AUSet
from actionunits.metrics import average

from .conftest import make_run

PAPERS = {each.paper.id: each for each in publications()}


def disfa(folder, **more):
    protocol = {"occurs_from": 2, "cameras": "left", "frame_policy": "all", "landmarks": "dataset"}
    given = {"aus": DISFA_12, "dataset": "disfa", "protocol": protocol | more.pop("protocol", {}), "people": 6}
    return make_run(folder, **(given | more))


def row_of(sheet, name):
    return next(row for row in sheet.rows if row.cells[0] == name)


def test_ours_beside_theirs(tmp_path):
    run = disfa(tmp_path / "run")
    scores, protocols = compare_runs([run], paper=True)
    assert scores.columns == ("system", *map(str, DISFA_8), "average", "95 % interval", "pooled")
    mine = scores.rows[0]
    expected = summarise(run, DISFA_8)
    assert mine.ours
    assert mine.cells[1:9] == tuple(f"{100 * value:.1f}" for value in expected.f1.values)
    assert mine.cells[9] == f"{100 * average(expected.f1):.1f}"
    assert mine.cells[11] == f"{100 * average(expected.pooled):.1f}"
    assert row_of(scores, "RE-Net").cells[1:10] == (*map(str, (38.8, 31.1, 57.2, 50.1, 50.2, 75.5, 86.6, 50.6)), "55.0")
    assert [row.cells[0] for row in protocols.rows] == ["guess", "LP-Net", "RE-Net", "ROI-GCN", "AU R-CNN", "LoRRaL"]


def test_wrong_averages_are_marked(tmp_path):
    (scores, _) = compare_runs([disfa(tmp_path / "run")], paper=True)
    marked = {row.cells[0] for row in scores.rows if any("is wrong" in remark for remark in row.remarks)}
    assert marked == {"DRML", "EAC-Net"}
    assert any("26.05" in remark for remark in row_of(scores, "DRML").remarks)
    lines = {line["system"]: line for line in csv.DictReader(io.StringIO(render([scores], "csv")))}
    assert lines["DRML"]["average recomputed"] == "26.050"
    assert lines["RE-Net"]["positives"] == "intensity 1 and more"
    assert lines["LP-Net"]["printed in"].count(";") == 3
    assert lines["guess"]["positives"] == "intensity 2 and more"


def test_rows_printed_alike_stand_once():
    rows = printed_rows("BP4D", "f1")
    names = [(each.row.method, each.row.values) for each in rows]
    assert len(names) == len(set(names))
    assert next(each for each in rows if each.row.method == "LP-Net").places == (
        "LP-Net, Table 1",
        "RE-Net, Table 1",
        "ROI-GCN, Table 1",
        "LoRRaL, Table 1",
    )
    assert sum(each.row.method == "DRML" for each in rows) == 2
    order = [each.row.source for each in rows]
    assert order == sorted(order, key=["proposed", "baseline", "quoted"].index)


@pytest.mark.parametrize(
    ("ours", "paper", "verdict"),
    [
        ({"occurs_from": 2}, "lp_net", "same"),
        ({"occurs_from": 2}, "re_net", "differs"),
        ({"occurs_from": 1}, "re_net", "same"),
        ({"occurs_from": 1}, "lorral", "differs"),
    ],
)
def test_positives_of_disfa(tmp_path, ours, paper, verdict):
    run = disfa(tmp_path / "run", protocol=ours)
    found = {each.item: each for each in differences(run.facts, PAPERS[paper], "DISFA")}
    assert found["positives"].verdict == verdict
    assert tuple(found) == ITEMS


def test_every_other_difference(tmp_path):
    run = disfa(tmp_path / "run", crop="aurcnn-512", protocol={"cameras": "both"})
    verdicts = {
        paper: {each.item: each.verdict for each in differences(run.facts, PAPERS[paper], "DISFA")} for paper in PAPERS
    }
    assert {paper: each["cameras"] for paper, each in verdicts.items()} == {
        "lp_net": "differs",
        "re_net": "differs",
        "roi_gcn": "differs",
        "au_rcnn": "same",
        "lorral": "differs",
    }
    assert {paper for paper, each in verdicts.items() if each["crop"] == "same"} == {"au_rcnn"}
    assert {paper for paper, each in verdicts.items() if each["landmarks"] == "same"} == {"re_net", "roi_gcn", "lorral"}
    assert {paper for paper, each in verdicts.items() if each["pre-training"] == "same"} == {"lorral"}
    assert verdicts["re_net"]["pre-training"] == "not known"
    assert {each["frames"] for each in verdicts.values()} == {"differs"}  # 120 frames are not about 130,000
    assert {each["folds"] for each in verdicts.values()} == {"not known"}  # no paper prints its lists
    left = disfa(tmp_path / "left")
    cameras = {each.item: each.verdict for each in differences(left.facts, PAPERS["lp_net"], "DISFA")}["cameras"]
    assert cameras == "not known"  # "left" is inferred


def test_differences_are_sentences(tmp_path):
    run = disfa(tmp_path / "run")
    said = " ".join(spelled_out(run.facts, PAPERS["re_net"], "DISFA"))
    assert "positives: here intensity 2 and more, there intensity 1 and more" in said
    assert "not known to be the same: folds" in said
    (_, protocols) = compare_runs([run], paper=True)
    assert any(note.startswith("RE-Net differs in positives") for note in protocols.notes)


def test_two_runs_are_paired(tmp_path):
    good, poor = (
        make_run(tmp_path / name, noise=noise, system=name, people=12) for name, noise in (("good", 0.3), ("poor", 1.5))
    )
    scores, pairs = compare_runs([good, poor])
    assert [row.cells[0] for row in scores.rows] == ["good", "poor"]
    assert pairs.rows[0].cells[0] == "poor minus good"
    difference = float(scores.rows[1].cells[4]) - float(scores.rows[0].cells[4])
    assert float(pairs.rows[0].cells[4]) == pytest.approx(difference, abs=0.11)
    assert float(pairs.rows[0].cells[-1]) < 0.05


def test_runs_on_other_frames_are_not_paired(tmp_path):
    one, other = make_run(tmp_path / "one"), make_run(tmp_path / "other", labels_seed=3)
    scores, pairs = compare_runs([one, other])
    assert not pairs.rows
    assert "not tested on the same frames" in pairs.notes[0]
    assert [row.cells[0] for row in scores.rows] == [f"guess ({run.folder})" for run in (one, other)]


def test_an_au_that_was_not_evaluated_leaves_no_average(tmp_path):
    run = disfa(tmp_path / "run", aus=tuple(DISFA_8)[:-1])
    mine = compare_runs([run], paper=True)[0].rows[0]
    assert mine.cells[8:12] == ("", "", "", "")
    assert mine.remarks == ("AU 26 not evaluated: no average",)
    with pytest.raises(UsageError, match="none of AU"):
        compare_runs([disfa(tmp_path / "none", aus=(17,))], paper=True)


def test_intensity(tmp_path):
    run = disfa(tmp_path / "run")
    for metric, value in (("icc", "0.54"), ("mae", "0.22")):
        scores, _ = compare_runs([run], paper=True, metric=metric)
        assert scores.columns == ("system", *map(str, DISFA_12), "average")
        assert row_of(scores, "RE-Net").cells[-1] == value
    blind = disfa(tmp_path / "blind", graded=False)
    assert "no intensities" in compare_runs([blind], metric="icc")[0].rows[0].remarks[0]


def test_choices_on_test_subjects_are_stamped(tmp_path):
    scores, protocols = compare_runs([disfa(tmp_path / "run", selection="test_oracle")], paper=True)
    assert "CHOSEN ON THE TEST SUBJECTS" in scores.rows[0].cells[0]
    assert any("choices made on: here the test subjects" in note for note in protocols.notes)


def test_what_cannot_be_compared(tmp_path):
    run = make_run(tmp_path / "run")
    with pytest.raises(UsageError, match="--published-on"):
        compare_runs([run], paper=True)
    with pytest.raises(UsageError, match="one data set"):
        compare_runs([run, disfa(tmp_path / "disfa")])
    with pytest.raises(UsageError, match="no AU in common"):
        compare_runs([run, make_run(tmp_path / "other", aus=(4, 9))])
    with pytest.raises(UsageError, match="f1, icc, mae"):
        compare_runs([run], metric="auroc")
    with pytest.raises(UsageError, match="prints it"):
        printed_rows("BP4D+", "icc")
    with pytest.raises(UsageError, match="one data set"):
        compare_runs([])


def test_published_numbers_of_another_data_set_are_said_to_be(tmp_path):
    run = make_run(tmp_path / "run", aus=BP4D_12)
    scores, protocols = compare_runs([run], published_on="BP4D")
    assert "beside BP4D as published" in scores.title
    assert all("data set: here fake, there BP4D" in note for note in protocols.notes if " differs in " in note)
    assert any(" differs in " in note for note in protocols.notes)
    assert AUSet(tuple(map(int, scores.columns[1:13]))) == BP4D_12
