"""Batch normalisation by action unit, whose scales and biases are mixed along the AU graph (RE-Net, Eq. 4 and 5).

The AUs of a pass are folded into the batch: row ``b * P + p`` is face b as AU p of the pass sees it. So all other
layers, which the AUs share, compute every AU at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

_MOMENTUM = 0.1


class AUPass:
    """Which AUs a pass through a network computes; all layers of the network share one.

    Attributes:
        size: P, how many AUs.
        rows: their places among all A, to index with.
        weights: (P, A) how strongly each listens to all, rows of the graph.
        momentum: of running statistics; None for each layer's own.
        tables: what layers worked out for the pass, to use it again.
    """

    def __init__(self) -> None:
        self._end()

    def _end(self) -> None:
        """Compute none, and keep no graph of gradients alive."""
        self.size = 0
        self.rows: slice | Tensor = slice(0, 0)
        self.weights = torch.empty(0, 0)
        self.momentum: float | None = None
        self.tables: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    @contextmanager
    def over(self, columns: tuple[int, ...], weights: Tensor, *, momentum: float | None = None) -> Iterator[None]:
        """Compute some AUs, for one batch or several.

        Args:
            columns: their places among all A.
            weights: (A, A), of the graph.
            momentum: of running statistics; None for each layer's own.
        """
        first, size = columns[0], len(columns)
        if columns == tuple(range(first, first + size)):
            self.rows = slice(first, first + size)
        else:
            self.rows = torch.tensor(columns, device=weights.device)
        self.size, self.weights, self.momentum = size, weights[self.rows], momentum
        try:
            yield
        finally:
            self._end()


class GraphNorm(nn.Module):
    """Batch norm with statistics, scale and bias for each AU, the latter two mixed by the graph's weights.

    In training, statistics are those of the batch as the AU sees it, and the running ones of the AUs of the pass move
    towards them; otherwise the running ones count. It begins with the values of the layer it replaces, for every AU.

    Args:
        norm: the layer to replace; its activation, if it holds one as timm's do, stays.
        aus: A, how many AUs.
        current: the pass, shared with the other layers.
        affine: with False, the scale is 1 and the bias 0, whatever they were.

    Attributes:
        gamma: (A, n) scales, before they are mixed; None without.
        beta: (A, n) biases, likewise.
        running_mean: (A, n).
        running_var: (A, n), of an unbiased estimate.
        opens: its input is not folded yet, and has a row for each face: the layer folds it.
        pool: a maximum over places that comes right after the norm; it may be taken over from after a monotone function
            such as ReLU, with which it can change places.
    """

    gamma: nn.Parameter | None
    beta: nn.Parameter | None
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, norm: nn.BatchNorm2d, aus: int, current: AUPass, *, affine: bool = True) -> None:
        super().__init__()
        self.channels, self.eps = norm.num_features, norm.eps
        self.momentum = _MOMENTUM if norm.momentum is None else norm.momentum
        self.opens = False
        self.pool: nn.Module = nn.Identity()
        for name, value in (("gamma", norm.weight), ("beta", norm.bias)):
            self.register_parameter(name, nn.Parameter(_for_all(value, aus)) if affine else None)
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, _for_all(getattr(norm, name), aus))
        self.act: nn.Module = getattr(norm, "act", nn.Identity())
        self._pass = current

    def forward(self, features: Tensor) -> Tensor:
        """Normalise, (B * P, n, h, w); from (B, n, h, w) where it ``opens``."""
        if self.training:
            normal = self.pool(self._by_batch(features))
        elif self._pass.size == 1:
            normal = self.pool(self._by_running_of_one(features))
        else:
            normal = self._by_running(features)
        active: Tensor = self.act(normal)
        return active

    def borrow(self, columns: tuple[int, ...], weights: Tensor) -> None:
        """Give AUs the running statistics of a mixture of others: its variance is that within and that between them.

        Args:
            columns: the places of U AUs.
            weights: (U, A), never negative, rows with sum 1.
        """
        mean = (weights[:, :, None] * self.running_mean).sum(dim=1)  # (U, n)
        squares = self.running_var + (self.running_mean - mean[:, None]).square()  # (U, A, n)
        self.running_var[list(columns)] = (weights[:, :, None] * squares).sum(dim=1)
        self.running_mean[list(columns)] = mean

    def _mixed(self) -> tuple[Tensor, Tensor]:
        """Scale and bias of Eq. 5, (P, n) each; not by a matrix product, which may not be in float32."""
        if self.gamma is None or self.beta is None:
            scale = self.running_mean.new_ones(self._pass.size, self.channels)
            return scale, torch.zeros_like(scale)
        weights = self._pass.weights[:, :, None]  # (P, A, 1)
        return (weights * self.gamma).sum(dim=1), (weights * self.beta).sum(dim=1)

    def _by_batch(self, features: Tensor) -> Tensor:
        """By the statistics of the batch: every AU's channels are channels of their own to the usual batch norm."""
        size, rows = self._pass.size, self._pass.rows
        momentum = self.momentum if self._pass.momentum is None else self._pass.momentum
        if self.opens and size > 1:
            features = features.repeat_interleave(size, dim=0)
        scale, bias = self._mixed()
        mean, var = self.running_mean[rows].flatten(), self.running_var[rows].flatten()
        separate = features.reshape(-1, size * self.channels, *features.shape[-2:])  # (B, P * n, h, w)
        normal = functional.batch_norm(
            separate, mean, var, scale.flatten(), bias.flatten(), training=True, momentum=momentum, eps=self.eps
        )
        if isinstance(rows, Tensor):  # else they are views, and up to date
            self.running_mean[rows], self.running_var[rows] = mean.view(scale.shape), var.view(scale.shape)
        return normal.reshape(features.shape)

    def _by_running_of_one(self, features: Tensor) -> Tensor:
        """By the running statistics, in a pass of a single AU."""
        (scale, bias), rows = self._mixed(), self._pass.rows
        mean, var = self.running_mean[rows], self.running_var[rows]  # (1, n)
        return functional.batch_norm(features, mean[0], var[0], scale[0], bias[0], eps=self.eps)

    def _by_running(self, features: Tensor) -> Tensor:
        """By the running statistics: one multiplication and one addition."""
        if self not in self._pass.tables:
            (scale, bias), rows = self._mixed(), self._pass.rows
            scale = scale * (self.running_var[rows] + self.eps).rsqrt()
            self._pass.tables[self] = scale, bias - self.running_mean[rows] * scale
        scale, bias = (table[None, :, :, None, None] for table in self._pass.tables[self])  # (1, P, n, 1, 1)
        if not self.opens:
            by_au = features.view(-1, self._pass.size, *features.shape[1:])  # (B, P, n, h, w)
            return _scaled(by_au, scale, bias, over=by_au).flatten(0, 1)  # nobody else needs what a convolution gave
        if isinstance(self.pool, nn.Identity):
            return _scaled(features[:, None], scale, bias).flatten(0, 1)
        largest, least = self.pool(features)[:, None], -self.pool(-features)[:, None]  # once for all AUs
        normal = _scaled(largest, scale.clamp(min=0), bias)
        return _scaled(least, scale.clamp(max=0), normal, over=normal).flatten(0, 1)


