"""Action units live: camera in, window or lines out."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from actionunits.account import Account
from actionunits.analyzer import Analyzer
from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.media import Camera
from actionunits.outputs import Outputs
from actionunits.results import FrameResult, RowCollector, open_sink, write_sidecar
from actionunits.viz import Overlay


class View(Protocol):
    """What shows results as they come."""

    def show(self, result: FrameResult) -> bool:
        """Show one frame; ``False`` when the viewer wants to stop."""

    def close(self) -> None:
        """No more frames."""


def run_live(
    analyzer: Analyzer,
    camera: Camera,
    view: View,
    out: Path | None = None,
    command_line: tuple[str, ...] | None = None,
) -> tuple[int, float]:
    """Show a camera's frames until it, its time or the viewer ends; Ctrl-C is one way to end, and keeps the table.

    Args:
        analyzer: without a baseline.
        camera: where frames come from.
        view: where results go.
        out: a folder for ``webcam.csv`` and its sidecar.
        command_line: for the sidecar.

    Returns:
        Frames shown, and frames per second.
    """
    account = Account(analyzer.aus)
    began = time.perf_counter()
    with ExitStack() as stack:
        stack.callback(view.close)
        sink = None
        if out is not None:
            Outputs(out).prepare({})
            sink = stack.enter_context(open_sink("csv", out / "webcam.csv", analyzer.aus, sides=analyzer.sides))
        collector = RowCollector(analyzer.aus, sides=analyzer.sides)
        results = analyzer.stream(camera, watch=account)
        stack.callback(getattr(results, "close", lambda: None))
        with suppress(KeyboardInterrupt):
            for result in results:
                account.count(result)
                if sink is not None:
                    collector.add(result)
                    batch = collector.take()
                    if batch is not None:
                        sink.write(batch)
                if not view.show(result):
                    break
    if out is not None:
        write_sidecar(out / "webcam.json", account.sidecar(None, analyzer.settings, command_line))
    return account.frames, account.frames / max(time.perf_counter() - began, 1e-9)


class LinePrinter:
    """One line a frame: time, face, and the action units that occur, strongest first, with their intensity.

    Of a model without intensities, with their probability.
    """

    def __init__(self, aus: AUSet) -> None:
        self._columns = aus.columns

    def show(self, result: FrameResult) -> bool:
        """Print the frame's faces."""
        if not result.faces:
            print(f"{result.timestamp:9.3f} s  no face", flush=True)
        for one in result.faces:
            strength = one.probability if np.isnan(one.intensity).all() else one.intensity
            order = np.argsort(-strength, kind="stable")
            seen = [f"{self._columns[k]} {strength[k]:.1f}" for k in order if one.occurrence[k]]
            print(f"{result.timestamp:9.3f} s  face {one.face.face_id}  {' '.join(seen) or '-'}", flush=True)
        return True

    def close(self) -> None:
        """Nothing to close."""


class LiveWindow:
    """A window with the overlay; Python's own tkinter draws it, so no display library comes with the package.

    Raises:
        UsageError: this Python has no tkinter, or there is no display.
    """

    def __init__(self, aus: AUSet) -> None:
        try:
            import tkinter

            self._root = tkinter.Tk()
        except (ImportError, RuntimeError) as error:
            raise _no_window(str(error)) from error
        except Exception as error:  # tkinter.TclError cannot be named when the import failed
            if type(error).__name__ != "TclError":
                raise
            raise _no_window(str(error)) from error
        self._make = tkinter.PhotoImage
        self._root.title("actionunits")
        self._label = tkinter.Label(self._root)
        self._label.pack()
        self._aus = aus
        self._overlay = Overlay()
        self._open = True
        self._root.protocol("WM_DELETE_WINDOW", self._stop)
        for key in ("q", "<Escape>"):
            self._root.bind(key, lambda event: self._stop())

    def _stop(self) -> None:
        self._open = False

    def show(self, result: FrameResult) -> bool:
        """Draw one frame."""
        picture = self._overlay.draw(result, self._aus)
        encoded, data = cv2.imencode(".ppm", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if encoded:
            self._image = self._make(data=data.tobytes(), format="ppm")  # kept: tkinter does not
            self._label.configure(image=self._image)
        self._root.update()
        return self._open

    def close(self) -> None:
        """Close the window."""
        self._root.destroy()


def _no_window(reason: str) -> UsageError:
    return UsageError(
        "webcam", f"no window can be opened here ({reason})", "Install tkinter (python3-tk), or use --headless"
    )
