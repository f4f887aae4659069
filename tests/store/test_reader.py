import io
import json
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actionunits.errors import StoreError, UsageError
from actionunits.store import Store, StoreWriter

from .conftest import AUS, ORDER, SEQUENCES, SIZE, make_sequence, make_settings

OPEN_FILES = Path("/proc/self/fd")


def everything():
    return [(name, row, jpeg) for name in ORDER for row, jpeg in zip(*make_sequence(name), strict=True)]


def test_every_row_comes_back(store):
    wanted = everything()
    assert len(store) == len(wanted) == 14
    frames = store.frames.to_pandas()
    for place, (name, row, jpeg) in enumerate(wanted):
        found = frames.iloc[place]
        assert (found.subject, found.sequence, found.frame) == (row.subject, name, row.frame)
        assert (found.timestamp, found.camera, found["flags"]) == (row.timestamp, "", "|".join(row.flags))
        assert [found.pose_pitch, found.pose_yaw, found.pose_roll] == pytest.approx(row.pose)
        assert [found.gaze_pitch, found.gaze_yaw] == pytest.approx(row.gaze)
        np.testing.assert_array_equal(found.visible, row.visible)
        np.testing.assert_array_equal(found.landmarks.reshape(68, 2), row.landmarks)
        np.testing.assert_array_equal(store.landmarks(place), row.landmarks)
        assert bytes(store.jpeg(place)) == jpeg
        bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(store.image(place), bgr[..., ::-1])


@pytest.mark.parametrize("kind", ["occurrence", "intensity", "left", "right"])
def test_labels_follow_the_order_asked_for(store, kind):
    labels = store.labels("12,1", kind)
    assert labels.dtype == np.int8
    np.testing.assert_array_equal(labels, [[getattr(row, kind)[au] for au in (12, 1)] for _, row, _ in everything()])


def test_header_and_tables(store):
    assert store.header.counts.model_dump() == {"subjects": 3, "sequences": 4, "frames": 14}
    assert store.header.protocol == {"occurs_from": 2}
    assert store.au_set.numbers == AUS
    assert store.subjects.to_pydict() == {"subject": ["S1", "S10", "S2"], "age": [30, 40, 20]}
    assert store.sequences.column_names == ["sequence", "subject", "frames", "fps", "seed"]
    assert store.sequences["sequence"].to_pylist() == list(ORDER)
    assert store.sequences["frames"].to_pylist() == [SEQUENCES[name][1] for name in ORDER]


def test_split_and_rows_of(store):
    owners = [row.subject for _, row, _ in everything()]
    np.testing.assert_array_equal(store.split(["S2", "S1"]), [i for i, who in enumerate(owners) if who in ("S1", "S2")])
    assert store.rows_of("S2-a") == range(6, 9)
    assert store.rows_of("S2-b") == range(9, 14)
    for wrong in (["S3"], [], "S1"):
        with pytest.raises(UsageError):
            store.split(wrong)
    with pytest.raises(UsageError):
        store.rows_of("S9")
    for row in (-1, 14):
        with pytest.raises(IndexError):
            store.jpeg(row)


def test_landmarks_of_many_rows_are_the_callers_own(store):
    store.landmarks(slice(None))[:] = 0
    assert store.landmarks(np.array([3, 1])).shape == (2, 68, 2)
    assert np.nanmax(store.landmarks(slice(None))) > 1


def test_only_the_path_travels(store):
    store.image(0)
    store.landmarks(0)
    data = pickle.dumps(store)
    assert len(data) < 400
    twin = pickle.loads(data)
    assert bytes(twin.jpeg(13)) == bytes(store.jpeg(13))


def test_columns_that_a_store_lacks(tmp_path):
    writer = StoreWriter(tmp_path / "store", make_settings(contents=("occurrence",)))
    writer.add("S1-a", *make_sequence("S1-a"))
    store = writer.finish(pa.table({"subject": ["S1"]}), pa.table({"sequence": ["S1-a"], "subject": ["S1"]}))
    expected = ["subject", "sequence", "frame", "timestamp", "camera", "AU01", "AU02", "AU12", "flags"]
    assert store.frames.column_names == expected
    with pytest.raises(UsageError, match="no landmarks"):
        store.landmarks(0)
    with pytest.raises(UsageError, match="kind intensity"):
        store.labels("12", "intensity")
    with pytest.raises(UsageError, match="AU 4"):
        store.labels("4,12")


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="needs Linux's list of open files")
def test_no_file_stays_open(store):
    before = len(list(OPEN_FILES.iterdir()))
    for row in range(len(store)):
        store.jpeg(row)
    assert len(list(OPEN_FILES.iterdir())) == before


def _header(change):
    def spoil(folder):
        path = folder / "store.json"
        facts = json.loads(path.read_text())
        change(facts)
        path.write_text(json.dumps(facts))

    return spoil


def _table(name, change):
    def spoil(folder):
        path = folder / name
        pq.write_table(change(pq.read_table(path)), path)

    return spoil


