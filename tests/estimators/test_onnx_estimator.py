"""The ONNX estimator on graphs so small that their outputs can be worked out by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from actionunits.analyzer import Analyzer
from actionunits.errors import CardError, ResultsError, UsageError
from actionunits.estimators import load_estimator
from actionunits.estimators.base import Estimator, LookedAt
from actionunits.estimators.card import read_card
from actionunits.estimators.onnx import OnnxEstimator
from actionunits.geometry import central_cut, crop, get_crop
from actionunits.geometry.chimera import chimera
from actionunits.media import read_image
from actionunits.results import Results
from actionunits.viz import Overlay

LookedAts = tuple[LookedAt, ...]
WriteCard = Callable[..., Path]
RECIPE = get_crop("face-112")
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
WEIGHTS = np.array([[1.0, -2.0], [0.5, 0.25], [-1.5, 3.0]], np.float32)  # (3 channels, 2 AUs)
OFFSETS = np.array([0.125, -0.75], np.float32)
PICTURE = {"name": "face", "crop": "face-112", "crop_hash": RECIPE.hash, "mean": MEAN, "std": STD}


def graph(
    weights: np.ndarray = WEIGHTS,
    *,
    input_name: str = "face",
    input_shape: tuple[Any, ...] = ("N", 3, 112, 112),
    input_type: int = TensorProto.FLOAT,
    outputs: tuple[str, ...] = ("evidence", "intensity"),
    landmarks: str | None = None,
) -> bytes:
    """A network whose evidence is the mean colour times ``weights`` plus OFFSETS, and whose intensity is twice that.

    With landmarks, the intensity is x and y of point 30 instead.
    """
    nodes = [
        helper.make_node("Cast", [input_name], ["picture"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["picture"], ["colour"], axes=[2, 3], keepdims=0),  # (N, 3)
        helper.make_node("Gemm", ["colour", "weights", "offsets"], [outputs[0]]),  # (N, A)
        *(helper.make_node("Add", [outputs[0], outputs[0]], [name]) for name in outputs[1:]),
    ]
    length = input_shape[0]
    inputs = [helper.make_tensor_value_info(input_name, input_type, input_shape)]
    initializers = [numpy_helper.from_array(np.array(30), "point")]
    if landmarks is not None:
        inputs.append(helper.make_tensor_value_info(landmarks, TensorProto.FLOAT, (length, 68, 2)))
        nodes[-1] = helper.make_node("Gather", [landmarks, "point"], ["intensity"], axis=1)
    made = helper.make_graph(
        nodes,
        "mean colour",
        inputs,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, (length, weights.shape[1])) for name in outputs],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(OFFSETS, "offsets"), *initializers],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def make(write_card: WriteCard) -> Callable[..., Estimator]:
    """A function that writes a graph and its card, and loads them."""

    def load(content: bytes | None = None, picture: dict[str, Any] = PICTURE, **words: Any) -> Estimator:
        path = write_card(graph(**words) if content is None else content, kind="onnx", input=picture)
        return load_estimator(path)

    return load


def colours(faces: LookedAts) -> np.ndarray:
    """The mean colour of each face's crop, normalised as the card says, (N, 3)."""
    crops = np.stack([crop(image, face.landmarks, RECIPE).image for image, face in faces]).astype(np.float64)
    return ((crops / 255 - MEAN) / STD).mean((1, 2))


def test_mean_colour_by_hand(make: Callable[..., Estimator], looked_at: LookedAts) -> None:
    estimator = make()
    assert isinstance(estimator, OnnxEstimator)
    scores = estimator.predict(looked_at)
    expected = colours(looked_at) @ WEIGHTS + OFFSETS
    assert scores.evidence.dtype == scores.intensity.dtype == np.float32
    np.testing.assert_allclose(scores.evidence, expected, atol=2e-5)
    np.testing.assert_allclose(scores.intensity, 2 * expected, atol=4e-5)
    assert np.ptp(expected, axis=0).min() > 0.05  # the faces differ, so rows in the wrong order would show


