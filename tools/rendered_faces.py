"""Rendered faces as training data for the geometry estimator: reading them, meshing them, mending their labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.estimators.geometry import mesh_features
from actionunits.estimators.mouth import FEATURES, mouth_features, mouth_frame, mouth_picture
from actionunits.faces.face import Pose
from actionunits.faces.finder import FaceFinder
from actionunits.faces.pose import frontal, rotation_of_pose
from actionunits.facs import GEOMETRY_23

Float32 = NDArray[np.float32]

AUS = GEOMETRY_23
COPIES = 5  # jittered views of each mouth
PARTS_LIPS = (10, 16, 22, 25, 26, 27)


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


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the generator's rows (file, subject, frame, au, lm, pose) of every ``part*.json``, in a fixed order."""
    rows = [row for path in sorted(folder.glob("part*.json")) for row in json.loads(path.read_text())]
    return sorted(rows, key=lambda row: (row["subject"], row["frame"]))


def true_rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Turn the generator's angles (radians; y up, z to the viewer; Ry Rx Rz) into picture axes."""
    pose = Pose(pitch=-np.degrees(pitch), yaw=np.degrees(yaw), roll=-np.degrees(roll))
    return rotation_of_pose(pose)


def visible_levels(commanded: dict[str, float]) -> Float32:
    """Return (A,) visible levels, not only commanded ones: AUs 10, 16, 22, 26, 27 part the lips, 27 drops the jaw."""
    level = np.array([commanded.get(str(au), 0.0) for au in AUS], np.float32)
    place = {au: AUS.index(au) for au in (*PARTS_LIPS, 26)}
    level[place[25]] = max(level[place[au]] for au in PARTS_LIPS)
    level[place[26]] = max(level[place[26]], level[place[27]])
    return level


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
    if random.random() < 0.8:  # the generator's teeth are too dim: brighten what is less red than the lips
        features[:, 0] += random.uniform(0, 4) * np.clip(-features[:, 1], 0, 1)
        features[:, 0] -= features[:, 0].mean()
    return features.ravel()


def mesh_rendered_faces(folder: Path, *, seed: int) -> RenderedFaces:
    """Find and mesh the face in every picture of ``folder``; pictures without one are counted and left out."""
    finder = FaceFinder()
    random = np.random.default_rng(seed)
    kept: list[dict[str, Any]] = []
    meshes, mouths, copies = [], [], []
    rows = read_rows(folder)
    for row in rows:
        image = cv2.cvtColor(cv2.imread(str(folder / row["file"])), cv2.COLOR_BGR2RGB)
        found = finder.find(image)
        if not found:
            continue
        mesh = found[0].mesh
        kept.append(row)
        meshes.append(mesh)
        mouths.append(mouth_features(mouth_picture(image, *mouth_frame(mesh))))
        copies.append([jittered_mouth(image, mesh, random) for _ in range(COPIES)])
    return RenderedFaces(
        mesh=np.array(meshes, np.float32),
        rotation=np.array([true_rotation(*row["pose"]) for row in kept]),
        subject=np.array([row["subject"] for row in kept]),
        level=np.array([visible_levels(row["au"]) for row in kept]),
        lip_gap=np.array([lip_gap(np.array(row["lm"]), row["pose"][0]) for row in kept], np.float32),
        mouth=np.array(mouths, np.float32).reshape(-1, FEATURES),
        mouth_copies=np.array(copies, np.float32).reshape(-1, COPIES, FEATURES),
        missed=len(rows) - len(kept),
    )
