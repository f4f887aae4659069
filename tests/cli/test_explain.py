"""``actionunits explain``: pictures from a photograph and from a store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from actionunits.geometry import get_crop  # noqa: E402
from actionunits.models import create_model, save_model  # noqa: E402
from actionunits.store import FrameRow, StoreSettings, StoreWriter  # noqa: E402

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It was trained on S1."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    recipe = {"id": "tiny", "crop": "re-256", "size": 224, "side": 64}
    made = create_model("re_net", "1,12", input=recipe, backbone="resnet18", backbone_stride=16)
    save_model(made, path, facts={"fold": {"number": 1, "train": ["S1"], "choose": []}})
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, six grey pictures each."""
    recipe = get_crop("re-256")
    folder = tmp_path_factory.mktemp("store") / "store"
    settings = StoreSettings(
        dataset="fake",
        aus=(1, 12),
        contents=("occurrence",),
        image_size=(recipe.size, recipe.size),
        crop=recipe.id,
        crop_hash=recipe.hash,
    )
    writer = StoreWriter(folder, settings)
    for name in ("S1", "S2"):
        rows = [FrameRow(name, frame, frame / 25, occurrence={1: frame % 2, 12: 0}) for frame in range(6)]
        grey = [np.full((recipe.size, recipe.size, 3), 40 * (frame + 1), np.uint8) for frame in range(6)]
        writer.add(f"{name}-a", rows, [cv2.imencode(".jpg", picture)[1].tobytes() for picture in grey])
    sequences = pa.table({"sequence": ["S1-a", "S2-a"], "subject": ["S1", "S2"]})
    writer.finish(pa.table({"subject": ["S1", "S2"]}), sequences)
    return folder


def test_a_picture(actionunits: Run, model: Path, tmp_path: Path, face_files: tuple[Path, ...]) -> None:
    done = actionunits("explain", face_files[0], "--model", model, "--out", tmp_path, "--aus", "12")
    assert (done.code, done.err) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {
        "maps.png", "maps.csv", "relations.png", "relations.csv", "explain.json"
    }  # fmt: skip
    assert all(str(path) in done.out.replace("\n", "") for path in tmp_path.iterdir())


def test_a_store(actionunits: Run, model: Path, store: Path, tmp_path: Path) -> None:
    words = ("explain", store, "--model", model, "--frames", 2, "--points")
    done = actionunits(*words, 6, "--out", tmp_path / "test")
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "test" / "features_by_au.png").exists()
    assert "S1" not in (tmp_path / "test" / "maps.csv").read_text()
    done = actionunits(*words, 0, "--out", tmp_path / "all", "--all-subjects", "--seed", 1)
    assert done.code == 0
    assert not (tmp_path / "all" / "features.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("FACE", "--model", "FACE"), "cannot be read as a model"),
        (("nobody.jpg", "--model", "MODEL"), "nobody.jpg"),
        (("FACE", "--model", "MODEL", "--aus", "4"), "AU 4: re_net does not find it"),
        ((".", "--model", "MODEL"), "store.json"),
    ],
)
def test_errors(
    actionunits: Run, model: Path, face_files: tuple[Path, ...], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    paths = {"FACE": face_files[0], "MODEL": model, ".": tmp_path}
    done = actionunits("explain", *(paths.get(word, word) for word in words), "--out", tmp_path / "out")
    assert done.code in (2, 3)
    (error,) = done.errors
    assert said in error
    assert not (tmp_path / "out").exists()
