"""Running an iterator ahead in a thread, so that decoding overlaps with what is done to the frames."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from threading import Condition, Thread, current_thread
from typing import Generic, TypeVar

from actionunits.errors import UsageError

T = TypeVar("T")


def prefetch(iterable: Iterable[T], depth: int = 8) -> Generator[T]:
    """Yield the items of an iterable, computed ahead in a background thread.

    The thread starts with the first item asked for and has ended when this generator has: at the end, on an error, or
    when the consumer closes it (leaving a ``for`` loop does, once nothing else holds the generator).

    Args:
        iterable: what to run ahead; it is iterated in the background thread only.
        depth: at most this many items wait, so memory stays bounded.

    Returns:
        The same items in the same order; an exception of the iterable is raised here after the items before it.

    Raises:
        UsageError: ``depth`` is below 1.
    """
    if depth < 1:
        raise UsageError(f"depth={depth}", "at least one item must be able to wait", "Use 1 or more")
    return _consume(iterable, depth)


def _consume(iterable: Iterable[T], depth: int) -> Generator[T]:
    ahead = _Ahead(iterable, depth)
    ahead.thread.start()
    try:
        yield from ahead.items()
    finally:
        ahead.stop()


class _Ahead(Generic[T]):
    """The thread, and the items it has ready; all state is guarded by one condition."""

    def __init__(self, iterable: Iterable[T], depth: int) -> None:
        self._iterable = iterable
        self._depth = depth
        self._changed = Condition()
        self._ready: deque[T] = deque()
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None
        self.thread = Thread(target=self._run, name="actionunits-prefetch", daemon=True)

    def items(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ready or self._ended)
                if not self._ready:
                    break
                item = self._ready.popleft()
                self._changed.notify_all()
            yield item
            del item  # or the next wait would hold a picture nobody needs
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify_all()
        if self.thread is not current_thread():
            self.thread.join()

    def _run(self) -> None:
        try:
            self._fill()
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _fill(self) -> None:
        iterator = iter(self._iterable)
        try:
            while not self._stopped:
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                with self._changed:
                    self._changed.wait_for(lambda: len(self._ready) < self._depth or self._stopped)
                    if not self._stopped:
                        self._ready.append(item)
                        self._changed.notify_all()
                del item
        finally:
            if isinstance(iterator, Generator):
                iterator.close()
