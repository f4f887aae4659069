"""Every layout is read back with other code than the package's, and compared with the store."""

import csv
import zipfile
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pytest
from scipy.io import loadmat

from actionunits.errors import ActionUnitsError, UsageError
from actionunits.facs import BP4D_12, DISFA_12
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter
from actionunits.synth.layouts import LayoutOptions, write_layout
from actionunits.synth.layouts_disfa import SUBJECTS

SIZE = 64
AUS = BP4D_12 | DISFA_12
LENGTHS = {"P01": (30, 25, 20, 24, 5), "P02": (40,), "P03": (12, 31)}
GENDERS = {"P01": "female", "P02": "male", "P03": "female"}
NEW_NAMES = {"P01": "F001", "P02": "M001", "P03": "F002"}


def make_picture(rng) -> np.ndarray:
    small = rng.integers(0, 256, (4, 4, 3), np.uint8)
    return cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def make_store(folder: Path, lengths=LENGTHS, unknown=True, right=False) -> Store:
    rng = np.random.default_rng(1)
    writer = StoreWriter(folder, StoreSettings(dataset="fake", aus=tuple(AUS), image_size=(SIZE, SIZE)))
    table = []
    for subject, counts in lengths.items():
        for place, count in enumerate(counts):
            camera = "right" if right and place else "left"
            rows = []
            for frame in range(count):
                intensity = {au: int(rng.integers(-1 if unknown else 0, 6)) for au in AUS}
                occurrence = {au: int(rng.integers(-1 if unknown else 0, 2)) for au in AUS}
                points = None if frame == 7 else rng.uniform(0, SIZE, (68, 2)).astype(np.float32)
                rows.append(FrameRow(subject, frame, frame / 25, camera, occurrence, intensity, landmarks=points))
            jpegs = [cv2.imencode(".jpg", make_picture(rng))[1].tobytes() for _ in rows]
            writer.add(f"{subject}_{place}", rows, jpegs)
            table.append((f"{subject}_{place}", subject))
    names, owners = zip(*table, strict=True)
    subjects = pa.table({"subject": list(lengths), "gender": [GENDERS.get(who, "male") for who in lengths]})
    return writer.finish(subjects, pa.table({"sequence": list(names), "subject": list(owners)}))


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return make_store(tmp_path_factory.mktemp("stores") / "store")


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Store:
    return make_store(tmp_path_factory.mktemp("stores") / "known", unknown=False)


