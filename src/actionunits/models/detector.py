"""The detector that ships: a light network that reads intensities off a face, and where its landmarks lie.

picture, stem --- map --- a look at it for each AU ---+
landmarks --- shape of the face ----------------------+-- features of the AUs, perhaps related --- ordered levels

Not of a paper; its parts are those of the papers', which ``tools/compare_designs.py`` compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.geometry import AU_CENTRES
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.losses.ordinal import cumulative_levels, level_loss
from actionunits.losses.orthogonality import orthogonality
from actionunits.models.backbones import create_backbone, fold_norms
from actionunits.models.base import AUModel, TrainingLabels, by_au, load_state
from actionunits.models.layers.ordinal_head import OrdinalHead
from actionunits.models.layers.p_net import face_shape
from actionunits.models.layers.roi_maps import ROIRegions
from actionunits.models.layers.self_attention import SelfAttention
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Look = Literal["mean", "attention"]
Relation = Literal["none", "self_attention"]

_SHAPE_HIDDEN = 128
_HEADS = 4
_GUIDE_CELLS = 3
_LEAST_SHARE = 1e-6  # of the attention
_HIGHEST = 5
_BY_AU = ("head.", "looking.where.")


class Detector(AUModel):
    """Intensities 0-5 of every AU, and with them the probability that it occurs.

    Args:
        aus: action units to find.
        input: what it sees.
        backbone: of :data:`~actionunits.models.backbones.BACKBONES`.
        backbone_weights: that training begins with; see :func:`~actionunits.models.backbones.create_backbone`.
        backbone_stride: of its last map, 16 or 32.
        folded: whether the backbone's batch norms are worked into its convolutions, so that it trains without them.
        look: how an AU's feature is taken from the map: the ``mean`` of all places, or the mean weighted by an
            ``attention`` of the AU's own.
        shape: whether the landmarks are looked at too.
        relation: whether the AUs' features attend to each other before they are read.
        size: of an AU's feature, a multiple of 4.
        dropout: probability, before the scores.
        guide: weight of a term that draws each AU's attention to its two regions of interest, for the AUs whose regions
            are known; only with ``attention``.
        ortho: weight of the cosine between the picture's and the shape's feature, as LP-Net has it.
        alone: weight of two terms that have the picture find the levels without the landmarks, and the landmarks
            without the picture. Without them a network leaves to the picture what landmarks could say, and rendered
            pictures differ more from photographs than rendered landmarks do.
        occurs_from: lowest intensity that counts as occurrence, 1-5; 2 is FACS B.

    Raises:
        UsageError: a value is out of range.
    """

    system = "detector"
    stages = (
        Stage(
            "train",
            rates={"stem": 3e-4, "looking": 2e-3, "shaping": 2e-3, "head": 2e-3},
            epochs=20,
            batch=64,
            optimizer="adamw",
            weight_decay=0.02,
            schedule="cosine",
            warmup=0.08,
        ),
    )

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "face-112",
        backbone: str = "efficientnet_lite0",
        backbone_weights: str | None = None,
        backbone_stride: int = 16,
        folded: bool = True,
        look: Look = "attention",
        shape: bool = True,
        relation: Relation = "none",
        size: int = 96,
        dropout: float = 0.1,
        guide: float = 0.0,
        ortho: float = 0.0,
        alone: float = 0.0,
        occurs_from: int = 2,
    ) -> None:
        super().__init__(aus, input)
        for name, value, fits in (
            ("size", size, size >= 4 and size % _HEADS == 0),
            ("dropout", dropout, 0 <= dropout < 1),
            ("guide", guide, guide >= 0 and (guide == 0 or look == "attention")),
            ("ortho", ortho, ortho >= 0 and (ortho == 0 or shape)),
            ("alone", alone, alone >= 0 and (alone == 0 or shape)),
            ("occurs_from", occurs_from, 1 <= occurs_from <= _HIGHEST),
        ):
            if not fits:
                raise UsageError(f"detector: {name}={value}", "is out of range", "See actionunits.models.detector")
        self.guide, self.ortho, self.alone, self.occurs_from = guide, ortho, alone, occurs_from
        self.needs_landmarks = shape
        count = len(self.aus)
        self.stem = create_backbone(backbone, weights=backbone_weights, stride=backbone_stride)
        if folded:
            fold_norms(self.stem)
        self.looking = _Looking(self.stem.channels, size, count if look == "attention" else None)
        if shape:
            self.shaping = _Shaping(size)
        if relation == "self_attention":
            self.relating = SelfAttention(range(count), size, heads=_HEADS, layers=1, dropout=dropout)
        self.head = OrdinalHead(count, 2 * size if shape else size)
        self.dropping = nn.Dropout(dropout)
        self.guided = AUSet(tuple(au for au in self.aus if au in AU_CENTRES))
        if guide and len(self.guided):
            self.regions = ROIRegions(self.guided, self.input, self.stem.side(self.input.output), _GUIDE_CELLS)
        kept = {name: rate for name, rate in {**self.stages[0].rates, "relating": 2e-3}.items() if hasattr(self, name)}
        self.stages = (replace(self.stages[0], rates=kept),)

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces.

        Returns:
            Logits of reaching ``occurs_from``, and levels, with the parts ``features``, (N, A, D), ``seen`` and, with
            landmarks, ``shape``, (N, D); ``attention``, (N, A, h, w), where there is one.
        """
        seen, features, attention = self.looking(self.stem(batch.image), len(self.aus))
        if hasattr(self, "relating"):
            related, _ = self.relating(features)
            features = features + related
        parts, stand_in = {"seen": seen}, None
        if attention is not None:
            parts["attention"] = attention
        if self.needs_landmarks:
            parts["shape"], known = self.shaping(batch.landmarks)
            features = torch.cat([features, parts["shape"][:, None].expand_as(features)], dim=-1)
            stand_in = ~known
        reached = self._reached(features)
        return AUOutput(
            reached[..., self.occurs_from - 1],
            cumulative_levels(reached),
            parts={**parts, "features": features},
            stand_in=stand_in,
            reached=reached,
        )

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``intensity``: cross-entropy of levels; ``guide``, ``orthogonality``, ``alone`` where they have a weight."""
        assert output.levels is not None
        intensity = level_loss(output.levels, batch.intensity)
        terms = {"intensity": intensity, "total": intensity}
        if hasattr(self, "regions"):
            terms["guide"] = self._outside(output.parts["attention"], batch)
            terms["total"] = terms["total"] + self.guide * terms["guide"]
        if self.ortho:
            one, other = output.parts["seen"], output.parts["shape"]
            labelled = (batch.intensity >= 0).any(dim=1)  # (N,)
            terms["orthogonality"] = orthogonality(one, other, kind="cosine", used=labelled)
            terms["total"] = terms["total"] + self.ortho * terms["orthogonality"]
        if self.alone:
            seen, shape = output.parts["features"].chunk(2, dim=-1)  # (N, A, D) each
            apart = (torch.cat([seen, torch.zeros_like(shape)], -1), torch.cat([torch.zeros_like(seen), shape], -1))
            losses = [level_loss(cumulative_levels(self._reached(each)), batch.intensity) for each in apart]
            terms["alone"] = losses[0] + losses[1]
            terms["total"] = terms["total"] + self.alone * terms["alone"]
        return terms

    def observe(self, labels: TrainingLabels) -> None:
        """Place the head's cuts where the training labels have the levels."""
        self.head.begin_with(labels.intensity)

    def adopt(self, state: Mapping[str, Tensor], aus: AUSet) -> None:
        """Start from weights of other AUs too: what belongs to one AU is taken from the same AU, or stays as it began.

        Args:
            state: ``state_dict`` of a detector of the same settings.
            aus: its action units.

        Raises:
            UsageError: the weights do not fit.
        """
        pairs = [(row, aus.index(au)) for row, au in enumerate(self.aus) if au in aus]
        load_state(self, by_au(self.state_dict(), state, _BY_AU, pairs, len(aus)))

    def map_layer(self) -> nn.Module:
        """The stem, at whose last map the AUs look."""
        return self.stem

    def _reached(self, features: Tensor) -> Tensor:
        """(N, A, D) to (N, A, 5), log-odds of reaching levels 1 to 5."""
        reached: Tensor = self.head(self.dropping(features)).float()
        return reached

    def _outside(self, attention: Tensor, batch: FaceBatch) -> Tensor:
        """Minus the log of the attention that lies in an AU's regions, where its label and the landmarks are known."""
        regions, known = self.regions(batch.landmarks)  # (N, G, 2, h, w), (N,)
        places = [self.aus.index(au) for au in self.guided]
        inside = (attention[:, places].float() * regions.any(dim=2)).sum(dim=(2, 3))  # (N, G)
        used = known[:, None] & (batch.intensity[:, places] >= 0)
        lost: Tensor = -inside.clamp(min=_LEAST_SHARE).log()
        total: Tensor = lost.masked_fill(~used, 0).sum() / used.sum().clamp(min=1)
        return total


