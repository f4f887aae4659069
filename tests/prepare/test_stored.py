"""From whole pictures to crops: nothing that a store knows is lost on the way."""

import numpy as np
import pytest

from actionunits.datasets import open_dataset
from actionunits.errors import DatasetError, UsageError
from actionunits.geometry import apply_affine, crop, crop_matrix, get_crop
from actionunits.prepare import Preparation, prepare, report_path
from actionunits.store import Store

from .conftest import contents

CROPS = ("lp-240-masked", "re-256", "jaa-200")


@pytest.fixture(scope="module")
def source(tmp_path_factory, write_uncropped) -> Store:
    return write_uncropped(tmp_path_factory.mktemp("source") / "store")


@pytest.fixture(scope="module")
def dataset(source):
    return open_dataset("store", source.folder)


@pytest.fixture(scope="module", params=CROPS)
def cropped(request, tmp_path_factory, dataset) -> Store:
    folder = tmp_path_factory.mktemp("cropped") / "store"
    prepare(dataset, folder, Preparation(request.param), jobs=1)
    return Store(folder)


def test_every_value_survives(source, cropped):
    """All columns but the landmarks; the frames without any are flagged."""
    assert cropped.frames.schema == source.frames.schema
    for name in set(source.frames.column_names) - {"landmarks", "flags"}:
        before, after = (store.frames[name].to_pandas() for store in (source, cropped))
        if name == "visible":
            before, after = np.stack(before), np.stack(after)
        np.testing.assert_array_equal(after, before, err_msg=name)
    for before, after, frame in zip(*(each["flags"].to_pylist() for each in (source.frames, cropped.frames)),
                                    source.frames["frame"].to_pylist(), strict=True):  # fmt: skip
        assert after == ("|".join(filter(None, (before, "no_face"))) if frame == 3 else before)


def test_landmarks_and_pictures_are_the_crops(source, cropped):
    recipe, frames = get_crop(cropped.header.crop), source.frames["frame"].to_pylist()
    for row, frame in enumerate(frames):
        owner = row - 1 if frame == 3 else row  # without landmarks: the earlier of two equally near frames
        points = source.landmarks(owner).astype(np.float64)
        wanted = apply_affine(points, crop_matrix(recipe, points))
        np.testing.assert_allclose(cropped.landmarks(row), wanted, atol=1e-4)
        whole = crop(source.image(row), points, recipe).image
        assert np.abs(cropped.image(row).astype(int) - whole).mean() < 2  # JPEG's own loss


def test_people_and_sequences_keep_what_is_known_of_them(source, cropped):
    assert cropped.subjects.equals(source.subjects)
    for name in source.sequences.column_names:
        assert cropped.sequences[name].equals(source.sequences[name]), name
    assert cropped.sequences["coded"].to_pylist() == cropped.sequences["frames"].to_pylist() == [4, 4, 4]
    assert cropped.sequences["no_face"].to_pylist() == [1, 1, 1]


def test_the_header_keeps_its_facts_and_says_how_it_was_cropped(source, cropped):
    before, after = source.header, cropped.header
    recipe = get_crop(after.crop)
    assert (after.dataset, after.aus, after.made_by) == ("SynthFake", before.aus, before.made_by)
    assert after.contents == before.contents
    assert (after.crop_hash, after.image_size) == (recipe.hash, (recipe.size, recipe.size))
    assert after.protocol == {
        "labels": "what is visible",
        "occurs_from": 1,
        "landmarks": "dataset",
        "no_face": "nearest frame",
        "jpeg_quality": 95,
        "jpeg_sampling": "4:2:0",
    }


