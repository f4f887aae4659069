"""The ONNX graph of a model: pictures, and landmarks where it looks at them, to log-odds and intensities."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from actionunits.errors import CardError, UsageError
from actionunits.loading import FaceBatch
from actionunits.models import AUModel

if TYPE_CHECKING:
    from onnx import ModelProto

IMAGE, LANDMARKS, EVIDENCE, INTENSITY = "image", "landmarks", "evidence", "intensity"
"""Names of the graph's inputs and outputs."""

_UNKNOWN = -1


class Scores(nn.Module):
    """A model as a function of tensors, as an ONNX graph is one.

    Args:
        model: is copied, to the CPU, ready to predict.

    Attributes:
        model: the copy.
    """

    def __init__(self, model: AUModel) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).cpu().float().requires_grad_(False)
        self.eval()

    def forward(self, image: Tensor, landmarks: Tensor | None = None) -> tuple[Tensor, ...]:
        """Score N faces.

        Args:
            image: (N, 3, S, S), normalised as the model's input recipe says.
            landmarks: (N, 68, 2), pixels of the image; None for a model that does not look at them.

        Returns:
            Log-odds of occurrence, (N, A), and, from a model with levels, their mean by probability, (N, A), 0-5.
        """
        output = self.model(_faces(image, landmarks, len(self.model.aus)))
        evidence = output.logits.float()
        intensity = output.mean_intensity
        return (evidence,) if intensity is None else (evidence, intensity)


def to_onnx(model: AUModel) -> bytes:
    """The ONNX graph of a model as a file's content; the number of faces, N, is left free.

    Inputs and outputs are those of :class:`Scores`, named ``image``, ``landmarks`` (only if the model needs them),
    ``evidence`` and ``intensity`` (only if it has levels). The intensity is the mean of the levels 0-5 by their
    probabilities, a number that moves smoothly with the face; the papers' decoding, the likeliest level, moves in
    steps.

    Raises:
        UsageError: onnx and onnxscript are not installed, or the model looks at more than one frame.
        CardError: PyTorch cannot express the model as a graph.
    """
    try:
        import onnxscript  # noqa: F401  # without it, PyTorch fails in the middle of its work
    except ImportError as failure:
        advice = "Install them: pip install 'actionunits[train]'"
        raise UsageError("export", "needs onnx and onnxscript", advice) from failure
    if any(each() is not None for each in (model.chunk, model.window, model.flow_window)):
        reason = "looks at several frames of a video, and a graph gets single faces"
        raise UsageError(model.system, reason, "Export a system of single pictures, as au_rcnn")
    function = Scores(model)
    side, count = model.input.output, 2
    given = {IMAGE: torch.zeros(count, 3, side, side)}
    if model.needs_landmarks:
        given[LANDMARKS] = torch.zeros(count, 68, 2)
    outputs = [EVIDENCE, INTENSITY][: len(function(**given))]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's talk of its own future
            program = torch.onnx.export(
                function,
                kwargs=given,
                dynamo=True,
                input_names=list(given),
                output_names=outputs,
                dynamic_shapes={name: {0: Dim("N")} for name in given},
                custom_translation_table={torch.ops.torchvision.roi_pool.default: _max_roi_pool},
                verbose=False,
            )
    except Exception as failure:  # the exporter raises nearly anything
        said = str(failure).strip().partition("\n")[0]
        raise CardError(model.system, f"PyTorch cannot export it ({said})", "Report this") from failure
    if program is None:
        raise CardError(model.system, "PyTorch exported nothing", "Update torch")
    content = _without_traces(program.model_proto)
    if any(not entry.type.tensor_type.shape.dim[0].dim_param for entry in content.graph.input):
        advice = "Take it from image.shape[0] there, never from len()"
        raise CardError(model.system, "its forward pass settles the number of faces", advice)
    return bytes(content.SerializeToString(deterministic=True))


def _faces(image: Tensor, landmarks: Tensor | None, aus: int) -> FaceBatch:
    """Faces of which nothing else is known; unlike ``FaceBatch.unlabelled``, for any N that the graph will be given."""
    count = image.shape[0]
    points = image.new_full((count, 68, 2), torch.nan) if landmarks is None else landmarks
    labels = torch.full((count, aus), _UNKNOWN, dtype=torch.int8)
    numbers = torch.arange(count)
    return FaceBatch(image, points, labels, labels, image.new_zeros(count), numbers, numbers, (), ())


def _max_roi_pool(features: Any, boxes: Any, scale: float, height: int, width: int) -> tuple[Any, Any]:
    """torchvision's pooling of boxes in ONNX's words, for which PyTorch takes another number of arguments."""
    from onnxscript import opset18

    pooled = opset18.MaxRoiPool(features, boxes, pooled_shape=[height, width], spatial_scale=scale)
    return pooled, pooled  # the second, the places of the maxima, is for gradients


def _without_traces(model: ModelProto) -> ModelProto:
    """The graph without what the exporter notes of this machine: paths and lines of Python; changes it in place."""
    graph = model.graph
    nodes = [node for holder in (graph, *model.functions) for node in holder.node]
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (model, graph, *model.functions, *nodes, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model
