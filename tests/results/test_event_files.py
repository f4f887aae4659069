"""Files of episodes, read back by others: ELAN's by pympi, BORIS's by its columns, both by our own `agree`."""

import csv
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pympi
import pytest

from actionunits.agreement import read_codes
from actionunits.results import find_episodes, open_sink
from actionunits.results.events import EVENT_COLUMNS

AUS = (4, 12)
TIMES = [0.7, 0.733, 0.74, 0.83, 0.835, 1.2, 1.95, 2.05, 2.5, 2.75]
LOW, HIGH, GONE = 0.2, 3.4, math.nan


@pytest.fixture
def table(made_up):
    mine = np.array(
        [[LOW, LOW], [LOW, 2.0], *[[LOW, HIGH]] * 3, [LOW, LOW], [4.6, 1.2], [1.0, 1.0], [GONE] * 2, [LOW] * 2]
    )
    theirs = np.array([[GONE] * 2, *[[LOW, LOW]] * 6, *[[2.0, LOW]] * 3])
    return made_up(TIMES, {0: mine, 3: theirs}, AUS)


def write(format, path, table):
    with open_sink(format, path, AUS) as sink:
        for batch in table.to_batches(max_chunksize=3):
            sink.write(batch)
    return path


def test_the_made_up_episodes(table):
    said = [(e.face_id, e.au, e.onset, e.apex, e.offset, e.letter) for e in find_episodes(table)]
    assert said == [
        (0, 12, 0.733, 0.74, 1.2, "C"),
        (0, 4, 1.95, 1.95, 2.5, "E"),
        (0, 12, 1.95, 1.95, 2.5, "A"),
        (3, 4, 2.05, 2.05, 3.0, "B"),
    ]


def test_pympi_reads_the_elan_file(table, tmp_path):
    eaf = pympi.Elan.Eaf(str(write("elan", tmp_path / "talk.eaf", table)))
    tiers = set(eaf.get_tier_names())
    assert tiers == {f"{au} (person {person})" for au in ("AU04", "AU12") for person in (0, 3)}
    assert eaf.get_annotation_data_for_tier("AU12 (person 0)") == [(733, 1200, "AU12C"), (1950, 2500, "AU12A")]
    assert eaf.get_annotation_data_for_tier("AU04 (person 0)") == [(1950, 2500, "AU04E")]
    assert eaf.get_annotation_data_for_tier("AU04 (person 3)") == [(2050, 3000, "AU04B")]
    assert eaf.get_annotation_data_for_tier("AU12 (person 3)") == []
    assert eaf.tiers["AU04 (person 3)"][2]["PARTICIPANT"] == "person 3"
    assert eaf.get_linked_files() == []


def test_the_elan_file_has_the_structure_of_eaf_3(table, tmp_path):
    """What the schema EAFv3.0 asks for: order of elements, attributes, ids that exist and are unique."""
    root = ElementTree.parse(write("elan", tmp_path / "talk.eaf", table)).getroot()
    assert root.tag == "ANNOTATION_DOCUMENT"
    assert {"AUTHOR", "DATE", "FORMAT", "VERSION"} <= set(root.attrib)
    order = [child.tag for child in root]
    known = ["LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"]
    assert order == sorted(order, key=known.index)
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    assert len(slots) == len(list(root.iter("TIME_SLOT")))
    annotations = list(root.iter("ALIGNABLE_ANNOTATION"))
    ids = [each.get("ANNOTATION_ID") for each in annotations]
    assert len(set(ids)) == len(ids) == 4
    assert root.find("HEADER/PROPERTY[@NAME='lastUsedAnnotationId']").text == "4"
    for each in annotations:
        assert slots[each.get("TIME_SLOT_REF1")] < slots[each.get("TIME_SLOT_REF2")]
    types = {each.get("LINGUISTIC_TYPE_ID") for each in root.iter("LINGUISTIC_TYPE")}
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in root.iter("TIER")} == types
    assert len({tier.get("TIER_ID") for tier in root.iter("TIER")}) == 4


