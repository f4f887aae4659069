"""One level of Catmull-Clark subdivision as a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Int32 = NDArray[np.int32]


@dataclass(frozen=True)
class Subdivision:
    """A subdivided quad mesh.

    Attributes:
        matrix: (V, B) float32; fine points = matrix @ coarse points. Fine vertices are the moved coarse ones, then one
            point per edge (edges in ascending order of their sorted vertex numbers), then one per face.
        quads: (4 Q, 4) fine faces.
        parent: (4 Q,) the coarse face each lies in.
    """

    matrix: sp.csr_matrix
    quads: Int32
    parent: Int32


def subdivide(vertices: int, quads: NDArray[np.integer]) -> Subdivision:
    """Subdivide once (Catmull & Clark 1978; boundary edges and vertices as cubic B-splines).

    Args:
        vertices: how many coarse vertices there are; those in no face stay where they are.
        quads: (Q, 4) vertex numbers.
    """
    quads = np.asarray(quads, np.int64)
    faces = len(quads)
    corner = quads.ravel()
    face_of_corner = np.repeat(np.arange(faces), 4)
    sides = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    edges, edge_of_side, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    edge_of_side = edge_of_side.reshape(-1)
    open_edge = uses == 1

    face_points = _average(face_of_corner, corner, (faces, vertices))
    ends = np.repeat(np.arange(len(edges)), 2)
    middles = _average(ends, edges.ravel(), (len(edges), vertices))
    around = _average(edge_of_side, face_of_corner, (len(edges), faces)) @ face_points
    edge_points = _scale(np.where(open_edge, 1.0, 0.5)) @ middles + _scale(np.where(open_edge, 0.0, 0.5)) @ around

    degree = np.bincount(corner, minlength=vertices)
    n = np.maximum(degree, 1)
    inner = (
        _scale(1 / n) @ _average(corner, face_of_corner, (vertices, faces)) @ face_points
        + _scale(2 / n) @ _average(edges.ravel(), ends, (vertices, len(edges))) @ middles
        + _scale((n - 3) / n)
    )
    rim = np.flatnonzero(open_edge)
    on_rim = np.zeros(vertices, bool)
    on_rim[edges[rim].ravel()] = True
    rim_ends = np.repeat(np.arange(len(rim)), 2)
    rim_average = _average(edges[rim].ravel(), rim_ends, (vertices, len(rim))) @ middles[rim]
    rim_points = _scale(np.full(vertices, 0.5)) + 0.5 * rim_average
    alone = degree == 0
    vertex_points = (
        _scale(~on_rim & ~alone) @ inner + _scale(on_rim & ~alone) @ rim_points + _scale(alone.astype(float))
    )

    matrix = sp.vstack([vertex_points, edge_points, face_points]).tocsr().astype(np.float32)
    edge_at = vertices + edge_of_side.reshape(faces, 4)
    face_at = vertices + len(edges) + np.arange(faces)
    fine = [np.stack([quads[:, k], edge_at[:, k], face_at, edge_at[:, (k + 3) % 4]], 1) for k in range(4)]
    return Subdivision(
        matrix=matrix,
        quads=np.stack(fine, 1).reshape(-1, 4).astype(np.int32),
        parent=np.repeat(np.arange(faces), 4).astype(np.int32),
    )


def _scale(factors: NDArray[np.generic]) -> sp.dia_matrix:
    return sp.diags(np.asarray(factors, float))


def _average(rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]) -> sp.csr_matrix:
    """Matrix whose row r averages the columns listed with r."""
    matrix = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
    sums = np.asarray(matrix.sum(1)).ravel()
    return (_scale(1 / np.maximum(sums, 1)) @ matrix).tocsr()
