"""The frames that JAA-Net leaves out: the counts of the public lists."""

from __future__ import annotations

import numpy as np
import pytest

from actionunits.datasets import get_folds
from actionunits.datasets.frame_policy import jaa_dropped, kept_frames


def dropped(kind: str) -> dict[str, int]:
    """By subject."""
    counts: dict[str, int] = {}
    for name, spans in jaa_dropped()[kind].items():
        flat = [frame for first, last in spans for frame in range(first, last + 1)]
        assert flat == sorted(set(flat))
        counts[name.split("_")[0]] = counts.get(name.split("_")[0], 0) + len(flat)
    return counts


@pytest.mark.parametrize(
    ("kind", "split", "listed", "kept"),
    [
        ("bp4d", "bp4d-3fold", (46034, 50182, 50631), (45809, 50166, 50601)),
        ("disfa", "disfa-3fold", (43605, 43605, 43604), (42627, 40344, 43173)),
    ],
)
def test_frame_counts_of_the_public_lists(kind, split, listed, kept):
    lost = dropped(kind)
    for fold, before, after in zip(get_folds(split), listed, kept, strict=True):
        assert before - sum(lost.get(subject, 0) for subject in fold.test) == after


def test_sn021_is_mostly_missing():
    assert dropped("disfa")["SN021"] == 3052
    frames = np.arange(1, 4846, dtype=np.int32)
    kept = kept_frames("disfa", "jaa_list", "SN021_right", frames, None)
    assert (~kept).sum() == 3052
    assert not kept[573]  # frame 574 of the labels is 573 from 0
    assert kept[572]


def test_seven_sequences_of_bp4d():
    assert len(jaa_dropped()["bp4d"]) == 7
    frames = np.arange(900, 1100, dtype=np.int32)
    kept = kept_frames("bp4d", "jaa_list", "F023_T6", frames, None)
    assert frames[~kept].tolist() == list(range(1002, 1032))
    assert kept_frames("bp4d", "jaa_list", "F023_T5", frames, None).all()
