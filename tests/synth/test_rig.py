"""The rig, its pack, and Catmull-Clark subdivision against a slow loop over vertices."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from actionunits.errors import AssetError, UsageError
from actionunits.synth.anatomy import LIP_STARTS, canthi, lid_opening, lid_rings, lip_rings, mirror, mouth_opening
from actionunits.synth.pack import STEP, packed_rig
from actionunits.synth.rig import LASHES, LOWER_TEETH, SKIN, TONGUE, UPPER_TEETH, get_rig, read_rig
from actionunits.synth.subdivision import subdivide

# An open box: five sides of a cube, the top missing; vertex 8 belongs to nothing.
BOX = np.array([[0, 3, 2, 1], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]])
CORNERS = np.array(
    [[0, 0, 0], [1, 0, 0], [1, 1.2, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1.3], [1, 1, 1], [0, 1, 0.8], [5, 5, 5]], float
)


def catmull_clark_by_hand(points: np.ndarray, quads: np.ndarray) -> tuple[dict, dict, dict]:
    """Catmull & Clark (1978), one point at a time; boundaries as cubic B-spline curves."""
    faces_of_edge, faces_of_vertex = defaultdict(list), defaultdict(list)
    for number, quad in enumerate(quads):
        for here, there in zip(quad, np.roll(quad, -1), strict=True):
            faces_of_edge[frozenset((int(here), int(there)))].append(number)
            faces_of_vertex[int(here)].append(number)
    face_points = {number: points[quad].mean(0) for number, quad in enumerate(quads)}
    edge_points = {}
    for edge, faces in faces_of_edge.items():
        ends = points[list(edge)]
        if len(faces) == 1:
            edge_points[edge] = ends.mean(0)
        else:
            edge_points[edge] = (ends.sum(0) + sum(face_points[face] for face in faces)) / 4
    vertex_points = {}
    for vertex, point in enumerate(points):
        edges = [edge for edge in faces_of_edge if vertex in edge]
        rim = [edge for edge in edges if len(faces_of_edge[edge]) == 1]
        faces = faces_of_vertex[vertex]
        if not faces:
            vertex_points[vertex] = point
        elif rim:
            vertex_points[vertex] = point / 2 + sum(points[list(edge)].mean(0) for edge in rim) / (2 * len(rim))
        else:
            n = len(faces)
            around = sum(face_points[face] for face in faces) / n
            middles = sum(points[list(edge)].mean(0) for edge in edges) / n
            vertex_points[vertex] = around / n + 2 * middles / n + (n - 3) * point / n
    return vertex_points, edge_points, face_points


def test_subdivision_follows_the_rules_of_1978() -> None:
    fine = subdivide(len(CORNERS), BOX)
    points = fine.matrix @ CORNERS
    vertices, edges, faces = catmull_clark_by_hand(CORNERS, BOX)
    for vertex, expected in vertices.items():
        assert points[vertex] == pytest.approx(expected, abs=1e-6)
    for number, edge in enumerate(sorted(map(sorted, edges))):
        assert points[len(CORNERS) + number] == pytest.approx(edges[frozenset(edge)], abs=1e-6)
    for number, expected in faces.items():
        assert points[len(CORNERS) + len(edges) + number] == pytest.approx(expected, abs=1e-6)


def test_subdivided_faces_keep_their_parents_and_their_turn() -> None:
    fine = subdivide(len(CORNERS), BOX)
    points = fine.matrix @ CORNERS
    assert fine.quads.shape == (4 * len(BOX), 4)
    assert np.bincount(fine.parent).tolist() == [4] * len(BOX)

    def normal(corners: np.ndarray) -> np.ndarray:
        return np.cross(corners[2] - corners[0], corners[3] - corners[1])

    for quad, parent in zip(fine.quads, fine.parent, strict=True):
        assert normal(points[quad]) @ normal(CORNERS[BOX[parent]]) > 0


def test_subdivision_weights_sum_to_one() -> None:
    sums = np.asarray(get_rig().subdivision.sum(1)).ravel()
    assert sums == pytest.approx(np.ones(len(sums)), abs=1e-5)


def test_the_head_has_all_its_parts() -> None:
    rig = get_rig()
    assert rig.base.shape == (rig.coarse + 144, 3)
    assert rig.base.dtype == np.float32
    assert set(np.unique(rig.quad_part)) == {SKIN, UPPER_TEETH, LOWER_TEETH, TONGUE, LASHES}
    assert len(rig.triangles) == len(rig.triangle_part) == 8 * len(rig.quads)
    assert rig.fine_base.shape == (rig.subdivision.shape[0], 3) == (len(rig.vertex_part), 3)
    for part in (SKIN, UPPER_TEETH, LOWER_TEETH, TONGUE, LASHES):
        corners = rig.triangles[rig.triangle_part == part]
        assert np.all(rig.vertex_part[corners] == part)


def test_triangles_face_outward() -> None:
    rig = get_rig()
    skin = rig.triangles[rig.triangle_part == SKIN]
    corners = rig.fine_base[skin]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middles = corners.mean(1)
    scalp = middles[:, 1] > 7.9
    assert np.mean(np.einsum("ij,ij->i", normals, middles - (0, 7.2, 0.4))[scalp] > 0) > 0.99


def test_regions_are_where_they_should_be() -> None:
    rig = get_rig()
    lips = rig.fine_base[rig.masks["lips"] > 0.5]
    assert lips[:, 1].min() > 6.4
    assert lips[:, 1].max() < 6.8
    assert np.abs(rig.fine_base[rig.masks["ears"] > 0.5, 0]).min() > 0.5
    for mask in rig.masks.values():
        assert mask.shape == (len(rig.fine_base),)
        assert mask.min() >= 0
        assert mask.max() <= 1


def test_targets_add_up_in_place() -> None:
    rig = get_rig()
    points = rig.base.copy()
    rig.add_target(points, "unit/jawOpen", 0.5)
    rig.add_target(points, "unit/mouthPucker", 0.25)
    expected = rig.base + 0.5 * rig.target("unit/jawOpen") + 0.25 * rig.target("unit/mouthPucker")
    assert np.allclose(points, expected, atol=1e-6)
    with pytest.raises(UsageError, match="unit/none"):
        rig.add_target(points, "unit/none", 1)


def test_left_is_the_persons_left() -> None:
    rig = get_rig()
    for name in ("unit/browDownLeft", "expression/asian/eyebrows-left-down", "unit/eyeBlinkLeft"):
        size = np.abs(rig.target(name)).sum(1)
        assert (size * rig.base[:, 0]).sum() / size.sum() > 0.1
    assert rig.eyeball(rig.base, 0)[:, 0].mean() > 0 > rig.eyeball(rig.base, 1)[:, 0].mean()


def test_macros_are_mixtures() -> None:
    rig = get_rig()

    def macro(male: float, age: float) -> np.ndarray:
        points = rig.base.copy()
        rig.add_macro(points, male=male, age=age, ethnicity=(0.2, 0.3, 0.5), muscle=0.6, weight=0.3)
        return points

    assert np.allclose(macro(0.25, 40), 0.75 * macro(0, 40) + 0.25 * macro(1, 40), atol=1e-5)
    assert np.array_equal(macro(0.5, 18), macro(0.5, 25))
    assert not np.allclose(macro(0.5, 25), macro(0.5, 70), atol=1e-3)


def test_the_pack_keeps_moves_to_half_a_step() -> None:
    rig = get_rig()
    counts = rig.target("unit/jawOpen") / STEP
    assert np.allclose(counts, np.round(counts), atol=1e-2)
    assert packed_rig().stat().st_size < 3_000_000


def test_a_damaged_pack_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "rig.npz"
    np.savez(broken, base=np.zeros((3, 3), np.float32))
    with pytest.raises(AssetError, match=r"rig\.npz"):
        read_rig(broken)
    broken.write_bytes(packed_rig().read_bytes()[:100_000])
    with pytest.raises(AssetError, match=r"rig\.npz"):
        read_rig(broken)


def test_the_mesh_is_its_own_mirror_image() -> None:
    rig = get_rig()
    other = mirror(rig)
    assert np.array_equal(other[other], np.arange(rig.coarse))
    assert np.allclose(rig.base[other] * (-1, 1, 1), rig.base[: rig.coarse], atol=1e-4)


def test_rings_run_around_mouth_and_eyes() -> None:
    rig = get_rig()
    lips = rig.base[lip_rings(rig)]
    assert lips.shape == (len(LIP_STARTS), 20, 3)
    assert np.allclose(lips[:, [0, -1], 0], 0, atol=1e-4)
    assert np.all(lips[:, :10, 1].mean(1) >= lips[:, 12:, 1].mean(1))
    for side in (0, 1):
        rings = rig.base[lid_rings(rig, side)]
        assert np.all(np.abs(rings[..., 0]) > 0.15)
        assert np.all((rings[..., 0] > 0) == (side == 0))
    outer, inner = np.abs(rig.base[canthi(rig), 0]).T
    assert np.all(outer > inner)


def test_openings_open_by_what_they_are_told() -> None:
    rig = get_rig()
    for opening in (mouth_opening(rig), lid_opening(rig, 0), lid_opening(rig, 1)):
        points = rig.base.copy()
        before = opening.gaps(points)
        opening.widen(points, np.full(len(before), 0.02, np.float32))
        assert opening.gaps(points) - before == pytest.approx(np.full(len(before), 0.02), abs=0.006)
