"""Make the canonical face and the weights of the ``geometry`` estimator from rendered faces.

usage: python tools/train_geometry.py STORE... [--seed 0] [--cache meshes.npz]

The stores are sets of unrelated pictures. The shipped weights come from two, of 640 people together::

    actionunits synth generate UNIFORM --stills --subjects 320 --frames 16 --sequence-frames 16 --seed 5000
    actionunits synth generate BP4D --stills --preset bp4d --subjects 320 --frames 10 --sequence-frames 10 --seed 6000
    python tools/train_geometry.py UNIFORM BP4D --seed 0

Every figure that ends up in the card is measured on subjects held out (5-fold cross-validation by subject); the shipped
weights are then fitted on all of them. Runs in about four minutes on two cores. Needs the dev extra (scikit-learn).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPRegressor

from actionunits.estimators.card import AUQuality, Card, Licence, Quality, Training, Weights
from actionunits.estimators.geometry import LIPS_PART, GeometryWeights
from actionunits.faces import pose
from actionunits.geometry import MESH_FLIP, umeyama
from actionunits.store import Store
from rendered_faces import AUS, RenderedFaces, joined, mesh_rendered_faces

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
FACES_ROOM = ROOT / "src/actionunits/faces"
WEIGHTS_ROOM = ROOT / "src/actionunits/estimators/weights/geometry"
FOLDS = 5
RIDGE = 0.3
OCCURS_FROM = 1.5  # intensity: B or more
MOST_FALSE_ALARMS = 0.05
MOUTH_COMPONENTS, MOUTH_HIDDEN, MOUTH_NETWORKS = 60, 32, 3
GAP_AT_REST, GAP_PER_LEVEL, MOST_GAP_LEVEL = 1.2, 1.1, 3.0  # % of the eye-corner distance


def make_canonical(faces: RenderedFaces) -> pose.CanonicalFace:
    """Average the neutral faces, turned by their true pose; weigh points by how little expressions move them."""
    neutral = faces.level.sum(1) == 0
    flip = np.array(MESH_FLIP)
    turned = np.einsum("nij,nki->nkj", faces.rotation, faces.mesh - faces.mesh.mean(1, keepdims=True))  # (N, 468, 3)
    points = turned[neutral][0] / np.linalg.norm(turned[neutral][0][33] - turned[neutral][0][263])
    for _ in range(6):  # generalised Procrustes without rotation: that one is known
        sizes = np.array([umeyama(one, points).scale for one in turned[neutral]])
        points = (turned[neutral] * sizes[:, None, None]).mean(0)
        points /= np.linalg.norm(points[33] - points[263])
    points[:, 0] -= (points[33, 0] + points[263, 0]) / 2
    points = (points + points[flip] * (-1, 1, 1)) / 2
    points /= np.linalg.norm(points[33] - points[263])
    weights = np.full(468, 1 / 468)
    for _ in range(3):
        frontal = np.empty_like(turned)
        for place, mesh in enumerate(faces.mesh):
            scale, rotation, translation = umeyama(points, mesh, weights=weights)
            frontal[place] = (mesh - translation) @ rotation / scale
        away = frontal - points
        for subject in np.unique(faces.subject):
            away[faces.subject == subject] -= away[faces.subject == subject].mean(0)
        variance = (away**2).sum(-1).mean(0)
        weights = 1 / (variance + np.percentile(variance, 5))
        weights = (weights + weights[flip]) / 2
        weights /= weights.sum()
    return pose.CanonicalFace(points, weights)


def pose_errors(faces: RenderedFaces) -> dict[str, float]:
    """Return the mean absolute error of pitch, yaw and roll in degrees against the true pose."""
    found = [pose.pose_of_rotation(pose.frontal(mesh)[1]) for mesh in faces.mesh]
    true = [pose.pose_of_rotation(rotation) for rotation in faces.rotation]
    return {
        name: float(np.mean([abs(getattr(a, name) - getattr(b, name)) for a, b in zip(found, true, strict=True)]))
        for name in ("pitch", "yaw", "roll")
    }


def gap_levels(faces: RenderedFaces) -> Float32:
    """Return (N,) how far the lips are visibly parted, as a level that saturates; 0 where no AU parts them."""
    parted = np.clip((faces.lip_gap - GAP_AT_REST) / GAP_PER_LEVEL, 0, MOST_GAP_LEVEL)
    return np.where(faces.level[:, AUS.index(LIPS_PART)] > 0, parted, 0).astype(np.float32)


def fit_ridge(features: Float32, levels: Float32) -> dict[str, Float32]:
    """Fit one ridge per AU."""
    mean, size = features.mean(0), features.std()
    model = Ridge(alpha=RIDGE).fit((features - mean) / size, levels)
    return {
        "mean": mean,
        "slope": (model.coef_ / size).astype(np.float32),
        "offset": model.intercept_.astype(np.float32),
    }


def fit_mouth(plain: Float32, copies: Float32, levels: Float32, seed: int) -> dict[str, Float32]:
    """Fit small networks on mouth features and their jittered copies; their mean is one network."""
    features = np.concatenate([plain, copies.reshape(-1, plain.shape[1])])
    target = np.concatenate([levels, np.repeat(levels, copies.shape[1])])
    mean = features.mean(0)
    axes = PCA(MOUTH_COMPONENTS, random_state=seed).fit((features - mean)[::3]).components_
    components = (features - mean) @ axes.T
    spread = components.std(0)
    scale = spread + 0.2 * spread[0]
    networks = [
        MLPRegressor(
            hidden_layer_sizes=(MOUTH_HIDDEN,), alpha=1.0, max_iter=25, tol=0, random_state=seed + k, batch_size=128
        ).fit(components / scale, target)
        for k in range(MOUTH_NETWORKS)
    ]
    return {
        "mouth_mean": mean,
        "mouth_axes": axes,
        "mouth_scale": scale,
        "hidden": np.concatenate([n.coefs_[0].T for n in networks]),
        "hidden_offset": np.concatenate([n.intercepts_[0] for n in networks]),
        "output": np.concatenate([n.coefs_[1][:, 0] for n in networks]) / MOUTH_NETWORKS,
        "output_offset": np.array([np.mean([n.intercepts_[1][0] for n in networks])]),
    }


def fit(faces: RenderedFaces, features: Float32, rows: NDArray[np.bool_], seed: int) -> GeometryWeights:
    """Fit everything but the links (log-odds and intensity scale) on some rows."""
    levels = faces.level[rows].copy()
    levels[:, AUS.index(LIPS_PART)] = gap_levels(faces)[rows]
    parts = fit_ridge(features[rows], levels)
    parts |= fit_mouth(faces.mouth[rows], faces.mouth_copies[rows], gap_levels(faces)[rows], seed)
    one, nothing = np.ones(len(AUS)), np.zeros(len(AUS))
    links = {"evidence_slope": one, "evidence_offset": nothing, "intensity_slope": one, "intensity_offset": nothing}
    return GeometryWeights(**{name: np.asarray(value, np.float32) for name, value in (parts | links).items()})


def scores(weights: GeometryWeights, faces: RenderedFaces, features: Float32, rows: NDArray[np.bool_]) -> Float32:
    """Return (rows, A) scores."""
    place = AUS.index(LIPS_PART)
    return np.stack(
        [
            weights.scores(mesh, weights.mouth_score(mouth), place)
            for mesh, mouth in zip(features[rows], faces.mouth[rows], strict=True)
        ]
    )


def icc31(a: Float64, b: Float64) -> float:
    """ICC(3,1) of two raters: 2 cov / (var + var)."""
    return float(2 * np.cov(a, b)[0, 1] / (a.var(ddof=1) + b.var(ddof=1)))


def fit_links(weights: GeometryWeights, held_out: Float32, levels: Float32) -> tuple[GeometryWeights, Float64, Float64]:
    """Fit log-odds, intensity scale and thresholds on held-out scores; return weights, thresholds, neutral log-odds."""
    neutral = levels.sum(1) == 0
    columns: dict[str, list[float]] = {name: [] for name in ("es", "eo", "is", "io", "threshold", "neutral")}
    for place in range(len(AUS)):
        score, level = held_out[:, place].astype(np.float64), levels[:, place]
        occurs, absent = level >= OCCURS_FROM, level == 0
        logistic = LogisticRegression(C=1e6).fit(score[:, None], occurs)
        slope, offset = float(logistic.coef_[0, 0]), float(logistic.intercept_[0])
        rest = float(np.median(score[absent]))
        # expected intensity given the score: a weak score stays a small number instead of a bold guess
        stretch = np.polyfit(score - rest, level, 1)[0]
        candidates = np.quantile(score, np.linspace(0.02, 0.998, 300))
        quiet = [t for t in candidates if (score[absent] >= t).mean() <= MOST_FALSE_ALARMS and t > rest]
        best = quiet[int(np.argmax([f1_score(occurs, score >= t) for t in quiet]))]
        columns["es"].append(slope)
        columns["eo"].append(offset)
        columns["is"].append(float(stretch))
        columns["io"].append(rest)
        columns["threshold"].append(round(1 / (1 + np.exp(-(slope * best + offset))), 4))
        columns["neutral"].append(round(slope * float(np.median(score[neutral])) + offset, 4))
    linked = replace(
        weights,
        evidence_slope=np.array(columns["es"], np.float32),
        evidence_offset=np.array(columns["eo"], np.float32),
        intensity_slope=np.array(columns["is"], np.float32),
        intensity_offset=np.array(columns["io"], np.float32),
    )
    return linked, np.array(columns["threshold"]), np.array(columns["neutral"])


def judge(
    weights: GeometryWeights, held_out: Float32, levels: Float32, subjects: NDArray[np.int64]
) -> tuple[AUQuality, ...]:
    """Measure every AU on held-out scores; links and thresholds come from the other folds' subjects."""
    intensity = np.empty_like(held_out)
    occurrence = np.empty(held_out.shape, bool)
    for others, fold in GroupKFold(FOLDS).split(held_out, groups=subjects):
        linked, thresholds, _ = fit_links(weights, held_out[others], levels[others])
        evidence = held_out[fold] * linked.evidence_slope + linked.evidence_offset
        occurrence[fold] = 1 / (1 + np.exp(-evidence)) >= thresholds
        intensity[fold] = np.clip((held_out[fold] - linked.intensity_offset) * linked.intensity_slope, 0, 5)
    rows = []
    for place, au in enumerate(AUS):
        occurs, absent = levels[:, place] >= OCCURS_FROM, levels[:, place] == 0
        called = occurrence[:, place]
        rows.append(
            AUQuality(
                au=au,
                positives=int(occurs.sum()),
                auroc=round(float(roc_auc_score(occurs, held_out[:, place])), 3),
                f1=round(float(f1_score(occurs, called)), 3),
                icc=round(icc31(intensity[:, place].astype(np.float64), levels[:, place].astype(np.float64)), 3),
                mae=round(float(np.abs(intensity[:, place] - levels[:, place]).mean()), 3),
                false_positive_rate=round(float(called[absent].mean()), 3),
            )
        )
    return tuple(rows)


