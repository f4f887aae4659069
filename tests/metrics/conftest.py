"""Random labels with unknowns, as whole numbers and as floats."""

import numpy as np
import pytest


def draw_occurrence(seed, frames=60, aus=4, unknown=0.2):
    """target (N, A) int8 in -1, 0, 1; probability (N, A) with ties, NaN nowhere."""
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.05, 0.95, aus)
    target = (rng.random((frames, aus)) < rates).astype(np.int8)
    probability = np.round(np.clip(0.3 * target + rng.random((frames, aus)) * 0.7, 0, 1), 2)
    target[rng.random((frames, aus)) < unknown] = -1
    return target, probability


def draw_intensity(seed, frames=60, aus=4, unknown=0.2):
    """target (N, A) int8 in -1 to 5; prediction (N, A) float64 about the target."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 6, (frames, aus)).astype(np.int8)
    prediction = target + rng.normal(0.3, 1.2, (frames, aus))
    target[rng.random((frames, aus)) < unknown] = -1
    return target, prediction


@pytest.fixture(scope="session")
def occurrence():
    return draw_occurrence


@pytest.fixture(scope="session")
def intensity():
    return draw_intensity
