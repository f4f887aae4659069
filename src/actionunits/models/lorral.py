"""LoRRaL (Shi et al. 2020): features of the face, of its landmarks and of each AU's own region, and a relation of AUs.

picture, stem --+-- global branch, g --------------------------+
                +-- landmark branch, l ------------------------+-- prediction
                |            +-- landmarks                     |
                +-- local branch there, a -- relation, r ------+
                                                +-- local head
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.losses.dice import dice as dice_loss
from actionunits.losses.landmarks import landmark_loss
from actionunits.losses.occurrence import bce
from actionunits.losses.weighting import jaa_weights
from actionunits.models.backbones import BACKBONES
from actionunits.models.base import AUModel, TrainingLabels
from actionunits.models.face_branches import GlobalBranch, LandmarkBranch, LocalBranch
from actionunits.models.layers.bilstm import BiLSTM
from actionunits.models.layers.grouped_linear import GroupedLinear
from actionunits.models.layers.hopfield import Hopfield
from actionunits.models.layers.multi_scale import MultiScale
from actionunits.models.layers.patch_conv import PatchLearning
from actionunits.models.layers.self_attention import SelfAttention
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Relation = Literal["hopfield", "self_attention", "bilstm", "none"]
AUWeighting = Literal["jaa", "none"]

PATCH = "patch"
"""The paper's patch learning, where other systems name a backbone."""

_STRIDE = 4  # of the map that all branches see
_REGION_SHARE = 12 / 44  # of the map's width
_EPOCHS = 30
_BASE = "base"
_OF_RELATION = frozenset(
    {"relation", "steps", "beta", "tolerance", "normalise", "heads", "layers", "dropout", "freeze_landmarks"}
)
"""Settings that the first stage's result does not depend on."""


