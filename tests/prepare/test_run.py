"""From a small copy of BP4D to a store: every frame accounted for, whoever did it and whatever came between."""

import csv
import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from actionunits.atomic import write_failure
from actionunits.datasets import open_dataset
from actionunits.errors import ActionUnitsError, DatasetError, StoreError, UsageError
from actionunits.geometry import crop, get_crop
from actionunits.media import read_image
from actionunits.prepare import Preparation, prepare, report_path
from actionunits.prepare.landmarks import MeshLocator
from actionunits.store import Store, StoreWriter

from .conftest import BLANK, FACE, contents, write_task

JAA = Preparation("jaa-200")


@pytest.fixture(scope="module")
def store(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("prepared") / "store"
    prepare(dataset, folder, JAA, jobs=1)
    return Store(folder)


def reported(folder):
    with report_path(folder).open(newline="", encoding="utf-8") as file:
        return {row["sequence"]: row for row in csv.DictReader(file)}


def test_every_coded_frame_is_accounted_for(store):
    rows = reported(store.folder)
    assert list(rows) == ["F001_T1", "F001_T2", "M002_T1"]
    for row in rows.values():
        lost = int(row["no_picture"]) + int(row["by_policy"])
        assert int(row["coded"]) == int(row["stored"]) + lost + (int(row["no_face"]) if row["stored"] == "0" else 0)
    faulty = rows["F001_T2"]
    assert (faulty["no_face_frames"], faulty["no_picture_frames"]) == ("98 100-102 106", "104-105")
    assert (rows["M002_T1"]["stored"], rows["M002_T1"]["no_face"]) == ("0", "3")
    assert store.sequences["sequence"].to_pylist() == ["F001_T1", "F001_T2"]
    assert store.sequences["no_face"].to_pylist() == [0, 5]
    assert store.sequences["no_picture"].to_pylist() == [0, 2]
    assert store.sequences["fps"].to_pylist() == [25.0, 25.0]
    assert store.subjects["subject"].to_pylist() == ["F001"]


def test_labels_and_frames_are_the_data_sets(store):
    frames = store.frames.to_pydict()
    assert frames["frame"] == [98, 99, 100, 101, 98, 99, 100, 101, 102, 103, 106]
    np.testing.assert_allclose(frames["timestamp"], np.array(frames["frame"]) / 25)
    assert frames["AU01"] == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert frames["AU12"] == [1, -1, 1, 1, 1, -1, 1, 1, 1, 1, 1]  # 9 is unknown
    assert frames["AU12_i"] == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 2]
    assert set(frames["AU06_i"]) == {-1}


def test_flags_say_where_there_was_no_face(store):
    flags = [text.split("|") for text in store.frames["flags"].to_pylist()]
    assert [place for place, each in enumerate(flags) if "no_face" in each] == [4, 6, 7, 8, 10]
    assert np.isnan(store.frames["pose_yaw"].to_numpy()[[4, 6, 7, 8, 10]]).all()
    assert np.isfinite(store.frames["pose_yaw"].to_numpy()[[0, 1, 2, 3, 5, 9]]).all()
    points = store.landmarks(slice(None))
    matrix_of = {4: 5, 6: 5, 7: 5, 8: 9, 10: 9}  # the nearest frame with a face; 101 is as far from 99 as from 103
    for place, owner in matrix_of.items():
        np.testing.assert_allclose(points[place], points[owner], atol=1e-3)


def test_pictures_are_the_crops_at_the_landmarks(store, tree, dataset, finder):
    recording = dataset.recording("F001_T1")
    locator = MeshLocator(recording, finder)
    for row, (place, picture) in enumerate(recording.pictures()):
        expected = crop(picture, locator.locate(place, picture).landmarks, get_crop("jaa-200"))
        np.testing.assert_allclose(store.landmarks(row), expected.landmarks, atol=1e-2)
        assert np.abs(store.image(row).astype(int) - expected.image).mean() < 2  # JPEG's own loss
        source = read_image(tree / "Sequences(2D+3D)" / "F001" / "T1" / f"{98 + row:04d}.jpg")
        np.testing.assert_array_equal(picture, source)


def test_the_header_says_how_it_was_made(store):
    header = store.header
    assert (header.dataset, header.crop, header.crop_hash) == ("bp4d", "jaa-200", get_crop("jaa-200").hash)
    assert header.image_size == (200, 200)
    assert dict(header.protocol) == {
        "frame_policy": "all",
        "jpeg_quality": 95,
        "jpeg_sampling": "4:2:0",
        "landmarks": "mesh",
        "no_face": "nearest frame",
        "occurs_from": 2,
    }
    assert header.made_by is None
    sampling = cv2.imdecode(np.frombuffer(store.jpeg(0), np.uint8), cv2.IMREAD_COLOR)
    assert sampling.shape == (200, 200, 3)
    marker = bytes(store.jpeg(0)).index(b"\xff\xc0")  # baseline frame header: sampling factors of the three planes
    assert [bytes(store.jpeg(0))[marker + 11 + 3 * plane] for plane in range(3)] == [0x22, 0x11, 0x11]


