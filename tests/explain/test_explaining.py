"""Folders of pictures, from a photograph and from a store."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import MediaError, UsageError  # noqa: E402
from actionunits.explain import explain_picture, explain_store, faces_of_picture, faces_of_store  # noqa: E402
from actionunits.facs import AUSet  # noqa: E402
from actionunits.geometry import central_cut, crop  # noqa: E402
from actionunits.loading import FaceDataset, InputRecipe  # noqa: E402
from actionunits.media import read_image, write_image  # noqa: E402
from actionunits.store import Store  # noqa: E402


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("size", "side"), [(224, None), (224, 112), (200, 64), (255, 32)])
def test_a_face_of_a_store_is_what_training_sees_unvaried(store: Store, size: int, side: int | None) -> None:
    recipe = InputRecipe("own", "re-256", size, side=side)
    dataset = FaceDataset(store, recipe)
    for row in (0, 9):
        picture, points = central_cut(store.image(row), store.landmarks(row), size, side)
        batch = dataset.batch([row])
        np.testing.assert_array_equal(batch.image[0].permute(1, 2, 0), picture)
        np.testing.assert_allclose(batch.landmarks[0], points, atol=1e-4)


def test_faces_of_a_store(store: Store) -> None:
    recipe = InputRecipe("own", "re-256", 224, side=32)
    faces = faces_of_store(store, recipe, [11, 1], AUSet((1, 4, 12)))
    assert faces.names == ("S2, S2-a, frame 3", "S1, S1-a, frame 1")
    assert faces.crops.shape == (2, 224, 224, 3)
    assert faces.batch.image.shape == (2, 3, 32, 32)
    assert faces.known == AUSet((1, 12))
    assert (faces.label(0, 12), faces.label(0, 1), faces.label(0, 4)) == (1, 0, None)
    with pytest.raises(UsageError, match="no frame is named"):
        faces_of_store(store, recipe, [], AUSet((1,)))


def test_faces_of_a_picture(face_files: tuple[Path, ...], tmp_path: Path, pictures: tuple[np.ndarray, ...]) -> None:
    recipe = InputRecipe("own", "re-256", 224, side=32)
    (one,) = faces_of_picture(face_files[0], recipe).names
    assert one == "face 0"
    write_image(tmp_path / "two.png", np.hstack(pictures[:2]))
    both = faces_of_picture(tmp_path / "two.png", recipe)
    assert both.names == ("face 0", "face 1")
    assert both.batch.image.shape == (2, 3, 32, 32)
    assert both.batch.image.dtype == torch.float32
    assert both.label(0, 12) is None
    points = both.batch.landmarks[0].numpy()
    assert ((points > 0) & (points < 31)).mean() > 0.9
    whole = crop(read_image(tmp_path / "two.png"), np.zeros((68, 2)) + np.arange(68)[:, None], recipe.crop_recipe)
    assert whole.image.shape == (256, 256, 3)


def test_a_picture_without_anybody(tmp_path: Path, blank: np.ndarray, toy, written: Path) -> None:
    write_image(tmp_path / "blank.png", blank)
    with pytest.raises(MediaError, match=r"blank\.png: shows no face"):
        explain_picture(toy(), tmp_path / "blank.png", written)
    assert not written.exists()


def test_a_picture_is_explained(toy, face_files: tuple[Path, ...], written: Path) -> None:
    done = explain_picture(toy(heads=2), face_files[0], written, aus="12,1")
    assert sorted(path.name for path in done.files) == [
        "explain.json",
        "maps.csv",
        "maps.png",
        "relations.csv",
        "relations.png",
    ]
    assert (done.faces, done.points) == (1, 0)
    rows = table(written / "maps.csv")
    assert [row["au"] for row in rows] == ["AU12", "AU01"]
    assert all(0 <= float(row["probability"]) <= 1 and row["label"] == "" for row in rows)
    assert [row["au"] for row in table(written / "relations.csv")] == ["AU01", "AU04", "AU12"]
    facts = json.loads((written / "explain.json").read_text())
    assert (facts["source"], facts["aus"], facts["system"]) == ("face0.jpg", [12, 1], "toy")


@pytest.mark.parametrize("per_au", [False, True])
def test_a_store_is_explained(toy, store: Store, written: Path, per_au: bool) -> None:
    done = explain_store(toy(per_au=per_au), store, written, frames=3, points=20)
    names = {path.name for path in done.files}
    assert {"maps.png", "maps.csv", "features.png", "explain.json"} <= names
    assert ("features_by_au.png" in names) == per_au
    assert "relations.png" not in names
    assert (done.faces, done.points) == (3, 20)
    rows = table(written / "maps.csv")
    assert len(rows) == 9
    # In turn a frame that shows AU1, which is one alone, and one that shows AU12.
    shown = {(row["face"], row["au"]): row["label"] for row in rows}
    faces = list(dict.fromkeys(row["face"] for row in rows))
    assert faces[0] == "S3, S3-a, frame 3"
    assert (shown[faces[0], "AU01"], shown[faces[1], "AU12"]) == ("1", "1")
    assert {row["label"] for row in rows if row["au"] == "AU04"} == {""}


def test_the_places_in_the_table_are_those_of_the_maps(toy, store: Store, written: Path) -> None:
    explain_store(toy(), store, written, frames=2, points=0)
    for row in table(written / "maps.csv"):
        if row["peak_x"]:
            assert 0 < float(row["peak_x"]) < 1
            assert 0 < float(row["half_area"]) < 1


def test_the_same_seed_writes_the_same_bytes(toy, store: Store, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        explain_store(toy(per_au=True, heads=1), store, folder, frames=2, points=12, seed=3)
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second
    assert {"relations.png", "label_relations.png"} <= first.keys()


def test_people_of_the_training_are_left_out(toy, store: Store, written: Path) -> None:
    explain_store(toy(), store, written, frames=4, points=0, leave_out=("S1", "S3"))
    assert {row["face"].split(",")[0] for row in table(written / "maps.csv")} == {"S2"}
    with pytest.raises(UsageError, match="knows everybody in it"):
        explain_store(toy(), store, written, leave_out=("S1", "S2", "S3"))


@pytest.mark.parametrize(
    ("words", "said"),
    [({"aus": "12,24"}, "AU 24: toy does not find it"), ({"frames": 0}, "1 or more"), ({"points": 3}, "5")],
)
def test_what_is_refused(toy, store: Store, written: Path, words: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        explain_store(toy(), store, written, **words)
    assert not written.exists()
