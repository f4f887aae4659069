"""Finding faces, following them, and judging the view of each."""

from actionunits.faces.face import FLAGS, Face, Pose
from actionunits.faces.finder import FaceFinder, FoundFace
from actionunits.faces.tracker import FaceTracker, describe

__all__ = ["FLAGS", "Face", "FaceFinder", "FaceTracker", "FoundFace", "Pose", "describe"]
