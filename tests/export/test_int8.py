"""The quantised graph: smaller, the same inputs and outputs, and nearly the same scores."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from actionunits.errors import CardError, UsageError  # noqa: E402
from actionunits.export.graph import to_onnx  # noqa: E402
from actionunits.export.int8 import to_int8  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.models import create_model  # noqa: E402

INPUT = {"id": "small", "crop": "face-160", "size": 140, "side": 64}


def faces(count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = 64 * (0.5 + 0.3 * MEAN_68 + rng.normal(0, 0.02, (count, 68, 2)))
    smooth = rng.normal(size=(count, 3, 8, 8)).repeat(8, axis=2).repeat(8, axis=3)
    return {"image": smooth.astype(np.float32), "landmarks": points.astype(np.float32)}


def scores(content: bytes, given: dict[str, np.ndarray]) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(["evidence", "intensity"], given)


@pytest.fixture(scope="module")
def plain() -> bytes:
    torch.manual_seed(0)
    model = create_model("detector", (1, 4, 12, 25), input=INPUT, size=32)
    return to_onnx(model.eval())


def test_a_third_of_the_size_and_nearly_the_same_scores(plain: bytes) -> None:
    small = to_int8(plain, [faces(8, seed) for seed in range(4)])
    assert len(small) < len(plain) / 2.5
    given = faces(12, 99)
    for one, other in zip(scores(plain, given), scores(small, given), strict=True):
        assert one.shape == other.shape == (12, 4)
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95
        assert 0 < np.abs(one - other).mean() < 0.2  # it is another graph


def test_it_needs_faces(plain: bytes) -> None:
    with pytest.raises(UsageError, match="needs faces"):
        to_int8(plain, [])
    with pytest.raises(CardError, match="cannot quantise"):
        to_int8(b"no graph", [faces(2, 0)])
