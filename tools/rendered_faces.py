"""Rendered faces as training data for the geometry estimator: reading them, meshing them, mending their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from actionunits.estimators.geometry import mesh_features
from actionunits.estimators.mouth import FEATURES, mouth_features, mouth_frame, mouth_picture
from actionunits.faces.face import Pose
from actionunits.faces.finder import FaceFinder
from actionunits.faces.pose import frontal, rotation_of_pose
from actionunits.facs import GEOMETRY_23
from actionunits.store import Store

Float32 = NDArray[np.float32]

AUS = GEOMETRY_23
BLINK, EYES_CLOSED = 45, 43
OCCLUDED = "occluded"
COPIES = 5  # jittered views of each mouth


@dataclass(frozen=True)
class RenderedFaces:
    """N rendered faces in which the mesh was found.

    Attributes:
        mesh: (N, 468, 3), pixels.
        rotation: (N, 3, 3), the true head pose in axes x right, y down, z away.
        subject: (N,) int.
        level: (N, A) visible intensity 0-5.
        lip_gap: (N,) true distance between the inner lips in % of the outer-eye-corner distance.
        mouth: (N, G) mouth features.
        mouth_copies: (N, COPIES, G) the same, jittered.
        missed: how many pictures had no face.
    """

    mesh: Float32
    rotation: NDArray[np.float64]
    subject: NDArray[np.int64]
    level: Float32
    lip_gap: Float32
    mouth: Float32
    mouth_copies: Float32
    missed: int

    def features(self) -> Float32:
        """(N, F) mesh features (needs the canonical face)."""
        return np.stack([mesh_features(frontal(mesh)[0]) for mesh in self.mesh])


def visible_levels(store: Store) -> Float32:
    """Return (n, A) visible intensities of every frame; a blink closes the eyes as AU43 does."""
    levels = store.labels(AUS, kind="intensity").astype(np.float32)
    if BLINK in store.au_set:
        closed = AUS.index(EYES_CLOSED)
        levels[:, closed] = np.maximum(levels[:, closed], store.labels((BLINK,), kind="intensity")[:, 0])
    return levels


def lip_gap(landmarks: NDArray[np.floating], yaw: float) -> float:
    """Return the distance of the inner lips in % of the outer-eye-corner distance, from (68, 2) true landmarks."""
    inner = np.mean([np.hypot(*(landmarks[a] - landmarks[b])) for a, b in ((61, 67), (62, 66), (63, 65))])
    return float(100 * inner * np.cos(yaw) / np.hypot(*(landmarks[36] - landmarks[45])))


def jittered_mouth(image: NDArray[np.uint8], mesh: Float32, random: np.random.Generator) -> Float32:
    """Return mouth features as other light, another camera, a less exact mesh or brighter teeth would give them."""
    centre, across, down = mouth_frame(mesh)
    ratio = np.hypot(*across) / np.hypot(*down)
    centre = centre + across * random.normal(0, 0.05) + down * random.normal(0, 0.12)
    shear = random.normal(0, 0.05)
    across, down = across * np.exp(random.normal(0, 0.06)), down * np.exp(random.normal(0, 0.15))
    across, down = across + 0.5 * shear * ratio * down, down - shear / ratio * across
    blur = random.uniform(0.3, 2.5) if random.random() < 0.5 else 0.0
    features = mouth_features(
        mouth_picture(image, centre, across, down, blur=blur),
        gamma=2.2 * np.exp(random.normal(0, 0.15)),
        gain=random.normal(0, 0.1, 3).astype(np.float32),
    ).reshape(-1, 3)
    if random.random() < 0.4:  # brighter teeth than the generator draws: brighten what is less red than the lips
        features[:, 0] += random.uniform(0, 4) * np.clip(-features[:, 1], 0, 1)
        features[:, 0] -= features[:, 0].mean()
    return features.ravel()


def joined(sets: Sequence[RenderedFaces]) -> RenderedFaces:
    """Put several sets together; nobody is in two of them."""
    people = np.cumsum([0, *(one.subject.max() + 1 for one in sets)])
    arrays = {
        each.name: np.concatenate([getattr(one, each.name) for one in sets])
        for each in fields(RenderedFaces)
        if each.name not in ("subject", "missed")
    }
    subject = np.concatenate([one.subject + first for one, first in zip(sets, people, strict=False)])
    return RenderedFaces(subject=subject, missed=sum(one.missed for one in sets), **arrays)


def mesh_rendered_faces(store: Store, *, seed: int) -> RenderedFaces:
    """Find and mesh the face in every picture of a store.

    Pictures in which something hides part of the face are left out; those without a found face are counted.
    """
    finder = FaceFinder()
    random = np.random.default_rng(seed)
    table = store.frames
    free = [OCCLUDED not in flags.split("|") for flags in table["flags"].to_pylist()]
    kept: list[int] = []
    meshes, mouths, copies = [], [], []
    for row in np.flatnonzero(free).tolist():
        image = store.image(row)
        found = finder.find(image)
        if not found:
            continue
        mesh = found[0].mesh
        kept.append(row)
        meshes.append(mesh)
        mouths.append(mouth_features(mouth_picture(image, *mouth_frame(mesh))))
        copies.append([jittered_mouth(image, mesh, random) for _ in range(COPIES)])
    pitch, yaw, roll = (table[name].to_numpy()[kept] for name in ("pose_pitch", "pose_yaw", "pose_roll"))
    people = np.unique(table["subject"].to_numpy(), return_inverse=True)[1]
    angles = list(zip(pitch.tolist(), yaw.tolist(), roll.tolist(), strict=True))
    gaps = [lip_gap(store.landmarks(row), np.radians(turn)) for row, (_, turn, _) in zip(kept, angles, strict=True)]
    return RenderedFaces(
        mesh=np.array(meshes, np.float32),
        rotation=np.array([rotation_of_pose(Pose(*each)) for each in angles]),
        subject=people[kept],
        level=visible_levels(store)[kept],
        lip_gap=np.array(gaps, np.float32),
        mouth=np.array(mouths, np.float32).reshape(-1, FEATURES),
        mouth_copies=np.array(copies, np.float32).reshape(-1, COPIES, FEATURES),
        missed=sum(free) - len(kept),
    )