def test_intensities_are_multiplied_by_the_cards_gain(write_card: WriteCard, looked_at: LookedAts) -> None:
    content = graph()
    path = write_card(content, kind="onnx", input=PICTURE, intensity_gain=[1.5, 0.25])
    strong = load_estimator(path).predict(looked_at)
    plain = load_estimator(write_card(content, kind="onnx", input=PICTURE)).predict(looked_at)
    np.testing.assert_array_equal(strong.evidence, plain.evidence)
    np.testing.assert_allclose(strong.intensity, plain.intensity * [1.5, 0.25], rtol=1e-6)


def test_faces_in_the_mirror_count_as_much(write_card: WriteCard, looked_at: LookedAts) -> None:
    """The graph's intensity is where point 30 lies, the nose's tip: with its mirror image it is in the middle."""
    picture = PICTURE | {"landmarks": "points"}
    content = graph(landmarks="points")
    both = load_estimator(write_card(content, kind="onnx", input=picture, mirrored=True)).predict(looked_at)
    alone = load_estimator(write_card(content, kind="onnx", input=picture)).predict(looked_at)
    np.testing.assert_allclose(both.evidence, alone.evidence, atol=1e-4)  # the mean colour
    np.testing.assert_allclose(both.intensity[:, 0], (RECIPE.size - 1) / 2, atol=1e-3)
    np.testing.assert_allclose(both.intensity[:, 1], alone.intensity[:, 1], atol=1e-3)


def test_a_constant(make: Callable[..., Estimator], looked_at: LookedAts) -> None:
    scores = make(weights=np.zeros((3, 2), np.float32)).predict(looked_at)
    np.testing.assert_array_equal(scores.evidence, np.tile(OFFSETS, (4, 1)))
    np.testing.assert_array_equal(scores.intensity, np.tile(2 * OFFSETS, (4, 1)))


def test_the_middle_scaled_down_and_its_landmarks(make: Callable[..., Estimator], looked_at: LookedAts) -> None:
    picture = PICTURE | {"size": 96, "side": 32, "landmarks": "points"}
    scores = make(picture=picture, input_shape=("N", 3, 32, 32), landmarks="points").predict(looked_at)
    for row, (image, face) in enumerate(looked_at):
        whole = crop(image, face.landmarks, RECIPE)
        small, points = central_cut(whole.image, whole.landmarks, 96, 32)
        expected = ((small / 255 - MEAN) / STD).mean((0, 1)) @ WEIGHTS + OFFSETS
        np.testing.assert_allclose(scores.evidence[row], expected, atol=2e-5)
        np.testing.assert_allclose(scores.intensity[row], points[30], atol=1e-4)
        assert (points[30] > 0).all()
        assert (points[30] < 32).all()


def test_each_side_is_seen_without_the_other(make: Callable[..., Estimator], looked_at: LookedAts) -> None:
    estimator = make(picture=PICTURE | {"landmarks": "points"}, landmarks="points")
    for side, scores in zip(("left", "right"), estimator.predict_sides(looked_at), strict=True):
        for row, (image, face) in enumerate(looked_at):
            whole = crop(image, face.landmarks, RECIPE)
            made, points = chimera(whole.image, whole.landmarks, side)
            expected = ((made / 255 - MEAN) / STD).mean((0, 1)) @ WEIGHTS + OFFSETS
            np.testing.assert_allclose(scores.evidence[row], expected, atol=2e-5)
            np.testing.assert_allclose(scores.intensity[row], points[30], atol=1e-4)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("baseline", ["none", "median"])
