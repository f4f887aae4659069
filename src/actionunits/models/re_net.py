"""RE-Net (Yang & Yin, ACCV 2020): one network looks at the face once for each action unit, and differently.

    convolutions and classifier   shared by all AUs
    batch norm, for AU c          statistics, scale and bias of its own; of the latter two, AU c uses the mean of
                                  everybody's, weighed by how the AUs go together in the training labels (Eq. 4 and 5)

It trains one random AU per batch (``strategy="single"``, the paper's choice) or all of them. It predicts all AUs in one
pass with the AUs folded into the batch, which equals a pass for each: see :mod:`actionunits.models.layers.graph_norm`.

Where the paper is silent, these are our choices: relations that sum to little or less than nothing are shrunk (see
:mod:`actionunits.models.relation_graph`); the classifier is one for all AUs, as the parameters named AU-specific are
those of the norms alone, and an AU never trained needs one; a training ends after 10 epochs without a better score, and
at most after 5 for each AU, as an AU is seen in a part of the batches only.

The paper's rows, as settings beside the defaults:

    ===========================  ======================================================================
    Ours                         the defaults
    Ours + learnable (Table 7)   relation learnable
    Ours + DA (Table 8)          input re-224-da; ResNet18 and its DA are the system ``linear``
    scale = 1, bias = 0          affine off, head per_au: with one classifier all AUs would score the same
    strategy 1 of Section 3.4    strategy all
    new AU (Table 6)             unseen [23], or unseen [24]
    intensity (Tables 4, 5)      task intensity
    norms without relations      relation self (our own row)
    ===========================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.losses.occurrence import bce
from actionunits.losses.ordinal import level_loss
from actionunits.models.backbones import Backbone, create_backbone
from actionunits.models.base import AUModel, Batches, TrainingLabels, load_state
from actionunits.models.layers.graph_norm import AUPass, GraphNorm, Unfold, replace_norms
from actionunits.models.output import LEVELS, AUOutput, occurrence_logits
from actionunits.models.relation_graph import Relation, RelationGraph, RelationNorm
from actionunits.models.stages import Stage
from actionunits.statistics import relation_matrix

Task = Literal["occurrence", "intensity"]
Strategy = Literal["single", "all"]
Head = Literal["shared", "per_au"]
UnseenStats = Literal["estimate", "edge_mean"]
SpecificFrom = Literal["stem", "layer1", "layer2", "layer3", "layer4"]

ROWS_AT_ONCE = 512
"""Faces times AUs that one pass computes at most where nothing is learned, to bound its memory."""

CPU_ROWS_AT_ONCE = 24
"""The same on a CPU, where caches hold few: with four times as many, each takes longer."""

ESTIMATE_BATCHES = 200
"""From how many batches the statistics of an unseen AU are estimated."""

_MIXED = (".gamma", ".beta")
_BY_AU = (*_MIXED, ".running_mean", ".running_var")
_EPOCHS_PER_AU = 5  # 60 for the 12 AUs of BP4D


class RENet(AUModel):
    """RE-Net, and the rows of its paper; see the module's text.

    Args:
        aus: action units to find, A of them.
        input: input recipe, or its name.
        backbone: whose batch norms are replaced.
        backbone_weights: see :func:`~actionunits.models.backbones.create_backbone`; every AU begins with their norms.
        backbone_stride: pixels to a cell of the last map, 32 or 16.
        task: ``occurrence``, or ``intensity`` in 6 levels.
        strategy: train one AU per batch, drawn evenly (``single``), or ``all``.
        relation: from the labels (``pcc``), ``learnable``, or none (``self``).
        relation_norm: how relations become weights; see :func:`~actionunits.models.relation_graph.mixing_weights`.
        delta: of ``relation_norm="shrink"``, and of unseen AUs: least sum of relations.
        temperature: of ``relation_norm="softmax"``.
        affine: off: all scales are 1 and all biases 0, those of pre-trained norms too.
        head: one linear classifier ``shared`` by all AUs, or one ``per_au``.
        au_specific_from: the first part with norms by AU; any but ``stem`` is not RE-Net, and for studies of speed.
            ``layer1`` to ``layer4`` are those of ResNets.
        unseen: AUs that are not trained: their labels give their relations and nothing else.
        unseen_stats: ``estimate`` their norms' statistics from training pictures, or take a mixture of those of
            positively related AUs (``edge_mean``).
        recalibrate: after training, renew the running statistics: plain means over so many batches; 0 for no.

    Raises:
        UsageError: a value is out of range, or the settings do not go together.
    """

    system = "re_net"

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "re-224",
        backbone: str = "resnet18",
        backbone_weights: str | None = None,
        backbone_stride: int = 32,
        task: Task = "occurrence",
        strategy: Strategy = "single",
        relation: Relation = "pcc",
        relation_norm: RelationNorm = "shrink",
        delta: float = 0.25,
        temperature: float = 1.0,
        affine: bool = True,
        head: Head = "shared",
        au_specific_from: SpecificFrom = "stem",
        unseen: tuple[int, ...] = (),
        unseen_stats: UnseenStats = "estimate",
        recalibrate: int = 0,
    ) -> None:
        super().__init__(aus, input)
        _require_settings(task, strategy, head, unseen_stats, affine, unseen, recalibrate)
        self.task, self.strategy, self.shared = task, strategy, head == "shared"
        self.unseen_stats, self.recalibrate, self.affine = unseen_stats, recalibrate, affine
        self.backbone = create_backbone(backbone, weights=backbone_weights, stride=backbone_stride)
        self.scores = LEVELS if task == "intensity" else 1
        self.head = nn.Linear(self.backbone.channels, self.scores * (1 if self.shared else len(self.aus)))
        self.graph = RelationGraph(
            self.aus, relation, norm=relation_norm, delta=delta, temperature=temperature, unseen=unseen
        )
        self.side_by_side = nn.Identity()  # what it gives is what :meth:`map_layer` promises
        self._pass = AUPass()
        _put_graph_norms(self.backbone, au_specific_from, len(self.aus), self._pass, affine)
        self.backbone.to(memory_format=torch.channels_last)  # twice as quick on a CPU
        self._all = tuple(range(len(self.aus)))
        self.trained = tuple(place for place in self._all if place not in self.graph.unseen)
        parts = ["backbone", "head"] + (["norms"] if affine else []) + (["graph"] if relation == "learnable" else [])
        epochs = _EPOCHS_PER_AU * len(self.trained)
        self.stages = (Stage("train", rates=dict.fromkeys(parts, 1e-4), epochs=epochs, batch=100, patience=10),)

    def parts(self) -> Mapping[str, tuple[nn.Module, ...]]:
        """The child modules, and ``norms``, the norms by AU, where they learn: they hold all that is an AU's own."""
        norms = tuple(each for each in self.backbone.modules() if isinstance(each, GraphNorm))
        return {**super().parts(), **({"norms": norms} if self.affine else {})}

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces; in training, those that :attr:`AUOutput.columns` names."""
        if self.training:
            return self._computed([batch.image], self._drawn())
        return self._computed(self._in_parts(batch.image), self._all)

    def forward_single(self, batch: FaceBatch, column: int) -> AUOutput:
        """Find one AU, in a pass of its own.

        Args:
            batch: N faces.
            column: place of the AU, from 0.

        Returns:
            Logits (N, 1).
        """
        return self._computed([batch.image], (column,))

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``occurrence`` (Eq. 6) or ``intensity`` (6-way cross-entropy): the sum over the trained AUs of the output."""
        columns = self._all if output.columns is None else output.columns
        kept = [place for place, column in enumerate(columns) if column in self.trained]
        labels = [columns[place] for place in kept]
        if output.levels is None:
            total = bce(output.logits[:, kept], batch.occurrence[:, labels], over="au_sum")
        else:
            total = level_loss(output.levels[:, kept], batch.intensity[:, labels], over="au_sum")
        return {self.task: total, "total": total}

    def map_layer(self) -> nn.Module:
        """The last map, (N, A * D, h, w): the D channels of the first AU, of the second, ...; (N, D, h, w) in a pass
        of a single AU. The gradient of an AU's logit is 0 in the channels of all others.
        """
        return self.side_by_side

    def relations(self) -> Tensor:
        """The weights of Eq. 5, divided by their sums, (A, A)."""
        weights: Tensor = self.graph()
        return weights.detach()

    def observe(self, labels: TrainingLabels) -> None:
        """Set the relations to the correlations of the training labels, or of the intensities where it learns those.

        Raises:
            UsageError: with ``relation_norm="paper"``, the relations of an AU sum to nearly 0.
        """
        self.graph.observe(relation_matrix(labels.intensity if self.task == "intensity" else labels.occurrence))

    def adopt(self, state: Mapping[str, Tensor], aus: AUSet) -> None:
        """Start from a RE-Net that was trained elsewhere, perhaps for other AUs, another task, or other relations.

        What belongs to one AU is taken from the same AU, and stays as it began where that is missing. Relations are
        taken where both have some of one kind between the same AUs; :meth:`observe` replaces those of labels. Without
        relations, an AU takes the scales and biases that the other's had mixed for it. A classifier of another shape
        stays as it began.

        Args:
            state: ``state_dict`` of a RE-Net with the same backbone.
            aus: its action units.

        Raises:
            UsageError: the weights do not fit.
        """
        pairs = [(row, aus.index(au)) for row, au in enumerate(self.aus) if au in aus]
        own, mixing = self.state_dict(), state.get("graph.mixing")
        same = aus == self.aus
        related = same and self.graph.kind != "self" and ("graph.theta" in own) == ("graph.theta" in state)
        fits = {"graph": related, "head": self.shared or same}
        taken = {name: own[name] for name in own if name.startswith(("graph.", "head."))}
        for name in own.keys() & state.keys():
            given = state[name]
            if fits.get(name.partition(".")[0]) and given.shape == own[name].shape:
                taken[name] = given
            elif name.endswith(_BY_AU) and given.shape == (len(aus), *own[name].shape[1:]):
                alone = self.graph.kind == "self" and name.endswith(_MIXED)
                source = given if mixing is None or not alone else mixing.to(given) @ given
                taken[name] = own[name].clone()
                for row, place in pairs:
                    taken[name][row] = source[place]
            elif not name.startswith(("graph.", "head.")):
                taken[name] = given
        load_state(self, taken)

    @torch.no_grad()
    def calibrate(self, batches: Batches) -> None:
        """Renew the running statistics if it was asked to, and find those of unseen AUs."""
        unseen = self.graph.unseen
        estimated = unseen if self.unseen_stats == "estimate" else ()
        renewed = self.trained if self.recalibrate else ()
        if estimated or renewed:
            self._estimate(batches, renewed + estimated, self.recalibrate or ESTIMATE_BATCHES)
        if unseen and self.unseen_stats == "edge_mean":
            for norm in self._norms():
                norm.borrow(unseen, self.graph.positive())

    def _computed(
        self, images: Sequence[Tensor], columns: tuple[int, ...], *, momentum: float | None = None
    ) -> AUOutput:
        """Some AUs, P of them, in N pictures, which may come in several parts."""
        with self._pass.over(columns, self.graph(), momentum=momentum):
            features = torch.cat([self._features(image, len(columns)) for image in images])  # (N, P, D)
        scores = self._classified(features, columns)  # (N, P, 1 or 6)
        levels = scores if self.task == "intensity" else None
        logits = scores.squeeze(-1) if levels is None else occurrence_logits(levels.float())
        return AUOutput(logits, levels, {"features": features}, None if columns == self._all else columns)

    def _features(self, image: Tensor, size: int) -> Tensor:
        """What the AUs of the pass, P of them, make of pictures, (N, P, D)."""
        folded = self.backbone(image.contiguous(memory_format=torch.channels_last))  # (N * P, D, h, w)
        maps = self.side_by_side(folded.reshape(-1, size * folded.shape[1], *folded.shape[2:]))  # (N, P * D, h, w)
        return maps.mean(dim=(2, 3)).view(-1, size, folded.shape[1])  # type: ignore[no-any-return]

    def _classified(self, features: Tensor, columns: tuple[int, ...]) -> Tensor:
        if self.shared:
            shared: Tensor = self.head(features)
            return shared
        weight = self.head.weight.view(len(self.aus), self.scores, -1)[list(columns)]  # (P, 1 or 6, D)
        bias = self.head.bias.view(len(self.aus), self.scores)[list(columns)]
        return torch.einsum("npd,psd->nps", features, weight) + bias

    def _drawn(self) -> tuple[int, ...]:
        """The AUs to train now."""
        if self.strategy == "all":
            return self.trained
        return (self.trained[int(torch.randint(len(self.trained), ()))],)

    def _in_parts(self, image: Tensor) -> Sequence[Tensor]:
        """Pictures in parts that are quick; whole where gradients bind the memory anyway, and where it is exported."""
        if torch.is_grad_enabled() or torch.compiler.is_exporting():
            return [image]
        rows = CPU_ROWS_AT_ONCE if image.device.type == "cpu" else ROWS_AT_ONCE
        return torch.split(image, max(1, rows // len(self.aus)))

    def _norms(self) -> list[GraphNorm]:
        return [layer for layer in self.backbone.modules() if isinstance(layer, GraphNorm)]

    def _estimate(self, batches: Batches, columns: tuple[int, ...], number: int) -> None:
        """Set the running statistics of AUs to the means of those of some training batches."""
        norms = self._norms()
        modes = [norm.training for norm in norms]
        for norm in norms:
            norm.train()
        for seen, batch in enumerate(islice(_again_and_again(batches), number), start=1):
            for group in _groups(columns, max(1, ROWS_AT_ONCE // len(batch))):
                self._computed([batch.image], group, momentum=1 / seen)
        for norm, mode in zip(norms, modes, strict=True):
            norm.train(mode)


def _put_graph_norms(backbone: Backbone, start: SpecificFrom, aus: int, current: AUPass, affine: bool) -> None:
    """Replace the backbone's batch norms from a part on."""
    children = dict(backbone.named_children())
    if start == "stem":
        first = replace_norms(backbone, aus, current, affine=affine)[0]
        first.opens = True
        if "maxpool" in children:  # a ReLU stands between; to pool before the AUs part is less work
            first.pool, backbone.maxpool = children["maxpool"], nn.Identity()
        return
    names = list(children)
    if start not in names:
        known = ", ".join(["stem", *(name for name in get_args(SpecificFrom) if name in names)])
        raise UsageError(f"au_specific_from={start!r}", f"this {backbone.name} has no such part", f"It has {known}")
    for name in names[names.index(start) :]:
        replace_norms(children[name], aus, current, affine=affine)
    setattr(backbone, start, nn.Sequential(Unfold(current), children[start]))


def _groups(columns: tuple[int, ...], size: int) -> Iterator[tuple[int, ...]]:
    yield from (columns[first : first + size] for first in range(0, len(columns), size))


def _again_and_again(batches: Batches) -> Iterator[FaceBatch]:
    """Epoch after epoch, until one is empty."""
    for _ in count():
        empty = True
        for batch in batches():
            empty = False
            yield batch
        if empty:
            return


def _require_settings(
    task: str, strategy: str, head: str, unseen_stats: str, affine: bool, unseen: Sequence[int], recalibrate: int
) -> None:
    for name, value, known in (
        ("task", task, get_args(Task)),
        ("strategy", strategy, get_args(Strategy)),
        ("head", head, get_args(Head)),
        ("unseen_stats", unseen_stats, get_args(UnseenStats)),
    ):
        if value not in known:
            raise UsageError(f"{name}={value!r}", "not known", f"Choose one of {', '.join(known)}")
    if recalibrate < 0:
        raise UsageError(f"recalibrate={recalibrate}", "must be 0 or more", "0 is for no recalibration")
    if head == "shared" and not affine:
        reason = "with one classifier all action units would get the same scores"
        raise UsageError("affine=False", reason, "Choose head=per_au with it")
    if head == "per_au" and len(unseen):
        reason = "an action unit that is never trained has no classifier of its own"
        raise UsageError("head='per_au'", reason, "Choose head=shared with unseen")
