"""The AU relation graph of RE-Net (Yang & Yin, ACCV 2020): how strongly each AU listens to every other one.

Its weights mix the AU-specific scales and biases of every normalisation layer (Eq. 5):

    gamma_c^G = sum_k w_ck gamma_k / s_c        s_c = sum_k w_ck,  w_cc = 1,  w_ck = correlation of AUs c and k

Correlations have signs, so s_c can be small, 0 or negative, of which the paper says nothing. ``shrink`` makes row c's
relations weaker, by one factor tau_c, where s_c would fall below delta; elsewhere it is the paper's formula.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet

Relation = Literal["pcc", "learnable", "self"]
RelationNorm = Literal["shrink", "paper", "abs", "softmax"]

_LEAST_SUM = 1e-3
_TINY = 1e-12
_SPREAD = 0.1


def shrink_factors(relation: Tensor, delta: float) -> Tensor:
    """The factors of ``shrink``.

    Args:
        relation: (A, A), 1 on the diagonal.
        delta: least sum of a row, above 0, at most 1.

    Returns:
        (A,): tau_c, 0 to 1; with it, 1 plus the sum of tau_c w_ck is delta or more.
    """
    others = relation.sum(dim=1) - relation.diagonal()  # (A,)
    factors = (1 - delta) / (-others).clamp(min=_TINY)
    return torch.where(others < delta - 1, factors, torch.ones_like(factors))


def mixing_weights(relation: Tensor, norm: RelationNorm, *, delta: float = 0.25, temperature: float = 1.0) -> Tensor:
    """Relations, each row divided by its sum (Eq. 5), or made safe to divide.

    Args:
        relation: (A, A), 1 on the diagonal.
        norm: ``paper`` divides by the row's sum, ``shrink`` does so after :func:`shrink_factors`, ``abs`` divides by
            the sum of sizes, and ``softmax`` takes that of the row. Rows sum to 1 but with ``abs``.
        delta: of ``shrink``; no weight exceeds 1 / delta in size.
        temperature: of ``softmax``.

    Returns:
        (A, A).
    """
    if norm == "softmax":
        return (relation / temperature).softmax(dim=1)
    if norm == "shrink":
        own = torch.diag_embed(relation.diagonal())
        relation = own + (relation - own) * shrink_factors(relation, delta).detach()[:, None]
    sizes = relation.abs() if norm == "abs" else relation
    return relation / sizes.sum(dim=1, keepdim=True)


def new_au_weights(relation: Tensor, *, delta: float = 0.25) -> Tensor:
    """The weights of an AU that was never trained, so that its own parameters say nothing (Section 4.6).

    Args:
        relation: (K,) with the trained AUs.
        delta: least sum of the relations, as a share of the sum of their sizes.

    Returns:
        (K,), with sum 1: Eq. 5 without the AU itself; where its sum would be too small, :func:`positive_weights`.
    """
    total, size = relation.sum(), relation.abs().sum()
    return relation / total if total > 0 and total >= delta * size else positive_weights(relation)


def positive_weights(relation: Tensor) -> Tensor:
    """Weights by the positive relations alone, (K,), with sum 1; all alike where there is none."""
    kept = relation.clamp(min=0)
    return kept / kept.sum() if kept.any() else torch.full_like(relation, 1 / len(relation))


class RelationGraph(nn.Module):
    """How strongly each of A AUs (row) listens to each (column); all layers of a model share one.

    Until it has seen labels, an AU listens to itself alone, and one that is not trained to all others alike.

    Args:
        aus: A action units.
        relation: ``pcc``: correlations of the training labels; ``learnable``: tanh of parameters, drawn from a normal
            distribution, trained with the net, not symmetric; ``self``: no relations.
        norm: see :func:`mixing_weights`.
        delta: of ``shrink`` and of new AUs, above 0, at most 1.
        temperature: of ``softmax``, above 0.
        unseen: AUs that are never trained: nobody listens to them, and they listen to their neighbours by correlation.

    Attributes:
        relation: (A, A) what it was told, 1 on the diagonal.
        mixing: (A, A) the weights; those of learnable rows are made anew in every call.
        theta: (A * (A - 1),) the parameters of learnable relations, row by row; None without.
        unseen: the places of the AUs that are never trained, U of them.

    Raises:
        UsageError: a value is unknown or out of range, or no AU would be trained.
    """

    relation: Tensor
    mixing: Tensor
    _trained: Tensor
    theta: nn.Parameter | None

    def __init__(
        self,
        aus: AUSet,
        relation: Relation = "pcc",
        *,
        norm: RelationNorm = "shrink",
        delta: float = 0.25,
        temperature: float = 1.0,
        unseen: Sequence[int] = (),
    ) -> None:
        super().__init__()
        _require_settings(relation, norm, delta, temperature)
        self.unseen = tuple(aus.index(au) for au in AUSet(tuple(unseen)))
        if len(self.unseen) == len(aus):
            raise UsageError(f"unseen={list(unseen)}", "no action unit is left to train", "Leave one out of it")
        self.aus, self.kind, self.norm = aus, relation, norm
        self.delta, self.temperature = delta, temperature
        trained = torch.ones(len(aus), dtype=torch.bool)
        trained[list(self.unseen)] = False
        self.register_buffer("_trained", trained, persistent=False)
        self.register_buffer("relation", torch.eye(len(aus)))
        self.register_buffer("mixing", torch.eye(len(aus)))
        others = len(aus) * (len(aus) - 1)
        drawn = nn.Parameter(_SPREAD * torch.randn(others)) if relation == "learnable" else None
        self.register_parameter("theta", drawn)
        self._settle()

    def observe(self, correlation: NDArray[np.floating]) -> None:
        """Take over the correlations of the training labels.

        Args:
            correlation: (A, A), -1 to 1; NaN where nothing is known, taken for 0. The diagonal does not matter.

        Raises:
            UsageError: with ``paper``, the relations of an AU sum to nearly 0. Where they sum to less than ``delta``,
                it warns.
        """
        known = torch.from_numpy(np.nan_to_num(np.asarray(correlation, np.float64)))
        known.fill_diagonal_(1)
        if self.norm == "paper":
            self._require_safe(self._rows(known).sum(dim=1))
        self.relation.copy_(known)
        self._settle()

    def forward(self) -> Tensor:
        """The weights, (A, A)."""
        if self.theta is None:
            return self.mixing
        learned = self._mixed(self._rows(self.relation))
        return torch.where(self._trained[:, None], learned, self.mixing)

    @property
    def row_sums(self) -> Tensor:
        """s_c, (A,): the sums of the relations before anything makes them safe; of an unseen AU, without itself."""
        return self._rows(self.relation).sum(dim=1).detach()

    @property
    def shrinkage(self) -> Tensor:
        """tau_c, (A,): the factors by which ``shrink`` weakens the relations; 1 with any other norm."""
        whole = torch.ones_like(self.row_sums)
        if self.norm != "shrink":
            return whole
        return torch.where(self._trained, shrink_factors(self._rows(self.relation), self.delta), whole).detach()

    def positive(self) -> Tensor:
        """Of each unseen AU, :func:`positive_weights` of the trained ones, (U, A)."""
        rows = self.relation.new_zeros(len(self.unseen), len(self.aus))
        for row, place in zip(rows, self.unseen, strict=True):
            row[self._trained] = positive_weights(self.relation[place, self._trained])
        return rows

    def _settle(self) -> None:
        """Make the weights that stay as they are."""
        relation = self.relation.cpu().double()  # float32 would leave sums near 0 to chance
        mixing = self._mixed(self._rows(relation).detach())
        trained = self._trained.cpu()
        for place in self.unseen:
            mixing[place] = 0
            mixing[place, trained] = new_au_weights(relation[place, trained], delta=self.delta)
        self.mixing.copy_(mixing)

    def _rows(self, relation: Tensor) -> Tensor:
        """The relations as the rows weigh them, (A, A): 0 to AUs that are not trained."""
        trained, rows = self._trained.to(relation.device), relation
        if self.kind == "self":
            rows = torch.where(trained[:, None], torch.eye(len(self.aus)).to(relation), relation)
        elif self.theta is not None:
            rows = torch.where(
                trained[:, None], _with_diagonal(self.theta.tanh(), len(self.aus)).to(relation), relation
            )
        return rows * trained

    def _mixed(self, rows: Tensor) -> Tensor:
        """The trained rows' weights, (A, A)."""
        if self.kind == "self":
            return rows
        if self.norm == "softmax":
            rows = rows.masked_fill(~self._trained.to(rows.device), -torch.inf)
        return mixing_weights(rows, self.norm, delta=self.delta, temperature=self.temperature)

    def _require_safe(self, sums: Tensor) -> None:
        """Refuse, or warn of, rows that ``paper`` would divide by next to nothing."""
        trained = [
            (au, float(s)) for au, s, is_trained in zip(self.aus, sums, self._trained, strict=True) if is_trained
        ]
        for au, found in trained:
            if abs(found) < _LEAST_SUM:
                reason = f"its relations sum to {found:.2g}, by which Eq. 5 would divide"
                raise UsageError(f"AU{au}", reason, "Use relation_norm=shrink")
        small = ", ".join(f"AU{au} ({found:.3f})" for au, found in trained if found < self.delta)
        if small:
            message = f"relations sum to less than {self.delta} for {small}; Eq. 5 blows their parameters up"
            warnings.warn(message, stacklevel=3)


def _with_diagonal(others: Tensor, size: int) -> Tensor:
    """A matrix, (A, A), of ones on the diagonal and, row by row, (A * (A - 1),) other values."""
    one = others.new_ones(1)
    between = others.view(size - 1, size)  # read on, A values lie between one place of the diagonal and the next
    return torch.cat([one, torch.cat([between, one.expand(size - 1, 1)], dim=1).flatten()]).view(size, size)


def _require_settings(relation: str, norm: str, delta: float, temperature: float) -> None:
    for name, value, known in (
        ("relation", relation, get_args(Relation)),
        ("relation_norm", norm, get_args(RelationNorm)),
    ):
        if value not in known:
            raise UsageError(f"{name}={value!r}", "not known", f"Choose one of {', '.join(known)}")
    if relation == "learnable" and norm == "paper":
        reason = "learned relations could come to sum to 0, by which it divides"
        raise UsageError("relation_norm='paper'", reason, "Use shrink")
    if not 0 < delta <= 1:
        raise UsageError(f"delta={delta!r}", "must be above 0, at most 1", "0.25 bounds every weight by 4")
    if not temperature > 0:
        raise UsageError(f"temperature={temperature!r}", "must be above 0", "1 takes the correlations as they are")