def make_card(
    faces: RenderedFaces, weights_hash: str, thresholds: Float64, neutral: Float64, quality: Quality, seed: int
) -> Card:
    """Write down what was made."""
    text = json.loads((ROOT / "tools/geometry_card.json").read_text(encoding="utf-8"))
    subjects = len(np.unique(faces.subject))
    return Card(
        format=1,
        name="geometry",
        version=text["version"],
        title=text["title"],
        kind="geometry",
        aus=tuple(AUS),
        weights=Weights(file="weights.npz", sha256=weights_hash),
        thresholds=tuple(float(t) for t in thresholds),
        neutral_evidence=tuple(float(e) for e in neutral),
        limits=tuple(text["limits"]),
        intended_use=text["intended_use"],
        licence=Licence(**text["licence"]),
        training=Training(
            data=text["training"]["data"],
            labels=text["training"]["labels"],
            command=f"python tools/train_geometry.py UNIFORM BP4D --seed {seed}",
            seed=seed,
            subjects=subjects,
            images=len(faces.subject),
        ),
        quality=quality,
    )


def save_faces(faces: RenderedFaces, path: Path) -> None:
    """Keep meshed faces, so that a second run need not mesh again."""
    np.savez(path, **{field.name: getattr(faces, field.name) for field in fields(faces)})


