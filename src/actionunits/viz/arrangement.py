"""Which place each face's tag and panel get, so that they cover faces and one another as little as possible.

One face: its panel is docked to an edge of the picture, where it stands still while the face moves. Several faces: each
has a short panel beside it, all told in the same form. Where even the shortest would hide another face, the face gets a
second tag instead with its action units in FACS notation, "6+12+25".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from actionunits.facs import AUSet
from actionunits.viz.layout import Measures, Obstacle, Rect, at_levels, beside, docked, least_harm
from actionunits.viz.marks import Tag
from actionunits.viz.palette import Colour
from actionunits.viz.panel import Form, Row, panel_size, strongest_first

COMPACT_ROWS = 5  # of a panel when there are several faces
MOST_PANELS = 12  # with more faces than this, all get notation instead
COMPACT_FORMS = (Form(COMPACT_ROWS, True), Form(3, True), Form(COMPACT_ROWS, False), Form(3, False))

_FACE, _FEATURES, _TAKEN = 2.0, 6.0, 12.0  # how bad it is to cover a face, its middle, another tag or panel
_NEARBY = 0.15  # and the surroundings of another face, where a panel could be taken for that person's
_BEARABLE = 0.4  # harm up to which one of several faces gets a panel: it touches nothing and is not far away
_NO_NAMES, _FEWER = 0.4, 0.3  # dislike of a panel without names, and of one without rows


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be told about one face.

    Attributes:
        title: "person 0".
        colour: of the person.
        box: of the face, pixels of the canvas; shares at least a pixel with it.
        features: from the brows to the lips, pixels of the canvas.
        confidence: "98%".
        flags: "small, blurred", or empty.
        rows: its action units; empty for no panel.
    """

    title: str
    colour: Colour
    box: Rect
    features: Rect
    confidence: str
    flags: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class PlacedTag:
    """A tag, where it goes and the sizes it is drawn in."""

    tag: Tag
    rect: Rect
    measures: Measures


@dataclass(frozen=True, slots=True)
class PlacedPanel:
    """The panel of one face, where it goes and how much it tells."""

    subject: Subject
    rect: Rect
    form: Form


@dataclass(frozen=True, slots=True)
class Arrangement:
    """All tags and panels of a picture, in the order in which they are drawn."""

    panels: tuple[PlacedPanel, ...]
    tags: tuple[PlacedTag, ...]


def arrange(subjects: Sequence[Subject], shown: AUSet, measures: Measures, room: Rect, *, named: bool) -> Arrangement:
    """Find the places for everything that is told about the faces.

    Args:
        subjects: the faces.
        shown: the AUs that may be shown.
        measures: sizes for this canvas.
        room: where tags and panels may lie.
        named: whether faces have tags.
    """
    if len(subjects) == 1:
        panels = _docked_panel(subjects[0], shown, measures, room)
        covered = [panel.rect for panel in panels]
        names = _place_names(subjects, covered, measures, room) if named else []
        return Arrangement(tuple(panels), tuple(names))
    names = _place_names(subjects, [], measures, room) if named else []
    panels = _panels_beside(subjects, names, shown, measures, room) if len(subjects) <= MOST_PANELS else []
    tags = list(names)
    for subject in subjects:
        if subject.rows and not any(panel.subject is subject for panel in panels):
            covered = [tag.rect for tag in tags] + [panel.rect for panel in panels]
            tags += _place_tag(_notes(subject.rows), subject, subjects, covered, measures, room, below=True)
    return Arrangement(tuple(panels), tuple(tags))


def notation(rows: Sequence[Row], most: int | None = None) -> str:
    """The action units that occur, as FACS coders write them: ``6+12+25``, or ``0`` for none.

    Args:
        rows: all rows of a face, in the order to write them.
        most: tell no more than this many, the strongest; ``..`` stands for the others.
    """
    occurring = tuple(row for row in rows if row.occurs)
    kept = strongest_first(occurring)[:most]
    text = "+".join(str(row.au) for row in occurring if row in kept) or "0"
    return f"{text}.." if len(kept) < len(occurring) else text


def _notes(rows: Sequence[Row]) -> list[Tag]:
    return [Tag(((notation(rows, most), None),)) for most in (None, 6, 5, 4, 3, 2, 1)]


def _place_names(
    subjects: Sequence[Subject], covered: Sequence[Rect], measures: Measures, room: Rect
) -> list[PlacedTag]:
    """A tag for each face: who, the confidence, the flags; shorter or absent where the picture has no room."""
    placed: list[PlacedTag] = []
    for subject in subjects:
        who = (f"{subject.title}  {subject.confidence}", subject.colour)
        title = (subject.title, subject.colour)
        tags = [Tag((who,)), Tag((title,))]
        if subject.flags:
            flags, mark = (subject.flags, None), ("!", None)
            tags = [Tag((who, flags)), Tag((title, flags)), Tag((who, mark)), Tag((title, mark)), Tag((title,))]
        taken = [*covered, *(tag.rect for tag in placed)]
        placed += _place_tag(tags, subject, subjects, taken, measures, room)
    return placed


