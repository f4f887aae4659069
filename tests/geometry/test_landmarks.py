"""Landmark conventions, against the lists of the protocol and the recorded facts of the face mesh."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits import geometry
from actionunits.errors import UsageError
from actionunits.geometry import landmarks as conventions

# protocol.md, section 5, written out
FLIP_49 = [
    *(9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 11, 12, 13, 18, 17, 16, 15, 14, 28, 27, 26, 25, 30, 29, 22, 21, 20, 19, 24, 23),
    *(37, 36, 35, 34, 33, 32, 31, 42, 41, 40, 39, 38, 45, 44, 43, 48, 47, 46),
]
FLIP_68 = [
    *(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30),
    *(
        35,
        34,
        33,
        32,
        31,
        45,
        44,
        43,
        42,
        47,
        46,
        39,
        38,
        37,
        36,
        41,
        40,
        54,
        53,
        52,
        51,
        50,
        49,
        48,
        59,
        58,
        57,
        56,
        55,
    ),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]
PLACES_49 = {range(0, 10): 17, range(10, 14): 17, range(14, 19): 17, range(19, 25): 17, range(25, 31): 17}
PLACES_49 |= {range(31, 43): 17, range(43, 46): 18, range(46, 49): 19}  # 49-index + shift = 68-index

# Contours of MediaPipe's face mesh as closed loops, or open lines for the brows
LOOPS = {
    "right_eye": [[33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33]],
    "left_eye": [[263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263]],
    "right_brow": [[46, 53, 52, 65, 55], [70, 63, 105, 66, 107]],
    "left_brow": [[276, 283, 282, 295, 285], [300, 293, 334, 296, 336]],
    "lips": [
        [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61],
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78],
    ],
    "face_oval": [
        [
            *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
            *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10),
        ]
    ],
}

FLIPS = {68: geometry.FLIP_68, 66: geometry.FLIP_66, 49: geometry.FLIP_49, 468: geometry.MESH_FLIP}
counts = st.sampled_from(sorted(FLIPS))


def numbered(count, dims=2, leading=()):
    """Points whose first coordinate is their index."""
    points = np.zeros((*leading, count, dims))
    points[..., 0] = np.arange(count)
    return points


def test_flips_are_the_protocols():
    assert list(geometry.FLIP_68) == FLIP_68
    assert list(geometry.FLIP_49) == FLIP_49


def test_the_66_and_49_are_the_protocols():
    assert list(geometry.INDICES_66_IN_68) == [*range(60), 61, 62, 63, 65, 66, 67]
    expected = [i + shift for group, shift in PLACES_49.items() for i in group]
    assert list(geometry.INDICES_49_IN_68) == expected
    assert [geometry.INDICES_66_IN_68[i] for i in geometry.INDICES_49_IN_66] == expected


@pytest.mark.parametrize("count", sorted(FLIPS))
def test_flips_are_involutions(count):
    flip = FLIPS[count]
    assert sorted(flip) == list(range(count))
    assert [flip[i] for i in flip] == list(range(count))


@pytest.mark.parametrize(("count", "convert"), [(66, geometry.to_66), (49, geometry.to_49)])
def test_flips_agree_between_conventions(count, convert):
    points = np.random.default_rng(0).normal(size=(68, 2))
    np.testing.assert_array_equal(
        convert(geometry.flip_landmarks(points, 200)), geometry.flip_landmarks(convert(points), 200)
    )
    assert convert(points).shape == (count, 2)


def test_mesh_flip_is_the_recorded_one():
    # found by assigning the points of 40 photographs' meshes to those of their mirror images (Hungarian method)
    text = ",".join(map(str, geometry.MESH_FLIP))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "40dbaf26bd2df08b"


@pytest.mark.parametrize(
    ("right", "left"),
    [(33, 263), (133, 362), (159, 386), (145, 374), (61, 291), (78, 308), (234, 454), (70, 300), (50, 280), (205, 425)],
)
def test_mesh_flip_swaps_known_pairs(right, left):
    assert geometry.MESH_FLIP[right] == left
    assert geometry.MESH_FLIP[left] == right


@pytest.mark.parametrize("i", [0, 1, 2, 4, 6, 10, 13, 14, 17, 152, 168, 199])
def test_mesh_midline_stays(i):
    assert i in geometry.MESH_MIDLINE
    assert geometry.MESH_FLIP[i] == i


def test_mesh_to_68_is_its_own_mirror_image():
    table = geometry.MESH_TO_68
    assert len(set(table)) == 68
    assert [geometry.MESH_FLIP[i] for i in table] == [table[i] for i in geometry.FLIP_68]


def test_mesh_to_68_lies_on_the_contours():
    ends = {name: {i for edge in edges for i in edge} for name, edges in geometry.MESH_CONTOURS.items()}
    table = geometry.MESH_TO_68
    for name, group, contour in [
        ("jaw", geometry.JAW, "face_oval"),
        ("right eye", geometry.RIGHT_EYE, "right_eye"),
        ("left eye", geometry.LEFT_EYE, "left_eye"),
        ("outer lips", geometry.OUTER_LIPS, "lips"),
        ("inner lips", geometry.INNER_LIPS, "lips"),
        ("right brow", geometry.RIGHT_BROW[1:], "right_brow"),
        ("left brow", geometry.LEFT_BROW[:-1], "left_brow"),
    ]:
        assert {table[i] for i in group} <= ends[contour], name


@pytest.mark.parametrize("name", sorted(LOOPS))
def test_contours_are_mediapipes(name):
    expected = {frozenset(edge) for loop in LOOPS[name] for edge in pairwise(loop)}
    drawn = geometry.MESH_CONTOURS[name]
    assert {frozenset(edge) for edge in drawn} == expected
    assert len(drawn) == len(expected)  # no line twice
    assert set(geometry.MESH_CONTOURS) == set(LOOPS)


def test_groups_cover_the_68_once():
    assert sorted(i for group in geometry.GROUPS_68.values() for i in group) == list(range(68))


def test_sides_are_the_persons_own(face68):
    assert face68[list(geometry.RIGHT_EYE), 0].max() < 0 < face68[list(geometry.LEFT_EYE), 0].min()
    assert face68[list(geometry.RIGHT_BROW), 0].max() < 0 < face68[list(geometry.LEFT_BROW), 0].min()


@given(counts, st.floats(1, 5000), st.sampled_from([2, 3]), st.integers(0, 2**32 - 1))
def test_flipping_twice_changes_nothing(count, width, dims, seed):
    points = np.random.default_rng(seed).uniform(0, width, size=(2, count, dims))
    once = geometry.flip_landmarks(points, width)
    np.testing.assert_allclose(geometry.flip_landmarks(once, width), points, atol=1e-9)


def test_flip_mirrors_x_and_permutes():
    points = np.random.default_rng(1).uniform(0, 100, size=(68, 3))
    kept = points.copy()
    flipped = geometry.flip_landmarks(points, 100)
    for i in range(68):  # the equation, one point at a time
        x, y, z = kept[FLIP_68[i]]
        np.testing.assert_allclose(flipped[i], [99 - x, y, z])
    np.testing.assert_array_equal(points, kept)


def test_a_symmetric_face_flips_onto_itself(face68):
    face = face68 + np.array([150, 80])
    np.testing.assert_allclose(geometry.flip_landmarks(face, 301), face)


@pytest.mark.parametrize(("leading", "dims"), [((), 2), ((5,), 3), ((2, 3), 2)])
def test_conversions_pick_the_right_points(leading, dims):
    mesh = numbered(468, dims, leading)
    for convert, indices in [
        (geometry.mesh_to_68, geometry.MESH_TO_68),
        (geometry.to_68, geometry.MESH_TO_68),
        (geometry.to_66, [geometry.MESH_TO_68[i] for i in geometry.INDICES_66_IN_68]),
        (geometry.to_49, [geometry.MESH_TO_68[i] for i in geometry.INDICES_49_IN_68]),
    ]:
        points = convert(mesh)
        assert points.shape == (*leading, len(indices), dims)
        assert (points[..., 0] == np.array(indices)).all()


def test_to_49_is_the_same_by_way_of_66():
    points = np.random.default_rng(2).normal(size=(3, 68, 2))
    np.testing.assert_array_equal(geometry.to_49(geometry.to_66(points)), geometry.to_49(points))


@pytest.mark.parametrize(
    ("convert", "lost"), [(geometry.to_66, {60, 64}), (geometry.to_49, {*range(17), 60, 64}), (geometry.to_68, set())]
)
def test_back_to_68_leaves_unknown_points_empty(convert, lost):
    points = np.random.default_rng(3).normal(size=(2, 68, 2)).astype(np.float32)
    back = geometry.to_68(convert(points))
    known = [i for i in range(68) if i not in lost]
    np.testing.assert_array_equal(back[:, known], points[:, known])
    assert np.isnan(back[:, sorted(lost)]).all()
    assert back.dtype == np.float32


def test_eye_centres_and_interocular_distance(face68):
    np.testing.assert_allclose(geometry.eye_centres(face68), [[-50, 0], [50, 0]], atol=1e-12)
    assert geometry.interocular_distance(face68) == 140  # outer corners at -70 and 70
    several = np.stack([face68, 2 * face68])
    np.testing.assert_allclose(geometry.interocular_distance(several), [140, 280])
    assert geometry.eye_centres(several).shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (geometry.mesh_to_68, (478, 3)),
        (geometry.mesh_to_68, (68, 2)),
        (geometry.to_68, (67, 2)),
        (geometry.to_66, (49, 2)),
        (geometry.to_49, (68, 4)),
        (geometry.to_49, (49,)),
        (geometry.eye_centres, (49, 2)),
        (geometry.interocular_distance, (66, 2)),
        (lambda points: geometry.flip_landmarks(points, 10), (5, 2)),
    ],
)
def test_wrong_shapes_are_named(function, shape):
    with pytest.raises(UsageError) as caught:
        function(np.zeros(shape))
    assert str(shape) in str(caught.value)
    assert "expected (..., " in str(caught.value)


def test_everything_public_is_exported():
    named = {name for name in vars(conventions) if name.isupper() and not name.startswith("_")}
    assert named <= set(geometry.__all__)