class _Looking(nn.Module):
    """What the AUs see of a map.

    Args:
        channels: of the map, C.
        size: of a feature, D.
        aus: A, to look at places of their own; None for the mean of all places.
    """

    def __init__(self, channels: int, size: int, aus: int | None) -> None:
        super().__init__()
        self.whole = nn.Linear(channels, size)
        if aus is not None:
            self.where = nn.Conv2d(channels, aus, 1)
            self.what = nn.Conv2d(channels, size, 1)

    def forward(self, maps: Tensor, aus: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """(N, C, h, w) to the whole face's feature, (N, D), those of A AUs, (N, A, D), and (N, A, h, w) attention."""
        whole = self.whole(maps.mean(dim=(2, 3)))  # (N, D)
        if not hasattr(self, "where"):
            seen = whole.relu()
            return seen, seen[:, None].expand(-1, aus, -1), None
        height, width = maps.shape[-2:]
        attention = self.where(maps).flatten(2).softmax(dim=-1)  # (N, A, h w)
        found = attention @ self.what(maps).flatten(2).mT  # (N, A, D)
        return whole.relu(), (found + whole[:, None]).relu(), attention.unflatten(2, (height, width))


class _Shaping(nn.Module):
    """From landmarks to a feature of the face's shape, which shift, size and roll of the head do not change.

    A point that is unknown is taken to be where the mean face has it.

    Args:
        size: of the feature, D.

    Source: LP-Net (Niu et al. 2019), section 3.3.
    """

    mean_shape: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        mean_shape = face_shape(torch.tensor(MEAN_68)[None])[0].float()  # (136,)
        self.register_buffer("mean_shape", mean_shape, persistent=False)
        self.norm = nn.BatchNorm1d(len(mean_shape))
        self.first = nn.Linear(len(mean_shape), _SHAPE_HIDDEN)
        self.second = nn.Linear(_SHAPE_HIDDEN, size)

    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 68, 2), NaN where unknown, to (N, D), not negative, and (N,) bool, whether all points are known."""
        shape = face_shape(landmarks)  # (N, 136)
        finite = torch.isfinite(shape)
        known = torch.where(finite, shape, self.mean_shape)
        feature = self.second(self.first(self.norm(known)).relu()).relu()
        return feature, finite.all(dim=1)