def test_processes_and_kills_change_no_byte(dataset, tmp_path):
    how = Preparation("jaa-200")
    prepare(dataset, tmp_path / "one", how, jobs=1)
    prepare(dataset, tmp_path / "two", how, jobs=2)
    assert contents(tmp_path / "two") == contents(tmp_path / "one")

    def stop(done, expected):
        if done >= 6:  # in the middle of the second sequence
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(dataset, tmp_path / "killed", how, jobs=1, watch=stop)
    before = (tmp_path / "killed" / "images" / "a.arrow").stat().st_mtime_ns
    assert prepare(dataset, tmp_path / "killed", how, jobs=1).made == 8
    assert (tmp_path / "killed" / "images" / "a.arrow").stat().st_mtime_ns == before
    assert contents(tmp_path / "killed") == contents(tmp_path / "one")
    assert report_path(tmp_path / "killed").read_bytes() == report_path(tmp_path / "one").read_bytes()


def test_a_store_is_never_cropped_onto_itself(dataset, source, tmp_path):
    before = contents(source.folder)
    (tmp_path / "alias").symlink_to(source.folder)
    for folder in (source.folder, tmp_path / "alias"):
        with pytest.raises(UsageError, match="the data set itself"):
            prepare(dataset, folder, Preparation("jaa-200"), jobs=1, overwrite=True)
    assert contents(source.folder) == before


def test_some_aus(source, tmp_path):
    prepare(open_dataset("store", source.folder, aus="12,1"), tmp_path / "store", Preparation("jaa-200"), jobs=1)
    store = Store(tmp_path / "store")
    assert store.header.aus == (12, 1)
    for kind in ("occurrence", "intensity", "left", "right"):
        np.testing.assert_array_equal(store.labels((1, 12), kind), source.labels((1, 12), kind))


def test_frames_that_cannot_be_decoded_are_left_out(tmp_path, write_uncropped):
    source = write_uncropped(tmp_path / "source")
    path, third = source.folder / "images" / "c.arrow", bytes(source.jpeg(2))
    assert source.rows_of("c").start == 0
    whole = path.read_bytes()
    path.write_bytes(whole.replace(third, b"ruin" + third[4:]))
    done = prepare(open_dataset("store", source.folder), tmp_path / "store", Preparation("jaa-200"), jobs=1)
    store = Store(tmp_path / "store")
    assert [(each.sequence, each.no_picture_frames) for each in done.recordings] == [("a", ""), ("c", "5"), ("d", "")]
    assert store.sequences["frames"].to_pylist() == [3, 4, 4]
    np.testing.assert_array_equal(store.labels(12), np.delete(source.labels(12), 2, axis=0))
    path.write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"c\.arrow"):
        prepare(open_dataset("store", source.folder), tmp_path / "other", Preparation("jaa-200"), jobs=1)
    assert sorted(each.stem for each in (tmp_path / "other" / "parts").glob("*.parquet")) == ["a", "d"]


def test_the_mesh_can_be_asked(tmp_path, write_uncropped, pictures, finder):
    """Where the store has no landmarks it must be; a pose that the store knows stays."""
    bare, posed = ("occurrence",), ("occurrence", "pose")
    for name, kinds in (("bare", bare), ("posed", posed)):
        source = write_uncropped(tmp_path / name, contents=kinds, pictures=pictures)
        dataset = open_dataset("store", source.folder)
        with pytest.raises(DatasetError, match="--landmarks mesh"):
            prepare(dataset, tmp_path / "none", Preparation("jaa-200"), jobs=1)
        prepare(dataset, tmp_path / f"{name}-jaa", Preparation("jaa-200", landmarks="mesh"), jobs=1)
        store = Store(tmp_path / f"{name}-jaa")
        assert store.header.contents == ("occurrence", "landmarks", "pose")
        assert store.header.protocol["landmarks"] == "mesh"
        assert np.isfinite(store.landmarks(slice(None))).all()
        yaw = store.frames["pose_yaw"].to_numpy()
        if kinds is posed:
            np.testing.assert_array_equal(yaw, source.frames["pose_yaw"].to_numpy())
        else:
            assert np.abs(yaw).max() < 30
