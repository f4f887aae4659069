"""Reading and writing pictures and video: one `Frame` type, true presentation times, errors that say what to do."""

from .camera import Camera
from .frame import Frame
from .images import read_image, read_image_frame
from .inputs import ExpandedInputs, MediaInput, expand_inputs
from .pixels import MAX_PIXELS
from .prefetch import prefetch
from .signatures import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from .video import VideoReader
from .writers import VideoWriter, write_image

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "VIDEO_SUFFIXES",
    "Camera",
    "ExpandedInputs",
    "Frame",
    "MediaInput",
    "VideoReader",
    "VideoWriter",
    "expand_inputs",
    "prefetch",
    "read_image",
    "read_image_frame",
    "write_image",
]