def read_csv(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def compare(cells, labels, nines):
    """Labels as the store has them; unknown ones are 9, and so are a few others."""
    cells, labels = np.array(cells, int), np.array(labels, int)
    assert (cells[labels < 0] == 9).all()
    hidden = (cells == 9) & (labels >= 0)
    np.testing.assert_array_equal(cells[(labels >= 0) & ~hidden], labels[(labels >= 0) & ~hidden])
    nines.append((int((cells == 9).sum()), int(hidden.sum()), cells.size))


def check_points(path: Path, landmarks):
    fit = loadmat(path)["fit"]
    assert fit.shape == (1, len(landmarks))
    for entry, points in zip(fit[0], landmarks, strict=True):
        if np.isnan(points).all():
            assert entry["pred"].size == 0
        else:
            np.testing.assert_array_equal(entry["pred"], np.delete(points, [*range(17), 60, 64], axis=0))


def tables_of(store, name, rows, occurrence: Path, intensities: Path, nines) -> list[int]:
    """Check all tables of a task against these rows of the store, and return their frame numbers."""
    head, *body = read_csv(occurrence)
    assert head[0] == "0"
    assert {"25", "26"} <= {str(au) for au in AUS}  # which BP4D does not code
    for au in AUS - "25,26":
        compare([row[head.index(str(au))] for row in body], store.labels(au)[rows, 0], nines)
    for place, title in enumerate(head[1:], 1):
        if int(title) not in AUS - "25,26" and title != "99":
            assert {row[place] for row in body} == {"9"}
    for au in (6, 10, 12, 14, 17):
        lines = read_csv(intensities / f"AU{au:02d}" / f"{name}_AU{au:02d}.csv")
        assert [line[0] for line in lines] == [row[0] for row in body]
        compare([line[1] for line in lines], store.labels(au, "intensity")[rows, 0], nines)
    assert sorted(path.name for path in intensities.iterdir()) == ["AU06", "AU10", "AU12", "AU14", "AU17"]
    return [int(row[0]) for row in body]


@pytest.mark.parametrize("packaging", ["new", "fera2015"])
def test_bp4d(store, tmp_path, packaging):
    report = write_layout(store, tmp_path / "bp4d", "bp4d", LayoutOptions(packaging=packaging))
    new, folder, nines, starts, widths = packaging == "new", tmp_path / "bp4d", [], set(), set()
    occurrence = folder / ("AUCoding/AU_OCC" if new else "AUCoding")
    intensity = folder / ("AUCoding/AU_INT" if new else "AU-Intensity-Codes3.0")
    coded = 0
    for subject, counts in LENGTHS.items():
        for place in range(len(counts)):
            person, task = NEW_NAMES[subject], f"T{place + 1}"
            assert report.names[f"{subject}_{place}"] == f"{person}_{task}"
            rows = store.rows_of(f"{subject}_{place}")
            pictures = folder / ("Sequences(2D+3D)" if new else "BP4D-training") / person / task
            files = sorted(pictures.iterdir(), key=lambda path: int(path.stem))
            numbers = [int(path.stem) for path in files]
            assert numbers == list(range(numbers[0], numbers[0] + len(rows)))
            assert {len(path.stem) for path in files} == {3 if numbers[-1] < 1000 else 4}
            assert [path.read_bytes() for path in files] == [bytes(store.jpeg(row)) for row in rows]
            starts.add(numbers[0])
            widths |= {len(path.stem) for path in files}
            edge = min(2, len(rows) // 4)
            name = f"{person}_{task}"
            told = tables_of(store, name, rows[edge : len(rows) - edge], occurrence / f"{name}.csv", intensity, nines)
            assert told == numbers[edge : len(rows) - edge]
            coded += len(told)
            check_points(folder / "2DFeatures" / f"{name}.mat", store.landmarks(slice(rows.start, rows.stop)))
    assert 1 not in starts
    assert len(starts) == 8
    assert widths == {3, 4}
    found, hidden, cells = np.sum(nines, axis=0)
    assert report.unknown_cells == found
    assert 0.01 < hidden / cells * 7 / 6 < 0.04  # a share of 0.02 of all cells, some of which are unknown anyway
    assert (report.subjects, report.sequences, report.frames, report.coded_frames) == (3, 8, 187, coded)
    assert report.folder == folder


def test_columns_of_both_packagings(store, tmp_path):
    write_layout(store, tmp_path / "new", "bp4d")
    head = read_csv(tmp_path / "new" / "AUCoding" / "AU_OCC" / "F001_T1.csv")[0]
    text = "1,2,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,22,23,24,27,28,29,30,31,32,33,34,35,36,37,38,39"
    assert ",".join(head) == f"0,{text}"
    write_layout(store, tmp_path / "fera", "bp4d", LayoutOptions(packaging="fera2015"))
    head, *body = read_csv(tmp_path / "fera" / "AUCoding" / "F001_T1.csv")
    assert head == [str(number) for number in range(100)]
    assert {row[-1] for row in body} == {"0"}


@pytest.mark.parametrize("trim", [False, True])
def test_bp4d_plus(store, tmp_path, trim):
    folder, nines, coded = tmp_path / "plus", [], 0
    report = write_layout(store, folder, "bp4d+", LayoutOptions(trim_labels=trim))
    short = []
    for subject, counts in LENGTHS.items():
        person = NEW_NAMES[subject]
        with zipfile.ZipFile(folder / "2D+3D" / f"{person}.zip") as archive:
            listed = set(archive.namelist())
            for place, task in enumerate(("T1", "T6", "T7", "T8", "T2")[: len(counts)]):
                rows, name = store.rows_of(f"{subject}_{place}"), f"{person}_{task}"
                assert report.names[f"{subject}_{place}"] == name
                files = [f"{person}/{task}/{number:04d}.jpg" for number in range(len(rows))]
                assert [archive.read(file) for file in files] == [bytes(store.jpeg(row)) for row in rows]
                listed -= set(files)
                check_points(folder / "2DFeatures" / f"{name}.mat", store.landmarks(slice(rows.start, rows.stop)))
                table = folder / "AUCoding" / "AU_OCC" / f"{name}.csv"
                assert table.exists() == (task != "T2")
                if table.exists():
                    count = len(read_csv(table)) - 1
                    told = tables_of(store, name, rows[:count], table, folder / "AUCoding" / "AU_INT", nines)
                    assert told == list(range(1, count + 1))
                    coded += count
                    short += [name] if count < len(rows) else []
            assert not listed
    assert short == (["F001_T7"] if trim else [])
    assert report.unknown_cells == np.sum(nines, axis=0)[0]
    assert (report.subjects, report.sequences, report.frames, report.coded_frames) == (3, 8, 187, coded)


def decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 20
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]


@pytest.mark.parametrize("first", [0, 1])
def test_disfa(known, tmp_path, first):
    folder = tmp_path / "disfa"
    report = write_layout(known, folder, "disfa", LayoutOptions(first_landmark=first))
    for person, (subject, counts) in zip(("SN001", "SN002", "SN003"), LENGTHS.items(), strict=True):
        rows = [row for place in range(len(counts)) for row in known.rows_of(f"{subject}_{place}")]
        assert all(report.names[f"{subject}_{place}"] == person for place in range(len(counts)))
        labels = folder / "ActionUnit_Labels" / person
        assert len(list(labels.iterdir())) == 12
        for au in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
            lines = [tuple(map(int, line)) for line in read_csv(labels / f"{person}_au{au}.txt")]
            assert lines == list(enumerate(known.labels(au, "intensity")[rows, 0], 1))
        left = decode(folder / "Video_LeftCamera" / f"LeftVideo{person}_comp.avi")
        right = decode(folder / "Video_RightCamera" / f"RightVideo{person}_comp.avi")
        assert len(left) == len(right) == len(rows)
        for row, one, other in zip(rows, left, right, strict=True):
            assert np.abs(one.astype(float) - known.image(row)).mean() < 4
            assert np.abs(other.astype(float) - known.image(row)[:, ::-1]).mean() < 4
        place = folder / "Landmark_Points" / person / "tmp_frame_lm"
        name = f"{person}_{{:04d}}_lm.mat" if first == 0 else "l{:05d}_lm.mat"
        with_points = {
            name.format(k + first): row for k, row in enumerate(rows) if known.frames["frame"][row].as_py() != 7
        }
        assert {path.name for path in place.iterdir()} == set(with_points)
        for file, row in list(with_points.items())[::5]:
            wanted = np.delete(known.landmarks(row), [60, 64], axis=0)
            np.testing.assert_array_equal(loadmat(place / file)["pts"], wanted)
    assert (report.subjects, report.frames, report.coded_frames, report.unknown_cells) == (3, 187, 187, 0)


def test_disfa_takes_the_right_camera_of_the_store(tmp_path):
    store = make_store(tmp_path / "store", {"P01": (6, 6)}, unknown=False, right=True)
    report = write_layout(store, tmp_path / "disfa", "disfa")
    left = decode(tmp_path / "disfa" / "Video_LeftCamera" / "LeftVideoSN001_comp.avi")
    right = decode(tmp_path / "disfa" / "Video_RightCamera" / "RightVideoSN001_comp.avi")
    assert report.frames == len(left) == len(right) == 6
    for row in range(6):
        assert np.abs(left[row].astype(float) - store.image(row)).mean() < 4
        assert np.abs(right[row].astype(float) - store.image(6 + row)).mean() < 4
    lopsided = make_store(tmp_path / "lopsided", {"P01": (6, 5)}, unknown=False, right=True)
    with pytest.raises(UsageError, match="right camera"):
        write_layout(lopsided, tmp_path / "other", "disfa")


def test_the_ids_of_disfa():
    parts = "02 10 01 26 27 32 30 09 16 13 18 11 28 12 06 31 21 24 03 29 23 25 08 05 07 17 04"
    assert list(SUBJECTS) == sorted(f"SN0{number}" for number in parts.split())


def test_same_store_same_bytes(store, known, tmp_path):
    for layout, one in (("bp4d", store), ("bp4d+", store), ("disfa", known)):
        trees = []
        for name in ("a", "b"):
            folder = tmp_path / layout / name
            write_layout(one, folder, layout)
            trees.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
            assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
        assert trees[0] == trees[1]


def test_what_does_not_fit(store, tmp_path):
    many = make_store(tmp_path / "many", {f"P{k:02d}": (1,) for k in range(28)}, unknown=False)
    with pytest.raises(UsageError, match="27"):
        write_layout(many, tmp_path / "out", "disfa")
    write_layout(many, tmp_path / "many_bp4d", "bp4d")
    assert (tmp_path / "many_bp4d" / "AUCoding" / "AU_OCC" / "M025_T1.csv").exists()
    with pytest.raises(UsageError, match="unknown"):
        write_layout(store, tmp_path / "out", "disfa")
    long = make_store(tmp_path / "long", {"P01": (1,) * 9})
    with pytest.raises(UsageError, match="8 tasks"):
        write_layout(long, tmp_path / "out", "bp4d")
    write_layout(long, tmp_path / "plus", "bp4d+")
    with pytest.raises(UsageError, match="no layout"):
        write_layout(store, tmp_path / "out", "ck+")
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_in_use_is_left_alone(store, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for name in ("full", "full/mine.txt"):
        with pytest.raises(ActionUnitsError, match="in the way"):
            write_layout(store, tmp_path / name, "bp4d")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    write_layout(store, tmp_path / "empty", "bp4d", LayoutOptions(padding=0, uncoded=0, unknown_share=0))
    assert any((tmp_path / "empty").iterdir())


@pytest.mark.parametrize("change", [{"packaging": "old"}, {"unknown_share": 2.0}, {"uncoded": -1}, {"padding": 99}])
def test_options_out_of_range(change):
    with pytest.raises(UsageError, match=next(iter(change))):
        LayoutOptions(**change)
