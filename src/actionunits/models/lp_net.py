"""LP-Net (Niu et al., CVPR 2019): an LSTM per action unit walks over the face, and the face's shape corrects it.

    F   = stem(image)                                   one feature of size D for each cell of the last map
    p_j = sigmoid(mean_i LSTM_j(f_i) + m_j)             Eq. 4; without m_j, Eq. 1: the L-Net
    m, f_s = P-Net(landmarks)                           f_s, of size D, is what m is read from
    loss = BCE with Selective Learning + |<f_au, f_s>|  Eq. 3, 5 and 6; f_au is the mean of the f_i

Where the paper is silent, these are our choices: the LSTM's state has 128 numbers and a linear layer that all steps
share (``hidden=1`` is the literal reading: the state is the logit); cells are read line by line; f_s is taken before
its ReLU, as two features without negative numbers could only be orthogonal by never being there together; learning
rates fall to a tenth at epochs 15 and 25; a step ends after 10 epochs without a better score, so that one that was best
in epoch 5 or later sees the first fall.

The rows of the paper's Table 3, as settings beside the defaults:

    ================  ================================================================================
    ResNet-18, 34     backbone resnet18, resnet34 or resnet50; input lp-224-plain; balance none;
    and 50            local gap, shape none
    ResNet-34+SL      input lp-224-plain; local gap, shape none
    +SL/DA            local gap, shape none
    +SL/DA/P          the same, with backbone_weights of face recognition: "Stem-Net*", as the rest
    +LF               local lf, shape none
    +FACS             local facs, shape none
    +L-Net            shape none
    +P-Net w/o L_r    local gap, ortho none
    +P-Net            local gap
    LP-Net            the defaults
    ================  ================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.losses.occurrence import MLCR_SHARES, Over, bce, mlcr_weights, selective_weights
from actionunits.losses.orthogonality import orthogonality
from actionunits.models.backbones import create_backbone
from actionunits.models.base import AUModel, by_au, load_state
from actionunits.models.cells import Order, au_cells, cell_order
from actionunits.models.layers.l_net import LNet
from actionunits.models.layers.p_net import PNet
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Local = Literal["l_net", "gap", "lf", "facs"]
Shape = Literal["p_net", "none"]
Ortho = Literal["inner", "cosine", "none"]
Balance = Literal["selective", "selective_mlcr", "none"]

STAND_INS: Mapping[int, int] = MappingProxyType({25: 23, 26: 17})
"""Whose weights an AU of DISFA begins with, where it comes from BP4D and these have none of its own."""

_OF_THE_WALK = frozenset({"hidden", "order"})
_OF_THE_SHAPE = frozenset({"shape", "ortho", "ortho_weight", "fs_relu"})

_RANGES = "hidden and weight_cap begin at 1, ortho_weight at 0, and target is between 0 and 1"

_BY_AU = ("head.", "l_net.", "lf.", "facs.", "p_net.terms.")
"""Names of the weights of which each AU has a row."""


class LPNet(AUModel):
    """LP-Net, and the rows of its paper's Table 3; see the module's text.

    It trains in up to three steps, each of 30 epochs: ``stem`` with a linear head on the mean feature; ``local``, where
    the L-Net takes the head's place; ``shape``, with the P-Net. In each step it gives, and learns by, what that step
    has.

    Args:
        aus: action units to find, A of them.
        input: input recipe, or its name.
        backbone: of the stem.
        backbone_weights: of the stem; see :func:`~actionunits.models.backbones.create_backbone`.
        backbone_stride: pixels to a cell, 32 or 16.
        local: from the map to logits. ``l_net``: an LSTM per AU over all cells; ``facs``: over the cells of its region
            of FACS; ``lf``: one linear layer at each cell, and the mean (as a function the same as ``gap``, trained in
            a step of its own); ``gap``: a linear layer on the mean feature, without a step ``local``.
        shape: ``p_net``, or ``none`` for no correction by the face's shape.
        hidden: size of an LSTM's state.
        order: in which the LSTMs read the cells.
        ortho: between f_au and f_s: size of the ``inner`` product, size of the ``cosine``, or ``none``.
        ortho_weight: lambda of Eq. 6.
        fs_relu: take f_s after its ReLU.
        balance: weights against imbalance: ``selective`` learning, its variant ``selective_mlcr``, which also adds the
            AUs' losses up instead of averaging them, as its code does, or ``none``.
        target: share of positives that ``selective`` aims at; with ``selective_mlcr``, that of AUs beyond BP4D's.
        weight_cap: largest weight of ``selective``.

    Raises:
        UsageError: a value is out of range.
    """

    system = "lp_net"

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "lp-224",
        backbone: str = "resnet34",
        backbone_weights: str | None = None,
        backbone_stride: int = 32,
        local: Local = "l_net",
        shape: Shape = "p_net",
        hidden: int = 128,
        order: Order = "raster",
        ortho: Ortho = "inner",
        ortho_weight: float = 1.0,
        fs_relu: bool = False,
        balance: Balance = "selective",
        target: float = 0.5,
        weight_cap: float = 10.0,
    ) -> None:
        super().__init__(aus, input)
        for name, value, fits in (
            ("hidden", hidden, hidden >= 1),
            ("ortho_weight", ortho_weight, 0 <= ortho_weight < math.inf),
            ("target", target, 0 < target < 1),
            ("weight_cap", weight_cap, weight_cap >= 1),
        ):
            if not fits:
                raise UsageError(f"lp_net: {name}={value}", "is out of range", _RANGES)
        self.local, self.ortho, self.ortho_weight = local, ortho, ortho_weight
        self.balance, self.target, self.weight_cap = balance, target, weight_cap
        self.needs_landmarks = shape == "p_net"
        self.stages = _stages(local, shape)
        self.stem = create_backbone(backbone, weights=backbone_weights, stride=backbone_stride)
        channels, count = self.stem.channels, len(self.aus)
        self.head = nn.Linear(channels, count)
        if local == "lf":
            self.lf = nn.Conv2d(channels, count, 1)
        elif local != "gap":
            self.add_module(local, LNet(channels, self._walks(order), hidden))
        if shape == "p_net":
            self.p_net = PNet(count, channels, relu=fs_relu)

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces.

        Returns:
            Logits, with the parts ``features``, what they are read from: (N, A, H), mean states of the LSTMs, or
            (N, D); ``f_au``, (N, D); with the P-Net also ``f_s``, (N, D), and ``shape_terms``, m of Eq. 4, (N, A).
        """
        features = self.stem(batch.image)  # (N, D, h, w)
        f_au = features.mean(dim=(2, 3))  # (N, D)
        logits, seen = self._classify(features, f_au)  # (N, A)
        parts, stand_in = {"features": seen, "f_au": f_au}, None
        if self._step() == "shape":
            terms, f_s = self.p_net(batch.landmarks)  # (N, A), (N, D)
            logits = logits + terms
            parts |= {"f_s": f_s, "shape_terms": terms}
            stand_in = ~torch.isfinite(batch.landmarks).all(dim=2).all(dim=1)
        return AUOutput(logits, parts=parts, stand_in=stand_in)

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``occurrence``; with the P-Net ``orthogonality``, of the faces with a label, and what to watch beside it.

        Terms whose names begin with ``log_`` have no part in ``total``: mean length of f_au, of f_s, and mean size of
        the cosine between them.
        """
        over: Over = "au_sum" if self.balance == "selective_mlcr" else "au_mean"
        occurrence = bce(output.logits, batch.occurrence, weight=self._weights(batch.occurrence), over=over)
        terms = {"occurrence": occurrence, "total": occurrence}
        if "f_s" not in output.parts:
            return terms
        f_au, f_s = output.parts["f_au"], output.parts["f_s"]
        if self.ortho != "none":
            labelled = (batch.occurrence >= 0).any(dim=1)  # (N,)
            terms["orthogonality"] = orthogonality(f_au, f_s, kind=self.ortho, used=labelled)
            terms["total"] = occurrence + self.ortho_weight * terms["orthogonality"]
        with torch.no_grad():
            terms["log_f_au"] = f_au.float().norm(dim=1).mean()
            terms["log_f_s"] = f_s.float().norm(dim=1).mean()
            terms["log_cosine"] = orthogonality(f_au, f_s, kind="cosine")
        return terms

    def map_layer(self) -> nn.Module:
        """The stem, whose last map the LSTMs walk over."""
        return self.stem

    def stage_settings(self, stage: str) -> Mapping[str, Any]:
        """The settings that this stage's result depends on: rows of the paper's table can share their first steps."""
        self.find_stage(stage)
        unused = frozenset() if stage == "shape" else _OF_THE_SHAPE
        if stage == "stem" or self.local in ("gap", "lf"):
            unused |= _OF_THE_WALK
        if stage == "stem":
            unused |= {"local"}
        return {"system": self.system} | {name: value for name, value in self.settings.items() if name not in unused}

    def adopt(self, state: Mapping[str, Tensor], aus: AUSet) -> None:
        """Start from weights that were trained for other AUs, as the paper does to go from BP4D to DISFA.

        What belongs to one AU is taken from the same AU; where that is missing, from its stand-in (:data:`STAND_INS`);
        else it stays as it began. Everything else is taken as it is.

        Args:
            state: ``state_dict`` of an LP-Net of the same settings.
            aus: its action units.

        Raises:
            UsageError: the weights do not fit.
        """
        sources = [au if au in aus else STAND_INS.get(au) for au in self.aus]
        pairs = [(row, aus.index(au)) for row, au in enumerate(sources) if au is not None and au in aus]
        load_state(self, by_au(self.state_dict(), state, _BY_AU, pairs, len(aus)))

    def _step(self) -> str:
        """The stage it is in; a model that has begun none is in its last."""
        return self.stage or self.stages[-1].name

    def _classify(self, features: Tensor, f_au: Tensor) -> tuple[Tensor, Tensor]:
        """Logits before the shape's correction, (N, A), and what they were read from."""
        if self.local == "gap" or self._step() == "stem":
            return self.head(f_au), f_au
        if self.local == "lf":
            return self.lf(features).mean(dim=(2, 3)), f_au
        logits, states = self.get_submodule(self.local)(features)
        return logits, states

    def _weights(self, target: Tensor) -> Tensor | None:
        """Of each label in the batch, (N, A)."""
        if self.balance == "selective":
            return selective_weights(target, share=self.target, cap=self.weight_cap)
        if self.balance == "selective_mlcr":
            return mlcr_weights(target, share=[MLCR_SHARES.get(au, self.target) for au in self.aus])
        return None

    def _walks(self, order: Order) -> list[tuple[int, ...]]:
        """The cells that each AU's LSTM reads, in order."""
        walk = cell_order(-(-self.input.output // self.stem.stride), order)
        if self.local == "l_net":
            return [walk] * len(self.aus)
        own = [set(au_cells(au, self.input, self.stem.stride)) for au in self.aus]
        return [tuple(cell for cell in walk if cell in cells) for cells in own]


def _stages(local: Local, shape: Shape) -> tuple[Stage, ...]:
    """The paper's steps, section 4.1.3."""
    classifier = "head" if local == "gap" else local
    steps = {"stem": {"stem": 1e-3, "head": 1e-3}}
    if local != "gap":
        steps["local"] = {"stem": 5e-4, local: 1e-3}
    if shape == "p_net":
        steps["shape"] = {"stem": 5e-4, classifier: 5e-4, "p_net": 1e-3}
    return tuple(
        Stage(name, rates, epochs=30, batch=100, schedule="step", milestones=(15, 25), patience=10)
        for name, rates in steps.items()
    )
