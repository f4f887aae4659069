"""Temporal action localisation on the lines of features that the boxes of a face draw over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from actionunits.models.evidence import ABSENT, never_found
from actionunits.models.layers.segments import decode, encode, pool, suppress
from actionunits.models.layers.temporal_proposals import SegmentProposals
from actionunits.models.segment_targets import Chosen, Truth, choose_anchors, choose_proposals, truth_of

_LEARN = {"before": 12_000, "after": 2_000}
_LOOK = {"before": 6_000, "after": 300}
_ANCHORS, _SEGMENTS, _RIGHT_SHARE = 256, 128, 0.25  # to learn from, of each line
_PROPOSAL_SIGMA, _SEGMENT_SIGMA = 3.0, 1.0  # of smooth L1
_SPREAD = (0.1, 0.2)  # of the offsets of a segment: centre, logarithm of the length
_BINS = 7
_SCORE_SCALE, _OFFSET_SCALE = 0.01, 0.001
_LEAST_SCORE = 0.05
_LEAST_ODDS = math.log(_LEAST_SCORE / (1 - _LEAST_SCORE))
_OVERLAP = 0.3  # of two segments of an AU; the worse one goes


class SegmentHead(nn.Module):
    """Which AU a segment shows, and where exactly.

    Args:
        features: D, of a frame.
        width: of both hidden layers.
        count: A, action units.
    """

    def __init__(self, features: int, width: int, count: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(_BINS * features, width), nn.Linear(width, width)
        self.score, self.offset = nn.Linear(width, 1 + count), nn.Linear(width, 2 * count)
        for layer, scale in ((self.score, _SCORE_SCALE), (self.offset, _OFFSET_SCALE)):
            nn.init.normal_(layer.weight, std=scale)
            nn.init.zeros_(layer.bias)
        self.register_buffer("spread", torch.tensor(_SPREAD), persistent=False)

    spread: Tensor

    def forward(self, lines: Tensor, line: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Judge segments.

        Args:
            lines: (R, D, T) features.
            line: (K,) on which each segment lies.
            segments: (K, 2) frames.

        Returns:
            (K, 1 + A) logits of background and of the AUs, and (K, A, 2) offsets, in units of ``spread``.
        """
        seen = pool(lines, line, segments, _BINS)  # (K, 7 D)
        last = self.second(self.first(seen).relu()).relu()
        return self.score(last), torch.unflatten(self.offset(last), 1, (-1, 2))


