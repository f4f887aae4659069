"""Tables of text, written as Markdown, CSV, HTML or LaTeX; everything in them is escaped."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from actionunits.errors import UsageError

Format = Literal["md", "csv", "html", "tex"]
FORMATS: tuple[Format, ...] = get_args(Format)

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;display:block;overflow-x:auto;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child,td.text,th.text{text-align:left}td.text{white-space:normal;min-width:8rem}"
    "tr.ours td{background:#eef4fb;font-weight:600}sup{font-weight:400}ol{font-size:.9em}"
)
_TEX = MappingProxyType(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "[": "{[}",
        "]": "{]}",
        '"': r"\textquotedbl{}",
    }
)
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#])")


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        cells: as many as the table has columns.
        remarks: footnotes.
        ours: to be set off from others' numbers.
        extra: cells of the columns that only CSV has.
    """

    cells: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    ours: bool = False
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A table with a title above it and notes below.

    Attributes:
        title: one line.
        columns: headings; the first column names the rows.
        rows: top to bottom.
        notes: sentences below the table.
        prose: the cells are text to be read, not numbers to be compared.
        extra: headings of columns that only CSV has, where notes cannot stand.

    Raises:
        UsageError: a row has another number of cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    prose: bool = False
    extra: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns) or len(row.extra) not in (0, len(self.extra)):
                raise UsageError(f"table {self.title!r}", f"row {row.cells[:1]} has other columns", "Fill every cell")

    @property
    def remarks(self) -> tuple[str, ...]:
        """Every row's remarks once, in the order of their first mention; footnote k is the k-th."""
        return tuple(dict.fromkeys(remark for row in self.rows for remark in row.remarks))

    def marks(self, row: Row) -> tuple[int, ...]:
        """The numbers of a row's footnotes."""
        return tuple(sorted({self.remarks.index(remark) + 1 for remark in row.remarks}))


def render(sheets: Sequence[Sheet], format: str) -> str:
    """Write tables as text.

    Args:
        sheets: one or more; CSV has no place but for the first.
        format: ``md``, ``csv``, ``html`` (self-contained, no script) or ``tex`` (needs ``booktabs``).

    Raises:
        UsageError: there is no such format, or no table.
    """
    if format not in _WRITERS or not sheets:
        raise UsageError(f"format {format}", "there is no such format, or no table", f"Use {', '.join(FORMATS)}")
    return _WRITERS[format](sheets)


def format_of(path: Path) -> Format:
    """The format that a file's suffix names: .md, .csv, .html or .tex.

    Raises:
        UsageError: it names none.
    """
    for format in FORMATS:
        if path.suffix.lower() == f".{format}":
            return format
    raise UsageError(path, "its suffix names no format", f"Use {', '.join(f'.{format}' for format in FORMATS)}")


def _markdown(sheets: Sequence[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        lines = [[_md(cell) for cell in sheet.columns]]
        for row in sheet.rows:
            marks = "".join(f"[{mark}]" for mark in sheet.marks(row))
            cells = [_md(cell) for cell in row.cells]
            lines.append([f"**{cells[0]}**{marks}" if row.ours else f"{cells[0]}{marks}", *cells[1:]])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        first = 0 if not sheet.prose else len(widths)
        body = [_md_line(line, widths, first) for line in lines]
        rule = [("-" * (width + 1) + ":") if place > first else "-" * (width + 2) for place, width in enumerate(widths)]
        body.insert(1, f"|{'|'.join(rule)}|")
        notes = [f"{number}. {_md(remark)}" for number, remark in enumerate(sheet.remarks, 1)]
        blocks = ["\n".join(body), "\n".join(notes), "\n".join(f"- {_md(note)}" for note in sheet.notes)]
        parts.append("\n\n".join([f"### {_md(sheet.title)}", *(block for block in blocks if block)]))
    return "\n\n".join(parts) + "\n"


def _md_line(cells: Sequence[str], widths: Sequence[int], first: int) -> str:
    padded = [
        cell.rjust(width) if place > first else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _md(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(_one_line(text), quote=False))


def _csv(sheets: Sequence[Sheet]) -> str:
    sheet = sheets[0]
    remarked = any(row.remarks for row in sheet.rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*sheet.columns, *sheet.extra, *(["remarks"] if remarked else [])])
    for row in sheet.rows:
        extra = row.extra or ("",) * len(sheet.extra)
        writer.writerow(
            [*map(_one_line, (*row.cells, *extra)), *(["; ".join(map(_one_line, row.remarks))] if remarked else [])]
        )
    return out.getvalue()


def _html(sheets: Sequence[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        kind = ' class="text"' if sheet.prose else ""
        head = "".join(f'<th{kind} scope="col">{_escape(cell)}</th>' for cell in sheet.columns)
        rows = []
        for row in sheet.rows:
            marks = f"<sup>{','.join(map(str, sheet.marks(row)))}</sup>" if row.remarks else ""
            cells = [f"<td{kind}>{_escape(cell)}{'' if place else marks}</td>" for place, cell in enumerate(row.cells)]
            start = '<tr class="ours">' if row.ours else "<tr>"
            rows.append(f"{start}{''.join(cells)}</tr>")
        parts.append(f"<h2>{_escape(sheet.title)}</h2>\n<table>\n<thead><tr>{head}</tr></thead>")
        parts.append("<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>")
        parts += [_html_list("ol", sheet.remarks), _html_list("ul", sheet.notes)]
    body = "\n".join(part for part in parts if part)
    title = _escape(sheets[0].title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _html_list(tag: str, items: Iterable[str]) -> str:
    lines = "".join(f"<li>{_escape(item)}</li>" for item in items)
    return f"<{tag}>{lines}</{tag}>" if lines else ""


def _escape(text: str) -> str:
    return html.escape(_one_line(text))


def _latex(sheets: Sequence[Sheet]) -> str:
    parts = ["% needs \\usepackage{booktabs}"]
    for sheet in sheets:
        kinds = "l" + ("l" if sheet.prose else "r") * (len(sheet.columns) - 1)
        lines = [f"\\begin{{tabular}}{{{kinds}}}", "\\toprule"]
        lines += [" & ".join(map(_tex, sheet.columns)) + r" \\", "\\midrule"]
        for row in sheet.rows:
            marks = f"$^{{{','.join(map(str, sheet.marks(row)))}}}$" if row.remarks else ""
            cells = [_tex(cell) for cell in row.cells]
            name = f"\\textbf{{{cells[0]}}}" if row.ours else cells[0]
            lines.append(" & ".join([name + marks, *cells[1:]]) + r" \\")
        lines += ["\\bottomrule", "\\end{tabular}"]
        remarks = [f"$^{{{number}}}$ {_tex(remark)}" for number, remark in enumerate(sheet.remarks, 1)]
        notes = "\\par\n".join([*remarks, *map(_tex, sheet.notes)])
        below = f"\n\\par\\smallskip{{\\footnotesize\n{notes}\n\\par}}" if notes else ""
        body = "\n".join(lines)
        parts.append(f"\\begin{{table}}\n\\centering\n\\caption{{{_tex(sheet.title)}}}\n{body}{below}\n\\end{{table}}")
    return "\n\n".join(parts) + "\n"


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


_WRITERS: Mapping[str, Callable[[Sequence[Sheet]], str]] = MappingProxyType(
    {"md": _markdown, "csv": _csv, "html": _html, "tex": _latex}
)
