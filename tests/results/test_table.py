"""The table: rows against their frames, round trips of any rows in each format, and its small questions."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.errors import ResultsError, UsageError
from actionunits.facs import AUSet
from actionunits.results import Results, RowCollector, arrow_schema, open_sink, read_sidecar

SUFFIXES = ["csv", "parquet", "jsonl"]

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
frames = st.lists(
    st.tuples(names, st.integers(0, 2**40), st.floats(-1e6, 1e6), st.sets(st.integers(0, 3))), min_size=1, max_size=8
)


def made(fake, rows):
    return [
        fake.frame(frame, sorted(faces), source=source, timestamp=timestamp) for source, frame, timestamp, faces in rows
    ]


def test_rows_hold_what_the_frames_say(fake):
    given_frames = [fake.frame(0, (0, 1)), fake.frame(1, ()), fake.frame(2, (1,))]
    rows = fake.collect(given_frames).to_pylist()
    assert [(row["frame"], row["face_id"], row["success"]) for row in rows] == [
        (0, 0, 1),
        (0, 1, 1),
        (1, None, 0),
        (2, 1, 1),
    ]
    for row, found in zip([rows[0], rows[1], rows[3]], [*given_frames[0].faces, *given_frames[2].faces], strict=True):
        face = found.face
        assert row["flags"] == "|".join(face.flags)
        measures = {"confidence": face.confidence, "pose_pitch": face.pose.pitch, "pose_yaw": face.pose.yaw}
        measures |= {"pose_roll": face.pose.roll, "interocular_px": face.interocular_px, "sharpness": face.sharpness}
        measures |= dict(zip(["face_x", "face_y", "face_w", "face_h"], face.box, strict=True))
        for name, value in measures.items():
            assert row[name] == pytest.approx(value, abs=0.0051 if name != "confidence" else 0.00006)
        for place, au in enumerate(["AU01", "AU02", "AU12"]):
            assert row[f"{au}_p"] == pytest.approx(found.probability[place], abs=0.00006)
            assert row[f"{au}_c"] == found.occurrence[place]
            assert row[f"{au}_r"] == pytest.approx(found.intensity[place], abs=0.00051)
    filled = {name for name, value in rows[2].items() if value is not None}
    assert filled == {"source", "frame", "timestamp", "success"}


@settings(deadline=None)  # files on a shared disk
@given(frames)
def test_every_frame_has_a_row_and_order_is_kept(fake, rows):
    given_frames = made(fake, rows)
    table = fake.collect(given_frames)
    assert len(table) == sum(max(1, len(frame.faces)) for frame in given_frames) >= len(given_frames)
    expected = [(frame.source, frame.frame) for frame in given_frames for _ in frame.faces or [0]]
    assert list(zip(table["source"].to_pylist(), table["frame"].to_pylist(), strict=True)) == expected
    assert table.schema.equals(arrow_schema(fake.aus), check_metadata=True)


def test_collector_hands_out_and_empties(fake):
    collector = RowCollector(fake.aus)
    assert collector.take() is None
    collector.add(fake.frame(0, (0, 1)))
    assert len(collector) == 2
    first = collector.take()
    assert len(collector) == 0
    assert collector.take() is None
    collector.add(fake.frame(1))
    assert (first.num_rows, collector.take()["frame"].to_pylist()) == (2, [1])


def test_collector_grows_and_pieces_make_the_whole(fake):
    given_frames = [fake.frame(n, (0, 1) if n % 2 else ()) for n in range(700)]
    whole = fake.collect(given_frames)
    collector = RowCollector(fake.aus)
    pieces = []
    for frame in given_frames:
        collector.add(frame)
        pieces.append(collector.take())
    assert whole.equals(pa.Table.from_batches(pieces))


def test_collector_copies_scores(fake):
    """Estimators may use their output arrays again."""
    frame = fake.frame(0)
    collector = RowCollector(fake.aus)
    collector.add(frame)
    expected = fake.collect([frame]).to_batches()[0]
    frame.faces[0].probability[:] = 9
    assert collector.take().equals(expected)


@pytest.mark.parametrize("name", ["probability", "occurrence", "intensity"])
@pytest.mark.parametrize("shape", [(1,), (4,), (), (3, 1)])
def test_collector_refuses_scores_of_another_shape(fake, name, shape):
    frame = fake.frame(5, (0, 1))
    wrong = replace(frame.faces[1], **{name: np.zeros(shape, np.float32)})
    collector = RowCollector(fake.aus)
    with pytest.raises(ResultsError, match=rf"clip.mp4: frame 5: {name} of face 1 has shape"):
        collector.add(replace(frame, faces=(frame.faces[0], wrong)))
    assert len(collector) == 0


def test_name_that_is_not_utf8_is_spelled_out(fake):
    assert fake.collect([fake.frame(0, source="caf\udce9.mp4")])["source"].to_pylist() == [r"caf\udce9.mp4"]


@settings(deadline=None)  # files on a shared disk
@given(frames)
def test_round_trip_in_each_format(fake, rows):
    results = Results(fake.collect(made(fake, rows)))
    with tempfile.TemporaryDirectory() as folder:
        for suffix in SUFFIXES:
            path = Path(folder) / f"a.{suffix}"
            results.save(path)
            assert Results.read(path) == results
            again = path.with_name(f"again.{suffix}")
            Results.read(path).save(again)
            assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_save_writes_what_the_sinks_write(tmp_path, fake, results, suffix):
    results.save(tmp_path / f"a.{suffix}")
    with open_sink(suffix, tmp_path / "b", results.aus) as sink:
        for batch in results.table.to_batches(max_chunksize=3):
            sink.write(batch)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / "b").read_bytes()


def test_unrounded_numbers_are_rounded_alike_everywhere(tmp_path, fake):
    table = fake.collect([fake.frame(0)])
    place = table.column_names.index("AU01_p")
    raw = table.set_column(place, table.schema.field(place), pa.array([0.123456], pa.float32()))
    results = Results(raw)
    assert results["AU01_p"][0] == np.float32(0.1235)
    for suffix in SUFFIXES:
        with open_sink(suffix, tmp_path / f"a.{suffix}", results.aus) as sink:
            sink.write(raw.to_batches()[0])
        assert Results.read(tmp_path / f"a.{suffix}") == results


@pytest.mark.parametrize("suffix", [*SUFFIXES, "CSV"])
def test_sidecar_travels_along(tmp_path, fake, results, suffix):
    sidecar = fake.sidecar()
    with_facts = Results(results.table, sidecar.model_dump(mode="json"))
    with_facts.save(tmp_path / f"a.{suffix}")
    assert read_sidecar(tmp_path / "a.json") == sidecar
    assert Results.read(tmp_path / f"a.{suffix}").sidecar == with_facts.sidecar


@pytest.mark.parametrize("content", ["", "[1]", '{"name": "package.json"}'])
def test_json_that_is_no_sidecar_is_left_alone(tmp_path, results, content):
    results.save(tmp_path / "a.csv")
    (tmp_path / "a.json").write_text(content)
    assert Results.read(tmp_path / "a.csv").sidecar == {}


def test_newer_sidecar_asks_for_an_upgrade(tmp_path, results):
    results.save(tmp_path / "a.csv")
    (tmp_path / "a.json").write_text('{"schema_version": 9}')
    with pytest.raises(ResultsError, match="Upgrade"):
        Results.read(tmp_path / "a.csv")


def test_broken_sidecar_stops_the_save_before_it_starts(tmp_path, results):
    with pytest.raises(ResultsError, match="package_version"):
        Results(results.table, {"schema_version": 1}).save(tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_full_disk_while_saving(tmp_path, results, small_disk, suffix):
    small_disk(10)
    with pytest.raises(ResultsError, match="the disk is full"):
        results.save(tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.openface", "a.openface: not a format for results"),
        ("a.cvs", "The nearest is csv"),
        ("a.xlsx", "not a format"),
        ("a", "not a format"),
    ],
)
def test_suffix_decides_the_format(tmp_path, results, name, message):
    with pytest.raises(UsageError, match=message):
        results.save(tmp_path / name)
    with pytest.raises(UsageError, match=message):
        Results.read(tmp_path / name)


def test_columns_as_arrays(results):
    faceless = results["success"] == 0
    assert results["AU12_r"].dtype == np.float32
    np.testing.assert_array_equal(np.isnan(results["AU12_r"]), faceless)
    np.testing.assert_array_equal(np.isnan(results["face_id"]), faceless)
    assert results["AU12_c"].dtype == np.float64
    assert results["frame"].tolist() == [0, 1, 1, 2, 3, 4, 4, 5, 6]
    assert [flags is None for flags in results["flags"]] == faceless.tolist()
    assert set(results["source"]) == {"clip.mp4"}
    results["AU12_r"][:] = 0
    assert results["AU12_r"].any()  # the array was a copy


def test_dtypes_do_not_depend_on_missing_cells(results):
    face = results.for_face(0)
    assert {name: face[name].dtype for name in face.columns} == {name: results[name].dtype for name in face.columns}


@pytest.mark.parametrize(("column", "message"), [("AU12", "The nearest are AU12_"), ("xyz", ".columns"), (0, "'?0'?")])
def test_unknown_column_suggests_the_nearest(results, column, message):
    assert column not in results
    with pytest.raises(UsageError, match=message):
        results[column]


def test_to_pandas_is_what_pandas_reads(tmp_path, results):
    results.save(tmp_path / "a.csv")
    read = pd.read_csv(tmp_path / "a.csv").fillna({"flags": ""})
    frame = results.to_pandas().fillna({"flags": ""})
    pd.testing.assert_frame_equal(frame, read, check_dtype=False, rtol=1e-6, atol=1e-9)
    assert [frame[name].dtype.kind for name in frame] == [read[name].dtype.kind for name in read]


def test_faces(results):
    assert results.faces == (0, 1)
    one = results.for_face(1)
    assert (one.faces, one["frame"].tolist()) == ((1,), [1, 4])
    with pytest.raises(UsageError, match=r"7: no such face in these results\. The faces are 0, 1"):
        results.for_face(7)
    with pytest.raises(UsageError, match="No frame shows a face"):
        Results(results.table.filter(pa.compute.equal(results.table["success"], 0))).for_face(0)


def test_concat(fake, results):
    other = Results(fake.collect([fake.frame(0, (5,), source="b.mp4", timestamp=1), fake.frame(1, timestamp=3.5)]))
    joined = Results.concat([results, other])
    assert len(joined) == len(results) + len(other)
    assert joined["source"].tolist() == results["source"].tolist() + other["source"].tolist()
    assert joined.faces == (0, 1, 5)
    assert Results.concat(iter([results])) == results


def test_concat_keeps_a_sidecar_that_all_share(results):
    first, second = Results(results.table, {"every": 1}), Results(results.table, {"every": 2})
    assert Results.concat([first, first]).sidecar == {"every": 1}
    assert Results.concat([first, second]).sidecar == {}


def test_concat_refuses_other_aus_and_nothing(fake, results):
    other = Results(fake.collect([fake.frame(0, aus=AUSet((1,)))], AUSet((1,))))
    with pytest.raises(ResultsError, match="AU 1,2,12 and about AU 1"):
        Results.concat([results, other])
    with pytest.raises(ResultsError, match="nothing to join"):
        Results.concat([])


def test_duration_is_summed_over_sources(fake):
    rows = [("a", 5.0), ("a", 7.0), ("b", 1.0), ("b", 1.5)]
    table = fake.collect([fake.frame(n, source=source, timestamp=time) for n, (source, time) in enumerate(rows)])
    assert Results(table).duration == 2.5


def test_repr_and_equality(fake, results):
    assert repr(results) == "Results(9 rows, faces [0, 1], AU 1,2,12, 0.20 s)"
    assert results == Results(results.to_arrow(), {"every": 1})
    assert results != results.for_face(0)
    assert results != "results"
    assert results.aus == fake.aus
    with pytest.raises(TypeError):
        hash(results)


def test_table_without_our_columns_is_refused():
    with pytest.raises(ResultsError, match="table: is not a results table: it lacks source"):
        Results(pa.table({"AU01_p": [0.5]}))


def test_column_that_is_there_twice_is_refused(results):
    twice = results.table.append_column("frame", results.table["frame"])
    with pytest.raises(ResultsError, match="two columns named frame"):
        Results(twice)
