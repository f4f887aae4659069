"""The HTML report of one analysis: one file that needs no network (extra ``[report]``)."""

from actionunits.report.page import require_report, write_report
from actionunits.report.rows import ReportRows

__all__ = ["ReportRows", "require_report", "write_report"]
