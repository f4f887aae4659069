"""An analysis against a human coder: frame codes, or the events that BORIS and ELAN export."""

from actionunits.agreement.codes import Codes, Event, EventCodes, FrameCodes, Hidden
from actionunits.agreement.compare import Agreement, agree
from actionunits.agreement.disagreements import Disagreement
from actionunits.agreement.reading import read_codes
from actionunits.agreement.report import bland_altman_plot, disagreement_rows, save, summary_lines, table_rows

__all__ = [
    "Agreement",
    "Codes",
    "Disagreement",
    "Event",
    "EventCodes",
    "FrameCodes",
    "Hidden",
    "agree",
    "bland_altman_plot",
    "disagreement_rows",
    "read_codes",
    "save",
    "summary_lines",
    "table_rows",
]
