"""Preparing a data set: find the face in every coded frame, crop it by a named recipe, write the store."""

from actionunits.prepare.flow import FlowFound, FlowMethod, prepare_flow
from actionunits.prepare.options import Landmarks, Preparation
from actionunits.prepare.report import RecordingReport, report_path
from actionunits.prepare.run import Prepared, prepare

__all__ = [
    "FlowFound",
    "FlowMethod",
    "Landmarks",
    "Preparation",
    "Prepared",
    "RecordingReport",
    "prepare",
    "prepare_flow",
    "report_path",
]