def test_processes_give_the_same_bytes(store, dataset, tmp_path):
    told = []
    done = prepare(dataset, tmp_path / "again", JAA, jobs=2, watch=lambda *now: told.append(now))
    assert contents(tmp_path / "again") == contents(store.folder)
    assert report_path(tmp_path / "again").read_bytes() == report_path(store.folder).read_bytes()
    assert done.made == 11
    assert not multiprocessing.active_children()
    assert told[-1][0] == 16


def test_a_killed_run_goes_on_where_it_stopped(store, dataset, tmp_path):
    folder = tmp_path / "store"

    def stop(done, expected):
        if done >= 6:  # in the middle of the second recording
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(dataset, folder, JAA, jobs=1, watch=stop)
    assert not report_path(folder).exists()
    before = (folder / "images" / "F001_T1.arrow").stat().st_mtime_ns
    told = []
    done = prepare(dataset, folder, JAA, jobs=1, watch=lambda *now: told.append(now))
    assert done.made == 7
    assert told[0][0] == 4  # what was there counts as done
    assert told[-1] == (16, 16)
    assert all(count <= expected for count, expected in told)
    assert (folder / "images" / "F001_T1.arrow").stat().st_mtime_ns == before
    assert contents(folder) == contents(store.folder)
    assert report_path(folder).read_bytes() == report_path(store.folder).read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which processes run")
