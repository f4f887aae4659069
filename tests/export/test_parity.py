"""The parity check passes what agrees, and nothing else."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from actionunits.errors import CardError  # noqa: E402
from actionunits.export import TOLERANCE, Parity, check_parity, to_onnx  # noqa: E402


def test_a_graph_agrees_with_its_model(toy) -> None:
    model = toy(levels=True, landmarks=True)
    parity = check_parity(model, to_onnx(model))
    assert parity.passed
    assert parity.evidence < 1e-5
    assert parity.intensity < 1e-5
    assert parity.scale > 0.01
    assert parity.faces == 2 * (1 + 5)
    assert "batches of 1 and 5" in str(parity)


@pytest.fixture(scope="module")
def graph(toy) -> bytes:
    return to_onnx(toy())


@pytest.mark.parametrize("change", [3e-4, float("nan"), float("inf")])
def test_another_model_does_not_agree(toy, graph: bytes, change: float) -> None:
    model = toy()
    with torch.no_grad():
        model.head.bias[1] += change
    with pytest.raises(CardError, match=r"toy: PyTorch and ONNX Runtime disagree: largest difference of evidence"):
        check_parity(model, graph)


def test_what_onnx_runtime_refuses(toy) -> None:
    with pytest.raises(CardError, match=r"toy: ONNX Runtime cannot run its graph"):
        check_parity(toy(), b"no graph")


@pytest.mark.parametrize(
    ("evidence", "intensity", "scale", "passed"),
    [
        (TOLERANCE, None, 0.5, True),
        (1.1 * TOLERANCE, None, 0.5, False),
        (1.1 * TOLERANCE, None, 20.0, True),  # a share of large log-odds
        (0.0, 1.1 * TOLERANCE, 0.5, False),
        (float("nan"), None, 1.0, False),
        (0.0, float("nan"), 1.0, False),
        (0.0, None, float("inf"), False),
    ],
)
def test_how_much_may_differ(evidence: float, intensity: float | None, scale: float, passed: bool) -> None:
    assert Parity(evidence, intensity, scale, 1).passed is passed
