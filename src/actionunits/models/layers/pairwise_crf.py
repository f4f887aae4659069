"""Conditional random fields of nodes and pairs of nodes, with loopy belief propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_SCALE = 0.01


@dataclass(frozen=True, eq=False)
class Graph:
    """Which nodes hang together.

    Attributes:
        edges: (2, E) int64, the first and the second node of each edge, from 0.
        kinds: (E,) int64, of the edges, from 0.
    """

    edges: Tensor
    kinds: Tensor


class Beliefs(NamedTuple):
    """Log-probabilities.

    Attributes:
        nodes: (V, Y) of every node's labels.
        edges: (E, Y, Y) of every edge's pairs of labels, that of its first node by row.
    """

    nodes: Tensor
    edges: Tensor


class PairwiseCRF(nn.Module):
    """A log-linear model of the labels of all nodes of a graph together.

    log p(y) = sum over nodes of W[y] . f + sum over edges of T[kind][y, y'] - log Z.

    Args:
        features: F, of a node.
        labels: Y.
        kinds: of edges, each with a table of its own.
        symmetric: T[y, y'] = T[y', y]; else the first node's label is the row.
        iterations: rounds of messages. Marginals are exact on trees with as many as the longest path has edges.

    Attributes:
        weight: W, (Y, F).
        tables: T, (kinds, Y, Y).

    Source: AU R-CNN (Ma et al. 2019), section 4.5.4, |F||Y| + |E||Y|^2 parameters; its code for the number of rounds.
    """

    def __init__(
        self, features: int, labels: int, *, kinds: int = 1, symmetric: bool = True, iterations: int = 10
    ) -> None:
        super().__init__()
        self.symmetric, self.iterations = symmetric, iterations
        self.weight = nn.Parameter(torch.empty(labels, features))
        self.tables = nn.Parameter(torch.zeros(kinds, labels, labels))
        nn.init.normal_(self.weight, std=_SCALE)

    def forward(self, features: Tensor) -> Tensor:
        """What each node says of itself, (..., F) to (..., Y), not normalised, never in half precision."""
        with torch.autocast(features.device.type, enabled=False):
            return functional.linear(features.to(self.weight.dtype), self.weight)

    def beliefs(self, scores: Tensor, graph: Graph) -> Beliefs:
        """The marginals.

        Args:
            scores: (V, Y), as the forward pass gives them.
            graph: of the V nodes.
        """
        return sum_product(scores, self._pairs(graph), graph.edges, self.iterations)

    def surprise(self, scores: Tensor, graph: Graph, labels: Tensor) -> Tensor:
        """The negative log-likelihood of labels, added up over the nodes.

        Its value is Bethe's approximation, and its gradient the model's expectations minus the data's: those of the
        exact one on trees.

        Args:
            scores: (V, Y), as the forward pass gives them.
            graph: of the V nodes.
            labels: (V,) int64: 0 to Y - 1, or -1 for unknown; these nodes are left out of the graph.

        Returns:
            A scalar; 0 with a gradient of 0 if no label is known.
        """
        known = labels >= 0
        kept = known[graph.edges].all(dim=0)  # (E,)
        edges = graph.edges[:, kept]
        pairs = self._pairs(Graph(edges, graph.kinds[kept]))  # (E', Y, Y)
        with torch.no_grad():
            found = sum_product(scores, pairs, edges, self.iterations)
            degree = torch.zeros_like(labels).index_add(0, edges.flatten(), torch.ones_like(edges.flatten()))
            spread = (_entropy(found.nodes) * (1 - degree))[known].sum() + _entropy(found.edges.flatten(1)).sum()
        first, second = labels[edges]
        said = scores[known].gather(1, labels[known][:, None]).sum()
        said = said + pairs[torch.arange(len(pairs), device=pairs.device), first, second].sum()
        expected = (found.nodes.exp() * scores)[known].sum() + (found.edges.exp() * pairs).sum()
        return expected - said + spread

    def _pairs(self, graph: Graph) -> Tensor:
        """The table of each edge, (E, Y, Y)."""
        tables = (self.tables + self.tables.mT) / 2 if self.symmetric else self.tables
        return tables[graph.kinds]


def sum_product(scores: Tensor, pairs: Tensor, edges: Tensor, iterations: int) -> Beliefs:
    """Loopy belief propagation: in every round all nodes send a message along all their edges at once.

    Args:
        scores: (V, Y) log-potentials of the nodes.
        pairs: (E, Y, Y) log-potentials of the edges, the first node's label by row.
        edges: (2, E) int64.
        iterations: rounds.
    """
    count = edges.shape[1]
    sender, receiver = edges.flatten(), edges.flip(0).flatten()  # (2E,): first to second, then back
    tables = torch.cat([pairs, pairs.mT])  # (2E, Y, Y), the sender's label by row
    messages = scores.new_zeros(2 * count, scores.shape[1])

    def without_the_answer(beliefs: Tensor) -> Tensor:
        """What the sender knows that it was not told by the receiver, (2E, Y)."""
        return beliefs[sender] - messages.roll(count, 0)

    for _ in range(iterations):
        known = without_the_answer(scores.index_add(0, receiver, messages))
        messages = torch.logsumexp(known[:, :, None] + tables, dim=1).log_softmax(dim=1)
    beliefs = scores.index_add(0, receiver, messages)  # (V, Y)
    known = without_the_answer(beliefs)
    joint = known[:count, :, None] + pairs + known[count:, None, :]  # (E, Y, Y)
    return Beliefs(beliefs.log_softmax(dim=1), joint.flatten(1).log_softmax(dim=1).view_as(joint))


def _entropy(log_probability: Tensor) -> Tensor:
    """Of distributions, (..., Y) to (...)."""
    return -(log_probability.exp() * log_probability).sum(dim=-1)
