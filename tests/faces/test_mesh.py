import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.errors import AssetError
from actionunits.faces.litert import LiteRTModel
from actionunits.faces.mesh import FaceMesh, Region
from actionunits.geometry import apply_affine


@pytest.fixture(scope="module")
def network():
    return FaceMesh()


regions = st.builds(
    Region, st.floats(-500, 3000), st.floats(-500, 3000), st.floats(8, 4000), st.floats(-math.pi, math.pi)
)


@given(regions, st.integers(16, 512))
def test_region_maps_its_corners_to_the_crops_corners(region, size):
    c, s, half = math.cos(region.angle), math.sin(region.angle), region.side / 2
    corners = [
        (region.x + c * u - s * v, region.y + s * u + c * v) for u, v in ((-half, -half), (half, -half), (half, half))
    ]
    edge = [(-0.5, -0.5), (size - 0.5, -0.5), (size - 0.5, size - 0.5)]  # pixel centres are integers
    np.testing.assert_allclose(apply_affine(np.array(corners), region.to_crop(size)), edge, atol=1e-6 * size)


@given(st.floats(-3, 3), st.floats(0.5, 4), st.floats(-200, 200), st.floats(-200, 200))
def test_region_of_a_mesh_moves_with_the_mesh(angle, scale, dx, dy):
    mesh = np.random.default_rng(3).normal(0, 40, (468, 3)).astype(np.float32)
    mesh[33], mesh[263] = (-40, 0, 0), (40, 0, 0)
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    moved = mesh.copy()
    moved[:, 0], moved[:, 1] = c * mesh[:, 0] - s * mesh[:, 1] + dx, s * mesh[:, 0] + c * mesh[:, 1] + dy
    before, after = Region.of_mesh(mesh), Region.of_mesh(moved)
    assert after.side == pytest.approx(before.side * scale, rel=1e-3)
    assert math.cos(after.angle - before.angle - angle) == pytest.approx(1, abs=1e-5)
    assert (after.x, after.y) == pytest.approx(
        (c * before.x - s * before.y + dx, s * before.x + c * before.y + dy), abs=0.05 * scale
    )


def test_mesh_lies_on_the_face(finder, scene):
    (face,) = finder.find(scene([(2, 300, 180, 240)]))
    x, y = face.mesh[:, 0], face.mesh[:, 1]
    assert face.confidence > 0.95
    assert 300 - 110 < x.min() < 300 < x.max() < 300 + 110
    assert face.mesh[33, 0] < face.mesh[1, 0] < face.mesh[263, 0]  # eye, nose tip, eye
    assert face.mesh[10, 1] < face.mesh[1, 1] < face.mesh[152, 1]  # forehead, nose tip, chin
    assert face.mesh[1, 2] < face.mesh[234, 2]  # the nose is nearer than the cheek's edge
    assert y.max() - y.min() > 100


@pytest.mark.parametrize("degrees", [-30, 15, 40])
def test_mesh_turns_with_the_picture(network, finder, scene, degrees):
    picture = scene([(2, 320, 180, 240)])
    (face,) = finder.find(picture)
    matrix = cv2.getRotationMatrix2D((320, 180), degrees, 1.0)
    turned = cv2.warpAffine(picture, matrix, (640, 360), borderMode=cv2.BORDER_REPLICATE)
    expected = apply_affine(face.mesh[:, :2].astype(np.float64), matrix)
    again = finder.follow(turned, np.column_stack([expected, face.mesh[:, 2]]).astype(np.float32))
    assert again is not None
    eyes = np.linalg.norm(face.mesh[33, :2] - face.mesh[263, :2])
    assert np.linalg.norm(again.mesh[:, :2] - expected, axis=1).mean() < 0.02 * eyes


def test_a_large_face_is_averaged_down_not_skipped(network, rendered):
    """The crop of a picture four times as large is the crop of the picture, not a moire of it."""
    picture = rendered[1]
    large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).normal(0, 40, large.shape)
    large = np.clip(large + noise, 0, 255).astype(np.uint8)
    _, _, small_crop = network.fit(picture, Region(191.5, 180, 192, 0.0))
    _, _, large_crop = network.fit(large, Region(4 * 191.5 + 1.5, 4 * 180 + 1.5, 768, 0.0))
    difference = np.abs(small_crop.astype(int) - large_crop.astype(int)).mean()
    assert difference < 9  # sampling alone would keep the noise, whose mean size is 32


def test_not_a_model_is_an_asset_error(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"no model")
    with pytest.raises(AssetError, match=r"model\.tflite.*pull face-models"):
        LiteRTModel(path)