def _set(table, column, value):
    values = table[column].to_pylist()
    values[0] = value
    return table.set_column(table.column_names.index(column), column, pa.array(values, table[column].type))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "store.json").unlink(),
        lambda folder: (folder / "store.json").write_text("{"),
        lambda folder: (folder / "store.json").write_text("[" * 100_000),
        lambda folder: (folder / "store.json").write_bytes(b" " * (2**20 + 1)),
        lambda folder: (folder / "store.json").write_bytes(b"\xff\xfe"),
        lambda folder: (folder / "frames.parquet").unlink(),
        lambda folder: (folder / "subjects.parquet").unlink(),
        lambda folder: (folder / "sequences.parquet").write_bytes(b"PAR1"),
        lambda folder: shutil.copy(folder / "subjects.parquet", folder / "sequences.parquet"),
        _header(lambda facts: facts.update(surprise=1)),
        _header(lambda facts: facts.update(format=2)),
        _header(lambda facts: facts.update(aus=[1, 2])),
        _header(lambda facts: facts.update(aus=[1, 2, 3])),
        _header(lambda facts: facts.update(aus="1,2,12")),
        _header(lambda facts: facts.update(image_size=[10**9, 10**9])),
        _header(lambda facts: facts.update(frames_sha256="0" * 64)),
        _header(lambda facts: facts.update(crop="eyes-200")),
        _header(lambda facts: facts.pop("dataset")),
        _header(lambda facts: facts["counts"].update(frames=10**12)),
        _header(lambda facts: facts["counts"].update(frames=15)),
        _header(lambda facts: facts["counts"].update(subjects=2)),
        _header(lambda facts: facts["protocol"].update({str(i): i for i in range(101)})),
        _table("frames.parquet", lambda table: table),
        _table("sequences.parquet", lambda table: _set(table, "sequence", "../S1-a")),
        _table("sequences.parquet", lambda table: _set(table, "sequence", "S2-a")),
        _table("sequences.parquet", lambda table: _set(table, "sequence", None)),
        _table("sequences.parquet", lambda table: _set(table, "sequence", "S1-0")),
        _table("sequences.parquet", lambda table: _set(table, "subject", "S2")),
        _table("sequences.parquet", lambda table: _set(table, "subject", None)),
        _table("sequences.parquet", lambda table: _set(table, "frames", 5)),
        _table("sequences.parquet", lambda table: _set(table, "frames", -4)),
        _table("sequences.parquet", lambda table: table[::-1]),
        _table("sequences.parquet", lambda table: table[1:]),
        _table("subjects.parquet", lambda table: _set(table, "subject", "S3")),
        _table("subjects.parquet", lambda table: table.append_column("x", pa.array(["y" * 10_001] * 3))),
        _table("subjects.parquet", lambda table: table.append_column("x", pa.array([b"y" * 2 * 10**7] * 3))),
    ],
)
def test_damaged_stores_are_refused(store, spoil):
    spoil(store.folder)
    with pytest.raises(StoreError):
        Store(store.folder)


def _sign_frames(folder):
    import hashlib

    digest = hashlib.sha256((folder / "frames.parquet").read_bytes()).hexdigest()
    _header(lambda facts: facts.update(frames_sha256=digest))(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: _set(table, "sequence", "S2-a"),
        lambda table: _set(table, "subject", "S2"),
        lambda table: table[::-1],
        lambda table: table[1:],
        lambda table: table.drop_columns(["AU12"]),
        lambda table: table.append_column("extra", pa.array([0] * len(table))),
        lambda table: table.set_column(2, "frame", table["frame"].cast(pa.int64())),
    ],
)
def test_frames_that_do_not_belong_to_the_store(store, change):
    _table("frames.parquet", change)(store.folder)
    _sign_frames(store.folder)
    with pytest.raises(StoreError):
        Store(store.folder)


def test_labels_out_of_range(store):
    path = store.folder / "frames.parquet"
    table = pq.read_table(path)
    pq.write_table(_set(table, "AU12", 9).cast(table.schema), path)
    _sign_frames(store.folder)
    with pytest.raises(StoreError, match="out of range"):
        Store(store.folder).labels("12")


def _arrow(schema, *batches, **options):
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, schema, **options) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch([pa.array(batch, schema.field(0).type)], schema=schema))
    return sink.getvalue()


BINARY = pa.binary()


def _jpeg_schema(kind=BINARY, nullable=False, name="jpeg"):
    return pa.schema([pa.field(name, kind, nullable=nullable)])


GOOD = _arrow(_jpeg_schema(), [b"\xff\xd8\xff"] * 4)
FAR = GOOD.replace(np.arange(0, 15, 3, np.int32).tobytes(), np.array([0, 3, 6, 9, 2**30], np.int32).tobytes())
ZSTD = pa.ipc.IpcWriteOptions(compression="zstd")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ARROW1\0\0" + bytes(100),
        GOOD[:-20],
        FAR,
        _arrow(_jpeg_schema(), [b"x"] * 3),
        _arrow(_jpeg_schema(), [b"x"] * 2, [b"x"] * 2),
        _arrow(_jpeg_schema(pa.string()), ["x"] * 4),
        _arrow(_jpeg_schema(nullable=True), [None] * 4),
        _arrow(_jpeg_schema(name="png"), [b"x"] * 4),
        _arrow(_jpeg_schema(), [bytes(10**7)] * 4, options=ZSTD),
    ],
)
def test_damaged_picture_files(store, data):
    assert FAR != GOOD
    (store.folder / "images" / "S1-a.arrow").write_bytes(data)
    with pytest.raises(StoreError, match="S1-a"):
        store.jpeg(0)
    assert store.image(4).shape == (SIZE, SIZE, 3)


def _picture(side, suffix=".jpg"):
    return cv2.imencode(suffix, np.zeros((side, side, 3), np.uint8))[1].tobytes()


def _huge():
    data = bytearray(_picture(SIZE))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", _picture(16), _picture(SIZE)[:-60], _picture(SIZE, ".png"), _huge()]
)
def test_damaged_pictures(store, data):
    (store.folder / "images" / "S1-a.arrow").write_bytes(_arrow(_jpeg_schema(), [data] * 4))
    with pytest.raises(StoreError, match="row 2"):
        store.image(2)


def test_a_missing_picture_file(store):
    (store.folder / "images" / "S1-a.arrow").unlink()
    with pytest.raises(StoreError, match="S1-a"):
        store.jpeg(0)
