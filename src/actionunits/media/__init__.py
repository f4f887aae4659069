"""Reading and writing pictures and video: one `Frame` type, true presentation times, errors that say what to do."""

from actionunits.media.camera import Camera
from actionunits.media.frame import Frame
from actionunits.media.images import read_image, read_image_frame
from actionunits.media.inputs import ExpandedInputs, MediaInput, expand_inputs
from actionunits.media.pixels import MAX_PIXELS
from actionunits.media.portions import Portion, cut_points
from actionunits.media.prefetch import prefetch
from actionunits.media.signatures import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from actionunits.media.video import VideoReader
from actionunits.media.writers import VideoWriter, write_image

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "VIDEO_SUFFIXES",
    "Camera",
    "ExpandedInputs",
    "Frame",
    "MediaInput",
    "Portion",
    "VideoReader",
    "VideoWriter",
    "cut_points",
    "expand_inputs",
    "prefetch",
    "read_image",
    "read_image_frame",
    "write_image",
]
