"""Write the generated tables into the pages: README.md (columns of the results, the detector's figures, timings),
docs/detector.md (how good the detector is, which design, on neutral faces, how fast),
docs/synth.md (what the face mesh sees, what can be learned, how fast), docs/systems.md (how the systems score, what
becomes of their papers' claims, how fast they are), docs/ten-thousand-hours.md (how fast batches are),
docs/call-it-over-http.md (how fast the service is).

usage: python tools/page_tables.py [--check]

Each table stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. With --check nothing is written, and the exit status
is 1 when a page and its data have drifted apart (a test does this).
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from actionunits.bench.cost import estimate, read_constants
from actionunits.estimators import find_card
from actionunits.facs import FACS, column
from actionunits.results import markdown_table

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SYNTH = ROOT / "docs/synth.md"
SYSTEMS = ROOT / "docs/systems.md"
DETECTOR = ROOT / "docs/detector.md"
BATCH = ROOT / "docs/ten-thousand-hours.md"
SERVICE = ROOT / "docs/call-it-over-http.md"
BENCHMARKS = ROOT / "docs/benchmarks"
TIMINGS = BENCHMARKS / "analyze.csv"
BATCH_RATES = BENCHMARKS / "batch.csv"


def quality_table() -> str:
    """The default model's held-out figures on all faces, best AU first, beside those of ``geometry``."""
    return "\n".join([*_figures("detector"), "", _protocol("detector")])


