"""Windows: for every frame, others of the same sequence before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from actionunits.errors import UsageError

_MOST_FRAMES = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """Which frames go with a frame.

    Attributes:
        id: its name.
        offsets: rising frame numbers relative to the frame's own; one of them is 0.

    Raises:
        UsageError: they do not rise, or 0 is not among them.
    """

    id: str
    offsets: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.offsets) > _MOST_FRAMES:
            raise UsageError(f"window {self.id!r}", f"more than {_MOST_FRAMES} frames", "Use fewer")
        if 0 not in self.offsets or list(self.offsets) != sorted(set(self.offsets)):
            raise UsageError(f"window {self.id!r}", "its offsets must rise, and hold 0", "See actionunits.loading")

    @property
    def centre(self) -> int:
        """Where in the window the frame itself is."""
        return self.offsets.index(0)


WINDOWS: Mapping[str, Window] = MappingProxyType(
    {
        # AU R-CNN's ConvLSTM: ten frames, four skipped between two; the last one is the frame.
        "clip-10x5": Window("clip-10x5", tuple(range(-45, 1, 5))),
        # AU R-CNN's two streams: ten fields of optical flow, from each of these frames to the next.
        "flow-10": Window("flow-10", tuple(range(-5, 5))),
    }
)
"""Every window by name."""


def get_window(window: str | Window) -> Window:
    """The window of this name; a window is returned as it is.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    if isinstance(window, Window):
        return window
    if window not in WINDOWS:
        raise UsageError(repr(window), "no such window", f"There are {', '.join(sorted(WINDOWS))}")
    return WINDOWS[window]
