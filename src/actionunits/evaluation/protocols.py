"""Where a run's protocol and a paper's differ, spelled out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from actionunits.evaluation.published import Publication, PublishedProtocol
from actionunits.evaluation.run_facts import RunFacts
from actionunits.evaluation.systems import Selection

Verdict = Literal["same", "differs", "not known"]

PUBLISHED_NAMES = MappingProxyType({"bp4d": "BP4D", "bp4d+": "BP4D+", "disfa": "DISFA"})
"""What the papers call the data sets."""
CROPS = MappingProxyType(
    {
        "lp_net": "lp-240-masked",
        "re_net": "re-256",
        "roi_gcn": "roi-256",
        "au_rcnn": "aurcnn-512",
        "lorral": "jaa-200",
    }
)
"""The crop recipe that is built after each paper."""
SAME_SIZE = 0.03  # numbers of frames that differ by less are what "about" means
_UNSAID = "not stated"
_LANDMARKS: Mapping[object, str] = MappingProxyType({"dataset": "provided by the data set", "mesh": "detected"})
_SELECTIONS: Mapping[Selection, str] = MappingProxyType(
    {
        "none": "nothing to choose",
        "val": "validation subjects",
        "last": "nothing: the last epoch",
        "test_oracle": "the test subjects",
    }
)

ITEMS = (
    "folds",
    "positives",
    "cameras",
    "frames",
    "crop",
    "landmarks",
    "pre-training",
    "choices made on",
    "over folds",
)


@dataclass(frozen=True)
class Difference:
    """One item of two protocols.

    Attributes:
        item: of :data:`ITEMS`.
        ours: what the run did.
        theirs: what the paper says.
        verdict: whether they differ, as far as can be known.
    """

    item: str
    ours: str
    theirs: str
    verdict: Verdict


def protocol_of(facts: RunFacts) -> dict[str, str]:
    """A run's protocol, by :data:`ITEMS`."""
    said = facts.store.protocol
    from_level = said.get("occurs_from")
    return {
        "folds": facts.folds.title,
        "positives": _positives(int(from_level) if isinstance(from_level, int) else None, facts.store.dataset),
        "cameras": str(said.get("cameras", "one")),
        "frames": f"{facts.frames:,} tested ({said.get('frame_policy', 'all')})",
        "crop": facts.store.crop or "none",
        "landmarks": _LANDMARKS.get(said.get("landmarks"), "exact" if facts.store.made_by else _UNSAID),
        "pre-training": str(facts.recipe.get("pretraining", "none")),
        "choices made on": _SELECTIONS[facts.selection],
        "over folds": "mean; pooled beside it",
    }


def published_protocol(publication: Publication, dataset: str) -> dict[str, str]:
    """A paper's protocol on a data set, by :data:`ITEMS`.

    Args:
        publication: the paper.
        dataset: ``"BP4D"``, ``"BP4D+"`` or ``"DISFA"``.
    """
    said = publication.protocols[dataset]
    return {
        "folds": said.folds,
        "positives": _positives(said.occurs_from, dataset.lower()),
        "cameras": said.cameras or "one",
        "frames": said.frames,
        "crop": said.crop,
        "landmarks": said.landmarks,
        "pre-training": said.pretraining,
        "choices made on": said.selection,
        "over folds": said.aggregation,
    }


def differences(facts: RunFacts, publication: Publication, dataset: str) -> tuple[Difference, ...]:
    """Compare a run's protocol with a paper's, item by item.

    Args:
        facts: of the run.
        publication: the paper, with results on the data set.
        dataset: ``"BP4D"``, ``"BP4D+"`` or ``"DISFA"``.

    Returns:
        One a :data:`ITEMS`, and first the data set where it is another.
    """
    ours, theirs = protocol_of(facts), published_protocol(publication, dataset)
    verdicts = dict(_verdicts(facts, publication, publication.protocols[dataset], ours, theirs))
    found = [Difference(item, ours[item], theirs[item], verdicts[item]) for item in ITEMS]
    name = PUBLISHED_NAMES.get(facts.store.dataset, facts.store.dataset)
    if name != dataset:
        found.insert(0, Difference("data set", name, dataset, "differs"))
    return tuple(found)


def spelled_out(facts: RunFacts, publication: Publication, dataset: str) -> tuple[str, ...]:
    """The differences as sentences: what differs, then what cannot be known."""
    found = differences(facts, publication, dataset)
    apart = [f"{each.item}: here {each.ours}, there {each.theirs}" for each in found if each.verdict == "differs"]
    unclear = [f"{each.item} (there: {each.theirs})" for each in found if each.verdict == "not known"]
    who = publication.paper.short
    sentences = [f"{who} differs in {'; '.join(apart)}."] if apart else []
    if unclear:
        sentences.append(f"{who}, not known to be the same: {'; '.join(unclear)}.")
    return tuple(sentences)


def _positives(occurs_from: int | None, dataset: str) -> str:
    if dataset.startswith("bp4d") or occurs_from is None:
        return "coded occurrence"
    return f"intensity {occurs_from} and more"


def _verdicts(
    facts: RunFacts, publication: Publication, said: PublishedProtocol, ours: dict[str, str], theirs: dict[str, str]
) -> Iterator[tuple[str, Verdict]]:
    yield "folds", "not known" if len(facts.folds.numbers) == 3 else "differs"
    yield "positives", _told(ours["positives"] == theirs["positives"])
    yield "cameras", _cameras(ours["cameras"], said.cameras)
    about = int(re.sub(r"\D", "", said.frames) or 0)
    yield "frames", _told(abs(facts.frames - about) <= SAME_SIZE * about)
    yield "crop", _told(facts.store.crop == CROPS[publication.paper.id])
    yield "landmarks", _landmarks(ours["landmarks"], said.landmarks)
    if said.pretraining == _UNSAID:
        yield "pre-training", "not known"
    else:
        yield "pre-training", _told(said.pretraining.lower().startswith(ours["pre-training"].lower()))
    yield "choices made on", "differs" if facts.selection == "test_oracle" else "not known"
    yield "over folds", "not known" if said.aggregation == _UNSAID else _told(ours["over folds"] == said.aggregation)


def _told(same: bool) -> Verdict:
    return "same" if same else "differs"


def _cameras(ours: str, theirs: str | None) -> Verdict:
    if theirs is None:
        return "same"
    both = {"left": "left", "right": "right", "both": "left and right"}.get(ours, ours)
    if theirs == both:
        return "same"
    return "not known" if theirs.startswith(f"{both} (") else "differs"


def _landmarks(ours: str, theirs: str) -> Verdict:
    if ours not in ("detected", "provided by the data set"):
        return "not known"
    return _told(("provided" in theirs) == ours.startswith("provided"))