class BoxTimelines(nn.Module):
    """Proposes segments on the line of each box, and tells which AU each shows.

    Args:
        features: D, of a box in a frame.
        carries: (R, A) bool, the AUs of each box.
        channels, depth: of the convolutions of the proposals.
        lengths: of the anchors, frames.
        width: of the head's hidden layers.

    Source: AU R-CNN (Ma et al. 2019), section 4.5.3, after TAL-Net (Chao et al., CVPR 2018) and Faster R-CNN.
    """

    carries: Tensor

    def __init__(
        self, features: int, carries: Tensor, *, channels: int, depth: int, lengths: Sequence[int], width: int
    ) -> None:
        super().__init__()
        self.proposals = SegmentProposals(features, channels=channels, depth=depth, lengths=lengths)
        self.head = SegmentHead(features, width, carries.shape[1])
        self.register_buffer("carries", carries, persistent=False)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge a run of frames.

        Args:
            features: (T, R, D).

        Returns:
            (T, R, A) evidence, above 0 in the frames inside a segment that is kept; it is the logarithm of the odds of
            the likeliest segment over those of a score of 0.05. And (R, K) log-odds and (R, K, 2) offsets of anchors.
        """
        lines, frames = features.permute(1, 2, 0), features.shape[0]  # (R, D, T)
        anchor_logits, anchor_offsets = self.proposals(lines)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.training):
            proposals = self.proposals.propose(anchor_logits, anchor_offsets, frames, **_LOOK)
            line, candidates = _numbered(proposals)
            logits, offsets = self.head(lines, line, candidates)
            score = logits.softmax(dim=1)[:, 1:]  # (K, A)
            segments = decode(offsets * self.head.spread, candidates[:, None], frames)  # (K, A, 2)
            sizes = [each.shape[0] for each in proposals]
            each = zip(torch.split(score, sizes), torch.split(segments, sizes), strict=True)
            evidence = torch.stack([_evidence(*of_line, frames) for of_line in each], dim=1)  # (T, R, A)
        return evidence, anchor_logits, anchor_offsets

    def loss(
        self, features: Tensor, anchor_logits: Tensor, anchor_offsets: Tensor, occurrence: Tensor
    ) -> dict[str, Tensor]:
        """Which anchors show anything, and where; what proposals show, and where: four terms and their sum.

        Args:
            features: (T, R, D).
            anchor_logits, anchor_offsets: as the forward pass gives them.
            occurrence: (T, A).
        """
        lines, frames = features.permute(1, 2, 0), features.shape[0]
        anchors = self.proposals.anchors(frames)
        proposals = self.proposals.propose(anchor_logits, anchor_offsets, frames, **_LEARN)
        of_anchors, of_segments = _Sums(features), _Sums(features)
        for place, carried in enumerate(self.carries):
            truth = truth_of(occurrence, carried)
            chosen = choose_anchors(anchors, truth, count=_ANCHORS)
            hit, target = _targets(anchors, chosen, truth)
            said = anchor_logits[place, chosen.places]
            right = torch.zeros_like(said)
            right[: hit.shape[0]] = 1
            moved = anchor_offsets[place, hit]
            wrong = functional.binary_cross_entropy_with_logits(said, right, reduction="sum")
            of_anchors.add(wrong, _smooth(moved, target, _PROPOSAL_SIGMA), said.shape[0])
            of_segments.add(*self._learned(lines, place, torch.cat([proposals[place], truth.segments]), truth))
        names = ("proposal", "proposal_offset", "segment", "segment_offset")
        terms = dict(zip(names, (*of_anchors.means(), *of_segments.means()), strict=True))
        return {**terms, "total": torch.stack([*terms.values()]).sum()}

    def _learned(self, lines: Tensor, place: int, candidates: Tensor, truth: Truth) -> tuple[Tensor, Tensor, int]:
        """The loss of the head on one line: of the classes, of the offsets, and of how many segments."""
        chosen = choose_proposals(candidates, truth, count=_SEGMENTS, share=_RIGHT_SHARE)
        line = torch.full_like(chosen.places, place)
        logits, offsets = self.head(lines, line, candidates[chosen.places])
        hit, target = _targets(candidates, chosen, truth)
        classes = truth.classes[chosen.match]  # (P,)
        wanted = torch.zeros_like(line)
        wanted[: hit.shape[0]] = 1 + classes
        wrong = functional.cross_entropy(logits, wanted, reduction="sum")
        moved = offsets[torch.arange(hit.shape[0], device=hit.device), classes]
        return wrong, _smooth(moved, target / self.head.spread, _SEGMENT_SIGMA), line.shape[0]


class _Sums:
    """Two sums over candidates, and how many there were."""

    def __init__(self, like: Tensor) -> None:
        self.one, self.other, self.count = like.new_zeros(()), like.new_zeros(()), 0

    def add(self, one: Tensor, other: Tensor, count: int) -> None:
        self.one, self.other, self.count = self.one + one, self.other + other, self.count + count

    def means(self) -> tuple[Tensor, Tensor]:
        return self.one / max(1, self.count), self.other / max(1, self.count)


def _targets(candidates: Tensor, chosen: Chosen, truth: Truth) -> tuple[Tensor, Tensor]:
    """The right candidates' places, (P,), and their offsets, (P, 2)."""
    return chosen.right, encode(truth.segments[chosen.match], candidates[chosen.right])


def _smooth(found: Tensor, target: Tensor, sigma: float) -> Tensor:
    return functional.smooth_l1_loss(found, target, beta=1 / sigma**2, reduction="sum")


def _numbered(of_lines: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Segments of all lines, (K, 2), and on which each lies, (K,)."""
    sizes = torch.tensor([each.shape[0] for each in of_lines], device=of_lines[0].device)
    return torch.arange(len(of_lines), device=sizes.device).repeat_interleave(sizes), torch.cat(of_lines)


def _evidence(score: Tensor, segments: Tensor, frames: int) -> Tensor:
    """What a line's segments say of each frame, (T, A).

    Args:
        score: (K, A).
        segments: (K, A, 2).
        frames: T.
    """
    count = score.shape[1]
    kept = torch.zeros_like(score, dtype=torch.bool)
    place, au = (score > _LEAST_SCORE).nonzero().T
    left = suppress(segments[place, au], score[place, au], _OVERLAP, groups=au)
    kept[place[left], au[left]] = True
    odds = score.logit(eps=1e-6) - _LEAST_ODDS  # (K, A)
    odds = torch.where(kept, odds, never_found(odds))
    moment = torch.arange(frames, device=score.device) + 0.5  # (T,)
    inside = (segments[..., :1] <= moment) & (moment < segments[..., 1:])  # (K, A, T)
    found = torch.where(inside, odds[..., None], ABSENT)
    return found.amax(dim=0).T.reshape(frames, count)