def test_sides_go_into_the_table(
    write_card: WriteCard,
    clip: Callable[..., Path],
    pictures: tuple[np.ndarray, ...],
    tmp_path: Path,
    baseline: str,
    suffix: str,
) -> None:
    card = write_card(graph(landmarks="points"), kind="onnx", input=PICTURE | {"landmarks": "points"})
    source = clip("sides.mkv", [pictures[0], pictures[0], np.zeros_like(pictures[0])])
    results = Analyzer(card, baseline=baseline, sides=True).analyze(source)
    assert results.sidecar["sides"] is True
    for side in ("left", "right"):
        assert np.isnan(results[f"AU12_{side}"][2])  # no face
        assert ((results[f"AU12_{side}"][:2] >= 0) & (results[f"AU12_{side}"][:2] <= 5)).all()
    results.save(tmp_path / f"out.{suffix}")
    assert Results.read(tmp_path / f"out.{suffix}") == results
    plain = Analyzer(card, baseline=baseline).analyze(source)
    assert [name for name in results.columns if not name.endswith(("left", "right"))] == list(plain.columns)
    with pytest.raises(ResultsError, match="left and right"):
        Results.concat([plain, results])


def test_a_baseline_rests_both_sides(write_card: WriteCard, clip: Callable[..., Path], pictures) -> None:
    """What the halves say is lessened by what the whole face says at rest."""
    card = write_card(graph(), kind="onnx", input=PICTURE)
    source = clip("rest.mkv", [pictures[0]] * 3)
    estimator = load_estimator(card)
    frame, *_ = Analyzer(card, sides=True).stream(source)
    seen = [(frame.image, frame.faces[0].face)]
    whole, halves = estimator.predict(seen).intensity[0], estimator.predict_sides(seen)
    first, *_ = Analyzer(card, baseline="median", sides=True).stream(source)
    for found, half in zip(first.faces[0].sides, halves, strict=True):
        np.testing.assert_allclose(found, np.clip(half.intensity[0] - whole, 0, 5), atol=1e-3)


def test_not_every_model_tells_sides_apart(looked_at: LookedAts) -> None:
    with pytest.raises(UsageError, match="left from right"):
        load_estimator("geometry").predict_sides(looked_at)
    with pytest.raises(UsageError, match="left from right"):
        Analyzer("geometry", sides=True)


def test_no_more_is_cut_than_the_crop_has(make: Callable[..., Estimator]) -> None:
    with pytest.raises(CardError, match="cuts 113 pixels out of face-112, which has 112"):
        make(picture=PICTURE | {"size": 113}, input_shape=("N", 3, 113, 113))


@pytest.fixture
def silent(write_card: WriteCard) -> Path:
    """The card of a model that says no intensity."""
    return write_card(graph(outputs=("evidence",)), kind="onnx", input=PICTURE, intensity=False)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("baseline", ["none", "median"])
def test_a_model_without_intensity(
    silent: Path,
    clip: Callable[..., Path],
    pictures: tuple[np.ndarray, ...],
    tmp_path: Path,
    baseline: str,
    suffix: str,
) -> None:
    results = Analyzer(silent, baseline=baseline).analyze(clip("still.mkv", [pictures[0]] * 3))
    results.save(tmp_path / f"out.{suffix}")
    again = Results.read(tmp_path / f"out.{suffix}")
    assert again == results
    assert np.isnan(again["AU12_r"]).all()
    assert ((again["AU12_p"] > 0) & (again["AU12_p"] < 1)).all()
    if baseline == "median":  # at rest throughout
        np.testing.assert_allclose(again["AU12_p"], 1 / (1 + np.exp(2.0)), atol=1e-3)


