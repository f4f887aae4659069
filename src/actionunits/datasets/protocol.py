"""The choices that a data set leaves to its reader; they travel with every store and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike

Kind = Literal["bp4d", "bp4d+", "disfa", "manifest", "store"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Cameras = Literal["left", "right", "both"]
FramePolicy = Literal["all", "drop_missing_landmarks", "jaa_list"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """How labels and frames are taken.

    Attributes:
        aus: the action units to read; None for the data set's usual ones (BP4D_12, DISFA_12, a manifest's or a store's
            columns).
        occurs_from: lowest intensity that counts as occurrence where only intensity is coded; DISFA's papers use 1 or 2
            (RE-Net and AU R-CNN 1, the others 2).
        cameras: of DISFA; ``both`` gives two recordings a subject.
        frame_policy: ``all`` coded frames; without those that the data set's own landmarks leave out; or without those
            that JAA-Net's lists leave out (BP4D and DISFA).

    Raises:
        UsageError: a value is none of these.
    """

    aus: AUSetLike | None = None
    occurs_from: int = 2
    cameras: Cameras = "left"
    frame_policy: FramePolicy = "all"

    def __post_init__(self) -> None:
        if self.aus is not None:
            object.__setattr__(self, "aus", AUSet.parse(self.aus))
        if self.occurs_from not in (1, 2):
            raise UsageError(f"occurs_from={self.occurs_from!r}", "there is no such threshold", "Use 1 or 2")
        for name, value, known in (
            ("cameras", self.cameras, get_args(Cameras)),
            ("frame_policy", self.frame_policy, get_args(FramePolicy)),
        ):
            if value not in known:
                raise UsageError(f"{name}={value!r}", "there is no such choice", f"Use {', '.join(known)}")

    def au_set(self, usual: AUSet) -> AUSet:
        """The action units to read, of a data set with these usual ones."""
        return usual if self.aus is None else AUSet.parse(self.aus)
