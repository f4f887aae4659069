import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.errors import StoreError, UsageError
from actionunits.store import StoreWriter, frame_schema
from actionunits.store import writer as writer_module

from .conftest import AUS, SEQUENCE_TABLE, SEQUENCES, SUBJECTS, contents_of, make_sequence, make_settings, write_store


def test_bytes_do_not_depend_on_order_or_interruption(tmp_path):
    write_store(tmp_path / "one")
    write_store(tmp_path / "two", tuple(reversed(SEQUENCES)))
    first = StoreWriter(tmp_path / "three", make_settings())
    first.add("S2-a", *make_sequence("S2-a"))
    for trace in (
        "parts/.S1-a.part-7-00ab34cd.parquet",
        "images/.S1-a.part-7-00ab34cd.arrow",
        ".store.part-7-00ab34cd.json",
    ):
        (tmp_path / "three" / trace).write_bytes(b"what a killed writer leaves behind")
    again = StoreWriter(tmp_path / "three", make_settings())
    assert again.has("S2-a")
    assert not again.has("S1-a")
    for name in SEQUENCES:
        if not again.has(name):
            again.add(name, *make_sequence(name))
    again.finish(SUBJECTS, SEQUENCE_TABLE)
    one = contents_of(tmp_path / "one")
    assert one == contents_of(tmp_path / "two") == contents_of(tmp_path / "three")
    assert sorted(one) == sorted(
        ["store.json", "frames.parquet", "subjects.parquet", "sequences.parquet"]
        + [f"images/{name}.arrow" for name in SEQUENCES]
    )


def test_a_sequence_without_rows_is_redone(tmp_path, monkeypatch):
    """Killed between the pictures and the rows."""
    writer = StoreWriter(tmp_path / "store", make_settings())
    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "write_table", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            writer.add("S1-a", *make_sequence("S2-b"))
    assert (tmp_path / "store" / "images" / "S1-a.arrow").exists()
    assert not writer.has("S1-a")
    assert contents_of(write_store(tmp_path / "store").folder) == contents_of(write_store(tmp_path / "other").folder)


def test_killed_between_header_and_tidying_is_a_finished_store(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "_tidy", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write_store(tmp_path / "store")
    with pytest.raises(StoreError, match="finished"):
        StoreWriter(tmp_path / "store", make_settings())


def _add(writer, name):
    writer.add(name, *make_sequence(name))


def test_several_processes_fill_one_store(tmp_path):
    writer = StoreWriter(tmp_path / "store", make_settings())
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(writer.add, name, *make_sequence(name)) for name in SEQUENCES]:
            future.result()
    writer.finish(SUBJECTS, SEQUENCE_TABLE)
    assert contents_of(tmp_path / "store") == contents_of(write_store(tmp_path / "other").folder)


def test_a_table_says_the_same_as_rows(tmp_path):
    writer = StoreWriter(tmp_path / "rows", make_settings())
    rows, jpegs = make_sequence("S1-a")
    writer.add("S1-a", rows, jpegs)
    part = tmp_path / "rows" / "parts" / "S1-a.parquet"
    before = part.read_bytes()
    table = pa.parquet.read_table(part).drop_columns(["sequence"])
    writer.add("S1-a", table.select(table.column_names[::-1]), jpegs)
    assert part.read_bytes() == before


def test_other_settings_are_refused_and_named(tmp_path):
    writer = StoreWriter(tmp_path / "store", make_settings())
    _add(writer, "S1-a")
    before = contents_of(tmp_path / "store")
    with pytest.raises(StoreError, match=r"protocol.*occurs_from': 2.*now.*'occurs_from': 1"):
        StoreWriter(tmp_path / "store", make_settings(protocol={"occurs_from": 1}))
    with pytest.raises(StoreError, match="resume=True"):
        StoreWriter(tmp_path / "store", make_settings(), resume=False)
    assert contents_of(tmp_path / "store") == before


