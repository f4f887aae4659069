"""Lays a store out as BP4D, BP4D+ or DISFA lie on disk, so that readers are tested without licensed data."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from actionunits.atomic import write_failure
from actionunits.errors import StoreError, UsageError
from actionunits.store import Store
from actionunits.synth.layouts_bp4d import write_bp4d, write_bp4d_plus
from actionunits.synth.layouts_disfa import write_disfa
from actionunits.synth.layouts_plan import Layout, LayoutOptions, LayoutReport

__all__ = ["LAYOUTS", "Layout", "LayoutOptions", "LayoutReport", "write_layout"]

LAYOUTS: dict[Layout, Callable[[Store, Path, LayoutOptions], LayoutReport]] = {
    "bp4d": write_bp4d,
    "bp4d+": write_bp4d_plus,
    "disfa": write_disfa,
}


def write_layout(
    store: Store, folder: str | Path, layout: Layout, options: LayoutOptions | None = None
) -> LayoutReport:
    """Write the frames of a store as one of the licensed data sets lies on disk.

    ``bp4d`` and ``bp4d+`` name subjects by the column ``gender`` of the table of subjects (``F001``, ``M001``, ...) and
    call a subject's sequences T1, T2, ... (BP4D+: T1, T6, T7, T8, then the tasks without labels). BP4D's pictures begin
    at a number that differs from task to task; a table's frame number is the picture's. BP4D+ numbers pictures from 0
    and frames of its tables from 1. Labels that the store does not know, and a few that it does, are coded 9.
    ``disfa`` joins all sequences of a subject to one video of 20 frames a second, numbers labels from 1, and needs all
    of DISFA's 12 intensities to be known. Pictures keep their bytes, but for DISFA's videos. Landmarks keep their
    coordinates: centres of pixels at integers, from 0. The same store and options give the same files.

    Args:
        store: what to write.
        folder: where; made aside and renamed when it is whole.
        layout: ``bp4d``, ``bp4d+`` or ``disfa``.
        options: in what the copies of a data set differ; None for the usual.

    Returns:
        What was written.

    Raises:
        UsageError: an unknown layout; a store that the layout has no room for; or a folder with something in it.
        StoreError: the folder cannot be written.
    """
    target = Path(folder)
    if layout not in LAYOUTS:
        raise UsageError(repr(layout), "is no layout", f"Use {', '.join(LAYOUTS)}")
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        raise UsageError(target, "there is something in the way", "Choose an empty or a new folder")
    aside = target.with_name(f".{target.name[:40]}.part-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        aside.mkdir(parents=True)
        report = LAYOUTS[layout](store, aside, options or LayoutOptions())
        if target.is_dir():
            target.rmdir()
        aside.rename(target)
    except OSError as failure:
        raise write_failure(target, failure, StoreError) from failure
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return replace(report, folder=target)
