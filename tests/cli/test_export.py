"""``actionunits export``: a card that ``analyze`` takes, and errors that name what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from actionunits.models import create_model, save_model  # noqa: E402

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    recipe = {"id": "tiny", "crop": "re-256", "size": 224, "side": 32}
    made = create_model("linear", "1,12", input=recipe, backbone="resnet18", backbone_stride=16)
    save_model(made, path, facts={"store": {"dataset": "BP4D"}})
    return path


def test_export_then_analyze(actionunits: Run, model: Path, tmp_path: Path, face_files: tuple[Path, ...]) -> None:
    done = actionunits("export", model, tmp_path / "mine.onnx", "--name", "my-model")
    assert (done.code, done.err) == (0, "")
    assert "parity: largest difference of evidence" in done.out
    assert "not to be shared" in done.out  # BP4D
    again = actionunits("export", model, tmp_path / "mine.onnx")
    assert again.code == 2
    assert again.errors == [
        f"error: {tmp_path / 'mine.onnx'}: is there already. Choose another name, or add --overwrite."
    ]
    card = tmp_path / "mine.json"
    for folder in ("one", "two"):
        done = actionunits("analyze", face_files[0], "--model", card, "--out", tmp_path / folder, "--overlay")
        assert (done.code, done.errors) == (0, [])
    tables = [(tmp_path / folder / "face0.csv").read_bytes() for folder in ("one", "two")]
    assert tables[0] == tables[1]
    assert b"AU12_p" in tables[0]
    shown = actionunits("models", "show", card)
    assert shown.code == 0
    for said in ("my-model 1", "not to be shared", "no intensity", "seed unknown"):
        assert said in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody.safetensors", "mine.onnx"), "nobody.safetensors: cannot be read as a model"),
        (("MODEL", "mine.bin"), "is no name for the file"),
        (("MODEL", "mine.onnx", "--name", "My Model"), "is no name for a model"),
        (("MODEL", "mine.onnx", "--run", "nobody"), "nobody"),
    ],
)
def test_errors(
    actionunits: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = actionunits("export", *(model if word == "MODEL" else word for word in words))
    assert done.code in (2, 3)
    (error,) = done.errors
    assert said in error
    assert not list(tmp_path.iterdir())