def _scaled(features: Tensor, scale: Tensor, bias: Tensor, *, over: Tensor | None = None) -> Tensor:
    """Features times scale plus bias; written over a tensor where no gradient needs what that holds."""
    return torch.addcmul(bias, features, scale, out=None if torch.is_grad_enabled() else over).to(features.dtype)


class Unfold(nn.Module):
    """Give every AU of the pass its own copy of features that they shared so far.

    Args:
        current: the pass.
    """

    def __init__(self, current: AUPass) -> None:
        super().__init__()
        self._pass = current

    def forward(self, features: Tensor) -> Tensor:
        """(B, n, h, w) to (B * P, n, h, w)."""
        return features.repeat_interleave(self._pass.size, dim=0)


def replace_norms(module: nn.Module, aus: int, current: AUPass, *, affine: bool = True) -> list[GraphNorm]:
    """Put a graph norm in the place of every batch norm inside a module.

    Args:
        module: to change.
        aus, current, affine: of :class:`GraphNorm`.

    Returns:
        The new layers, in the order of the module's children.
    """
    made = []
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            made.append(GraphNorm(child, aus, current, affine=affine))
            setattr(module, name, made[-1])
        else:
            made += replace_norms(child, aus, current, affine=affine)
    return made


def _for_all(value: Tensor, aus: int) -> Tensor:
    return value.detach().repeat(aus, 1)  # (A, n)