def test_a_finished_store_is_only_replaced_on_request(tmp_path):
    folder = write_store(tmp_path / "store").folder
    before = contents_of(folder)
    with pytest.raises(StoreError, match="finished"):
        StoreWriter(folder, make_settings())
    assert contents_of(folder) == before
    (folder / "notes.txt").write_text("mine")
    StoreWriter(folder, make_settings(dataset="new"), overwrite=True)
    assert sorted(contents_of(folder)) == ["begun.json", "notes.txt"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_store_is_left_untouched(tmp_path, overwrite):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "holiday.arrow").write_text("mine")
    with pytest.raises(StoreError, match="no store"):
        StoreWriter(tmp_path, make_settings(), overwrite=overwrite)
    assert contents_of(tmp_path) == {"images/holiday.arrow": b"mine"}


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "store").write_text("mine")
    with pytest.raises(StoreError):
        StoreWriter(tmp_path / "store", make_settings())


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a\\b", "ä", "a b", "a" * 101, "a\n"])
def test_names_that_could_leave_the_folder(tmp_path, name):
    writer = StoreWriter(tmp_path / "store", make_settings())
    with pytest.raises(UsageError):
        writer.add(name, *make_sequence("S1-a"))
    with pytest.raises(UsageError):
        writer.has(name)


INF = np.full((68, 2), np.inf)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"occurrence": {1: 2}}, "AU01 holds a value outside -1 to 1"),
        ({"intensity": {12: 6}}, "AU12_i holds a value outside -1 to 5"),
        ({"left": {2: 300}}, "does not fit"),
        ({"occurrence": {4: 1}}, "AU 4"),
        ({"subject": "S2"}, "one subject"),
        ({"subject": "../S1"}, "one subject"),
        ({"frame": 0}, "do not rise"),
        ({"timestamp": float("nan")}, "times"),
        ({"timestamp": -1.0}, "times"),
        ({"landmarks": INF}, "infinite"),
        ({"landmarks": INF[:66]}, "68 points"),
        ({"flags": ("x" * 201,)}, "letters"),
    ],
)
def test_bad_rows(tmp_path, change, message):
    writer = StoreWriter(tmp_path / "store", make_settings())
    rows, jpegs = make_sequence("S1-a")
    rows[1] = replace(rows[1], **change)
    with pytest.raises(UsageError, match=message):
        writer.add("S1-a", rows, jpegs)
    assert not writer.has("S1-a")


def test_bad_tables_and_pictures(tmp_path):
    writer = StoreWriter(tmp_path / "store", make_settings())
    rows, jpegs = make_sequence("S1-a")
    with pytest.raises(UsageError, match="3 pictures for 4 frames"):
        writer.add("S1-a", rows, jpegs[:3])
    with pytest.raises(UsageError, match="not a JPEG"):
        writer.add("S1-a", rows, [*jpegs[:3], b"PNG"])
    with pytest.raises(UsageError, match="end is missing"):
        writer.add("S1-a", rows, [*jpegs[:3], jpegs[3][:-2]])
    with pytest.raises(UsageError, match="16, 24"):
        writer.add("S1-a", rows, [*jpegs[:3], cv2.imencode(".jpg", np.zeros((24, 16, 3)))[1].tobytes()])
    with pytest.raises(UsageError, match="no frame"):
        writer.add("S1-a", [], [])
    with pytest.raises(UsageError, match="missing"):
        writer.add("S1-a", frame_schema(AUS[:2]).empty_table(), [])
    assert not writer.has("S1-a")


def test_finishing_wants_exactly_what_was_added(tmp_path):
    writer = StoreWriter(tmp_path / "store", make_settings())
    for name in list(SEQUENCES)[:3]:
        _add(writer, name)
    with pytest.raises(UsageError, match="S10-x"):
        writer.finish(SUBJECTS, SEQUENCE_TABLE)
    _add(writer, "S10-x")
    with pytest.raises(UsageError, match="subjects"):
        writer.finish(SUBJECTS[:2], SEQUENCE_TABLE)
    wrong = SEQUENCE_TABLE.set_column(1, "subject", pa.array(["S2", "S1", "S1", "S10"]))
    with pytest.raises(UsageError, match="shows S2"):
        writer.finish(SUBJECTS, wrong)
    with pytest.raises(UsageError, match="frames"):
        writer.finish(SUBJECTS, SEQUENCE_TABLE.append_column("frames", pa.array([1, 2, 3, 4])))
    (tmp_path / "store" / "images" / "S1-a.arrow").write_bytes(b"cut")
    with pytest.raises(StoreError, match="S1-a"):
        writer.finish(SUBJECTS, SEQUENCE_TABLE)
    _add(writer, "S1-a")
    writer.finish(SUBJECTS, SEQUENCE_TABLE)
    with pytest.raises(UsageError, match="finished"):
        _add(writer, "S1-a")