def load_faces(path: Path) -> RenderedFaces:
    """Read what :func:`save_faces` wrote."""
    with np.load(path, allow_pickle=False) as data:
        arrays = {field.name: data[field.name] for field in fields(RenderedFaces)}
    return RenderedFaces(**(arrays | {"missed": int(arrays["missed"])}))


def main() -> None:
    """Run the whole recipe and print what it measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="keep the meshes here, or take them from here")
    arguments = parser.parse_args()
    if arguments.cache and arguments.cache.exists():
        faces = load_faces(arguments.cache)
    else:
        faces = joined([mesh_rendered_faces(Store(store), seed=arguments.seed) for store in arguments.store])
        if arguments.cache:
            save_faces(faces, arguments.cache)
    print(f"{len(faces.subject)} faces of {len(np.unique(faces.subject))} subjects, {faces.missed} not found")

    canonical = make_canonical(faces)
    np.savez_compressed(
        FACES_ROOM / "canonical.npz",
        points=canonical.points.astype(np.float32),
        weights=canonical.weights.astype(np.float32),
    )
    pose.canonical_face.cache_clear()
    print("head pose, mean absolute error in degrees:", {k: round(v, 2) for k, v in pose_errors(faces).items()})

    features = faces.features()
    held_out = np.empty((len(features), len(AUS)), np.float32)
    for train, test in GroupKFold(FOLDS).split(features, groups=faces.subject):
        rows = np.zeros(len(features), bool)
        rows[train] = True
        held_out[test] = scores(fit(faces, features, rows, arguments.seed), faces, features, ~rows)
    everything = np.ones(len(features), bool)
    weights, thresholds, neutral = fit_links(fit(faces, features, everything, arguments.seed), held_out, faces.level)

    quality = Quality(
        protocol=f"{FOLDS}-fold cross-validation by subject on rendered faces; an AU occurs from intensity "
        f"{OCCURS_FROM} (FACS B); false-positive rate where its intensity is 0; thresholds are fitted on the other "
        "folds",
        per_au=judge(weights, held_out, faces.level, faces.subject),
    )
    WEIGHTS_ROOM.mkdir(parents=True, exist_ok=True)
    weights.save(WEIGHTS_ROOM / "weights.npz")
    weights_hash = sha256((WEIGHTS_ROOM / "weights.npz").read_bytes()).hexdigest()
    card = make_card(faces, weights_hash, thresholds, neutral, quality, arguments.seed)
    (WEIGHTS_ROOM / "card.json").write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for row in quality.per_au:
        print(
            f"AU{row.au:<3} n {row.positives:5} AUROC {row.auroc:.3f} F1 {row.f1:.3f} ICC {row.icc:.3f} "
            f"MAE {row.mae:.3f}"
        )
    for name in ("auroc", "f1", "icc", "mae"):
        print(f"mean {name} {np.mean([getattr(row, name) for row in quality.per_au]):.3f}")


if __name__ == "__main__":
    main()
