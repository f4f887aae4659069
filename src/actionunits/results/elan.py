"""Episodes as an ELAN annotation file, .eaf, with the recording linked.

The format is described in "ELAN Annotation Format (EAF) Schema version 3.0" (Max Planck Institute for
Psycholinguistics).
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from actionunits.facs import column
from actionunits.results.episodes import Episode, by_person
from actionunits.results.events import EpisodeSink

_TYPE = "action unit"
_MIME_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
}
_CONSTRAINTS = {  # the four that every file names
    "Time_Subdivision": "divides the parent annotation's time, without gaps",
    "Symbolic_Subdivision": "divides a parent annotation, in order, without times",
    "Symbolic_Association": "one annotation for each of the parent's",
    "Included_In": "lies within the parent annotation's time, with gaps",
}
_UNDATED = "1970-01-01T00:00:00+00:00"  # so that the same rows give the same bytes; the sidecar knows the date


class ElanSink(EpisodeSink):
    """EAF 3.0: a tier ``AU12 (person 0)`` for every person and action unit, the person as participant.

    An annotation lasts from onset to offset, in milliseconds of the table's timestamps, and reads ``AU12C``: the action
    unit and the letter of its peak. A video is linked by its address and by its place relative to the file.
    """

    def _content(self, episodes: tuple[Episode, ...]) -> bytes:
        root = Element(
            "ANNOTATION_DOCUMENT",
            {
                "AUTHOR": "actionunits",
                "DATE": _UNDATED,
                "FORMAT": "3.0",
                "VERSION": "3.0",
                "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
            },
        )
        SubElement(root, "LICENSE", {"LICENSE_URL": ""})
        header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
        self._link(header)
        number = SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"})
        number.text = str(len(episodes))
        order = SubElement(root, "TIME_ORDER")
        spans = [_milliseconds(each) for each in episodes]
        slots = {time: f"ts{place}" for place, time in enumerate(sorted({t for span in spans for t in span}), 1)}
        for time, name in slots.items():
            SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(time)})
        self._tiers(root, episodes, slots)
        kind = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"}
        SubElement(root, "LINGUISTIC_TYPE", kind)
        for stereotype, meaning in _CONSTRAINTS.items():
            SubElement(root, "CONSTRAINT", {"DESCRIPTION": meaning, "STEREOTYPE": stereotype})
        indent(root, " ")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()

    def _tiers(self, root: Element, episodes: tuple[Episode, ...], slots: dict[int, str]) -> None:
        found = by_person(episodes)
        count = 0
        for face_id in self._finder.faces:
            for au in self._finder.aus:
                tier = SubElement(
                    root,
                    "TIER",
                    {
                        "LINGUISTIC_TYPE_REF": _TYPE,
                        "PARTICIPANT": f"person {face_id}",
                        "TIER_ID": f"{column(au)} (person {face_id})",
                    },
                )
                for each in found.get((face_id, au), ()):
                    count += 1
                    begin, end = _milliseconds(each)
                    facts = {
                        "ANNOTATION_ID": f"a{count}",
                        "TIME_SLOT_REF1": slots[begin],
                        "TIME_SLOT_REF2": slots[end],
                    }
                    annotation = SubElement(SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", facts)
                    SubElement(annotation, "ANNOTATION_VALUE").text = f"{column(au)}{each.letter}"

    def _link(self, header: Element) -> None:
        """Name the recording, where it is a video file; a picture or a camera has nothing that ELAN plays."""
        media = Path(self._source)
        kind = _MIME_TYPES.get(media.suffix.lower())
        if kind is None or not media.is_file():
            return
        facts = {"MEDIA_URL": media.resolve().as_uri(), "MIME_TYPE": kind}
        try:
            beside = os.path.relpath(media.resolve(), self.path.resolve().parent)
        except ValueError:  # on another drive
            beside = ""
        if beside:
            facts["RELATIVE_MEDIA_URL"] = "./" + quote(Path(beside).as_posix())
        SubElement(header, "MEDIA_DESCRIPTOR", facts)


def _milliseconds(episode: Episode) -> tuple[int, int]:
    """Onset and offset; ELAN knows no annotation without length, and no time before 0."""
    begin = max(round(episode.onset * 1000), 0)
    return begin, max(round(episode.offset * 1000), begin + 1)
