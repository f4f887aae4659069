"""How the renderer's inner loops are compiled.

The machine code is kept beside the sources and made anew when its own file changes, but not when an inlined function of
another file does: after such a change empty ``__pycache__``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., object])
Number = Any
"""A number inside a kernel: the compiler tells single from double precision, type hints need not."""


def kernel(function: Kernel) -> Kernel:
    """Compile a function that only touches numbers and arrays; the machine code is kept for later runs."""
    return cast(Kernel, njit(cache=True, fastmath=True)(function))


def inlined(function: Kernel) -> Kernel:
    """Compile a small function into each kernel that calls it."""
    return cast(Kernel, njit(cache=True, fastmath=True, inline="always")(function))
