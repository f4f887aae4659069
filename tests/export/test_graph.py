"""The graph: its inputs and outputs, what it says, and what it does not tell of this machine."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

import onnxruntime  # noqa: E402

from actionunits.errors import CardError  # noqa: E402
from actionunits.export import to_onnx  # noqa: E402
from actionunits.export.graph import Scores  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402


def shapes(entries) -> dict[str, list[object]]:
    return {
        entry.name: [dim.dim_param or dim.dim_value for dim in entry.type.tensor_type.shape.dim] for entry in entries
    }


def run(content: bytes, **given: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, given)


def faces(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(count, 3, 32, 32)).astype(np.float32)
    return image, rng.uniform(0, 32, (count, 68, 2)).astype(np.float32)


def test_pictures_in_evidence_out(toy) -> None:
    model = toy()
    content = to_onnx(model)
    graph = onnx.load_from_string(content).graph
    assert shapes(graph.input) == {"image": ["N", 3, 32, 32]}
    assert shapes(graph.output) == {"evidence": ["N", 3]}
    onnx.checker.check_model(onnx.load_from_string(content))
    image, landmarks = faces(3)
    with torch.no_grad():
        batch = FaceBatch.unlabelled(torch.from_numpy(image), torch.from_numpy(landmarks), 3)
        expected = model(batch).logits.numpy()
    np.testing.assert_allclose(run(content, image=image)[0], expected, atol=1e-5)


def test_landmarks_in_intensity_out(toy) -> None:
    model = toy(levels=True, landmarks=True)
    content = to_onnx(model)
    graph = onnx.load_from_string(content).graph
    assert shapes(graph.input) == {"image": ["N", 3, 32, 32], "landmarks": ["N", 68, 2]}
    assert shapes(graph.output) == {"evidence": ["N", 3], "intensity": ["N", 3]}
    for count in (1, 4):
        image, landmarks = faces(count, seed=count)
        with torch.no_grad():
            output = model(FaceBatch.unlabelled(torch.from_numpy(image), torch.from_numpy(landmarks), 3))
        evidence, intensity = run(content, image=image, landmarks=landmarks)
        np.testing.assert_allclose(evidence, output.logits, atol=1e-5)
        power = np.exp(output.levels.numpy().astype(np.float64))
        mean = (power * np.arange(6)).sum(-1) / power.sum(-1)
        np.testing.assert_allclose(intensity, mean, atol=1e-5)
        moved = run(content, image=image, landmarks=landmarks + 3)
        assert np.abs(moved[0] - evidence).min() > 1e-3


def test_nothing_of_this_machine_is_told_and_the_same_model_gives_the_same_bytes(toy) -> None:
    content = to_onnx(toy())
    for word in (b".py", b"site-packages", b"/home", b"stack_trace", __file__.encode()):
        assert word not in content
    assert to_onnx(toy()) == content


def test_the_model_stays_as_it_was(toy) -> None:
    model = toy().train()
    before = copy.deepcopy(model.state_dict())
    Scores(model)
    assert model.training
    assert all(each.requires_grad for each in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_number_of_faces_that_is_settled_is_refused(toy) -> None:
    with pytest.raises(CardError, match=r"toy: its forward pass settles the number of faces"):
        to_onnx(toy(counts=True))


def test_what_pytorch_cannot_export(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nand much more")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(CardError, match=r"toy: PyTorch cannot export it \(no such operator\)"):
        to_onnx(toy())
