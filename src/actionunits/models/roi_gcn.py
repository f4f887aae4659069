"""ROI maps with a supervised graph (Zhang, Wang & Yin, ACM MM 2020): AU detection as the regression of maps.

picture, backbone -- X0 -- graph convolution -- X1 -- 1x1 convolution -- a map for each AU -- mean in its regions
                      |           |
                      +-- eigenvectors, one for each AU -- AU logits, which only train

An AU's map is 1 in the two regions around its centres where it occurs, -1 there where it does not, and 0 elsewhere. It
is found where the mean of its map is above 0 in either region.

The text at hand lacks sections 3.1 to 3.4 of the paper. What they say is inferred, from the abstract, the captions and
the experiments, in these points: the values of the maps; the centres (those of JAA-Net); the form of the graph
convolution (that of SpyGR, which the paper cites), with as many eigenvectors as AUs; how AU labels supervise them; mean
squared error, and which loss alpha scales; 30 epochs, of which the best on validation is kept.

The paper's rows, as settings beside the defaults:

    ==================================  ==================================
    ROI-GCN (Tables 1, 2)               the defaults
    heatmap, positives only (Table 3)   target heatmap, graph none
    ROI maps (Table 3)                  graph none
    + graph convolution (Table 3)       graph unsupervised
    weighted (Table 4)                  weighted on
    ==================================  ==================================
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.losses.maps import Reduction, map_loss
from actionunits.losses.occurrence import bce
from actionunits.losses.weighting import jaa_weights
from actionunits.models.backbones import BACKBONES, create_backbone
from actionunits.models.base import AUModel, TrainingLabels
from actionunits.models.hrnet import HRNETS, HRNet, require_side
from actionunits.models.layers.graph_conv import ContextHead, GapHead, GraphConv, Laplacian
from actionunits.models.layers.joined_maps import JoinedMaps
from actionunits.models.layers.roi_maps import ROIRegions, region_means, target_maps
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Target = Literal["roi", "heatmap"]
Graph = Literal["none", "unsupervised", "supervised"]
EigHead = Literal["context", "gap"]
AlphaOn = Literal["a", "b"]
Decode = Literal["roi", "mean", "max"]

_STRIDE = 4  # of the maps
_ABSENT = {"roi": -1.0, "heatmap": 0.0}  # in the regions of an AU that does not occur
_FIRST_MAPS = 0.001  # standard deviation of the last convolution's weights


class ROIGCN(AUModel):
    """Regression of ROI maps; see the module's text. Defaults are the paper's.

    The score of a face is the larger of the two regions' means (``decode="roi"``). Its logit is 2 s for ROI maps, and
    4 (s - 0.5) for heatmaps, so that 0 is the paper's threshold. Where a map's regression is perfect, s of a ROI map is
    2 p - 1, and s of a heatmap p, of a probability p: at the threshold, logits so scaled are p's log-odds, and rise as
    steeply; far from it they are smaller. No two scores share a logit, as they would if log-odds were clipped.

    Args:
        aus: action units to find, A of them; each needs a rule in :data:`actionunits.geometry.AU_CENTRES`.
        input: what it sees.
        backbone: of :data:`~actionunits.models.hrnet.HRNETS`, whose four branches make X0, 270 channels of
            ``hrnet_w18``; or of :data:`~actionunits.models.backbones.BACKBONES`, whose maps at strides 4, 8 and 16 do.
        backbone_weights: that training begins with; see :class:`~actionunits.models.hrnet.HRNet` and
            :func:`~actionunits.models.backbones.create_backbone`.
        target: ``roi`` maps, or the ``heatmap`` baseline, in which an absent AU leaves no trace.
        graph: a graph convolution whose eigenvectors are ``supervised`` by the labels or not, or ``none``.
        laplacian: of the graph; see :class:`~actionunits.models.layers.graph_conv.GraphConv`.
        eig_head: how logits are read from eigenvectors: from the ``context`` that they point at, or from their mean
            over all places (``gap``).
        eigenvectors: how many; None for one for each AU, which ``supervised`` needs.
        residual: X0 is added to X1.
        loss_a_reduction: of the maps' squared errors over all places.
        alpha: factor of one of the losses.
        alpha_on: of the eigenvectors' (``b``), or of the maps' (``a``).
        weighted: both losses weigh each AU by one over its rate in the training part.
        roi_cells: side of a region, cells of the map, which is a quarter as wide as the picture.
        decode: the score is the larger of the means in an AU's two regions (``roi``), or the ``mean`` or the ``max``
            of its whole map, which the paper argues against.

    Raises:
        UsageError: a value is out of range, or an AU has no rule for its place.

    Source: Zhang, Wang & Yin, "Region of Interest Based Graph Convolution" (ACM MM 2020).
    """

    system = "roi_gcn"
    au_weights: Tensor

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "roi-256",
        backbone: str = "hrnet_w18",
        backbone_weights: str | None = None,
        target: Target = "roi",
        graph: Graph = "supervised",
        laplacian: Laplacian = "sym",
        eig_head: EigHead = "context",
        eigenvectors: int | None = None,
        residual: bool = False,
        loss_a_reduction: Reduction = "mean",
        alpha: float = 0.001,
        alpha_on: AlphaOn = "b",
        weighted: bool = False,
        roi_cells: int = 7,
        decode: Decode = "roi",
    ) -> None:
        super().__init__(aus, input)
        count, grid = len(self.aus), -(-self.input.output // _STRIDE)
        vectors = count if eigenvectors is None else eigenvectors
        _require_settings(vectors, count, graph, alpha, roi_cells, grid)
        self.backbone = _backbone(backbone, backbone_weights, self.input.output)
        channels = self.backbone.channels
        self.head = nn.Conv2d(channels, count, 1)
        nn.init.normal_(self.head.weight, std=_FIRST_MAPS)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        self.graph, self.eig_head = None, None
        if graph != "none":
            self.graph = GraphConv(channels, vectors, laplacian=laplacian, residual=residual)
        if graph == "supervised":
            self.eig_head = ContextHead(count, channels) if eig_head == "context" else GapHead(count)
        self.regions = ROIRegions(self.aus, self.input, grid, roi_cells)
        self.target, self.decode, self.needs_landmarks = target, decode, decode == "roi"
        self.loss_a_reduction, self.weighted = loss_a_reduction, weighted
        self.factors = (alpha, 1.0) if alpha_on == "a" else (1.0, alpha)
        self.register_buffer("au_weights", torch.ones(count))
        parts = [name for name, child in self.named_children() if any(True for _ in child.parameters())]
        self.stages = (
            Stage(
                "train",
                rates=dict.fromkeys(parts, 1e-4),
                epochs=30,
                batch=32,
                weight_decay=5e-4,
                schedule="step",
                milestones=(10, 20),
            ),
        )

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces.

        Returns:
            Logits, with the parts ``maps``, (N, A, h, w), and ``regions``, (N, A, 2, h, w) bool, a mean face's for
            those with unknown landmarks (``stand_in``). With a supervised graph also ``eig_logits``, (N, A). When it
            predicts, also ``features``, the mean of X1 in each AU's regions, (N, A, D), or over the whole map, (N, D),
            where ``decode`` is not ``roi``; ``unrefined`` and ``refined``, X0 and X1, (N, D, h, w); and with a graph
            ``eigenvectors``, (N, K, h, w).
        """
        features = self.backbone(batch.image)  # (N, D, h, w), X0
        regions, known = self.regions(batch.landmarks)  # (N, A, 2, h, w), (N,)
        parts = {"regions": regions}
        refined, raw = features, None  # X1
        if self.graph is not None:
            raw = self.graph.project(features)  # (N, K, h, w)
            refined = self.graph(features, raw.relu())  # (N, D, h, w)
            if self.eig_head is not None:
                parts["eig_logits"] = self.eig_head(features, raw)  # (N, A)
        parts["maps"] = self.head(refined)  # (N, A, h, w)
        if not self.training:
            parts |= {"features": self._seen(refined, regions), "unrefined": features, "refined": refined}
            parts |= {} if raw is None else {"eigenvectors": raw.relu()}
        return AUOutput(self._logits(parts["maps"], regions), parts=parts, stand_in=~known)

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``maps`` (Eq. 4), of faces with landmarks; with a supervised graph ``eigenvectors`` (Eq. 7), of all."""
        parts, weight, stand_in = output.parts, self.au_weights, output.stand_in
        used = batch.occurrence >= 0  # (N, A)
        if stand_in is not None:
            used = used & ~stand_in[:, None]
        target = target_maps(parts["regions"], batch.occurrence, absent=_ABSENT[self.target])  # (N, A, h, w)
        maps = map_loss(parts["maps"], target, used, weight=weight, over=self.loss_a_reduction)
        terms, total = {"maps": maps}, self.factors[0] * maps
        if "eig_logits" in parts:
            terms["eigenvectors"] = bce(parts["eig_logits"], batch.occurrence, weight=weight)
            total = total + self.factors[1] * terms["eigenvectors"]
        return {**terms, "total": total}

    def observe(self, labels: TrainingLabels) -> None:
        """Take the AUs' weights from their rates."""
        if self.weighted:
            self.au_weights.copy_(jaa_weights(labels.occurrence))

    def map_layer(self) -> nn.Module:
        """The graph convolution, whose map is X1; without one, the backbone."""
        return self.backbone if self.graph is None else self.graph

    def _logits(self, maps: Tensor, regions: Tensor) -> Tensor:
        """Maps, (N, A, h, w), to logits, (N, A) float32."""
        if self.decode == "roi":
            score = region_means(maps, regions).amax(dim=2)
        elif self.decode == "mean":
            score = maps.float().mean(dim=(2, 3))
        else:
            score = maps.float().amax(dim=(2, 3))
        return 2 * score if self.target == "roi" else 4 * (score - 0.5)

    def _seen(self, refined: Tensor, regions: Tensor) -> Tensor:
        """What the score is linear in: (N, A, D), or (N, D)."""
        if self.decode != "roi":
            return refined.float().mean(dim=(2, 3))
        either = regions.any(dim=2).flatten(2).float()  # (N, A, P)
        sums = either @ refined.float().flatten(2).mT  # (N, A, D)
        return sums / either.sum(dim=2, keepdim=True)


def _backbone(name: str, weights: str | None, pixels: int) -> JoinedMaps:
    """What makes X0 of pictures of so many pixels."""
    if name in HRNETS:
        require_side(name, pixels)
        return JoinedMaps(HRNet(name, weights))
    if name not in BACKBONES:
        raise UsageError(f"backbone {name!r}", "no such network", f"There are {', '.join((*HRNETS, *BACKBONES))}")
    return JoinedMaps(create_backbone(name, weights=weights, stride=16))


def _require_settings(vectors: int, aus: int, graph: Graph, alpha: float, roi_cells: int, grid: int) -> None:
    if vectors < 1 or (graph == "supervised" and vectors != aus):
        step = "Leave it out, or choose graph=unsupervised"
        raise UsageError(f"eigenvectors={vectors}", "labels supervise one for each AU, no more and no fewer", step)
    if not 0 <= alpha < math.inf:
        raise UsageError(f"alpha={alpha}", "must be 0 or more", "The paper has 0.001")
    if not 1 <= roi_cells <= grid:
        raise UsageError(f"roi_cells={roi_cells}", f"is not from 1 to the map's {grid}", "The paper has 7 of 64")
