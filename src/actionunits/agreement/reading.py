"""Any coder's file, told apart by its contents."""

from __future__ import annotations

from pathlib import Path

from actionunits.agreement import boris, elan
from actionunits.agreement.codes import Codes, listed
from actionunits.agreement.eaf import read_eaf
from actionunits.agreement.frame_codes import FRAME_NAMES, TIME_NAMES, read_frame_parquet, read_frame_sheet
from actionunits.agreement.sheet import read_sheet
from actionunits.errors import DatasetError, UsageError


def read_codes(path: str | Path, *, subject: str | None = None) -> Codes:
    """A coder's file: codes of frames, or events with onset and offset.

    ======================= =========================================================================================
    frame codes             CSV, TSV or Parquet: a column ``frame`` or ``time`` (s), and columns named AU12, 12, L12;
                            cells 0/1, 0-5 or A-E, and 9 or nothing for not coded
    BORIS                   tabular or aggregated events, CSV or TSV; behaviours named AU12, 12 or AU12C, or with a
                            modifier C or 3
    ELAN                    tab-delimited export, or the .eaf file; tiers named AU12, or annotations AU12C or 1+2
    table of events         columns ``code``, ``onset`` and ``offset`` (s)
    ======================= =========================================================================================

    Args:
        path: the file.
        subject: whose events, in a file about several people.

    Raises:
        UsageError: the file is about several people, or not about ``subject``.
        DatasetError: it cannot be read, is none of these, or holds what is no code; the message names the row.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".eaf":
        return read_eaf(path, subject)
    if suffix == ".parquet":
        return _alone(read_frame_parquet(path), subject)
    sheet = read_sheet(path)
    row = boris.is_aggregated(sheet)
    if row is not None:
        return boris.read_aggregated(sheet, row, subject)
    row = boris.is_tabular(sheet)
    if row is not None:
        return boris.read_tabular(sheet, row, subject)
    row = elan.header_row(sheet)
    if row is not None:
        return elan.read_with_header(sheet, row, subject)
    row = sheet.header((*TIME_NAMES, *FRAME_NAMES))
    if row is not None:
        return _alone(read_frame_sheet(sheet, row), subject)
    if elan.has_times(sheet):
        return elan.read_without_header(sheet, subject)
    first = listed(sheet.rows[0].cells) if sheet.rows else ""
    step = "Give frame codes (a column frame or time), BORIS events, or ELAN's tab-delimited text or .eaf"
    raise DatasetError(path, f"is no file of codes that is known here; it begins with {first}", step)


def _alone(codes: Codes, subject: str | None) -> Codes:
    if subject is not None:
        raise UsageError(f"subject {subject!r}", f"{codes.path} does not say who is coded", "Leave --subject out")
    return codes
