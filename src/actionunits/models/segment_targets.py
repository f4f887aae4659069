"""What a temporal detector learns from: segments of the labels, and which candidates are to find them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from actionunits.models.layers.segments import overlap, runs

_SURE, _UNSURE = 0.7, 0.3  # overlap from which an anchor is right, and below which it is wrong
_RIGHT = 0.5  # overlap from which a proposal is right


@dataclass(frozen=True, eq=False)
class Truth:
    """What happens on a line.

    Attributes:
        segments: (S, 2) frames, in an order drawn at random.
        classes: (S,) int64, which AU each is of.
        unknown: (T,) bool, frames in which the label of some AU is unknown.
    """

    segments: Tensor
    classes: Tensor
    unknown: Tensor


@dataclass(frozen=True, eq=False)
class Chosen:
    """Candidates to learn from.

    Attributes:
        places: (K,) of the candidates, the right ones first.
        match: (P,) the segment that each of the P right ones is to find.
    """

    places: Tensor
    match: Tensor

    @property
    def right(self) -> Tensor:
        """(P,) the first places."""
        return self.places[: self.match.shape[0]]


def truth_of(occurrence: Tensor, carried: Tensor) -> Truth:
    """The runs of frames in which an AU is there, of each AU that a box carries.

    Of several with the same segment, the one that counts is drawn at random: with the order.

    Args:
        occurrence: (T, A): 0, 1, or -1 for unknown.
        carried: (A,) bool.
    """
    columns = [int(column) for column in carried.nonzero()[:, 0]]
    found = [runs(occurrence[:, column] == 1) for column in columns]
    segments = torch.cat(found)
    names = torch.tensor(columns, device=occurrence.device)
    classes = names.repeat_interleave(torch.tensor([each.shape[0] for each in found], device=names.device))
    order = torch.randperm(segments.shape[0], device=segments.device)
    return Truth(segments[order], classes[order], (occurrence[:, carried] < 0).any(dim=1))


def choose_anchors(anchors: Tensor, truth: Truth, *, count: int) -> Chosen:
    """Anchors that overlap a segment by 0.7, or more than all others do, and as many that overlap none by 0.3.

    Args:
        anchors: (K, 2).
        truth: of the line.
        count: how many together; fewer right ones are filled up with wrong ones.
    """
    if not truth.segments.shape[0]:
        nothing = anchors.new_zeros(anchors.shape[0])
        return _drawn(nothing.bool(), _wrong(anchors, nothing, _UNSURE, truth), nothing.long(), count, count // 2)
    shared = overlap(anchors, truth.segments)  # (K, S)
    best, match = shared.max(dim=1)
    most = shared.amax(dim=0)  # (S,)
    right = (best >= _SURE) | ((shared == most) & (most > 0)).any(dim=1)
    return _drawn(right, _wrong(anchors, best, _UNSURE, truth) & ~right, match, count, count // 2)


def choose_proposals(proposals: Tensor, truth: Truth, *, count: int, share: float) -> Chosen:
    """Proposals that overlap a segment by 0.5, so many of them at most, and others.

    Args:
        proposals: (K, 2).
        truth: of the line.
        count: how many together.
        share: of the right ones, at most.
    """
    if not truth.segments.shape[0]:
        nothing = proposals.new_zeros(proposals.shape[0])
        return _drawn(nothing.bool(), _wrong(proposals, nothing, _RIGHT, truth), nothing.long(), count, 0)
    best, match = overlap(proposals, truth.segments).max(dim=1)
    wrong = _wrong(proposals, best, _RIGHT, truth)
    return _drawn(best >= _RIGHT, wrong, match, count, round(count * share))


def _wrong(candidates: Tensor, best: Tensor, limit: float, truth: Truth) -> Tensor:
    """Those that overlap no segment by the limit; of those that reach over unknown frames nobody can say, (K,)."""
    frames = truth.unknown.shape[0]
    seen = torch.nn.functional.pad(truth.unknown.long().cumsum(dim=0), (1, 0))  # (T + 1,)
    first = candidates[:, 0].floor().clamp(0, frames).long()
    end = candidates[:, 1].ceil().clamp(0, frames).long()
    return (best < limit) & (seen[end] == seen[first]) & (end > first)


def _drawn(right: Tensor, wrong: Tensor, match: Tensor, count: int, most: int) -> Chosen:
    """At most so many of the right ones, drawn at random, and of the wrong ones as many as make the count."""
    hits, misses = (_some(each, number) for each, number in ((right, most), (wrong, count)))
    return Chosen(torch.cat([hits, misses[: count - hits.shape[0]]]), match[hits])


def _some(which: Tensor, most: int) -> Tensor:
    """Places where it is true, at most so many, in random order."""
    places = which.nonzero()[:, 0]
    return places[torch.randperm(places.shape[0], device=places.device)[:most]]
