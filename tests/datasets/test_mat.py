"""MATLAB files: what is none, and what would fill the memory."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from actionunits.datasets.mat import MOST_UNPACKED, read_points, read_tracked
from actionunits.errors import DatasetError


@pytest.mark.parametrize("compressed", [False, True])
def test_66_points_keep_their_order(tmp_path, compressed):
    points = np.arange(132, dtype=float).reshape(66, 2)
    savemat(tmp_path / "a.mat", {"pts": points}, do_compression=compressed)
    found = read_points(tmp_path / "a.mat")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.delete(found, [60, 64], axis=0), points)
    assert np.isnan(found[[60, 64]]).all()


def test_49_points_keep_their_order(tmp_path):
    points = np.arange(98, dtype=float).reshape(49, 2)
    hole = points.copy()
    hole[3, 0] = np.nan
    fit = np.empty((1, 3), dtype=[("pred", object), ("pose", object)])
    for place, each in enumerate((points, np.empty((0, 0)), hole)):
        fit["pred"][0, place], fit["pose"][0, place] = each, "x"
    savemat(tmp_path / "a.mat", {"fit": fit, "other": 1})
    found = read_tracked(tmp_path / "a.mat")
    assert found.shape == (3, 68, 2)
    np.testing.assert_array_equal(np.delete(found[0], [*range(17), 60, 64], axis=0), points)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[2, 20]).all()  # a point is known whole or not at all
    assert not np.isnan(found[2, 21]).any()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"points": np.zeros((66, 2))}, "no variable pts"),
        ({"pts": np.zeros((68, 2))}, r"\(68, 2\)"),
        ({"pts": np.zeros((2, 66))}, r"\(2, 66\)"),
        ({"pts": "text"}, "shape"),
        ({"pts": np.zeros((66, 2), complex)}, "shape"),
    ],
)
def test_other_variables(tmp_path, variables, said):
    savemat(tmp_path / "a.mat", variables)
    with pytest.raises(DatasetError, match=said):
        read_points(tmp_path / "a.mat")


def test_fit_without_pred(tmp_path):
    savemat(tmp_path / "a.mat", {"fit": np.zeros(3)})
    with pytest.raises(DatasetError, match="no field pred"):
        read_tracked(tmp_path / "a.mat")


def test_any_cut_is_an_error_or_whole(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"pts": np.ones((66, 2))}, do_compression=True)
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(DatasetError):
            read_points(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))  # as MATLAB 7.3 writes
    with pytest.raises(DatasetError):
        read_points(path)


def test_a_bomb_is_not_unpacked(tmp_path):
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 24)
    body = b"".join(packer.compress(zeros) for _ in range((MOST_UNPACKED >> 24) + 1)) + packer.flush()
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    (tmp_path / "a.mat").write_bytes(head + struct.pack("<II", 15, len(body)) + body)
    with pytest.raises(DatasetError, match="unpacks"):
        read_points(tmp_path / "a.mat")
