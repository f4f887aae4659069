"""Sharing work out to processes, one piece at a time, so that an error, Ctrl-C or a kill ends them all."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

import cv2

from actionunits.errors import ActionUnitsError

_MANY_CORES = 4  # more than the three threads of a video need
_POLL = 0.5  # seconds between looks at what is done
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def share_out(
    pieces: Iterable[Piece],
    work: Callable[[Piece], Result],
    *,
    workers: int,
    begin: Callable[..., None],
    facts: tuple[Any, ...] = (),
    tick: Callable[[], None],
) -> Generator[Result]:
    """Let processes do pieces of work; yield what each returns as it ends, those that end together in their order.

    Args:
        pieces: what to do.
        work: does a piece; a function of a module, so that a new process can import it.
        workers: processes.
        begin: called once in every process, with ``facts``.
        facts: for `begin`; can be pickled.
        tick: called twice a second.

    Raises:
        ActionUnitsError: a process was killed.
    """
    context = get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_settle, initargs=(begin, facts))
    try:
        with _one_thread_each():
            order = {pool.submit(work, piece): place for place, piece in enumerate(pieces)}
        waiting: set[Future[Result]] = set(order)
        while waiting:
            done, waiting = wait(waiting, timeout=_POLL, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=order.__getitem__):
                yield future.result()
            tick()
    except BaseException as error:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            reason = "one was ended from outside, most often for want of memory"
            raise ActionUnitsError(
                "worker processes", reason, "Run it again with fewer; what is done is kept"
            ) from error
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def network_threads(cores: int) -> int:
    """Threads inside one inference that get most out of so many cores.

    Decoding, tracking and scoring a video have a thread each, so that on two cores a second thread inside a network
    costs more than it gives.
    """
    return 2 if cores >= _MANY_CORES else 1


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _settle(begin: Callable[..., None], facts: tuple[Any, ...]) -> None:
    """Make a process use one core, leave Ctrl-C to its parent, and end with it."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*facts)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile run their linear algebra on one thread."""
    unset = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, "1"))
    try:
        yield
    finally:
        for name in unset:
            del os.environ[name]
