"""Features in a plane: t-SNE, coloured by occurrence (RE-Net, Fig. 3) or by action unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from actionunits.errors import UsageError
from actionunits.facs import AUSet, column
from actionunits.viz.charts import BLUE, GREEN, GREY, RED, Axis, Chart
from actionunits.viz.palette import Colour, Picture
from actionunits.viz.panel import short_name

Float32 = NDArray[np.float32]

LEAST = 5
"""Points below which there is no neighbourhood to keep."""

_COMPONENTS = 50
_PERPLEXITY = 30.0
_MARGIN = 0.06  # of the plane's width
_APART = (0.06, 0.04)  # of the plane's width and height; nearer names lie on each other
_SIZE, _WIDE = (400, 420), (900, 760)  # pixels
_COLUMNS = 3
_SERIES: tuple[Colour, ...] = (BLUE, RED, GREEN, (230, 159, 0), (204, 121, 167), (86, 180, 233), GREY)


def embed(features: NDArray[np.floating], *, seed: int = 0) -> Float32:
    """Points in a plane whose neighbours are neighbours in feature space: t-SNE of the first principal components.

    Args:
        features: (N, D), finite; each component is taken as it is.
        seed: the same gives the same plane on one machine.

    Returns:
        (N, 2) float32; only neighbourhood means something, neither axes nor far distances do. Zeros where all features
        are the same.

    Raises:
        UsageError: there are fewer than :data:`LEAST` points, or a number is not finite.

    Source: van der Maaten and Hinton, "Visualizing data using t-SNE" (2008), as in RE-Net, Fig. 3.
    """
    points = np.asarray(features, np.float64)
    if points.ndim != 2 or len(points) < LEAST:
        raise UsageError(f"features of shape {points.shape}", f"t-SNE needs (N, D), N from {LEAST} on", "Take more")
    if not np.isfinite(points).all():
        raise UsageError("features", "a number is not finite", "Mend the model")
    if (points == points[0]).all():
        return np.zeros((len(points), 2), np.float32)
    kept = min(_COMPONENTS, *points.shape)
    reduced = PCA(kept, svd_solver="full").fit_transform(points)
    reduced = np.pad(reduced, ((0, 0), (0, max(0, 2 - kept))))  # t-SNE begins with two
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    plane = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    return np.asarray(plane, np.float32)


def occurrence_picture(planes: Sequence[Float32], labels: NDArray[np.int8], aus: AUSet, note: str) -> Picture:
    """One plane an action unit, its frames coloured by whether the AU is labelled to occur.

    Args:
        planes: (N, 2) of each AU, A of them; of a model with one feature for all, the same A times.
        labels: (N, A) int8: 0, 1, or -1 for unknown.
        aus: A action units.
        note: under each AU's name.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    tiles = [
        _plane(plane, labels[:, place], f"{column(au)} {short_name(au)}", note)
        for place, (au, plane) in enumerate(zip(aus, planes, strict=True))
    ]
    columns = min(_COLUMNS, len(tiles))
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)])


def au_picture(features: NDArray[np.floating], aus: AUSet, title: str, *, seed: int = 0) -> Picture:
    """One plane for the features of all action units, told apart by a key, or where there are more AUs than colours by
    names amid their points.

    Args:
        features: (N, A, D).
        aus: A action units.
        title: over the picture.
        seed: of :func:`embed`.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    count, width = features.shape[0], features.shape[1]
    plane = embed(features.reshape(count * width, -1), seed=seed).reshape(count, width, 2)
    keys = [(f"AU{au}", colour) for au, colour in zip(aus, _SERIES, strict=False)] if width <= len(_SERIES) else []
    note = f"t-SNE of {count} frames, a point for each action unit"
    note += "" if keys else ", whose number stands amid its points"
    chart = Chart(*_axes(plane), title, note, size=_WIDE, keys=keys)
    for place in range(width):
        colour = _SERIES[place % len(_SERIES)]
        chart.points(plane[:, place, 0], plane[:, place, 1], colour, radius=4)
    if not keys:
        for name, x, y in _names(plane, aus):
            chart.text(name, x, y, size=22)
    return chart.canvas


def _names(plane: Float32, aus: AUSet) -> list[tuple[str, float, float]]:
    """Names and their places amid the points, (N, A, 2); one for all AUs whose names would lie on each other."""
    apart = _APART * np.ptp(plane.reshape(-1, 2), axis=0)
    groups: list[tuple[list[str], Float32]] = []
    for au, middle in zip(aus, np.median(plane, axis=0), strict=True):
        near = next((names for names, place in groups if (np.abs(middle - place) < apart).all()), None)
        if near is None:
            groups.append(([str(au)], middle))
        else:
            near.append(str(au))
    return [(", ".join(names), float(x), float(y)) for names, (x, y) in groups]


def _plane(plane: Float32, labels: NDArray[np.int8], title: str, note: str) -> Picture:
    kinds: tuple[tuple[str, int, Colour, int], ...] = (
        ("unknown", -1, GREY, 3),
        ("absent", 0, BLUE, 4),
        ("occurs", 1, RED, 5),
    )
    counts = [(name, int((labels == value).sum()), value, colour, radius) for name, value, colour, radius in kinds]
    there = [each for each in counts if each[1]]
    keys = [(f"{name} {count}", colour) for name, count, _, colour, _ in there]
    chart = Chart(*_axes(plane), title, note, size=_SIZE, keys=keys)
    for _, _, value, colour, radius in there:
        chosen = plane[labels == value]
        chart.points(chosen[:, 0], chosen[:, 1], colour, radius=radius)
    return chart.canvas


def _axes(plane: Float32) -> tuple[Axis, Axis]:
    """Axes without numbers: those of t-SNE mean nothing."""
    flat = plane.reshape(-1, 2)
    low, high = flat.min(axis=0), flat.max(axis=0)
    margin = np.maximum((high - low) * _MARGIN, 1e-6)
    ends = zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
    x, y = (Axis(first, last, "", ()) for first, last in ends)
    return x, y