def test_processes_end_with_a_parent_that_is_killed(tmp_path):
    for task in range(1, 7):
        write_task(tmp_path / "bp4d", "F001", f"T{task}", [FACE] * 20)
    program = (
        "import sys\n"
        "from actionunits.datasets import open_dataset\n"
        "from actionunits.prepare import Preparation, prepare\n"
        "if __name__ == '__main__':\n"
        "    prepare(open_dataset('bp4d', sys.argv[1]), sys.argv[2], Preparation('jaa-200'), jobs=2)\n"
    )
    (tmp_path / "run.py").write_text(program)
    folder = tmp_path / "store"
    running = subprocess.Popen([sys.executable, tmp_path / "run.py", tmp_path / "bp4d", folder])
    parts = folder / "parts"
    wait_until(lambda: parts.is_dir() and any(parts.glob("*.parquet")))
    children = children_of(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    wait_until(lambda: not any(alive(child) for child in children))
    kept = len(list(parts.glob("*.parquet")))
    assert 1 <= kept < 6
    done = prepare(open_dataset("bp4d", tmp_path / "bp4d"), folder, JAA, jobs=1)
    assert done.made == 20 * (6 - kept)
    assert len(Store(folder)) == 120


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def children_of(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True)
    return [int(word) for word in listed.stdout.split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().split()[2] != "Z"


def test_a_full_disk_keeps_what_is_done(store, dataset, tmp_path, monkeypatch):
    folder = tmp_path / "store"
    add = StoreWriter.add

    def full(self, sequence, frames, jpegs):
        if sequence == "F001_T2":
            raise write_failure(folder / "images", OSError(errno.ENOSPC, "No space left on device"), StoreError)
        add(self, sequence, frames, jpegs)

    monkeypatch.setattr(StoreWriter, "add", full)
    with pytest.raises(StoreError, match="the disk is full"):
        prepare(dataset, folder, JAA, jobs=1)
    monkeypatch.undo()
    assert prepare(dataset, folder, JAA, jobs=1).made == 7
    assert contents(folder) == contents(store.folder)


def test_a_malformed_table_stops_its_recording_only(tmp_path):
    for task in ("T1", "T2", "T3"):
        write_task(tmp_path / "bp4d", "F001", task, [FACE, FACE])
    table = tmp_path / "bp4d" / "AUCoding" / "AU_OCC" / "F001_T1.csv"
    good = table.read_text()
    table.write_text(good.replace("\n98,0", "\n98,x"))
    with pytest.raises(DatasetError, match=r"F001_T1\.csv"):
        prepare(open_dataset("bp4d", tmp_path / "bp4d"), tmp_path / "store", JAA, jobs=2)
    table.write_text(good)
    done = prepare(open_dataset("bp4d", tmp_path / "bp4d"), tmp_path / "store", JAA, jobs=1)
    assert done.made == 2
    assert len(Store(tmp_path / "store")) == 6


def test_several_malformed_tables_are_all_named(tmp_path):
    for task in ("T1", "T2", "T3", "T4", "T5"):
        write_task(tmp_path / "bp4d", "F001", task, [FACE])
        table = tmp_path / "bp4d" / "AUCoding" / "AU_OCC" / f"F001_{task}.csv"
        if task != "T5":
            table.write_text(table.read_text().replace("\n98,0", "\n98,x"))
    with pytest.raises(DatasetError, match=r"4 recordings: .*F001_T1.*F001_T2.*F001_T3.*and 1 more"):
        prepare(open_dataset("bp4d", tmp_path / "bp4d"), tmp_path / "store", JAA, jobs=1)
    assert (tmp_path / "store" / "parts" / "F001_T5.parquet").is_file()


def test_drop_missing_landmarks_leaves_out_frames_without_a_face(tmp_path):
    from actionunits.synth.layouts_plan import fit_struct, mat_bytes

    write_task(tmp_path / "bp4d", "F001", "T1", [FACE, BLANK, FACE])
    points = np.random.default_rng(0).uniform(0, 200, (3, 49, 2))
    (tmp_path / "bp4d" / "2DFeatures").mkdir()
    (tmp_path / "bp4d" / "2DFeatures" / "F001_T1.mat").write_bytes(mat_bytes({"fit": fit_struct(points)}))
    dataset = open_dataset("bp4d", tmp_path / "bp4d", frame_policy="drop_missing_landmarks")
    done = prepare(dataset, tmp_path / "store", JAA, jobs=1)
    store = Store(tmp_path / "store")
    assert store.frames["frame"].to_pylist() == [98, 100]
    assert store.header.protocol["frame_policy"] == "drop_missing_landmarks"
    assert store.header.protocol["no_face"] == "left out"
    assert done.recordings[0].no_face_frames == "99"
    assert any("1 frames without a face" in line and "see the report" in line for line in done.lines())


def test_the_data_sets_landmarks_can_be_used(tmp_path, finder):
    from actionunits.geometry import mesh_to_68, to_49
    from actionunits.synth.layouts_plan import fit_struct, mat_bytes

    write_task(tmp_path / "bp4d", "F001", "T1", [FACE] * 2)
    dataset = open_dataset("bp4d", tmp_path / "bp4d")
    pictures = [picture for _, picture in dataset.recording("F001_T1").pictures()]
    points = to_49(np.stack([mesh_to_68(finder.find(each)[0].mesh)[:, :2] for each in pictures]))
    (tmp_path / "bp4d" / "2DFeatures").mkdir()
    (tmp_path / "bp4d" / "2DFeatures" / "F001_T1.mat").write_bytes(mat_bytes({"fit": fit_struct(points)}))
    dataset = open_dataset("bp4d", tmp_path / "bp4d")
    prepare(dataset, tmp_path / "store", Preparation("jaa-200", landmarks="dataset"), jobs=1)
    store = Store(tmp_path / "store")
    assert store.header.protocol["landmarks"] == "dataset"
    assert "pose" not in store.header.contents
    expected = crop(pictures[1], dataset.recording("F001_T1").landmarks[1], get_crop("jaa-200"))
    np.testing.assert_allclose(store.landmarks(1), expected.landmarks, atol=1e-3)
    with pytest.raises(UsageError, match="no jaw"):
        prepare(dataset, tmp_path / "masked", Preparation("lp-240-masked", landmarks="dataset"), jobs=1)
    assert not (tmp_path / "masked").exists()


def test_nobody_anywhere_is_an_error(tmp_path):
    write_task(tmp_path / "bp4d", "F001", "T1", [BLANK] * 2)
    with pytest.raises(DatasetError, match="2 show no face"):
        prepare(open_dataset("bp4d", tmp_path / "bp4d"), tmp_path / "store", JAA, jobs=1)
    assert reported(tmp_path / "store")["F001_T1"]["no_face_frames"] == "98-99"


def test_other_choices_do_not_fill_the_same_folder(store, dataset, tree):
    before = contents(store.folder)
    with pytest.raises(StoreError, match="finished"):
        prepare(dataset, store.folder, Preparation("re-256"), jobs=1)
    assert contents(store.folder) == before


def test_overwriting(tmp_path, tree):
    small = tmp_path / "bp4d"
    write_task(small, "F001", "T1", [FACE])
    for name in ("jaa-200", "re-256"):
        prepare(open_dataset("bp4d", small), tmp_path / "store", Preparation(name), jobs=1, overwrite=True)
        assert Store(tmp_path / "store").header.crop == name
    assert not (tmp_path / "store" / "report").exists()


def test_wrong_use(dataset, tmp_path):
    for make, said in (
        (lambda: prepare(dataset, tmp_path / "a", JAA, jobs=0), "jobs=0"),
        (lambda: Preparation("jaa-201"), "jaa-201"),
        (lambda: Preparation("jaa-200", landmarks="own"), "landmarks='own'"),
        (lambda: Preparation("jaa-200", jpeg_quality=101), "jpeg_quality=101"),
    ):
        with pytest.raises(UsageError, match=said):
            make()
    with pytest.raises(DatasetError, match="--landmarks mesh"):
        prepare(dataset, tmp_path / "a", Preparation("jaa-200", landmarks="dataset"), jobs=1)
    assert not (tmp_path / "a").exists()


def test_an_unwritable_folder(dataset, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="file"):
        prepare(dataset, tmp_path / "file" / "store", JAA, jobs=1)


def test_missing_networks_are_known_before_the_work(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("ACTIONUNITS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACTIONUNITS_ASSETS", str(tmp_path))
    with pytest.raises(ActionUnitsError, match="ACTIONUNITS_ASSETS"):
        prepare(dataset, tmp_path / "store", JAA, jobs=1)
    assert not (tmp_path / "store").exists()