def test_the_overlay_of_a_model_without_intensity(silent: Path, face_files: tuple[Path, ...]) -> None:
    """Its bars show the probability."""
    analyzer = Analyzer(silent, aus="12")
    (result,) = analyzer.stream(face_files[0])
    assert np.isnan(result.faces[0].intensity).all()
    drawn = Overlay(points="none").draw(result, analyzer.aus)
    blank = Overlay(points="none", bars=False).draw(result, analyzer.aus)
    assert (drawn != blank).any()
    assert read_image(face_files[0]).shape == drawn.shape


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 32])
def test_batches_agree(write_card: WriteCard, looked_at: LookedAts, batch: int) -> None:
    path = write_card(graph(), kind="onnx", input=PICTURE)
    many = OnnxEstimator(read_card(path), path, batch=batch)
    order = [2, 0, 3, 1, 2]
    together = many.predict([looked_at[place] for place in order])
    for row, place in enumerate(order):
        alone = many.predict([looked_at[place]])
        np.testing.assert_allclose(together.evidence[row], alone.evidence[0], atol=1e-5)
        np.testing.assert_allclose(together.intensity[row], alone.intensity[0], atol=1e-5)
    assert many.predict([]).evidence.shape == (0, 2)


def test_through_the_analyzer(write_card: WriteCard, face_files: tuple[Path, ...], looked_at: LookedAts) -> None:
    analyzer = Analyzer(write_card(graph(), kind="onnx", input=PICTURE), aus="25")
    (result,) = analyzer.stream(face_files[0])
    expected = (colours(looked_at[:1]) @ WEIGHTS + OFFSETS)[0, 1]
    assert result.faces[0].probability == pytest.approx([1 / (1 + np.exp(-expected))], abs=1e-3)
    assert result.faces[0].intensity == pytest.approx([np.clip(2 * expected, 0, 5)], abs=1e-2)
    assert result.faces[0].occurrence == [1 / (1 + np.exp(-expected)) >= 0.25]


@pytest.mark.parametrize(
    "words",
    [
        {"input_shape": ("N", 3, 96, 96)},
        {"input_shape": ("N", "C", 112, 112)},
        {"input_shape": (1, 3, 112, 112)},
        {"input_type": TensorProto.DOUBLE},
        {"input_name": "picture_of_face"},
    ],
)
def test_other_inputs_are_refused(make: Callable[..., Estimator], words: dict[str, Any]) -> None:
    with pytest.raises(CardError, match=r"card\.json: the graph's inputs are .*\(N, 3, 112, 112\)"):
        make(**words)


@pytest.mark.parametrize(
    "words",
    [
        {"outputs": ("evidence",)},
        {"outputs": ("logits", "intensity")},
    ],
)
def test_other_outputs_are_refused(make: Callable[..., Estimator], words: dict[str, Any]) -> None:
    with pytest.raises(CardError, match=r"card\.json: the graph's outputs are .*\(N, 2\)"):
        make(**words)


def test_more_outputs_are_left_alone(make: Callable[..., Estimator], looked_at: LookedAts) -> None:
    scores = make(outputs=("evidence", "intensity", "maps")).predict(looked_at)
    np.testing.assert_allclose(scores.intensity, 2 * scores.evidence)


def test_another_number_of_action_units_is_refused(write_card: WriteCard) -> None:
    path = write_card(graph(), kind="onnx", input=PICTURE, aus=[12], thresholds=[0.5], neutral_evidence=[0])
    with pytest.raises(CardError, match=r"the graph's outputs are .*\(N, 1\)"):
        load_estimator(path)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\x08\x07" * 50, graph()[:-200]], ids=["empty", "text", "bytes", "cut off"]
)
def test_garbage_is_refused(make: Callable[..., Estimator], content: bytes) -> None:
    with pytest.raises(CardError, match=r"weights\.bin: ONNX Runtime refuses it"):
        make(content)


def test_another_crop_is_refused(make: Callable[..., Estimator]) -> None:
    with pytest.raises(CardError, match="was made for crop face-112 00000000, here it is"):
        make(picture=PICTURE | {"crop_hash": "0" * 64})
    with pytest.raises(CardError, match=r"card\.json: .*no such crop recipe.*face-112"):
        make(picture=PICTURE | {"crop": "face-7"})


def test_a_card_without_a_picture_is_refused(write_card: WriteCard) -> None:
    path = write_card()
    with pytest.raises(CardError, match="has no `input`"):
        OnnxEstimator(read_card(path), path)
