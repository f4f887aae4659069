"""One small door to LiteRT: a model file in, arrays out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import AssetError

Float32 = NDArray[np.float32]


@contextmanager
def _silent_start() -> Iterator[None]:
    """Keep the runtime's "Created XNNPACK delegate" line off standard error; it has no switch of its own for that."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error to keep clean
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class LiteRTModel:
    """A TensorFlow Lite model with one float32 input, run on the CPU.

    Args:
        path: the ``.tflite`` file.
        threads: threads inside one inference. Results do not depend on it.

    Raises:
        AssetError: the file is not a model this runtime can load.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with _silent_start():
                self._interpreter: Any = Interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise AssetError(
                path, f"not a model LiteRT can load ({error})", "Run `actionunits assets pull face-models`"
            ) from error
        self._lock = Lock()  # one interpreter may serve several streams, each tracking in a thread of its own
        entry = self._interpreter.get_input_details()[0]
        self._input_index: int = entry["index"]
        self.input_shape: tuple[int, ...] = tuple(int(size) for size in entry["shape"])
        self._outputs = [
            (detail["index"], tuple(int(n) for n in detail["shape"]))
            for detail in self._interpreter.get_output_details()
        ]

    def output_of_width(self, width: int) -> int:
        """Return the position of the only output whose last axis has ``width`` entries (names differ by export)."""
        found = [position for position, (_, shape) in enumerate(self._outputs) if shape[-1] == width]
        if len(found) != 1:
            raise AssetError(
                "face model", f"has no single output of width {width}", "Pull the pinned face-models asset"
            )
        return found[0]

    def run(self, tensor: Float32) -> list[Float32]:
        """Run one inference. ``tensor`` has the model's input shape; returns a copy of every output, in model order."""
        with self._lock:
            self._interpreter.set_tensor(self._input_index, tensor)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index, _ in self._outputs]
