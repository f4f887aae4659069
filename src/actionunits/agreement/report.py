"""An agreement as text, as tables on disk, and as plots."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from actionunits.agreement.compare import Agreement, name_of
from actionunits.facs import column
from actionunits.metrics import average
from actionunits.viz.charts import BLUE, GREY, INK, RED, Axis, Chart
from actionunits.viz.palette import Picture
from actionunits.viz.tables import aligned, csv_text, markdown, save_folder

TABLE_FILE = "agreement.csv"
PAGE_FILE = "agreement.md"
LIST_FILE = "disagreements.csv"
FACTS_FILE = "agreement.json"
SHOWN = 10  # disagreements on the page and on the terminal

_COLUMNS = (
    "au", "name", "frames", "not_coded", "no_face", "coder_prevalence", "analysis_prevalence", "tp", "fp", "fn", "tn",
    "f1", "kappa", "level_frames", "icc31", "mae", "bias", "sd", "lower", "upper",
)  # fmt: skip
_LISTED = (
    "au", "name", "seen_by", "start", "stop", "seconds", "frames", "first_frame", "last_frame", "mean_probability",
    "coder_level",
)  # fmt: skip
_WORDS = ("AU", "name", "seen by")  # columns that hold no numbers


def table_rows(agreement: Agreement) -> list[dict[str, str]]:
    """One row an action unit, every number as text; what is not defined is empty."""
    c, limits = agreement.confusion, agreement.limits
    frames = c.tp + c.fp + c.fn + c.tn  # (A,)
    with np.errstate(invalid="ignore", divide="ignore"):
        coder, analysis = (c.tp + c.fn) / frames, (c.tp + c.fp) / frames
    rows = []
    for place, au in enumerate(agreement.aus):
        graded = bool(agreement.has_levels[place])
        numbers = {
            "f1": agreement.f1.values[place] if agreement.f1.defined[place] else np.nan,
            "kappa": agreement.kappa.values[place],
            "coder_prevalence": coder[place],
            "analysis_prevalence": analysis[place],
            "icc31": agreement.icc.values[place] if graded and agreement.icc.defined[place] else np.nan,
            "mae": agreement.mae.values[place] if graded else np.nan,
            "bias": limits.bias[place],
            "sd": limits.sd[place],
            "lower": limits.lower[place],
            "upper": limits.upper[place],
        }
        counts = {
            "frames": frames[place],
            "not_coded": agreement.not_coded[place],
            "no_face": agreement.no_face[place],
            "tp": c.tp[place],
            "fp": c.fp[place],
            "fn": c.fn[place],
            "tn": c.tn[place],
            "level_frames": limits.count[place],
        }
        texts = {"au": column(au), "name": name_of(au).partition(" ")[2]}
        texts |= {name: _number(float(value)) for name, value in numbers.items()}
        texts |= {name: str(int(value)) for name, value in counts.items()}
        rows.append({name: texts[name] for name in _COLUMNS})
    return rows


def disagreement_rows(agreement: Agreement) -> list[dict[str, str]]:
    """One row a disagreement, the longest first, every number as text."""
    rows = []
    for one in agreement.disagreements:
        texts = (
            column(one.au), name_of(one.au).partition(" ")[2], one.kind, f"{one.start:.3f}", f"{one.stop:.3f}",
            f"{one.seconds:.3f}", str(one.frames), str(one.first_frame), str(one.last_frame), _number(one.probability),
            "" if one.level < 0 else str(one.level),
        )  # fmt: skip
        rows.append(dict(zip(_LISTED, texts, strict=True)))
    return rows


def summary_lines(agreement: Agreement) -> list[str]:
    """The agreement for a terminal: what was compared, the table, the longest disagreements, remarks."""
    facts = agreement.facts
    lines = [
        f"{facts['codes']}: {facts['format']}, coded {_time(facts['coded_from'])} to {_time(facts['coded_to'])} s "
        f"({facts['span_from']})",
        f"{facts['source']}: {facts['frames']} frames, face {facts['face_id']}",
        "",
        *aligned(_short_table(agreement), _WORDS),
        "",
    ]
    count = len(agreement.disagreements)
    if count:
        lines += [
            f"the {min(SHOWN, count)} longest of {count} disagreements:",
            *aligned(_short_list(agreement), _WORDS),
        ]
    else:
        lines.append("no disagreement")
    return lines + [f"note: {remark}" for remark in agreement.remarks]


def save(agreement: Agreement, folder: str | Path) -> list[Path]:
    """Write the tables, the page, the facts, and a Bland-Altman plot of each action unit with levels.

    Args:
        agreement: what to write.
        folder: where; made if it is missing. Files of the same names are replaced.

    Returns:
        The files, in order of writing.

    Raises:
        ResultsError: a file cannot be written.
        MediaError: a plot cannot be written.
    """
    facts = {**agreement.facts, "aus": list(agreement.aus), "remarks": list(agreement.remarks)}
    texts = {
        TABLE_FILE: csv_text(table_rows(agreement), _COLUMNS),
        LIST_FILE: csv_text(disagreement_rows(agreement), _LISTED),
        PAGE_FILE: _page(agreement),
        FACTS_FILE: json.dumps(facts, indent=2, ensure_ascii=False) + "\n",
    }
    pictures = {
        f"bland_altman_{column(au)}.png": bland_altman_plot(agreement, au)
        for au, graded in zip(agreement.aus, agreement.has_levels, strict=True)
        if graded
    }
    return save_folder(Path(folder), texts, pictures)


def bland_altman_plot(agreement: Agreement, au: int) -> Picture:
    """Differences of the levels over their means, with bias and 95 % limits of agreement (Bland & Altman 1986).

    Args:
        agreement: with levels of ``au``.
        au: the action unit.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    place = agreement.aus.index(au)
    known = (agreement.level[:, place] >= 0) & np.isfinite(agreement.intensity[:, place])
    coder = agreement.level[known, place].astype(np.float64)  # (n,)
    analysis = agreement.intensity[known, place]
    limits = agreement.limits
    bias, lower, upper = (float(each[place]) for each in (limits.bias, limits.lower, limits.upper))
    reach = max(
        1.0, *(abs(value) for value in (lower, upper) if np.isfinite(value)), float(np.abs(analysis - coder).max())
    )
    note = f"{int(known.sum())} frames; ICC(3,1) {_or_dash(agreement.icc.values[place])}, darker = more frames"
    chart = Chart(
        Axis.over(0, 5, "mean of coder and analysis (FACS levels, A-E = 1-5)"),
        Axis.over(-1.12 * reach, 1.12 * reach, "analysis - coder"),
        f"{name_of(au)}: analysis against coder",
        note,
        right=190,
    )
    chart.line([0, 5], [0, 0], GREY, width=1)
    chart.points((analysis + coder) / 2, analysis - coder, BLUE)
    chart.line([0, 5], [bias, bias], INK)
    texts = [(f"bias {bias:+.2f}", bias, INK)]
    if np.isfinite(lower):
        for value, words in ((upper, "+1.96 sd"), (lower, "-1.96 sd")):
            chart.line([0, 5], [value, value], RED, dashed=True)
            texts.append((f"{words} {value:+.2f}", value, RED))
    chart.margin_texts(texts)
    return chart.canvas


