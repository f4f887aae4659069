"""A drawn face for the geometry tests: exactly symmetric, eye centres at (-50, 0) and (50, 0), y down."""

import numpy as np
import pytest

RIGHT_HALF = {
    **dict(enumerate([(-110, 10), (-109, 38), (-104, 66), (-97, 94), (-86, 120), (-68, 143), (-46, 160), (-22, 171)])),
    **dict(enumerate([(-92, -30), (-78, -44), (-58, -48), (-38, -44), (-20, -36)], start=17)),
    **dict(enumerate([(-24, 70), (-12, 74)], start=31)),
    **dict(enumerate([(-70, 1), (-58, -7), (-43, -7), (-30, 2), (-42, 5), (-57, 6)], start=36)),
    **dict(enumerate([(-40, 103), (-24, 97), (-9, 94)], start=48)),
    **dict(enumerate([(-10, 119), (-24, 114)], start=58)),
    **dict(enumerate([(-34, 103), (-10, 102)], start=60)),
    67: (-10, 105),
}
MIDDLE = {8: 174, 27: -5, 28: 15, 29: 35, 30: 55, 33: 77, 51: 96, 57: 120, 62: 103, 66: 105}
MIRROR_SUMS = {range(17): 16, range(17, 27): 43, range(31, 36): 66, range(36, 40): 81, range(40, 42): 87}
MIRROR_SUMS |= {range(48, 55): 102, range(55, 60): 114, range(60, 65): 124, range(65, 68): 132}


@pytest.fixture(scope="session")
def face68():
    """(68, 2), read-only."""
    points = np.full((68, 2), np.nan)
    for i, (x, y) in RIGHT_HALF.items():
        total = next(total for group, total in MIRROR_SUMS.items() if i in group)
        points[i] = x, y
        points[total - i] = -x, y
    for i, y in MIDDLE.items():
        points[i] = 0, y
    assert np.isfinite(points).all()
    points.setflags(write=False)
    return points