def detector_table() -> str:
    """The detector's figures, its int8 variant's AUROC and ICC and the geometry model's AUROC; then the means."""
    rows = _rows("detector.csv")
    lines = [
        "| faces | model | AUROC | F1 | ICC(3,1) | MAE | false positives |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["au"] == "mean":
            cells = [f"{float(row[name]):.3f}" for name in ("auroc", "f1", "icc", "mae", "false_positive_rate")]
            lines.append(f"| {row['faces']} | `{row['model']}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_figures("detector"), "", _protocol("detector")])


def _figures(name: str) -> list[str]:
    """A model's figures on all faces, best AU first, with the AUROC of its int8 variant and of ``geometry``."""
    every = [row for row in _rows("detector.csv") if row["faces"] == "all" and row["au"] != "mean"]
    others = {(row["model"], row["au"]): row["auroc"] for row in every}
    lines = [
        "| AU | | AUROC | F1 | ICC(3,1) | MAE | false positives | AUROC, int8 | AUROC, geometry |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    own = [row for row in every if row["model"] == name]
    for row in sorted(own, key=lambda row: -float(row["auroc"] or 0)):
        figures: list[str | None] = [row[name] for name in ("auroc", "f1", "icc", "mae", "false_positive_rate")]
        figures += [others.get((model, row["au"])) for model in (f"{name}-int8", "geometry")]
        number = int(row["au"])
        cells = " | ".join(f"{float(value):.2f}" if value else "-" for value in figures)
        lines.append(f"| {column(number)} | {FACS[number].name} | {cells} |")
    return lines


def _protocol(name: str) -> str:
    card, _ = find_card(name)
    if card.quality is None:
        raise SystemExit(f"the card of {name} has no figures")
    training = card.training
    return (
        f"{card.quality.protocol}. Trained on {training.images} pictures of {training.subjects} other people; "
        f"`{training.command}`."
    )


def sides_table() -> str:
    """What ``tools/side_figures.py`` last measured."""
    rows = _rows("sides.csv")
    lines = ["| AU | ICC(3,1) | MAE | faces with one side stronger | that side told |", "|---|---|---|---|---|"]
    for row in rows:
        share = f"{float(row['stronger_side_right']):.0%}" if row["stronger_side_right"] else "-"
        cells = f"{float(row['icc']):.2f} | {float(row['mae']):.2f} | {row['uneven']} | {share}"
        lines.append(f"| {column(int(row['au']))} | {cells} |")
    shares = [(int(row["uneven"]), float(row["stronger_side_right"])) for row in rows if row["stronger_side_right"]]
    told = sum(count * share for count, share in shares) / sum(count for count, _ in shares)
    icc, error = (sum(float(row[name]) for row in rows) / len(rows) for name in ("icc", "mae"))
    faces = sum(count for count, _ in shares)
    return "\n".join([*lines, f"| together | {icc:.2f} | {error:.2f} | {faces} | {told:.0%} |"])


def designs_table() -> str:
    """What ``tools/compare_designs.py`` last measured, means over the AUs, best first."""
    rows = [row for row in _rows("designs.csv") if row["au"] == "mean"]
    lines = ["| design | AUROC | ICC(3,1) | MAE |", "|---|---|---|---|"]
    for row in sorted(rows, key=lambda row: -float(row["auroc"])):
        cells = " | ".join(f"{float(row[name]):.3f}" for name in ("auroc", "icc", "mae"))
        lines.append(f"| `{row['design']}` | {cells} |")
    return "\n".join(lines)


def neutral_table() -> str:
    """What ``tools/neutral_rates.py`` last counted: the AUs that are called on 1 % of some group or more."""
    rows = _rows("neutral.csv")
    aus = [name for name in rows[0] if name.startswith("AU") and any(float(row[name]) >= 0.01 for row in rows)]
    lines = [f"| | | faces | any AU | mean | {' | '.join(aus)} |", "|---" * (5 + len(aus)) + "|"]
    for row in rows:
        shares = " | ".join(f"{100 * float(row[name]):.1f} %" for name in ("any AU", "mean", *aus))
        lines.append(f"| {row['group']} | {row['value']} | {row['faces']} | {shares} |")
    return "\n".join(lines)


def detector_speed_table() -> str:
    """The shipped models in ``actionunits bench analyze``: alone, and on the whole journey."""
    rows = _rows("analyze.csv")
    lines = ["| | size | frames/s | |", "|---|---|---|---|"]
    for row in rows:
        if "alone, " in row["what"] or row["what"].startswith("whole journey, d") or "bare loop" in row["what"]:
            rate = f"{float(row['frames_per_second']):,.0f}"
            lines.append(f"| {row['what']} | {row['size']} | {rate} | {row['note']} |")
    return "\n".join([*lines, "", f"`actionunits bench analyze` on {rows[0]['machine']}."])


def timing_table() -> str:
    """What ``actionunits bench analyze`` last measured."""
    with TIMINGS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = ["| | size | frames/s | |", "|---|---|---|---|"]
    for row in rows:
        rate = f"{float(row['frames_per_second']):,.0f}" if int(row["frames"]) > 1 else f"{float(row['seconds']):.2f} s"
        lines.append(f"| {row['what']} | {row['size']} | {rate} | {row['note']} |")
    return "\n".join([*lines, "", f"`actionunits bench analyze` on {rows[0]['machine']}."])


def _rows(name: str) -> list[dict[str, str]]:
    with (BENCHMARKS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def responses_table() -> str:
    """What ``actionunits bench synth`` last saw."""
    lines = ["| AU | measure | FACS | level 1 | level 3 | level 5 | people |", "|---|---|---|---|---|---|---|"]
    for row in _rows("synth.csv"):
        sign = "+" if row["expected"] == "1" else "-"
        moved = " | ".join(f"{float(row[f'level {level}']):+.1f}" for level in (1, 3, 5))
        lines.append(f"| {row['au']} | {row['measure']} | {sign} | {moved} | {float(row['share']):.0%} |")
    return "\n".join(lines)


def facts_table() -> str:
    """The other figures of ``actionunits bench synth``."""
    rows = _rows("synth-facts.csv")
    lines = ["| | |", "|---|---|", *(f"| {row['what']} | {row['value']} {row['unit']} |" for row in rows)]
    return "\n".join([*lines, "", f"`actionunits bench synth` on {rows[0]['machine']}."])


def learnability_table() -> str:
    """What ``tools/learnability.py`` last measured."""
    kinds = ("landmarks", "HOG", "background")
    names = [f"{kind} {measure}" for kind in kinds for measure in ("AUROC", "F1", "ICC")]
    lines = [f"| AU | share | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    cells = [" | ".join(row[name] for name in ("AU", "share", *names)) for row in _rows("learnability.csv")]
    return "\n".join([*lines, *(f"| {line} |" for line in cells)])


def systems_table() -> str:
    """The averages of ``tools/system_tables.py`` over all folds, best first."""
    rows = _rows("systems.csv")
    folds = {row["system"]: len({each["fold"] for each in rows if each["system"] == row["system"]}) - 1 for row in rows}
    means = [row for row in rows if (row["fold"], row["AU"]) == ("all", "mean") and folds[row["system"]] > 1]
    return _averages(means)


def studies_table() -> str:
    """The same on fold 1 alone, where studies were run too."""
    return _averages([row for row in _rows("systems.csv") if (row["fold"], row["AU"]) == ("1", "mean")])


def intensities_table() -> str:
    """Averages of the runs that grade, on the folds that they have."""
    lines = ["| system | ICC(3,1) | | MAE | |", "|---|---|---|---|---|"]
    rows = [row for row in _rows("intensities.csv") if (row["fold"], row["AU"]) == ("all", "mean")]
    for row in rows:
        icc, low, high, mae, least, most = (
            f"{float(row[name]):.3f}" for name in ("ICC", "ICC low", "ICC high", "MAE", "MAE low", "MAE high")
        )
        lines.append(f"| `{row['system']}` | {icc} | {low}-{high} | {mae} | {least}-{most} |")
    return "\n".join([*lines, "", f"Seed {rows[0]['seed']}, on {rows[0]['machine']}."]) if rows else "None yet."


def _averages(means: list[dict[str, str]]) -> str:
    lines = ["| system | AUROC | | F1, % | |", "|---|---|---|---|---|"]
    for row in sorted(means, key=lambda row: -float(row["AUROC"])):
        auroc, low, high = (f"{float(row[name]):.3f}" for name in ("AUROC", "AUROC low", "AUROC high"))
        f1, least, most = (f"{100 * float(row[name]):.1f}" for name in ("F1", "F1 low", "F1 high"))
        lines.append(f"| `{row['system']}` | {auroc} | {low}-{high} | {f1} | {least}-{most} |")
    return "\n".join([*lines, "", f"Seed {means[0]['seed']}, on {means[0]['machine']}."])


def systems_by_au_table() -> str:
    """AUROC by system and action unit, of systems with several folds."""
    every = _rows("systems.csv")
    several = {row["system"] for row in every if row["fold"] == "2"}
    rows = [row for row in every if row["fold"] == "all" and row["system"] in several]
    aus = list(dict.fromkeys(row["AU"] for row in rows))
    lines = [
        f"| system | {' | '.join(f'AU{au}' if au != 'mean' else au for au in aus)} |",
        "|---" * (len(aus) + 1) + "|",
    ]
    for system in dict.fromkeys(row["system"] for row in rows):
        own = {row["AU"]: float(row["AUROC"]) for row in rows if row["system"] == system}
        lines.append(f"| `{system}` | {' | '.join(f'{own[au]:.2f}' if au in own else '-' for au in aus)} |")
    return "\n".join(lines)


def claims_table() -> str:
    """What became of the papers' claims."""
    lines = ["| paper | claim | folds | AUROC | | F1, % | |", "|---|---|---|---|---|---|---|"]
    rows = _rows("claims.csv")
    if not rows:
        return "No two runs that answer a claim have been made yet."
    for f1, auroc in zip(rows[::2], rows[1::2], strict=True):
        cells = []
        for row, scale, digits in ((auroc, 1, 3), (f1, 100, 1)):
            value, low, high = (f"{scale * float(row[name]):+.{digits}f}" for name in ("difference", "low", "high"))
            cells.append(f"{value} ({low} to {high}) | {row['holds']}")
        lines.append(f"| {f1['paper']} | {f1['claim']} | {f1['folds']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def models_table() -> str:
    """What ``actionunits bench models`` last measured."""
    rows = _rows("models.csv")
    lines = ["| system | | parameters | pixels | batch | ms a batch | faces/s |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        figures = f"{float(row['ms_per_batch']):.1f} | {float(row['images_per_second']):.1f}"
        count = f"{int(row['parameters']):,}"
        lines.append(f"| `{row['recipe']}` | {row['how']} | {count} | {row['pixels']} | {row['batch']} | {figures} |")
    return "\n".join([*lines, "", f"`actionunits bench models` on {rows[0]['machine']}, {rows[0]['device']}."])


def training_rates_table() -> str:
    """What ``actionunits bench train`` last measured."""
    rows = _rows("train.csv")
    lines = ["| recipe | stage | loader only | steps only | together |", "|---|---|---|---|---|"]
    for three in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        rates = " | ".join(f"{float(row['images_per_second']):.0f}" for row in three)
        lines.append(f"| `{three[0]['recipe']}` | {three[0]['stage']} | {rates} |")
    said = f"Images a second, {rows[0]['workers']} workers: `actionunits bench train` on {rows[0]['machine']}."
    return "\n".join([*lines, "", said])


def batch_table() -> str:
    """What ``actionunits bench batch`` last measured, and what ten thousand hours would take by it."""
    if not BATCH_RATES.exists():
        return "Not measured yet: `actionunits bench batch --out docs/benchmarks/batch.csv`."
    with BATCH_RATES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| | workers | cores each | files | frames | seconds | frames/s | x one |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        gain = f"{float(rows[0]['seconds']) / float(row['seconds']):.2f}" if row["what"] == rows[0]["what"] else ""
        workers = f"{row['workers']} | {row['cores_each']}"
        counts = f"{workers} | {row['files']} | {int(row['frames']):,} | {float(row['seconds']):.1f}"
        lines.append(f"| {row['what']} | {counts} | {float(row['frames_per_second']):,.0f} | {gain} |")
    said = f"`actionunits bench batch` on {rows[0]['machine']}; without the start of Ray and the models."
    lines += ["", said, "", "| 10,000 hours of | core hours | on 64 cores | rows |", "|---|---|---|---|"]
    constants = read_constants(BATCH_RATES)
    for size in constants.frame_seconds:
        made = estimate(constants, size=size)
        lines.append(
            f"| {size}, 30 frames/s | {made.core_hours:,.0f} | {made.wall_hours:,.0f} h | {made.output_gb:,.0f} GB |"
        )
    return "\n".join([*lines, "", "Files of ten minutes; `actionunits bench cost CSV --size SIZE`."])


def service_table() -> str:
    """What ``actionunits bench serve`` last measured."""
    rows = _rows("serve.csv")
    lines = ["| | count | a second | p50 | p95 | lost | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        waits = " | ".join(f"{row[name]} ms" if row[name] else "" for name in ("p50_ms", "p95_ms"))
        rate = f"{float(row['per_second']):.0f}"
        lines.append(f"| {row['what']} | {row['count']} | {rate} | {waits} | {row['lost']} | {row['note']} |")
    return "\n".join([*lines, "", f"`actionunits bench serve` on {rows[0]['machine']}; pictures or frames a second."])


PAGES: Mapping[Path, Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        README: {"columns": lambda: markdown_table().strip(), "quality": quality_table, "timings": timing_table},
        DETECTOR: {
            "detector": detector_table,
            "designs": designs_table,
            "neutral": neutral_table,
            "sides": sides_table,
            "detector-speed": detector_speed_table,
        },
        SYSTEMS: {
            "systems": systems_table,
            "studies": studies_table,
            "systems-by-au": systems_by_au_table,
            "intensities": intensities_table,
            "claims": claims_table,
            "models": models_table,
            "training-rates": training_rates_table,
        },
        BATCH: {"batch": batch_table},
        SERVICE: {"service": service_table},
        SYNTH: {"responses": responses_table, "facts": facts_table, "learnability": learnability_table},
    }
)
"""The tables of every page."""


def filled(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return a page's text with every table made anew."""
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = pattern.search(text)
        if found is None:
            raise SystemExit(f"the page has no place for the table {name}")
        start, end = found.end(1), found.start(2)
        text = f"{text[:start]}{table()}\n{text[end:]}"
    return text


def main() -> None:
    """Write, or with --check compare."""
    for page, tables in PAGES.items():
        before = page.read_text(encoding="utf-8")
        after = filled(before, tables)
        if "--check" in sys.argv[1:] and before != after:
            sys.exit(1)
        page.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
