"""Strokes and noise in the chart: what skin, wrinkles and make-up are painted with.

Every picture here is a square float32 array over the whole chart, of any size; places are chart units (u, v), lengths
across a stroke decimetres on the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from actionunits.synth.chart import U_HIGH, U_LOW, V_HIGH, V_LOW

Float32 = NDArray[np.float32]
Place = tuple[float, float]

U_TO_WORLD = 1.22  # decimetres of skin per unit of u at the front of the face
_SAMPLES = 40


@lru_cache(maxsize=8)
def axes(size: int) -> tuple[Float32, Float32]:
    """Return u of every column and v of every row, (size,) each."""
    middle = (np.arange(size) + 0.5) / size
    u = (U_LOW + middle * (U_HIGH - U_LOW)).astype(np.float32)
    v = (V_HIGH - middle * (V_HIGH - V_LOW)).astype(np.float32)
    u.flags.writeable = v.flags.writeable = False
    return u, v


def to_texels(places: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return (n, 2) column and row of (n, 2) chart places, pixel centres at integers."""
    u, v = np.asarray(places, float).T
    return np.stack([(u - U_LOW) / (U_HIGH - U_LOW), (V_HIGH - v) / (V_HIGH - V_LOW)], 1) * size - 0.5


def window(size: int, low: Place, high: Place) -> tuple[slice, slice]:
    """Return the rows and columns of a box of the chart, cut at the chart's edge."""
    (left, bottom), (right, top) = to_texels([low, high], size)
    rows = slice(max(int(top), 0), max(min(int(bottom) + 2, size), 0))
    columns = slice(max(int(left), 0), max(min(int(right) + 2, size), 0))
    return rows, columns


def smoothstep(low: float, high: float, value: ArrayLike) -> Float32:
    """Return 0 below ``low``, 1 above ``high`` (or the reverse where ``low > high``), smooth between."""
    share = np.clip((np.asarray(value, np.float32) - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def mound(size: int, place: Place, spread: Place, *, mirrored: bool = True) -> Float32:
    """Return (size, size), a Gaussian of height 1; mirrored to the other side of the face unless told."""
    u, v = axes(size)
    across = np.exp(-0.5 * np.square((u - place[0]) / spread[0]))
    if mirrored and place[0] != 0:
        across = across + np.exp(-0.5 * np.square((u + place[0]) / spread[0]))
    return np.outer(np.exp(-0.5 * np.square((v - place[1]) / spread[1])), across).astype(np.float32)


def add_mound(picture: Float32, place: Place, spread: Place, height: float) -> None:
    """Add one Gaussian in place, cut off at 3.5 spreads."""
    size = len(picture)
    reach = (3.5 * spread[0], 3.5 * spread[1])
    rows, columns = window(size, (place[0] - reach[0], place[1] - reach[1]), (place[0] + reach[0], place[1] + reach[1]))
    u, v = axes(size)
    across = np.exp(-0.5 * np.square((u[columns] - place[0]) / spread[0]))
    picture[rows, columns] += np.outer(height * np.exp(-0.5 * np.square((v[rows] - place[1]) / spread[1])), across)


def noise(random: np.random.Generator, cells: int, size: int) -> Float32:
    """Return (size, size) smooth noise of about unit variance with ``cells`` bumps along a side."""
    grains = random.standard_normal((cells + 2, cells + 2), dtype=np.float32)
    return np.asarray(cv2.resize(grains, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def fractal(random: np.random.Generator, cells: int, octaves: int, size: int, gain: float = 0.6) -> Float32:
    """Return (size, size) noise of unit variance: ``octaves`` layers, each twice as fine and ``gain`` as strong."""
    total = noise(random, cells, size)
    for octave in range(1, octaves):
        total += np.float32(gain**octave) * noise(random, cells << octave, size)
    total *= np.float32(1 / total.std())
    return total


def curve(places: Sequence[Place], samples: int = _SAMPLES) -> NDArray[np.float64]:
    """Return (samples, 2) places of a smooth curve through the given ones."""
    points = np.asarray(places, float)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    evenly = np.linspace(0, along[-1], samples)
    if len(points) == 2:
        return np.stack([np.interp(evenly, along, column) for column in points.T], 1)
    return np.asarray(CubicSpline(along, points, axis=0)(evenly), np.float64)


def distance_to(
    line: NDArray[np.float64], size: int, reach: float
) -> tuple[tuple[slice, slice], Float32, NDArray[np.intp]]:
    """Measure the pixels near a curve.

    Args:
        line: (n, 2) chart places.
        size: of the picture.
        reach: decimetres around the curve that matter.

    Returns:
        The window (rows, columns) of the picture; the signed distance of its pixels from the curve in decimetres,
        positive to the left of the way the curve runs; and for each the nearest sample, 0 to n - 1.
    """
    margin = np.array([reach / U_TO_WORLD, reach])
    low, high = line.min(0) - margin, line.max(0) + margin
    place = window(size, (low[0], low[1]), (high[0], high[1]))
    u, v = axes(size)
    scale = np.array([U_TO_WORLD, 1.0])
    on_face = line * scale
    x, y = u[place[1]] * U_TO_WORLD, v[place[0]]
    square = (x[None, :, None] - on_face[:, 0].astype(np.float32)) ** 2
    square = square + (y[:, None, None] - on_face[:, 1].astype(np.float32)) ** 2  # (rows, columns, n)
    nearest = square.argmin(2)
    way = np.gradient(on_face, axis=0)
    way /= np.hypot(*way.T)[:, None] + 1e-12
    across = np.stack([-way[:, 1], way[:, 0]], 1)
    foot, normal = on_face[nearest], across[nearest]
    beside = (x[None, :] - foot[..., 0]) * normal[..., 0] + (y[:, None] - foot[..., 1]) * normal[..., 1]
    exact = np.sqrt(np.take_along_axis(square, nearest[..., None], 2)[..., 0])
    at_end = (nearest == 0) | (nearest == len(line) - 1)
    return place, np.where(at_end, np.copysign(exact, beside), beside).astype(np.float32), nearest


def slope_of(height: Float32, size: int) -> Float32:
    """Return (rows, columns, 2), dh/du and dh/dv, of a window of a chart ``size`` pixels wide; 0 outside it."""
    padded = cv2.copyMakeBorder(
        height, 1, 1, 1, 1, cv2.BORDER_REPLICATE if len(height) == size else cv2.BORDER_CONSTANT
    )
    slope = np.empty((*height.shape, 2), np.float32)
    np.subtract(padded[1:-1, 2:], padded[1:-1, :-2], out=slope[..., 0])
    np.subtract(padded[:-2, 1:-1], padded[2:, 1:-1], out=slope[..., 1])
    slope *= np.array([size / (2 * (U_HIGH - U_LOW)), size / (2 * (V_HIGH - V_LOW))], np.float32)
    return slope
