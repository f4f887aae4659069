from itertools import combinations

import numpy as np

from actionunits.faces.appearance import appearance, unlikeness


def test_one_person_is_liker_themself_elsewhere_than_anybody_else(finder, scene):
    here = [appearance(finder.find(scene([(k, 300, 180, 200)]))[0].crop) for k in range(4)]
    there = [appearance(finder.find(scene([(k, 200, 190, 150)]))[0].crop) for k in range(4)]
    same = [unlikeness(a, b) for a, b in zip(here, there, strict=True)]
    others = [unlikeness(a, b) for a, b in combinations(here, 2)]
    assert max(same) < 0.6 * min(others)


def test_exposure_does_not_matter():
    crop = np.random.default_rng(1).integers(20, 120, (192, 192, 3), np.uint8)
    assert unlikeness(appearance(crop), appearance(crop * 2)) < 0.01


def test_unlikeness_is_symmetric_and_zero_only_for_the_same():
    a, b = (appearance(np.random.default_rng(k).integers(0, 256, (192, 192, 3), np.uint8)) for k in (1, 2))
    assert unlikeness(a, b) == unlikeness(b, a) > 0
    assert unlikeness(a, a) == 0
