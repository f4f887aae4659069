"""The geometry estimator: its equation, what must not change its scores, and what it sees on rendered faces."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from actionunits.errors import CardError
from actionunits.estimators import AUScores, find_card, load_estimator
from actionunits.estimators.base import Estimator, LookedAt
from actionunits.estimators.card import read_weights
from actionunits.estimators.geometry import MESH_FEATURES, GeometryEstimator, GeometryWeights, mesh_features
from actionunits.estimators.mouth import mouth_features, mouth_frame, mouth_picture
from actionunits.faces import FaceFinder, FaceTracker
from actionunits.faces.pose import canonical_face, frontal
from actionunits.geometry import MESH_FLIP

LookedAts = tuple[LookedAt, ...]
FLIP = np.array(MESH_FLIP)


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return load_estimator("geometry")


@pytest.fixture(scope="module")
def weights() -> GeometryWeights:
    card, path = find_card("geometry")
    return GeometryWeights.load(read_weights(card, path), len(card.aus))


@pytest.fixture(scope="module")
def intensity(estimator: Estimator, looked_at: LookedAts) -> Callable[[int, int], float]:
    """A function of face and AU."""
    scores = estimator.predict(looked_at)
    return lambda face, au: float(scores.intensity[face, estimator.card.au_set.index(au)])


@pytest.mark.parametrize(
    ("shows", "au", "less"),
    [(0, 12, 2), (0, 12, 1), (0, 25, 2), (0, 6, 2), (1, 1, 2), (1, 2, 2), (1, 25, 2), (1, 26, 2), (3, 4, 2), (3, 9, 2)],
)
def test_what_the_rendered_faces_show(intensity: Callable[[int, int], float], shows: int, au: int, less: int) -> None:
    assert intensity(shows, au) > intensity(less, au) + 0.1


def test_clear_movements_reach_the_threshold(estimator: Estimator, looked_at: LookedAts) -> None:
    occurs = estimator.predict(looked_at).probability() >= np.array(estimator.card.thresholds)
    seen = [{au for au, yes in zip(estimator.card.aus, row, strict=True) if yes} for row in occurs]
    assert 25 in seen[0]
    assert {1, 2, 25} <= seen[1]
    assert not {12, 25, 26} & seen[2]


@pytest.mark.parametrize("au", [12, 25, 27])
def test_full_movements_of_the_mouth_are_called_and_rest_is_not(estimator: Estimator, au: int) -> None:
    pytest.importorskip("numba", reason="the extra [synth] is not installed")
    from actionunits.synth.filming import shoot
    from actionunits.synth.performance import Moment
    from actionunits.synth.setting import draw_setting
    from actionunits.synth.subject import build_subject

    finder, place = FaceFinder(), estimator.card.au_set.index(au)
    called: dict[float, int] = {0.0: 0, 5.0: 0}
    for person in range(4):
        subject, noise = build_subject(77, person), np.random.default_rng(person)
        setting = replace(draw_setting(np.random.default_rng([77, person]), wild=0.0), occluder=None)
        for level in called:
            moment = Moment(levels={au: (level, level)} if level else {})
            picture = shoot(subject, moment, setting, 256, noise).picture.rgb
            scores = estimator.predict([(picture, FaceTracker(finder).update(picture, 0.0)[0])])
            called[level] += int(scores.probability()[0, place] >= estimator.card.thresholds[place])
    assert called[5.0] >= 3
    assert called[0.0] <= 1


def test_batch_and_order_change_no_bit(estimator: Estimator, looked_at: LookedAts) -> None:
    alone = [estimator.predict([one]) for one in looked_at]
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 2, 0], [1]):
        together = estimator.predict([looked_at[place] for place in order])
        for row, place in enumerate(order):
            assert together.evidence[row].tobytes() == alone[place].evidence.tobytes()
            assert together.intensity[row].tobytes() == alone[place].intensity.tobytes()


def test_no_faces(estimator: Estimator) -> None:
    scores = estimator.predict([])
    assert scores.evidence.shape == scores.intensity.shape == (0, len(estimator.card.aus))


def test_mirrored_face_has_the_same_scores(estimator: Estimator, looked_at: LookedAts) -> None:
    for image, face in looked_at:
        mesh = face.mesh[FLIP].copy()
        mesh[:, 0] = image.shape[1] - 1 - mesh[:, 0]
        mirrored = (np.ascontiguousarray(image[:, ::-1]), replace(face, mesh=mesh, frontal=frontal(mesh)[0]))
        plain, turned = estimator.predict([(image, face)]), estimator.predict([mirrored])
        np.testing.assert_allclose(turned.intensity, plain.intensity, atol=0.02)
        np.testing.assert_allclose(turned.evidence, plain.evidence, atol=0.05)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 3),
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.floats(0.05, 20),
    st.tuples(*[st.floats(-5000, 5000)] * 3),
)
def test_mesh_features_know_no_place_size_or_attitude(
    looked_at: LookedAts,
    number: int,
    angles: tuple[float, float, float],
    scale: float,
    shift: tuple[float, float, float],
) -> None:
    mesh = looked_at[number][1].mesh.astype(np.float64)
    plain = mesh_features(frontal(mesh)[0])
    rotation = Rotation.from_euler("zyx", angles, degrees=True).as_matrix()
    moved = scale * (mesh - mesh.mean(0)) @ rotation.T + shift
    np.testing.assert_allclose(mesh_features(frontal(moved)[0]), plain, atol=1e-6)


def test_mesh_features_of_the_canonical_face_are_zero_and_sides_are_averaged() -> None:
    points = canonical_face().points
    assert np.abs(mesh_features(points)).max() < 0.02  # its own left and right differ a little
    one, other = points.copy(), points.copy()
    one[61] += [0.03, 0.02, 0.01]
    other[291] += [-0.03, 0.02, 0.01]
    np.testing.assert_allclose(mesh_features(one), mesh_features(other), atol=1e-6)
    assert np.abs(mesh_features(one) - mesh_features(points)).max() == pytest.approx(0.015, abs=1e-6)
    assert mesh_features(points).shape == (MESH_FEATURES,)


def test_scores_against_a_slow_loop(estimator: Estimator, weights: GeometryWeights, looked_at: LookedAts) -> None:
    """score = slope (x - mean) + offset, AU25 averaged with the mouth's; then the two straight lines."""
    w = {field.name: getattr(weights, field.name).astype(np.float64) for field in fields(weights)}
    scores = estimator.predict(looked_at)
    for row, (image, face) in enumerate(looked_at):
        x = mesh_features(face.frontal).tolist()
        g = mouth_features(mouth_picture(image, *mouth_frame(face.mesh))).astype(np.float64) - w["mouth_mean"]
        principal = [sum(axis * g) / scale for axis, scale in zip(w["mouth_axes"], w["mouth_scale"], strict=True)]
        hidden = [max(sum(h * principal) + o, 0) for h, o in zip(w["hidden"], w["hidden_offset"], strict=True)]
        mouth = sum(w["output"] * hidden) + w["output_offset"][0]
        for place, au in enumerate(estimator.card.aus):
            score = sum(s * (v - m) for s, v, m in zip(w["slope"][place], x, w["mean"], strict=True))
            score += w["offset"][place]
            if au == 25:
                score = (score + mouth) / 2
            evidence = w["evidence_slope"][place] * score + w["evidence_offset"][place]
            level = w["intensity_slope"][place] * (score - w["intensity_offset"][place])
            assert scores.evidence[row, place] == pytest.approx(evidence, abs=2e-3)
            assert scores.intensity[row, place] == pytest.approx(level, abs=1e-3)


