"""The page itself: the template filled in and written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ResultsError, UsageError
from actionunits.facs import FACS, column
from actionunits.report.figures import (
    Quality,
    Summary,
    Together,
    occurring_together,
    quality_of,
    strip_of,
    strongest,
    summarise,
)
from actionunits.report.lines import MISSING, STEPS, frame_times, timelines
from actionunits.report.media import Shown, shown
from actionunits.report.rows import PersonRows, Recording, ReportRows
from actionunits.results import Episode, Sidecar
from actionunits.results.episodes import GAP, LEAST
from actionunits.results.sidecar import facts_of

_MOST_PEOPLE = 24  # with a part of their own: those who are seen longest
_MOST_EPISODES = 500  # in a person's table
_MOST_DRAWN = 20_000  # in a person's timelines
_ROOM = "actionunits.report"


@dataclass(frozen=True)
class Person:
    """What the template says of one person."""

    face_id: int
    quality: Quality
    summary: tuple[Summary, ...]
    together: Together
    episodes: list[Episode]
    drawn: list[Episode]
    episodes_found: int
    strip: dict[str, list[tuple[float, float]]]
    box: tuple[float, ...]


def require_report() -> None:
    """Make sure that a report can be written.

    Raises:
        UsageError: plotly or jinja2 is not installed.
    """
    missing = [name for name in ("plotly", "jinja2") if find_spec(name) is None]
    if missing:
        raise UsageError(
            "the report", f"needs {' and '.join(missing)}", "Install it: pip install 'actionunits[report]'"
        )


def write_report(
    path: Path, rows: ReportRows, sidecar: Sidecar, *, media: Path | None = None, drawn: bool = False
) -> None:
    """Write the report of one analysis: UTF-8; aside first, then renamed.

    Args:
        path: the .html file.
        rows: all rows of the analysis.
        sidecar: how it was made.
        media: the overlay, or else the input, to be shown beside the figures: a link to the file for a video, its
            pixels inside the page for a picture; None where there is nothing to show.
        drawn: whether ``media`` is an overlay.

    Raises:
        UsageError: plotly or jinja2 is not installed.
        ResultsError: the file cannot be written.
    """
    require_report()
    content = _page(rows.recording(), sidecar, shown(media, path, drawn=drawn)).encode()
    with written_aside(path, ResultsError) as aside:
        try:
            aside.write_bytes(content)
        except OSError as failure:
            raise write_failure(path, failure, ResultsError) from failure


def _page(recording: Recording, sidecar: Sidecar, media: Shown) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    still = len(recording.times) <= 1
    longest = sorted(recording.people, key=lambda each: -recording.lasting[each.place].sum())
    kept = sorted(longest[:_MOST_PEOPLE], key=lambda each: each.face_id)
    people = [_person(recording, each) for each in kept]
    others = [(each.face_id, quality_of(recording, each)) for each in longest[_MOST_PEOPLE:]]
    environment = Environment(
        loader=PackageLoader(_ROOM, "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=_seconds, number=_number, label=_label, au=column, bar=_bar, said=_said, muscles=_muscles
    )
    template = environment.get_template("page.html")
    data = {} if still else _data(recording, kept, people)
    return template.render(
        recording=recording,
        sidecar=sidecar,
        facts=facts_of(sidecar),
        title=PurePath(sidecar.source).name or sidecar.source,
        still=still,
        media=media,
        people=people,
        others=others,
        graded=dict(zip(recording.aus, recording.graded.tolist(), strict=True)),
        gap=GAP,
        least=LEAST,
        data=Markup(_inside_script(data)),  # noqa: S704  # every < is written as an escape
        plotly=Markup("" if still else get_plotlyjs()),  # noqa: S704  # a library's own file
    )


def _person(recording: Recording, person: PersonRows) -> Person:
    mine = [each for each in recording.episodes if each.face_id == person.face_id]
    return Person(
        face_id=person.face_id,
        quality=quality_of(recording, person),
        summary=summarise(recording, person),
        together=occurring_together(recording, person),
        episodes=strongest(mine, _MOST_EPISODES),
        drawn=strongest(mine, _MOST_DRAWN),
        episodes_found=len(mine),
        strip=strip_of(recording, person),
        box=tuple(person.box[0].tolist()),
    )


def _data(recording: Recording, kept: list[PersonRows], people: list[Person]) -> Mapping[str, Any]:
    """What the script draws."""
    first, last = recording.span
    part = Recording(
        recording.aus, recording.graded, recording.frames, recording.times, recording.lasting, tuple(kept), ()
    )
    places = {au: place for place, au in enumerate(recording.aus)}
    return {
        "span": [round(first, 6), round(last, 6)],
        "steps": STEPS,
        "missing": MISSING,
        "frames": frame_times(recording),
        "aus": [
            {"column": column(au), "name": FACS[au].name, "most": 5 if graded else 1}
            for au, graded in zip(recording.aus, recording.graded.tolist(), strict=True)
        ],
        "people": [
            {
                "face": person.face_id,
                "lines": lines,
                "strip": [[name, np.round(spans, 3).tolist()] for name, spans in person.strip.items()],
                "episodes": [
                    [places[e.au], *(round(t, 6) for t in (e.onset, e.apex, e.offset)), _plain(_height(e))]
                    for e in person.drawn
                ],
            }
            for person, lines in zip(people, timelines(part), strict=True)
        ],
    }


def _height(episode: Episode) -> float:
    return episode.probability if math.isnan(episode.peak) else episode.peak


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)


def _inside_script(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in, nor begin a comment."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _number(value: float, decimals: int = 2) -> str:
    return "–" if math.isnan(value) else f"{value:.{decimals}f}"


def _label(au: int) -> str:
    return f"{column(au)} {FACS[au].name}"


def _muscles(au: int) -> str:
    return ", ".join(FACS[au].muscles)


def _bar(value: float, most: float) -> str:
    """How long a bar is, per cent."""
    return f"{0.0 if math.isnan(value) else 100 * min(max(value / most, 0.0), 1.0):.1f}"


def _said(value: object) -> str:
    """A fact of the sidecar as text."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
