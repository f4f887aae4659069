"""The AU-centre table of the protocol, and its rule on tilted, scaled and mirrored faces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.errors import UsageError
from actionunits.facs import BP4D_12, DISFA_8
from actionunits.geometry import AU_CENTRES, INDICES_49_IN_68, apply_affine, au_centres, flip_landmarks

# protocol.md, section 5: AU, the two points among the 49, among the 68, offset downwards in rulers
PROTOCOL = [
    (1, (4, 5), (21, 22), -1 / 2),
    (2, (1, 8), (18, 25), -1 / 3),
    (4, (2, 7), (19, 24), 1 / 3),
    (6, (24, 29), (41, 46), 1),
    (7, (21, 26), (38, 43), 0),
    (9, (15, 17), (32, 34), -1 / 2),
    (10, (43, 45), (61, 63), 0),
    (12, (31, 37), (48, 54), 0),
    (14, (31, 37), (48, 54), 0),
    (15, (31, 37), (48, 54), 0),
    (17, (39, 41), (56, 58), 1 / 2),
    (23, (34, 40), (51, 57), 0),
    (24, (34, 40), (51, 57), 0),
    (25, (34, 40), (51, 57), 0),
    (26, (39, 41), (56, 58), 1 / 2),
]
every_au = pytest.mark.parametrize(("au", "in_49", "in_68", "offset"), PROTOCOL)


@every_au
def test_the_table_is_the_protocols(au, in_49, in_68, offset):
    rule = AU_CENTRES[au]
    assert rule.points == in_68 == tuple(INDICES_49_IN_68[i] for i in in_49)
    assert rule.offset == offset


def test_every_reported_au_has_a_rule():
    assert set(AU_CENTRES) == {row[0] for row in PROTOCOL} == set(BP4D_12 | DISFA_8)


@every_au
def test_upright_faces_as_in_jaa_net(au, in_49, in_68, offset):
    rng = np.random.default_rng(au)
    face = rng.uniform(0, 200, size=(68, 2))  # no symmetry to hide behind
    face[42:48, 0] += 300
    face[42:48, 1] += face[36:42, 1].mean() - face[42:48, 1].mean()  # a level eye line
    ruler = abs(face[39, 0] - face[42, 0])
    expected = [[face[i, 0], face[i, 1] + offset * ruler] for i in in_68]
    np.testing.assert_allclose(au_centres(face, au), expected, atol=1e-9)


@given(
    st.sampled_from(sorted(AU_CENTRES)),
    st.floats(-np.pi, np.pi),
    st.floats(0.1, 10),
    st.floats(-1000, 1000),
    st.integers(0, 2**32 - 1),
)
def test_the_centres_move_with_the_face(face68, au, angle, scale, shift, seed):
    face = face68 + np.random.default_rng(seed).normal(size=(68, 2)) * 3
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    move = np.array([[cosine, -sine, shift], [sine, cosine, -shift]])
    np.testing.assert_allclose(
        au_centres(apply_affine(face, move), au), apply_affine(au_centres(face, au), move), atol=1e-6
    )


@given(st.sampled_from(sorted(AU_CENTRES)), st.integers(0, 2**32 - 1))
def test_the_mirror_image_has_mirrored_centres(face68, au, seed):
    face = face68 + [150, 80] + np.random.default_rng(seed).normal(size=(68, 2)) * 3
    mirrored = au_centres(flip_landmarks(face, 301), au)
    expected = au_centres(face, au) * [-1, 1] + [300, 0]
    if AU_CENTRES[au].points != (51, 57):  # upper and lower lip: neither changes sides
        expected = expected[::-1]
    np.testing.assert_allclose(mirrored, expected, atol=1e-9)


def test_recorded_places_on_the_drawn_face(face68):
    ruler = 60  # inner corners at -30 and 30
    np.testing.assert_allclose(au_centres(face68, "AU01"), [[-20, -36 - ruler / 2], [20, -36 - ruler / 2]], atol=1e-9)
    np.testing.assert_allclose(au_centres(face68, 6), [[-57, 6 + ruler], [57, 6 + ruler]], atol=1e-9)
    np.testing.assert_allclose(au_centres(face68, 12), [[-40, 103], [40, 103]], atol=1e-9)


def test_batches_are_their_parts(face68):
    faces = np.stack([face68, 2 * face68 + 5, face68 @ [[0, 1], [-1, 0]]])[:, None]
    together = au_centres(faces, 17)
    assert together.shape == (3, 1, 2, 2)
    for face, centres in zip(faces, together, strict=True):
        np.testing.assert_allclose(centres[0], au_centres(face[0], 17), atol=1e-12)


@pytest.mark.parametrize(
    ("points", "au", "said"),
    [
        (np.ones((68, 2)), 5, "has no rule"),
        (np.ones((68, 2)), "AU99", "no such action unit"),
        (np.ones((49, 2)), 1, "(49, 2)"),
        (np.ones((68, 3)), 1, "(68, 3)"),
        (np.ones((68, 2)), 1, "coincide"),
        (np.full((68, 2), np.nan), 1, "missing"),
    ],
)
def test_what_has_no_centre(points, au, said):
    with pytest.raises(UsageError) as caught:
        au_centres(points, au)
    assert said in str(caught.value)