def _place_tag(
    tags: Sequence[Tag],
    subject: Subject,
    subjects: Sequence[Subject],
    covered: Sequence[Rect],
    measures: Measures,
    room: Rect,
    *,
    below: bool = False,
) -> list[PlacedTag]:
    """The longest of the tags that fits, over (or under) the box, where it covers least; nothing if none fits.

    In a crowd a tag fits when it is hardly wider than its face.
    """
    box = subject.box
    sizes = measures.small(box.w)
    limit = room.w if len(subjects) <= MOST_PANELS else min(room.w, max(round(1.3 * box.w), 4 * sizes.text))
    fitting = [tag for tag in tags if tag.width(sizes) <= limit] or [tags[-1]]
    width, height = fitting[0].width(sizes), Tag.height(sizes)
    if width > room.w or 3 * height > room.h:
        return []
    edge = measures.stroke(box.w) + 1  # the box's line reaches this far over its box
    left, right = box.x - edge, box.right + edge - width
    above, under = box.y - edge - height, box.bottom + edge
    inside_top, inside_bottom = box.y + edge, box.bottom - edge - height
    levels = (under, inside_bottom, above, inside_top) if below else (above, under, inside_top, inside_bottom)
    places = at_levels(width, height, (left, right), levels, room)
    obstacles = [Obstacle(other.box, _FACE) for other in subjects if other is not subject]
    obstacles += [Obstacle(subject.features, _FEATURES), Obstacle(box, 0.3)]
    obstacles += [Obstacle(rect, _TAKEN) for rect in covered]
    rect, _ = least_harm(places, obstacles)
    return [PlacedTag(fitting[0], rect, sizes)]


def _docked_panel(subject: Subject, shown: AUSet, measures: Measures, room: Rect) -> list[PlacedPanel]:
    """The panel of the only face, in the form and place that lose least; nothing where no row fits."""
    inner = room.grown(-measures.pad)
    count = len(subject.rows)
    most = (inner.h - 2 * (measures.pad // 2)) // measures.row - 1  # rows, beside the title
    fitting = count if count <= most else most - 1  # the line that counts the others needs a row
    wanted = sorted({min(limit, fitting) for limit in (count, 16, 12, 8, COMPACT_ROWS, 3, 1)}, reverse=True)
    forms = [Form(rows, names) for names in (True, False) for rows in wanted if rows > 0]
    losses = {form: _NO_NAMES * (not form.names) + _FEWER * log(count / form.rows) for form in forms}
    obstacles = [Obstacle(subject.box, _FACE), Obstacle(subject.features, _FEATURES)]
    best: PlacedPanel | None = None
    least = float("inf")
    for form in sorted(forms, key=losses.__getitem__):
        if losses[form] >= least:
            break
        width, height = panel_size(form, subject.title, count, shown, measures)
        if width <= inner.w and height <= inner.h:
            rect, total = least_harm(docked(width, height, inner), obstacles)
            if total + losses[form] < least:
                best, least = PlacedPanel(subject, rect, form), total + losses[form]
    return [best] if best else []


def _panels_beside(
    subjects: Sequence[Subject], names: Sequence[PlacedTag], shown: AUSet, measures: Measures, room: Rect
) -> list[PlacedPanel]:
    """Short panels in the fullest form in which all faces have one, or the form in which most have."""
    told = sorted((subject for subject in subjects if subject.rows), key=lambda one: -one.box.w * one.box.h)
    obstacles = [Obstacle(subject.box.grown(measures.stroke(subject.box.w) + 1), _TAKEN) for subject in subjects]
    obstacles += [Obstacle(name.rect, _TAKEN) for name in names]
    best: list[PlacedPanel] = []
    for form in COMPACT_FORMS:
        panels = _in_form(form, told, obstacles, shown, measures, room.grown(-measures.pad))
        if len(panels) > len(best):
            best = panels
        if len(best) == len(told):
            break
    return best


def _in_form(
    form: Form, told: Sequence[Subject], obstacles: Sequence[Obstacle], shown: AUSet, measures: Measures, inner: Rect
) -> list[PlacedPanel]:
    """A panel for each face that has a bearable place, in the given order."""
    taken = list(obstacles)
    panels = []
    for subject in told:
        width, height = panel_size(form, subject.title, len(subject.rows), shown, measures)
        if width > inner.w or height > inner.h:
            continue
        gap = measures.pad + measures.stroke(subject.box.w)
        others = [Obstacle(other.box.grown(6 * gap), _NEARBY) for other in told if other is not subject]
        rect, harm = least_harm(beside(width, height, subject.box, gap, inner), taken + others)
        if harm <= _BEARABLE:
            taken.append(Obstacle(rect.grown(measures.pad // 2), _TAKEN))
            panels.append(PlacedPanel(subject, rect, form))
    return panels
