"""What shading needs to know of a triangle mesh: normals, how the skin's chart lies on it, which vertices touch."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from actionunits.synth.kernels import kernel
from actionunits.synth.rig import LASHES, SKIN, Rig

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]


@kernel
def vertex_normals(points: Float32, triangles: Int32) -> Float32:
    """Return (n, 3) unit normals, outwards: the area-weighted mean of the triangles around each vertex."""
    normals = np.zeros(points.shape, np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in range(3):
            i = triangles[t, k]
            normals[i, 0] += x
            normals[i, 1] += y
            normals[i, 2] += z
    for i in range(points.shape[0]):
        length = math.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        scale = np.float32(1 / max(length, 1e-20))
        normals[i, 0] *= scale
        normals[i, 1] *= scale
        normals[i, 2] *= scale
    return normals


@kernel
def chart_slopes(points: Float32, triangles: Int32, chart: Float32) -> Float32:
    """Return (n, 6): the world gradients of the chart's u and of its v at each vertex, along the surface.

    Args:
        points: (n, 3), world.
        triangles: (m, 3).
        chart: (n, 2); triangles across the seam at the back of the head are left out.
    """
    slopes = np.zeros((points.shape[0], 6), np.float32)
    areas = np.zeros(points.shape[0], np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        first_u, second_u = chart[b, 0] - chart[a, 0], chart[c, 0] - chart[a, 0]
        if abs(first_u) > 2 or abs(second_u) > 2:
            continue
        first_v, second_v = chart[b, 1] - chart[a, 1], chart[c, 1] - chart[a, 1]
        px, py, pz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        qx, qy, qz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        pp, pq, qq = px * px + py * py + pz * pz, px * qx + py * qy + pz * qz, qx * qx + qy * qy + qz * qz
        squared = pp * qq - pq * pq
        if squared < 1e-16:
            continue
        area = math.sqrt(squared)
        scale = np.float32(1 / area)  # gradients times area
        along_p, along_q = (qq * first_u - pq * second_u) * scale, (pp * second_u - pq * first_u) * scale
        down_p, down_q = (qq * first_v - pq * second_v) * scale, (pp * second_v - pq * first_v) * scale
        for k in range(3):
            i = triangles[t, k]
            slopes[i, 0] += along_p * px + along_q * qx
            slopes[i, 1] += along_p * py + along_q * qy
            slopes[i, 2] += along_p * pz + along_q * qz
            slopes[i, 3] += down_p * px + down_q * qx
            slopes[i, 4] += down_p * py + down_q * qy
            slopes[i, 5] += down_p * pz + down_q * qz
            areas[i] += np.float32(area)
    for i in range(points.shape[0]):
        scale = np.float32(1 / max(areas[i], 1e-12))
        for k in range(6):
            slopes[i, k] *= scale
    return slopes


@lru_cache(maxsize=2)
def skin_triangles(rig: Rig) -> Int32:
    """Return the fine triangles of the skin alone."""
    return np.ascontiguousarray(rig.triangles[rig.triangle_part == SKIN])


@lru_cache(maxsize=2)
def mouth_triangles(rig: Rig) -> Int32:
    """Return the fine triangles of teeth and tongue."""
    return np.ascontiguousarray(rig.triangles[(rig.triangle_part != SKIN) & (rig.triangle_part != LASHES)])


@lru_cache(maxsize=2)
def coarse_triangles(rig: Rig) -> Int32:
    """Return the skin's coarse triangles; vertex i is also fine vertex i."""
    quads = rig.quads[rig.quad_part == SKIN]
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)


@lru_cache(maxsize=2)
def smoothing(rig: Rig) -> sp.csr_matrix:
    """Return (V, V) float32: each skin vertex becomes the mean of itself and its neighbours, others stay."""
    triangles = skin_triangles(rig)
    count = len(rig.chart)
    start, end = triangles.ravel(), np.roll(triangles, -1, 1).ravel()
    touch = sp.coo_matrix((np.ones(2 * len(start)), (np.r_[start, end], np.r_[end, start])), (count, count)).tocsr()
    touch.data[:] = 1
    touch = touch + sp.identity(count)
    return (sp.diags(1 / np.asarray(touch.sum(1)).ravel()) @ touch).tocsr().astype(np.float32)


@lru_cache(maxsize=2)
def refinement(rig: Rig) -> sp.csr_matrix:
    """Return (V, B - 144) float32 whose rows average the coarse vertices nearest a fine one: values, not points."""
    matrix = rig.subdivision.tocsr().copy()
    strongest = np.maximum.reduceat(matrix.data, matrix.indptr[:-1])
    keep = matrix.data >= 0.66 * np.repeat(strongest, np.diff(matrix.indptr))
    matrix.data = keep.astype(np.float32)
    matrix.eliminate_zeros()
    mean: sp.csr_matrix = (sp.diags(1 / np.asarray(matrix.sum(1)).ravel()) @ matrix).tocsr().astype(np.float32)
    return mean