class LoRRaL(AUModel):
    """Local region relation learning. Defaults are the paper's; where it is silent, JAA-Net's or ours.

    It finds the landmarks itself, and looks for each AU where they say. The stage ``base`` trains everything without a
    relation; the stage ``relation`` puts it in, freezes stem, global and local branch, and trains the rest on.

    Args:
        aus: action units to find; each needs a rule in :data:`actionunits.geometry.AU_CENTRES`.
        input: what it sees.
        backbone: ``patch`` is the paper's patch learning; any of :data:`~actionunits.models.backbones.BACKBONES` gives
            its maps at strides 4, 8 and 16, added up.
        backbone_weights: that training begins with; see :func:`~actionunits.models.backbones.create_backbone`.
        relation: of the AUs' features: ``hopfield``, ``self_attention``, ``bilstm``, or ``none``, which has no second
            stage.
        patches: along each side of the grid of ``patch``.
        residual: patches are added to what their convolutions give, as in DRML.
        feature_channels: of the map that all branches see, a quarter as wide as the picture.
        global_channels: of the global branch, one number for each of its layers.
        landmark_channels: of the landmark branch, likewise.
        local_channels: of the local branch, for each AU, likewise.
        feature_size: of an AU's feature.
        hidden: size of the layers before the landmarks and before the logits.
        crop_cells: side of an AU's region, cells of the map; None for 27 % of its width, 12 of 44.
        steps: how often ``hopfield`` replaces its state; 0 is attention.
        beta: inverse temperature of ``hopfield``; None for 1 / sqrt(feature_size / heads).
        tolerance: ``hopfield`` rests where its associations change by no more than this; None for never.
        normalise: layer norms before the projections of ``hopfield``, as in its authors' code.
        heads: of ``hopfield`` and ``self_attention``.
        layers: of ``self_attention``.
        dropout: of ``hopfield`` and ``self_attention``, probability.
        au_weighting: ``jaa`` weighs each AU by one over its rate in the training part.
        dice: adds JAA-Net's Dice terms, with weight 1.
        detach_local: the prediction's loss does not reach the AUs' features, as in JAA-Net's second version.
        landmark_weight: of the landmarks' loss.
        freeze_landmarks: in the second stage too.

    Raises:
        UsageError: a value is out of range, or an AU has no rule for its place.

    Source: LoRRaL (Shi et al., arXiv 2009.10892).
    """

    system = "lorral"
    au_weights: Tensor

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "jaa-176",
        backbone: str = PATCH,
        backbone_weights: str | None = None,
        relation: Relation = "hopfield",
        patches: int = 8,
        residual: bool = False,
        feature_channels: int = 64,
        global_channels: tuple[int, ...] = (96, 128, 160),
        landmark_channels: tuple[int, ...] = (96, 128, 160),
        local_channels: tuple[int, ...] = (96, 160),
        feature_size: int = 512,
        hidden: int = 512,
        crop_cells: int | None = None,
        steps: int = 3,
        beta: float | None = None,
        tolerance: float | None = None,
        normalise: bool = False,
        heads: int = 8,
        layers: int = 2,
        dropout: float = 0.1,
        au_weighting: AUWeighting = "jaa",
        dice: bool = False,
        detach_local: bool = False,
        landmark_weight: float = 0.5,
        freeze_landmarks: bool = False,
    ) -> None:
        super().__init__(aus, input)
        _at_least(1, patches=patches, hidden=hidden, feature_size=feature_size, heads=heads, layers=layers)
        _at_least(1, global_channels=global_channels, landmark_channels=landmark_channels, crop_cells=crop_cells)
        _at_least(1, local_channels=local_channels)
        _at_least(2, feature_channels=feature_channels)
        _at_least(0, steps=steps, beta=beta, tolerance=tolerance, dropout=dropout, landmark_weight=landmark_weight)
        count, pixels = len(self.aus), self.input.output
        side = -(-pixels // _STRIDE)
        cells = round(_REGION_SHARE * side) if crop_cells is None else crop_cells
        # The relation is made last, so that under one seed all variants begin the first stage with the same weights.
        self.stem = _stem(backbone, backbone_weights, feature_channels, pixels, patches=patches, residual=residual)
        self.global_branch = GlobalBranch(feature_channels, global_channels, side)
        self.landmark_branch = LandmarkBranch(feature_channels, landmark_channels, side, hidden, self.input)
        self.local_branch = LocalBranch(
            self.aus, feature_channels, local_channels, feature_size, cells=cells, side=pixels
        )
        self.local_head = GroupedLinear(count, feature_size, 1)
        joined = self.global_branch.size + self.landmark_branch.size + count * feature_size
        self.prediction = nn.Sequential(nn.Linear(joined, hidden), nn.Linear(hidden, count))  # as JAA-Net's
        place = sorted(self.aus).index  # the sequence is that of the numbers
        self.relation = _relation(
            relation,
            [place(au) for au in self.aus],
            feature_size,
            heads=heads,
            layers=layers,
            dropout=dropout,
            steps=steps,
            beta=beta,
            tolerance=tolerance,
            normalise=normalise,
        )
        self.au_weighting, self.dice, self.detach_local = au_weighting, dice, detach_local
        self.landmark_weight = landmark_weight
        self.stages = _stages(related=self.relation is not None, freeze_landmarks=freeze_landmarks)
        self.register_buffer("au_weights", torch.ones(count))

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces.

        Returns:
            Logits, with the parts ``local``, (N, A), logits of the AUs' own features, and ``landmarks``, (N, 49, 2)
            float32, pixels of the picture. When it predicts, also ``features``, (N, A, D), related in all stages but
            the first, and with ``hopfield`` and ``self_attention`` there ``attention``, (N, heads, A, A).
        """
        features = self.stem(batch.image)  # (N, F, h, h)
        face = self.global_branch(features)  # (N, G)
        shape = self.landmark_branch(features)  # (N, L)
        landmarks = self.landmark_branch.landmarks(shape)  # (N, 49, 2)
        local, attention = self.local_branch(features, landmarks.detach()), None  # (N, A, D)
        if self.relation is not None and self.stage != _BASE:
            local, attention = self.relation(local)  # (N, A, D), (N, heads, A, A)
        joined = torch.cat([face, shape, (local.detach() if self.detach_local else local).flatten(1)], dim=1)
        parts = {"local": self.local_head(local).squeeze(2), "landmarks": landmarks}
        if not self.training:
            parts |= {"features": local} if attention is None else {"features": local, "attention": attention}
        return AUOutput(self.prediction(joined), parts=parts)

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``occurrence`` and ``local``, cross-entropies; ``landmarks``; where asked for ``dice`` and ``local_dice``."""
        both = {"occurrence": output.logits, "local": output.parts["local"]}
        terms = {name: bce(logits, batch.occurrence, weight=self.au_weights) for name, logits in both.items()}
        if self.dice:
            terms["dice"] = dice_loss(both["occurrence"], batch.occurrence, weight=self.au_weights)
            terms["local_dice"] = dice_loss(both["local"], batch.occurrence, weight=self.au_weights)
        landmarks = landmark_loss(output.parts["landmarks"], batch.landmarks)
        total = torch.stack([*terms.values()]).sum() + self.landmark_weight * landmarks
        return {**terms, "landmarks": landmarks, "total": total}

    def observe(self, labels: TrainingLabels) -> None:
        """Take the AUs' weights from their rates."""
        if self.au_weighting == "jaa":
            self.au_weights.copy_(jaa_weights(labels.occurrence))

    def adopt(self, state: Mapping[str, Tensor], aus: AUSet) -> None:
        """Start from a LoRRaL that was trained elsewhere for the same AUs; a relation of another kind is not taken.

        Args:
            state: ``state_dict`` of a LoRRaL with the same sizes.
            aus: its action units.

        Raises:
            UsageError: the weights do not fit.
        """
        own, given = (
            {name: each for name, each in one.items() if name.startswith("relation.")}
            for one in (self.state_dict(), state)
        )
        if given.keys() != own.keys():
            state = {name: each for name, each in state.items() if name not in given} | own
        super().adopt(state, aus)

    def map_layer(self) -> nn.Module:
        """The stem: its map is the last that all branches see."""
        return self.stem

    def stage_settings(self, stage: str) -> Mapping[str, Any]:
        """The settings that this stage's result depends on: the first knows nothing of the relation."""
        settings = super().stage_settings(stage)
        if stage != _BASE:
            return settings
        return {name: value for name, value in settings.items() if name not in _OF_RELATION}


def _stages(*, related: bool, freeze_landmarks: bool) -> tuple[Stage, ...]:
    """The paper's steps. It trains "up to 30 epochs": a step ends early when three decays in a row brought nothing."""
    first = ("stem", "global_branch", "landmark_branch", "local_branch", "local_head", "prediction")
    second = ("relation", "prediction", "local_head", *(() if freeze_landmarks else ("landmark_branch",)))
    plans = {_BASE: first, "relation": second} if related else {_BASE: first}
    return tuple(
        Stage(
            name,
            rates=dict.fromkeys(parts, 0.01),
            epochs=_EPOCHS,
            batch=16,
            optimizer="sgd",
            weight_decay=5e-4,
            schedule="step",
            milestones=tuple(range(2, _EPOCHS, 2)),
            decay=0.3,
            patience=6,
        )
        for name, parts in plans.items()
    )


def _stem(backbone: str, weights: str | None, channels: int, pixels: int, *, patches: int, residual: bool) -> nn.Module:
    """What makes the map of pictures of so many pixels."""
    if backbone not in (PATCH, *BACKBONES):
        raise UsageError(f"backbone {backbone!r}", "no such network", f"There are {', '.join((PATCH, *BACKBONES))}")
    if backbone != PATCH:
        return MultiScale(backbone, weights, channels)
    if weights is not None:
        raise UsageError(f"backbone_weights={weights}", "patch learning begins without any", "Choose another backbone")
    if pixels % 4 or pixels % (2 * patches):
        reason = f"does not divide pictures of {pixels} pixels, and maps half as wide, into equal parts"
        raise UsageError(f"patches={patches}", reason, "Choose 8 or 4")
    return PatchLearning(channels, patches, residual=residual)


def _relation(
    kind: Relation,
    places: list[int],
    size: int,
    *,
    heads: int,
    layers: int,
    dropout: float,
    steps: int,
    beta: float | None,
    tolerance: float | None,
    normalise: bool,
) -> nn.Module | None:
    """What relates the AUs; its settings are looked at only where it has them."""
    if kind == "none":
        return None
    if size % 2:
        raise UsageError(f"feature_size={size}", "must be even for a relation", "Correct this setting")
    if kind == "bilstm":
        return BiLSTM(places, size)
    if size % heads or dropout >= 1:
        reason = f"heads must divide feature_size={size}, and dropout be below 1"
        raise UsageError(f"heads={heads}, dropout={dropout}", reason, "Correct these settings")
    if kind == "self_attention":
        return SelfAttention(places, size, heads=heads, layers=layers, dropout=dropout)
    return Hopfield(
        places,
        size,
        heads=heads,
        steps=steps,
        beta=beta,
        tolerance=tolerance,
        dropout=dropout,
        normalise=normalise,
    )


def _at_least(least: int, **settings: float | tuple[int, ...] | None) -> None:
    """Refuse settings below this number; None may stand for a default."""
    for name, value in settings.items():
        values = value if isinstance(value, tuple) else (value,)
        if not values or not all(each is None or least <= each < math.inf for each in values):
            raise UsageError(f"{name}={value}", f"must be {least} or more", "Correct this setting")
