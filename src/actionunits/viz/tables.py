"""Small tables as text, for a terminal, a page or a CSV file, and folders of them with their charts."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ResultsError
from actionunits.media import write_image
from actionunits.viz.palette import Picture

Table = Sequence[Sequence[str]]
"""Rows of texts, the headings first."""


def aligned(table: Table, words: Collection[str]) -> list[str]:
    """Lines with the columns under one another: those in ``words`` to the left, numbers to the right.

    >>> aligned([["AU", "F1"], ["AU01", "0.5"], ["AU12", "0.75"]], {"AU"})
    ['AU      F1', 'AU01   0.5', 'AU12  0.75']
    """
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if heading in words else cell.rjust(width)
            for heading, cell, width in zip(table[0], row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def markdown(table: Table, words: Collection[str]) -> str:
    """The table in Markdown, alike; ends with a line break."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    rule = "|" + "|".join("---" if heading in words else "---:" for heading in table[0]) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def csv_text(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> str:
    """Rows of cells by column as the text of a CSV file with the columns ``names``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def save_folder(folder: Path, texts: Mapping[str, str], pictures: Mapping[str, Picture]) -> list[Path]:
    """Write texts and pictures into a folder, which is made if it is missing; files of these names are replaced.

    Args:
        folder: where.
        texts: by file name.
        pictures: (H, W, 3) uint8 RGB by file name.

    Returns:
        The files, in order of writing.

    Raises:
        ResultsError: the folder or a text cannot be written.
        MediaError: a picture cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise write_failure(folder, failure, ResultsError) from failure
    for name, text in texts.items():
        with written_aside(folder / name) as aside:
            aside.write_text(text, encoding="utf-8", newline="")
    for name, picture in pictures.items():
        write_image(folder / name, picture)
    return [folder / name for name in (*texts, *pictures)]
