"""Optical flow of a store: movements that are known, and files that come back as they were written."""

import json
import pickle
import shutil

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.errors import StoreError, UsageError
from actionunits.prepare import prepare_flow
from actionunits.prepare.flow import flow_finder
from actionunits.store import FrameRow, Store, StoredFlow, StoreSettings, StoreUnion, StoreWriter
from actionunits.store.flow import STILL, encode_flow

SIDE = 64
STEPS = ((3.0, 0.0), (0.0, -2.0), (-4.0, 2.0))  # pixels from each frame of "moves" to the next
METHODS = [
    "dis",
    "farneback",
    pytest.param("tvl1", marks=pytest.mark.skipif(not hasattr(cv2, "optflow"), reason="needs opencv-contrib")),
]


def moving() -> list[np.ndarray]:
    """Smooth random pictures, (S, S, 3) uint8, that move by :data:`STEPS`."""
    coarse = np.random.default_rng(1).integers(0, 256, (24, 24)).astype(np.uint8)
    wide = cv2.resize(coarse, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_CUBIC)
    places = np.cumsum([(0.0, 0.0), *STEPS], axis=0)
    cuts = [cv2.getRectSubPix(wide, (SIDE, SIDE), tuple(SIDE - place)) for place in places]
    return [np.dstack([cut] * 3) for cut in cuts]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Store:
    facts = {"dataset": "fake", "aus": (1,), "contents": ("occurrence",), "image_size": (SIDE, SIDE)}
    writer = StoreWriter(tmp_path_factory.mktemp("flow") / "store", StoreSettings(**facts))
    pictures = {"moves": moving(), "alone": moving()[:1]}
    for name, each in pictures.items():
        rows = [FrameRow("S1", number, number / 25, "", {1: 0}) for number in range(len(each))]
        writer.add(
            name, rows, [cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes() for one in each]
        )
    sequences = pa.table({"sequence": list(pictures), "subject": ["S1"] * len(pictures)})
    return writer.finish(pa.table({"subject": ["S1"]}), sequences)


@pytest.fixture
def store(made, tmp_path) -> Store:
    shutil.copytree(made.folder, tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.mark.parametrize("method", METHODS)
def test_movements_are_found(store, method):
    found = prepare_flow(store.folder, method=method, jobs=1)
    assert (found.frames, found.made, found.facts.method) == (5, 5, method)
    flow = StoredFlow(store)
    assert flow.facts == found.facts
    first = store.rows_of("moves").start
    for place, step in enumerate([*STEPS, STEPS[-1]]):  # the last frame has that of the one before
        field = (flow.field(first + place).astype(float) - STILL) / STILL * 60
        assert field.shape == (SIDE, SIDE, 2)
        np.testing.assert_allclose(np.median(field[8:-8, 8:-8], axis=(0, 1)), step, atol=0.6)  # a level is 0.47 pixels


def test_a_single_frame_stands_still(store):
    prepare_flow(store.folder, method="dis", jobs=1)
    field = StoredFlow(store).field(store.rows_of("alone").start)
    assert set(np.unique(field)) == {128}


def test_fields_come_back():
    rng = np.random.default_rng(0)
    smooth = cv2.resize(rng.uniform(-90, 90, (8, 8, 2)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    grey = cv2.imdecode(np.frombuffer(encode_flow(smooth, bound=60, quality=100), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey.shape == (SIDE, 2 * SIDE)
    for axis in range(2):
        half = grey[:, axis * SIDE : (axis + 1) * SIDE].astype(float)
        np.testing.assert_allclose((half - STILL) / STILL * 60, np.clip(smooth[..., axis], -60, 60), atol=1.5)


def test_the_same_bytes_from_any_number_of_processes(store, tmp_path):
    shutil.copytree(store.folder, tmp_path / "twin")
    prepare_flow(store.folder, method="dis", jobs=1)
    prepare_flow(tmp_path / "twin", method="dis", jobs=2)
    for path in (store.folder / "flow").iterdir():
        assert path.read_bytes() == (tmp_path / "twin" / "flow" / path.name).read_bytes()


def test_what_is_there_is_kept(store):
    prepare_flow(store.folder, method="dis", jobs=1)
    home = store.folder / "flow"
    (home / "flow.json").rename(home / "begun.json")
    (home / "moves.arrow").unlink()  # as after a kill
    with pytest.raises(UsageError, match="no optical flow"):
        StoredFlow(store)
    told: list[tuple[int, int]] = []
    assert prepare_flow(store.folder, method="dis", jobs=1, watch=lambda *each: told.append(each)).made == 4
    assert told == [(1, 5), (5, 5)]
    assert not (home / "begun.json").exists()
    assert prepare_flow(store.folder, method="dis", jobs=1).made == 0


def test_another_way_needs_to_be_said(store):
    prepare_flow(store.folder, method="dis", jobs=1)
    with pytest.raises(StoreError, match=r"bound: 60.0, now 20.0.*overwrite"):
        prepare_flow(store.folder, method="dis", bound=20, jobs=1)
    assert prepare_flow(store.folder, method="dis", bound=20, jobs=1, overwrite=True).made == 5
    assert StoredFlow(store).facts.bound == 20


def test_the_first_method_that_is_there():
    if hasattr(cv2, "optflow"):
        pytest.skip("needs an OpenCV without contributed modules")
    with pytest.raises(UsageError, match="opencv-contrib"):
        flow_finder("tvl1")


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"quality": 0}, {"bound": 0}, {"bound": np.inf}, {"method": "best"}])
def test_values_out_of_range(store, wrong):
    with pytest.raises(UsageError):
        prepare_flow(store.folder, **wrong)
    assert not (store.folder / "flow").exists()


def test_damage_is_said(store):
    prepare_flow(store.folder, method="dis", jobs=1)
    home, row = store.folder / "flow", store.rows_of("moves").start
    assert pickle.loads(pickle.dumps(StoredFlow(store))).field(row).shape == (SIDE, SIDE, 2)
    with pytest.raises(IndexError):
        StoredFlow(store).field(len(store))
    shutil.copy(home / "alone.arrow", home / "moves.arrow")
    with pytest.raises(StoreError, match="1 fields for 4 frames"):
        StoredFlow(store).field(row)
    shutil.copy(store.folder / "images" / "moves.arrow", home / "moves.arrow")
    with pytest.raises(StoreError, match="no flow of 64 x 64"):
        StoredFlow(store).field(row)
    facts = json.loads((home / "flow.json").read_text())
    (home / "flow.json").write_text(json.dumps({**facts, "frames_sha256": "0" * 64}))
    with pytest.raises(StoreError, match="other frames"):
        StoredFlow(store)
    (home / "flow.json").write_text(json.dumps({**facts, "method": "guess"}))
    with pytest.raises(StoreError, match="method"):
        StoredFlow(store)


def test_a_store_that_is_overwritten_loses_it(store):
    prepare_flow(store.folder, method="dis", jobs=1)
    StoreWriter(
        store.folder, StoreSettings(**store.header.model_dump(include=set(StoreSettings.model_fields))), overwrite=True
    )
    assert not list((store.folder / "flow").iterdir())


def test_several_stores_have_none(made, tmp_path):
    shutil.copytree(made.folder, tmp_path / "other")
    header = tmp_path / "other" / "store.json"
    header.write_text(header.read_text().replace('"fake"', '"other"'))
    with pytest.raises(UsageError, match="several stores"):
        StoredFlow(StoreUnion([made, Store(tmp_path / "other")]))
