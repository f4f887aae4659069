"""Reading ELAN's own files, .eaf: XML from anywhere, so nothing in it is followed and its size is bounded.

The format is described in "ELAN Annotation Format (EAF) Schema version 3.0" (Max Planck Institute for
Psycholinguistics). Read are the time slots, the tiers and their annotations; media files are never opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from actionunits.agreement.codes import EventCodes, EventList, listed
from actionunits.agreement.elan import keep
from actionunits.agreement.sheet import read_bytes
from actionunits.errors import DatasetError, UsageError

FORMAT = "ELAN annotation file"
_DEEPEST = 16  # elements within elements; ELAN writes five
_MOST_ELEMENTS = 2_000_000
_SAVE = "Open it in ELAN and save it again"


class _RefusedError(Exception):
    """What the file holds is not read."""


def read_eaf(path: Path, subject: str | None = None) -> EventCodes:
    """The annotations of all tiers that speak of action units.

    Annotations of dependent tiers have the times of what they refer to, and a tier without an action unit in its name
    is understood by that of the tier above. The offset of the first media file is added, as times are to count from
    the beginning of the recording.

    Args:
        path: the .eaf file.
        subject: the participant whose tiers are read; None where the file is about one person.

    Raises:
        UsageError: the file is about several participants, or not about ``subject``.
        DatasetError: the file cannot be read, is no EAF, declares a document type or entities, or no annotation names
            an action unit.
    """
    root = parse_xml(path, read_bytes(path))
    if root.tag != "ANNOTATION_DOCUMENT":
        raise DatasetError(path, f"is XML, but no ELAN file (it begins with {root.tag})", "Give the .eaf file")
    head = root.find("HEADER")
    unit = "milliseconds" if head is None else head.get("TIME_UNITS", "milliseconds")
    if unit != "milliseconds":
        raise DatasetError(path, f"counts time in {unit}", "Export it from ELAN as tab-delimited text")
    media = None if head is None else head.find("MEDIA_DESCRIPTOR")
    late = _milliseconds(path, None if media is None else media.get("TIME_ORIGIN"), "TIME_ORIGIN") or 0.0
    spans = _spans(path, root, late)
    tiers = {tier.get("TIER_ID", ""): tier for tier in root.iter("TIER")}
    above = {name: tier.get("PARENT_REF") for name, tier in tiers.items()}
    found, timeless = EventList(path), 0
    for name, tier in _of_person(path, tiers, subject).items():
        names = (name, *list(_upwards(name, above))[1:])
        for annotation in tier.iterfind("ANNOTATION/*"):
            span = spans.get(annotation.get("ANNOTATION_ID", ""))
            if span is None:
                timeless += 1
                continue
            where = f"tier {name}, annotation {annotation.get('ANNOTATION_ID')}"
            keep(found, where, names, (annotation.findtext("ANNOTATION_VALUE") or "").strip(), *span)
    remarks = [f"{late:g} s added to its times, where the recording begins in ELAN"] if late else []
    if timeless:
        remarks.append(f"{timeless} annotations have no times of their own and were left out")
    return found.finish(FORMAT, remarks=remarks)


def parse_xml(path: Path, data: bytes) -> Element:
    """XML as a tree; a document type, and with it every entity and every address to fetch, is refused.

    Raises:
        DatasetError: malformed, too deep, too many elements, or with a document type.
    """
    builder = TreeBuilder()
    counts = {"depth": 0, "elements": 0}

    def begin(tag: str, attributes: dict[str, str]) -> None:
        counts["depth"] += 1
        counts["elements"] += 1
        if counts["depth"] > _DEEPEST or counts["elements"] > _MOST_ELEMENTS:
            raise _RefusedError("has more or deeper elements than ELAN writes")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        counts["depth"] -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise _RefusedError("declares a document type, which ELAN never does")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except _RefusedError as failure:
        raise DatasetError(path, str(failure), _SAVE) from failure
    except (expat.ExpatError, ValueError) as failure:
        raise DatasetError(path, f"is not well-formed XML ({failure})", _SAVE) from failure


def _milliseconds(path: Path, text: str | None, what: str) -> float | None:
    """Seconds from a number of milliseconds; None where there is none."""
    if text is None:
        return None
    try:
        return int(text) / 1000
    except ValueError as failure:
        raise DatasetError(path, f"its {what} {text!r} is no number of milliseconds", _SAVE) from failure


def _spans(path: Path, root: Element, late: float) -> Mapping[str, tuple[float, float]]:
    """Onset and offset in seconds by annotation, of those that have times or refer to one that has."""
    slots = {
        slot.get("TIME_SLOT_ID", ""): _milliseconds(path, slot.get("TIME_VALUE"), "TIME_VALUE")
        for slot in root.iterfind("TIME_ORDER/TIME_SLOT")
    }
    spans: dict[str, tuple[float, float]] = {}
    refers: dict[str, str] = {}
    for annotation in root.iterfind("TIER/ANNOTATION/*"):
        own = annotation.get("ANNOTATION_ID", "")
        if annotation.tag == "REF_ANNOTATION":
            refers[own] = annotation.get("ANNOTATION_REF", "")
            continue
        start, stop = (slots.get(annotation.get(f"TIME_SLOT_REF{number}", "")) for number in (1, 2))
        if start is not None and stop is not None:
            spans[own] = (start + late, stop + late)
    for own in refers:
        target = next((name for name in _upwards(own, refers) if name in spans), None)
        if target is not None:
            spans[own] = spans[target]
    return spans


def _upwards(name: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    """A name, its parent, the parent's parent ...; a circle ends where it closes."""
    seen: set[str] = set()
    step: str | None = name
    while step and step not in seen:
        seen.add(step)
        yield step
        step = parents.get(step)


def _of_person(path: Path, tiers: Mapping[str, Element], subject: str | None) -> dict[str, Element]:
    """The tiers of one participant, and those without any."""
    people = sorted({tier.get("PARTICIPANT", "") for tier in tiers.values()} - {""})
    if subject is None and len(people) > 1:
        raise UsageError(path, f"codes several people ({listed(people)})", "Say which with --subject NAME")
    if subject is not None and subject not in people:
        raise UsageError(f"subject {subject!r}", f"not in {path}", f"It has {listed(people) or 'no participants'}")
    kept = {"", *people} if subject is None else {"", subject}
    return {name: tier for name, tier in tiers.items() if tier.get("PARTICIPANT", "") in kept}