@pytest.mark.parametrize("name", ["a talk & more <1>.mp4", "ünï 漢.mov"])
def test_elan_finds_the_recording(made_up, tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    media = tmp_path / "in" / name
    media.write_bytes(b"")
    path = write("elan", tmp_path / "out" / "talk.eaf", made_up(TIMES, {0: np.ones((10, 2))}, AUS, source=str(media)))
    (facts,) = pympi.Elan.Eaf(str(path)).get_linked_files()
    assert facts["MEDIA_URL"] == media.resolve().as_uri()
    assert facts["RELATIVE_MEDIA_URL"] == "./../in/" + media.resolve().as_uri().rsplit("/", 1)[1]
    assert facts["MIME_TYPE"] in ("video/mp4", "video/quicktime")


def test_the_event_table_is_a_tabular_export(table, tmp_path):
    with write("events", tmp_path / "talk.events.csv", table).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == EVENT_COLUMNS
    said = [(row["Time"], row["Behavior type"], row["Subject"], row["Behavior"], row["Modifier #1"]) for row in rows]
    assert said == [
        ("0.733", "START", "person 0", "AU12", "C"),
        ("1.200", "STOP", "person 0", "AU12", "C"),
        ("1.950", "START", "person 0", "AU04", "E"),
        ("1.950", "START", "person 0", "AU12", "A"),
        ("2.050", "START", "person 3", "AU04", "B"),
        ("2.500", "STOP", "person 0", "AU04", "E"),
        ("2.500", "STOP", "person 0", "AU12", "A"),
        ("3.000", "STOP", "person 3", "AU04", "B"),
    ]
    assert {row["Media duration (s)"] for row in rows} == {"3.000"}
    assert rows[0]["Comment"] == "peak 3.40 at 0.740 s"


@pytest.mark.parametrize(("format", "name"), [("elan", "talk.eaf"), ("events", "talk.events.csv")])
def test_agree_reads_them(table, tmp_path, format, name):
    path = write(format, tmp_path / name, table)
    codes = read_codes(path, subject="person 0")
    said = [(event.au, event.start, event.stop, event.level) for event in codes.events]
    assert said == [(12, 0.733, 1.2, 3), (4, 1.95, 2.5, 5), (12, 1.95, 2.5, 1)]
    (other,) = read_codes(path, subject="person 3").events
    assert (other.au, other.start, other.stop, other.level) == (4, 2.05, 3.0, 2)


def test_a_picture_gives_points(made_up, tmp_path):
    picture = made_up([0.0], {0: np.array([[0.0, 3.0]])}, AUS, source="face.jpg")
    with write("events", tmp_path / "face.events.csv", picture).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["Behavior type"], row["Behavior"], row["Time"], row["FPS"]) == ("POINT", "AU12", "0.000", "NA")
    eaf = pympi.Elan.Eaf(str(write("elan", tmp_path / "face.eaf", picture)))
    assert eaf.get_annotation_data_for_tier("AU12 (person 0)") == [(0, 1, "AU12C")]


@pytest.mark.parametrize("format", ["elan", "events"])
def test_nobody_and_nothing(made_up, tmp_path, format):
    empty = write(format, tmp_path / "empty", made_up(TIMES, {}, AUS))
    assert empty.stat().st_size > 100
    with open_sink(format, tmp_path / "no rows", AUS):
        pass
    assert (tmp_path / "no rows").stat().st_size > 100


@pytest.mark.parametrize("format", ["elan", "events"])
def test_the_same_bytes_in_any_batches(table, tmp_path, format):
    def whole(path: Path, size: int) -> bytes:
        with open_sink(format, path, AUS) as sink:
            for batch in table.to_batches(max_chunksize=size):
                sink.write(batch)
        return path.read_bytes()

    assert len({whole(tmp_path / str(size), size) for size in (1, 4, 100)}) == 1


def test_names_from_outside_do_no_harm(made_up, tmp_path):
    name = 'x"><evil/>,"\n=1+1.mp4'
    strange = made_up(TIMES, {0: np.full((10, 2), 2.0)}, AUS, source=name)
    with write("events", tmp_path / "a.csv", strange).open(newline="", encoding="utf-8") as file:
        assert {row["Media file name"] for row in csv.DictReader(file)} == {name}
    assert pympi.Elan.Eaf(str(write("elan", tmp_path / "a.eaf", strange))).get_tier_names()
