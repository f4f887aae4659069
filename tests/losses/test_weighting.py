"""Weights of AUs by their rates, against published ones."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from actionunits.losses.weighting import jaa_weights

# protocol.md, section 3: the weights that ME-GraphAU ships for the training part of BP4D's fold 1, and the rates that
# it says are implied.
PUBLISHED = [1.343, 1.690, 1.248, 0.561, 0.433, 0.436, 0.457, 0.541, 1.408, 0.723, 1.493, 1.667]
RATES = [19, 15, 21, 46, 59, 59, 56, 47, 18, 36, 17, 15]  # percent


def with_rates(percent):
    labels = np.zeros((100, len(percent)), np.int8)
    for column, rate in enumerate(percent):
        labels[:rate, column] = 1
    return labels


def test_published_weights_follow_from_their_rates():
    weights = jaa_weights(with_rates(RATES))
    np.testing.assert_allclose(weights, PUBLISHED, rtol=0.03)  # the rates are rounded
    assert weights.dtype == torch.float32
    assert weights.mean().item() == pytest.approx(1)


def test_unknown_labels_do_not_count():
    labels = with_rates([20, 50])
    unknown = np.full((60, 2), -1, np.int8)
    np.testing.assert_array_equal(jaa_weights(np.concatenate([labels, unknown])), jaa_weights(labels))
    np.testing.assert_allclose(jaa_weights(labels), [10 / 7, 4 / 7], rtol=1e-6)


def test_aus_without_a_positive_weigh_one_and_leave_the_others_alone():
    labels = with_rates([20, 0, 50, 0])
    labels[:, 3] = -1
    np.testing.assert_allclose(jaa_weights(labels), [10 / 7, 1, 4 / 7, 1], rtol=1e-6)
    assert jaa_weights(with_rates([0, 0])).tolist() == [1, 1]
