"""What `synth` lays out as BP4D, BP4D+ and DISFA is read back as the store has it."""

from __future__ import annotations

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.datasets import check_dataset, open_dataset
from actionunits.facs import BP4D_12, DISFA_12
from actionunits.geometry import to_49, to_66, to_68
from actionunits.store import FrameRow, StoreSettings, StoreWriter
from actionunits.synth.layouts import LayoutOptions, write_layout

AUS = BP4D_12 | DISFA_12
LENGTHS = {"P01": (12, 9, 8, 7), "P02": (10,)}


def make_store(folder, disk, unknown: bool):
    rng = np.random.default_rng(5)
    writer = StoreWriter(folder, StoreSettings(dataset="fake", aus=tuple(AUS), image_size=(32, 48)))
    for subject, counts in LENGTHS.items():
        for number, count in enumerate(counts):
            lowest = -1 if unknown else 0
            rows = []
            for frame in range(count):
                occurrence = {au: int(rng.integers(lowest, 2)) for au in AUS}
                intensity = {au: int(rng.integers(lowest, 6)) for au in AUS}
                points = None if frame == 4 else rng.uniform(0, 40, (68, 2)).astype(np.float32)
                rows.append(FrameRow(subject, frame, frame / 25, "left", occurrence, intensity, landmarks=points))
            jpegs = [cv2.imencode(".jpg", disk.picture(k))[1].tobytes() for k in range(count)]
            writer.add(f"{subject}_{number}", rows, jpegs)
    subjects = pa.table({"subject": list(LENGTHS), "gender": ["female", "male"]})
    names = [(f"{who}_{k}", who) for who, counts in LENGTHS.items() for k in range(len(counts))]
    return writer.finish(subjects, pa.table({"sequence": [a for a, _ in names], "subject": [b for _, b in names]}))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bp4d", {"packaging": "new"}),
        ("bp4d", {"packaging": "fera2015", "padding": 0}),
        ("bp4d", {"padding": 4, "uncoded": 0}),
        ("bp4d+", {}),
        ("bp4d+", {"trim_labels": True}),
    ],
)
def test_bp4d_and_plus(disk, tmp_path, kind, options):
    store = make_store(tmp_path / "store", disk, unknown=True)
    written = write_layout(store, tmp_path / "copy", kind, LayoutOptions(unknown_share=0, **options))
    data = open_dataset(kind, tmp_path / "copy")
    coded = 0
    for old, new in written.names.items():
        if new not in data.sequences():
            continue
        one, rows = data.recording(new), store.rows_of(old)
        first = disk.marks(one)[0]  # the store's frame
        assert disk.marks(one) == list(range(first, first + len(one)))
        rows = range(rows.start + first, rows.start + first + len(one))
        for au in BP4D_12:
            np.testing.assert_array_equal(one.occurrence[au], store.labels(au)[rows, 0])
        for au, levels in one.intensity.items():
            np.testing.assert_array_equal(levels, store.labels(au, "intensity")[rows, 0])
        np.testing.assert_array_equal(one.landmarks, to_68(to_49(store.landmarks(slice(rows.start, rows.stop)))))
        coded += len(one)
        assert one.notes == ()
    assert coded == written.coded_frames
    report = check_dataset(tmp_path / "copy")
    assert (report.kind, report.frames, report.pictured) == (kind, coded, coded)
    assert report.errors == ()


@pytest.mark.parametrize("first", [0, 1])
def test_disfa(disk, tmp_path, first):
    store = make_store(tmp_path / "store", disk, unknown=False)
    write_layout(store, tmp_path / "copy", "disfa", LayoutOptions(first_landmark=first))
    left, _, two, _ = open_dataset("disfa", tmp_path / "copy", cameras="both").recordings()
    assert disk.marks(left) == [k for count in LENGTHS["P01"] for k in range(count)]
    assert disk.marks(two) == list(range(10))
    for au in DISFA_12:
        levels = store.labels(au, "intensity")[:36, 0]
        np.testing.assert_array_equal(left.intensity[au], levels)
        np.testing.assert_array_equal(left.occurrence[au], levels >= 2)
    np.testing.assert_array_equal(left.landmarks, to_68(to_66(store.landmarks(slice(0, 36)))))
