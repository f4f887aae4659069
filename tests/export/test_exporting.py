"""From a model's file to a card that ``analyze`` takes, and back to the same numbers."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.analyzer import Analyzer  # noqa: E402
from actionunits.errors import CardError, UsageError  # noqa: E402
from actionunits.estimators import load_estimator, read_card  # noqa: E402
from actionunits.evaluation.at_work import EstimatorAtWork  # noqa: E402
from actionunits.explain import faces_of_picture  # noqa: E402
from actionunits.export import Exported, export_model, exporting  # noqa: E402
from actionunits.faces import FaceFinder, FaceTracker  # noqa: E402
from actionunits.media import read_image  # noqa: E402
from actionunits.models import AUModel, load_model  # noqa: E402


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def looked_at(paths: tuple[Path, ...], finder: FaceFinder) -> list[tuple[np.ndarray, Any]]:
    pictures = [read_image(path) for path in paths]
    return [(picture, FaceTracker(finder).update(picture, 0.0)[0]) for picture in pictures]


def torch_logits(model: AUModel, path: Path, finder: FaceFinder) -> np.ndarray:
    """What the model says in PyTorch, (A,)."""
    with torch.no_grad():
        return model(faces_of_picture(path, model.input, finder=finder).batch).logits[0].numpy()


def test_the_card_and_its_weights(exported: Exported) -> None:
    assert read_card(exported.card_path) == exported.card
    assert exported.card.weights.sha256 == sha256(exported.path.read_bytes()).hexdigest()
    assert (exported.card.name, exported.card.kind, exported.card.aus) == ("mine", "onnx", (1, 12, 25))
    assert "SynthAU-mini" in exported.card.title
    assert exported.card.training.data == "SynthAU-mini, fold 2 held out"
    assert exported.card.training.subjects == 3
    assert sorted(path.name for path in exported.path.parent.iterdir()) == ["mine.json", "mine.onnx"]
    assert exported.parity.passed


def test_it_says_what_the_model_says(
    exported: Exported, model_file: Path, face_files: tuple[Path, ...], finder: FaceFinder
) -> None:
    estimator, model = load_estimator(exported.card_path), load_model(model_file)
    faces = looked_at(face_files, finder)
    together = estimator.predict(faces)
    expected = np.stack([torch_logits(model, path, finder) for path in face_files])
    assert np.ptp(expected, axis=0).min() > 1e-3
    np.testing.assert_allclose(together.evidence, expected, atol=1e-4)
    assert np.isnan(together.intensity).all()
    for place, face in enumerate(faces):
        np.testing.assert_allclose(estimator.predict([face]).evidence[0], together.evidence[place], atol=1e-5)


def test_analyze(exported: Exported, face_files: tuple[Path, ...], numbers_of: Callable[..., Any]) -> None:
    analyzer = Analyzer(exported.card_path)
    first = analyzer.analyze(face_files[0])
    assert first == Analyzer(exported.card_path).analyze(face_files[0])
    assert ((first["AU12_p"] > 0) & (first["AU12_p"] < 1)).all()
    assert np.isnan(first["AU12_r"]).all()
    assert first.sidecar["crop_recipe"] == "re-256"


def test_landmarks_and_levels_too(
    toy: Callable[..., AUModel], tmp_path: Path, face_files: tuple[Path, ...], finder: FaceFinder
) -> None:
    model = toy(landmarks=True, levels=True)
    done = export_model(model, tmp_path / "both.onnx")
    assert (done.card.input and done.card.input.landmarks, done.card.intensity) == ("landmarks", True)
    scores = load_estimator(done.card_path).predict(looked_at(face_files[:2], finder))
    expected = np.stack([torch_logits(model, path, finder) for path in face_files[:2]])
    np.testing.assert_allclose(scores.evidence, expected, atol=1e-4)
    assert ((scores.intensity > 0) & (scores.intensity < 5)).all()
    assert "not say what it was trained on" in done.card.limits[0]


def test_crossval_takes_the_card(exported: Exported) -> None:
    system = EstimatorAtWork(exported.card_path)
    assert (system.name, tuple(system.aus)) == ("mine", (1, 12, 25))


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("mine.pt", {}, r"mine\.pt: is no name for the file"),
        ("my model.onnx", {}, "is no name for the file"),
        ("Mine.onnx", {}, "'Mine': is no name for a model.*--name"),
        ("mine.onnx", {"name": "../up"}, "is no name for a model"),
        ("mine.onnx", {"name": "geometry"}, "'geometry': is the name of a shipped model"),
        ("mine.onnx", {"neutral_evidence": [0.0]}, "has 1 values for 3 AUs"),
    ],
)
def test_names_that_are_refused(model_file: Path, tmp_path: Path, name: str, words: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        export_model(model_file, tmp_path / name, **words)
    assert not list(tmp_path.iterdir())


def test_files_that_are_no_model(exported: Exported, tmp_path: Path) -> None:
    for path in (exported.path, tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(UsageError, match=r"model\.safetensors that this package wrote"):
            export_model(path, tmp_path / "mine.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.json: is there already"):
        export_model(model_file, tmp_path / "mine.onnx")
    assert (tmp_path / "mine.json").read_text() == "mine"


def test_nothing_is_left_of_a_graph_that_disagrees(
    model_file: Path, tmp_path: Path, toy: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = toy()
    wrong = toy()
    with torch.no_grad():
        wrong.head.weight *= 1.01
    real = exporting.to_onnx
    monkeypatch.setattr(exporting, "to_onnx", lambda _: real(wrong))
    with pytest.raises(CardError, match="disagree"):
        export_model(model, tmp_path / "mine.onnx")
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine.onnx").write_bytes(b"older")
    with pytest.raises(CardError, match="disagree"):
        export_model(model, tmp_path / "mine.onnx", overwrite=True)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]
