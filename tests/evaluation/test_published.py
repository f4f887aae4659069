"""The published tables: complete, as printed, and their averages recomputed."""

import json
from collections import defaultdict
from importlib.resources import files

import pytest
from pydantic import ValidationError

from actionunits.errors import UsageError
from actionunits.evaluation.published import (
    PAPERS,
    Publication,
    PublishedRow,
    publications,
    published_datasets,
    published_tables,
)
from actionunits.facs import BP4D_12, BP4D_INTENSITY_5, DISFA_8, DISFA_12

ROWS = [
    pytest.param(table, row, id=f"{each.paper.id}-{table.number}-{table.metric}-{row.method}")
    for each in publications()
    for table in each.tables
    for row in table.rows
]

WRONG = {  # (paper, table, metric): methods whose printed average is not that of their row
    ("lp_net", "1", "f1"): {"LSVM", "DRML", "EAC-Net"},
    ("lp_net", "2", "f1"): {"DRML"},
    ("re_net", "1", "f1"): {"LSVM", "DRML", "EAC-Net"},
    ("re_net", "2", "f1"): {"DRML", "EAC-Net"},
    ("re_net", "4", "mae"): {"CCNN-IT"},
    ("re_net", "6", "f1"): {"RE-Net, AU24 left out of training"},
    ("roi_gcn", "1", "f1"): {"DRML", "EAC-Net"},
    ("roi_gcn", "2", "f1"): {"DRML", "EAC-Net"},
    ("au_rcnn", "4", "f1"): {"LSVM", "DRML", "CPM", "EAC-Net"},
    ("au_rcnn", "7", "f1"): {"DRML"},
    ("lorral", "1", "f1"): {"LSVM", "DRML", "EAC-Net"},
    ("lorral", "2", "f1"): {"DRML", "EAC-Net"},
}


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_printed_average_is_right_or_marked(table, row):
    known = [value for value in row.values if value is not None]
    if row.unread or not known:
        assert not row.average_wrong
        return
    mean = sum(known) / len(known)
    digit = 0.1 if table.metric == "f1" else 0.01  # half of it from rounding the values, half from the average
    assert (abs(mean - row.average) > digit + 1e-9) == row.average_wrong == row.average_off(table.step)
    assert row.recomputed == pytest.approx(mean)


def test_exactly_these_averages_are_wrong():
    found = defaultdict(set)
    for each in publications():
        for table in each.tables:
            for row in table.rows:
                if row.average_wrong:
                    found[each.paper.id, table.number, table.metric].add(row.method)
    assert found == WRONG


def test_a_value_changed_by_one_misprint_would_be_seen():
    row = PublishedRow(method="x", source="quoted", values=(50.0, 60.0), average=55.0)
    assert not row.average_off(0.1)
    assert row.model_copy(update={"values": (50.0, 60.4)}).average_off(0.1)


def test_papers_quote_each_other_alike_but_for_known_misprints():
    """The same row in several papers: guards the typing, for which four other papers are a second source."""
    versions = defaultdict(set)
    quoted = 0
    for each in publications():
        for table in each.tables:
            for row in table.rows:
                if None not in row.values:
                    versions[table.dataset, table.metric, row.method].add((row.values, row.average))
                    quoted += row.source == "quoted"
    assert quoted > 60
    assert {name: len(rows) for name, rows in versions.items() if len(rows) > 1} == {
        ("BP4D", "f1", "CPM"): 2,  # AU R-CNN's AU4 and AU15
        ("BP4D", "f1", "DRML"): 2,  # AU R-CNN's AU15
        ("BP4D", "f1", "SRERL"): 2,  # ROI-GCN's AU24
    }