def test_saved_and_read_again(estimator: Estimator, weights: GeometryWeights, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        weights.save(tmp_path / name)
    content = (tmp_path / "one.npz").read_bytes()
    assert content == (tmp_path / "two.npz").read_bytes()
    again = GeometryWeights.load(content, len(estimator.card.aus))
    for field in fields(weights):
        assert (getattr(again, field.name) == getattr(weights, field.name)).all()


def packed(weights: GeometryWeights, **changes: np.ndarray | None) -> bytes:
    arrays = {field.name: getattr(weights, field.name) for field in fields(weights)} | changes
    file = io.BytesIO()
    np.savez(file, **{name: values for name, values in arrays.items() if values is not None})
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: {"slope": None}, "slope"),
        (lambda w: {"slope": w.slope[:5]}, "slope"),
        (lambda w: {"mean": w.mean[:-1]}, "mean"),
        (lambda w: {"mouth_mean": w.mouth_mean[None]}, "mouth_mean"),
        (lambda w: {"hidden": w.hidden.T}, "hidden"),
        (lambda w: {"output": w.output[None]}, "output"),
        (lambda w: {"intensity_offset": np.zeros(24)}, "intensity_offset"),
        (lambda w: {"offset": np.full_like(w.offset, np.nan)}, "offset holds a value that is not finite"),
        (lambda w: {"offset": np.array(["a"] * 23)}, "cannot be read"),
        (lambda w: {"slope": np.array([{"a": 1}], object)}, "cannot be read"),  # would have to be unpickled
    ],
)
def test_arrays_that_do_not_fit(weights: GeometryWeights, change: Callable[..., dict], said: str) -> None:
    assert GeometryWeights.load(packed(weights), 23).slope.shape == (23, MESH_FEATURES)
    with pytest.raises(CardError, match=said):
        GeometryWeights.load(packed(weights, **change(weights)), 23)


def test_damaged_files(weights: GeometryWeights) -> None:
    whole = packed(weights)
    single = io.BytesIO()
    np.save(single, weights.slope)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (b"", b"numbers", whole[:1000], whole[:-100], b"PK\x03\x04", single.getvalue(), bytes(flipped)):
        with pytest.raises(CardError, match="cannot be read"):
            GeometryWeights.load(content, 23)


def test_weights_that_are_not_the_cards(tmp_path: Path, weights: GeometryWeights) -> None:
    _, path = find_card("geometry")
    for file in path.parent.iterdir():
        shutil.copy(file, tmp_path)
    copied = tmp_path / "card.json"
    assert isinstance(load_estimator(copied), GeometryEstimator)
    (tmp_path / "weights.npz").write_bytes(packed(weights))
    with pytest.raises(CardError, match="SHA-256"):
        load_estimator(copied)


def test_a_card_without_lips_part_is_refused(tmp_path: Path, weights: GeometryWeights) -> None:
    _, path = find_card("geometry")
    card = json.loads(path.read_text())
    content = packed(weights)
    (tmp_path / "weights.npz").write_bytes(content)
    card["weights"]["sha256"] = sha256(content).hexdigest()
    card["aus"][card["aus"].index(25)] = 11
    copied = tmp_path / "card.json"
    copied.write_text(json.dumps(card))
    with pytest.raises(CardError, match="AU25"):
        load_estimator(copied)


def test_at_rest_the_person_baseline_gives_the_neutral_evidence(estimator: Estimator, looked_at: LookedAts) -> None:
    neutral = np.array(estimator.card.neutral_evidence)
    rest = estimator.predict([looked_at[2]])
    smile: AUScores = estimator.predict([looked_at[0]]).relative_to(rest, neutral)
    assert rest.relative_to(rest, neutral).level().max() == 0
    assert smile.level()[0, estimator.card.au_set.index(12)] > 1
    assert not (rest.relative_to(rest, neutral).probability() >= np.array(estimator.card.thresholds)).any()