def _short_table(agreement: Agreement) -> list[list[str]]:
    """Headings, one row an action unit, and the means."""
    heads = ["AU", "name", "frames", "coder %", "analysis %", "F1", "kappa", "ICC(3,1)", "MAE", "not coded", "no face"]
    names = ("f1", "kappa", "icc31", "mae")
    rows = []
    for row in table_rows(agreement):
        shares = [f"{100 * float(row[name]):.1f}" if row[name] else "-" for name in _COLUMNS[5:7]]
        scores = [f"{float(row[name]):.3f}" if row[name] else "-" for name in names]
        rows.append([row["au"], row["name"], row["frames"], *shares, *scores, row["not_coded"], row["no_face"]])
    means = [_or_dash(average(each, "skip")) for each in (agreement.f1, agreement.kappa, agreement.icc, agreement.mae)]
    return [heads, *rows, ["mean", "where defined", "", "", "", *means, "", ""]]


def _short_list(agreement: Agreement) -> list[list[str]]:
    rows = disagreement_rows(agreement)[:SHOWN]
    body = [[row[name] for name in ("au", "name", "seen_by", "start", "stop", "seconds", "frames")] for row in rows]
    return [["AU", "name", "seen by", "start s", "stop s", "seconds", "frames"], *body]


def _page(agreement: Agreement) -> str:
    facts = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in agreement.facts.items())
    remarks = "".join(f"- {remark}\n" for remark in agreement.remarks)
    shown = _short_list(agreement)
    longest = f"{len(shown) - 1} longest of {len(agreement.disagreements)}; all are in `{LIST_FILE}`.\n\n"
    parts = [
        "# Agreement of an analysis with a coder\n",
        facts + "\n",
        *(["## Remarks\n", remarks] if remarks else []),
        "## Per action unit\n",
        "Scores are over frames that are coded and show the face; the means leave out what is not defined.\n",
        markdown(_short_table(agreement), _WORDS),
        "## Disagreements\n",
        longest + markdown(shown, _WORDS) if len(shown) > 1 else "None.\n",
    ]
    return "\n".join(parts)


def _number(value: float) -> str:
    return f"{value + 0.0:.6f}" if np.isfinite(value) else ""


def _or_dash(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "-"


def _time(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
