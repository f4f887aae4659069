"""Two kinds of features shall have nothing in common: LP-Net's regularisation by a face's shape."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional

Kind = Literal["inner", "cosine"]


def orthogonality(one: Tensor, other: Tensor, *, kind: Kind = "inner", used: Tensor | None = None) -> Tensor:
    """How far two features are from orthogonal, averaged over the faces.

    Args:
        one: (N, D), any floating type; computed in float32.
        other: (N, D).
        kind: ``inner`` is the size of the inner product, as the paper has it, which also falls when the features
            shrink; ``cosine`` is the size of the cosine, 0 to 1, which does not.
        used: (N,) bool, the faces that count; None for all.

    Returns:
        A scalar, float32; 0 with a gradient of 0 where no face counts.

    Source: LP-Net (Niu et al. 2019), Eq. 3.
    """
    one, other = one.float(), other.float()
    if kind == "cosine":
        sizes = functional.cosine_similarity(one, other, dim=-1).abs()  # (N,)
    else:
        sizes = (one * other).sum(dim=-1).abs()  # (N,)
    if used is None:
        return sizes.sum() / max(len(sizes), 1)
    return sizes.masked_fill(~used, 0).sum() / used.sum().clamp(min=1)
