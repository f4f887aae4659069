"""Which coded frames count: all, those with landmarks, or those of JAA-Net's lists."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.protocol import FramePolicy, Kind
from actionunits.errors import DatasetError, UsageError

Spans = list[tuple[int, int]]


@lru_cache(maxsize=1)
def jaa_dropped() -> dict[str, dict[str, Spans]]:
    """The frames that JAA-Net's lists leave out, as inclusive spans by data set and sequence.

    BP4D's numbers are those of the pictures; DISFA's count from 0, one less than the labels' numbers, and hold for both
    cameras of a subject. Source: the list files of ZhiwenShao/PyTorch-JAANet, compared with CVI-SZU/ME-GraphAU's.
    """
    text = files("actionunits.datasets").joinpath("jaa_dropped.json").read_text(encoding="utf-8")
    spans: dict[str, dict[str, Spans]] = json.loads(text)["dropped"]
    return spans


def kept_frames(
    kind: Kind, policy: FramePolicy, name: str, frames: NDArray[np.int32], tracked: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Which frames of a sequence the policy keeps.

    Args:
        kind: of data set.
        policy: see :class:`~actionunits.datasets.protocol.Protocol`.
        name: of the sequence.
        frames: (N,) the data set's own numbers.
        tracked: (N,) whether the data set has landmarks of each frame; None where it has none of the sequence.

    Returns:
        (N,) bool.

    Raises:
        UsageError: there is no list for this data set.
        DatasetError: the policy needs landmarks and there are none.
    """
    kept = np.ones(len(frames), bool)
    if policy == "drop_missing_landmarks":
        if tracked is None:
            reason = "has no landmarks, which frame_policy=drop_missing_landmarks needs"
            raise DatasetError(name, reason, "Copy the data set's landmarks, or use frame_policy=all")
        return tracked.copy()
    if policy == "jaa_list":
        if kind not in jaa_dropped():
            raise UsageError("frame_policy=jaa_list", f"there is no such list for {kind}", "Use all")
        shift = 1 if kind == "disfa" else 0
        for first, last in jaa_dropped()[kind].get(name.split("_")[0] if kind == "disfa" else name, ()):
            kept &= ~((frames - shift >= first) & (frames - shift <= last))
    return kept
