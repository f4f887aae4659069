"""A graph whose weights and activations are whole numbers of eight bits: a quarter of the size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import CardError, UsageError

Float32 = NDArray[np.float32]


def to_int8(content: bytes, batches: Sequence[Mapping[str, Float32]], *, keep: Sequence[str] = ()) -> bytes:
    """Quantise a graph, its activations by what they reach on some faces.

    Convolutions and sums between them become int8: weights for each output channel, activations with one scale each.
    What comes after the last convolution is little work and stays float32, as inputs and outputs do.

    Args:
        content: of the ONNX file.
        batches: inputs of the graph, by name, from faces like those it will see; some hundred faces are enough.
        keep: names of nodes that stay float32.

    Returns:
        The content of the quantised file.

    Raises:
        UsageError: onnx is not installed, or there is no batch.
        CardError: ONNX Runtime cannot quantise the graph.
    """
    if not batches:
        raise UsageError("to_int8", "needs faces to see how far activations reach", "Give some batches")
    try:
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as failure:
        raise UsageError("to_int8", "needs onnx", "Install it: pip install 'actionunits[train]'") from failure

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left: Iterator[Mapping[str, Float32]] = iter(batches)

        def get_next(self) -> Any:
            return next(self.left, None)

    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, small = (Path(folder) / f"{name}.onnx" for name in ("plain", "prepared", "small"))
        plain.write_bytes(content)
        try:
            quant_pre_process(plain, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                small,
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["Conv", "Add"],
                nodes_to_exclude=[*keep, *_after_the_last_convolution(prepared)],
            )
        except Exception as failure:  # ONNX Runtime's tools raise nearly anything
            said = str(failure).strip().partition("\n")[0]
            raise CardError("int8", f"ONNX Runtime cannot quantise the graph ({said})", "Report this") from failure
        return small.read_bytes()


def _after_the_last_convolution(path: Path) -> list[str]:
    """Names of the nodes that come after the last convolution, in the order in which they are computed."""
    import onnx

    nodes = onnx.load(path).graph.node
    last = max((place for place, node in enumerate(nodes) if node.op_type == "Conv"), default=-1)
    return [node.name for node in nodes[last + 1 :]]