@pytest.mark.parametrize(
    ("paper", "dataset", "metric", "method", "values", "average"),
    [  # typed by hand from the specifications
        ("lp_net", "BP4D", "f1", "LP-Net", "43.4 38.0 54.2 77.1 76.7 83.8 87.2 63.3 45.3 60.5 48.1 54.2", 61.0),
        ("lp_net", "DISFA", "f1", "LP-Net", "29.9 24.7 72.7 46.8 49.6 72.9 93.8 65.0", 56.9),
        ("re_net", "BP4D", "f1", "RE-Net", "57.7 59.0 66.9 76.3 77.0 88.9 89.8 70.9 42.0 62.8 44.8 49.3", 65.5),
        ("re_net", "DISFA", "f1", "RE-Net", "38.8 31.1 57.2 50.1 50.2 75.5 86.6 50.6", 55.0),
        ("re_net", "BP4D+", "f1", "RE-Net", "37.6 33.7 37.1 85.8 89.2 90.7 89.3 80.6 63.0 46.0 55.2 33.5", 61.8),
        ("re_net", "BP4D", "icc", "RE-Net", ".54 .88 .77 .70 .33", 0.64),
        ("re_net", "BP4D", "mae", "RE-Net", ".48 .47 .64 .67 .99", 0.65),
        ("re_net", "DISFA", "icc", "RE-Net", ".59 .63 .73 .82 .49 .50 .73 .29 .21 .03 .90 .60", 0.54),
        ("re_net", "DISFA", "mae", "RE-Net", ".16 .08 .40 .02 .23 .12 .22 .14 .48 .12 .27 .39", 0.22),
        ("roi_gcn", "BP4D", "f1", "ROI-GCN", "52.6 47.0 61.4 76.8 79.2 83.5 88.6 60.4 49.3 62.6 50.8 49.6", 63.5),
        ("roi_gcn", "DISFA", "f1", "ROI-GCN", "55.0 63.0 74.6 45.3 35.2 75.3 93.5 54.4", 62.0),
        (
            "au_rcnn",
            "BP4D",
            "f1",
            "AU R-CNN, ResNet-101",
            "50.2 43.7 57.0 78.5 78.5 82.6 87.0 67.7 49.1 62.4 50.4 49.3",
            63.0,
        ),
        ("au_rcnn", "DISFA", "f1", "AU R-CNN, ResNet-101", "32.1 25.9 59.8 55.3 39.8 67.7 77.4 52.6", 51.3),
        ("lorral", "BP4D", "f1", "LoRRaL(H)", "53.1 52.9 59.8 79.0 73.2 88.0 90.6 61.3 46.2 63.4 48.1 46.9", 63.5),
        ("lorral", "DISFA", "f1", "LoRRaL(SA)", "60.1 59.2 71.3 26.5 55.3 71.5 93.8 53.1", 61.4),
    ],
)
def test_the_systems_own_rows(paper, dataset, metric, method, values, average):
    rows = [
        row
        for each, table in published_tables(dataset, metric, "comparison")
        for row in table.rows
        if each.paper.id == paper and row.method == method
    ]
    assert [(row.values, row.average, row.source) for row in rows] == [
        (tuple(map(float, values.split())), average, "proposed")
    ]


def test_lost_cells_are_known_from_one_assignment_only():
    """LP-Net's Table 3: of all ways to deal the six stray cells to two rows, one gives both printed averages."""
    rows = {row.method: row for _, table in published_tables("BP4D", "f1", "ablation") for row in table.rows}
    local, facs = rows["Stem-Net* + LF"].values, rows["Stem-Net* + FACS"].values
    fits = []
    for cells in range(8):
        dealt = [list(local), list(facs)]
        for bit, place in enumerate((9, 10, 11)):
            if cells >> bit & 1:
                dealt[0][place], dealt[1][place] = dealt[1][place], dealt[0][place]
        if [round(sum(each) / 12, 1) for each in dealt] == [58.8, 59.0]:
            fits.append(dealt)
    assert fits == [[list(local), list(facs)]]


def test_every_table_has_the_aus_of_its_data_set():
    expected = {
        ("BP4D", "f1"): BP4D_12,
        ("BP4D+", "f1"): BP4D_12,
        ("DISFA", "f1"): DISFA_8,
        ("BP4D", "icc"): BP4D_INTENSITY_5,
        ("BP4D", "mae"): BP4D_INTENSITY_5,
        ("DISFA", "icc"): DISFA_12,
        ("DISFA", "mae"): DISFA_12,
    }
    assert {(table.dataset, table.metric): table.au_set for _, table in published_tables()} == expected


def test_which_disfa_positives_each_system_counts():
    thresholds = {each.paper.id: each.protocols["DISFA"].occurs_from for each in publications()}
    assert thresholds == {"lp_net": 2, "re_net": 1, "roi_gcn": 2, "au_rcnn": 1, "lorral": 2}
    assert next(each for each in publications() if each.paper.id == "au_rcnn").protocols["DISFA"].cameras == (
        "left and right"
    )
    starred = {
        row.method
        for each, table in published_tables("DISFA", "f1")
        for row in table.rows
        if each.paper.id == "re_net" and row.protocol
    }
    assert starred == {"JAA-Net", "LP-Net", "SRERL"}


def test_no_data_set_without_tables():
    assert published_datasets() == ("BP4D", "BP4D+", "DISFA")
    with pytest.raises(UsageError, match="BP4D, BP4D\\+, DISFA"):
        published_tables("SynthAU")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data["tables"][0]["rows"][0]["values"].pop(),
        lambda data: data["tables"][0]["rows"][0].update(values=[200.0] * 12),
        lambda data: data["tables"][0].update(aus=[1] * 12),
        lambda data: data["tables"][0].update(dataset="CK+"),
        lambda data: data.update(format=2),
        lambda data: data["tables"][0]["rows"][0].update(unread=[1]),
    ],
    ids=["values", "range", "aus", "dataset", "format", "unread"],
)
def test_spoilt_tables_are_refused(spoil):
    text = files("actionunits.evaluation").joinpath("published", f"{PAPERS[0]}.json").read_text(encoding="utf-8")
    data = json.loads(text)
    Publication.model_validate(data)
    spoil(data)
    with pytest.raises((ValidationError, UsageError)):
        Publication.model_validate(data)
