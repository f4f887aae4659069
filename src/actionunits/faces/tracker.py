"""Follow faces through a video: one id for one person, through crossings and short absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.faces.appearance import appearance, unlikeness
from actionunits.faces.face import Face
from actionunits.faces.finder import Box, FaceFinder, FoundFace, same_face
from actionunits.faces.pose import frontal, pose_of_rotation
from actionunits.faces.quality import quality_flags, sharpness_and_brightness
from actionunits.faces.remembered import read, read_face, written, written_face

Float32 = NDArray[np.float32]
Image = NDArray[np.uint8]

_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER = 33, 263  # mesh points
_LEARN = 0.1  # share of the newest view in a person's appearance
_VELOCITY_MEMORY = 0.7
_LOOKS_WEIGHT = 6.0  # unlikeness 0.17 weighs as much as a face's width of distance
_MOST_COST = 2.0  # beyond it, a face is a new person
_NEVER = 1e6
_SWAP_GAIN = 0.06  # how much likelier a swap must be before ids are exchanged
_MOST_UNLIKE = 0.17  # beyond it, a face found again is another person's; two views of one person reach 0.12
_CUT_PICTURE = 20.0  # mean change of the whole picture's grey levels, 0-255, that a cut makes
_CUT_FACE = 0.09  # a face that changes so much across a cut is another person's


@dataclass(slots=True, eq=False)  # a person is that object, not what it holds
class _Person:
    face_id: int
    face: FoundFace
    looks: Float32  # over time
    last_looks: Float32
    seen: float  # timestamp, seconds
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))  # pixels / s
    cut_away: bool = False

    def written(self) -> dict[str, Any]:
        """This person as JSON values."""
        return {
            "face_id": self.face_id,
            "face": written_face(self.face),
            "looks": written(self.looks),
            "last_looks": written(self.last_looks),
            "seen": self.seen,
            "velocity": written(self.velocity),
            "cut_away": self.cut_away,
        }

    @classmethod
    def read(cls, facts: dict[str, Any]) -> _Person:
        """The person that :meth:`written` wrote."""
        looks, last_looks, velocity = (read(facts[name]) for name in ("looks", "last_looks", "velocity"))
        face, face_id = read_face(facts["face"]), int(facts["face_id"])
        return cls(face_id, face, looks, last_looks, float(facts["seen"]), velocity, bool(facts["cut_away"]))

    @property
    def centre(self) -> NDArray[np.float64]:
        x, y, w, h = self.face.box
        return np.array([x + w / 2, y + h / 2])

    def expected(self, timestamp: float) -> NDArray[np.float64]:
        """Where the centre should be by now, if the motion went on."""
        return self.centre + self.velocity * (timestamp - self.seen)

    def see(self, face: FoundFace, timestamp: float, looks: Float32, *, learn: bool) -> None:
        """Take in a new view; ``learn`` its looks only when they surely are this person's."""
        passed = timestamp - self.seen
        before = self.centre
        self.face, self.seen = face, timestamp
        if passed > 0:
            now = (self.centre - before) / passed
            self.velocity = _VELOCITY_MEMORY * self.velocity + (1 - _VELOCITY_MEMORY) * now
        self.last_looks = looks
        if learn:
            self.looks = (1 - _LEARN) * self.looks + _LEARN * looks


class FaceTracker:
    """Faces of one video, frame after frame; or of unrelated pictures, with :meth:`reset` between them.

    A face is followed by its last mesh, without asking the detector. The detector looks when a face was lost, when
    there is none, and at a set interval.

    Args:
        finder: the networks; may be shared by trackers that do not run at the same time.
        max_faces: follow at most so many at a time, the largest.
        interval: seconds between two looks for newcomers.
        memory: seconds for which somebody who is gone is waited for.
    """

    def __init__(
        self, finder: FaceFinder, *, max_faces: int | None = None, interval: float = 1 / 3, memory: float = 1.2
    ) -> None:
        self._finder = finder
        self._max_faces = max_faces
        self._interval = interval
        self._memory = memory
        self.reset()

    def reset(self) -> None:
        """Forget everybody; ids start at 0 again."""
        self._present: list[_Person] = []
        self._absent: list[_Person] = []
        self._touching: dict[int, Float32] = {}  # id -> looks before faces came close
        self._next_id = 0
        self._samples = np.empty((0, 0, 3), np.int16)  # the last picture, sparsely
        self._looked = -np.inf

    def state(self) -> dict[str, Any]:
        """All that the next frames depend on, as JSON values; for :meth:`resume`, in any process."""
        return {
            "present": [person.written() for person in self._present],
            "absent": [person.written() for person in self._absent],
            "touching": [[face_id, written(looks)] for face_id, looks in self._touching.items()],
            "next_id": self._next_id,
            "samples": written(self._samples),
            "looked": self._looked if np.isfinite(self._looked) else None,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where another tracker with the same settings stopped.

        Args:
            state: what :meth:`state` gave.

        Raises:
            ValueError, KeyError, TypeError: it is no such state.
        """
        self._present = [_Person.read(facts) for facts in state["present"]]
        self._absent = [_Person.read(facts) for facts in state["absent"]]
        self._touching = {int(face_id): read(looks) for face_id, looks in state["touching"]}
        self._next_id = int(state["next_id"])
        self._samples = read(state["samples"])
        self._looked = -np.inf if state["looked"] is None else float(state["looked"])

    def update(self, image: Image, timestamp: float) -> tuple[Face, ...]:
        """Return the faces of the next frame, by id: :meth:`track`, then :func:`describe`.

        Args:
            image: (H, W, 3) uint8 RGB.
            timestamp: seconds, not before the last frame's.
        """
        return tuple(describe(face_id, found, image) for face_id, found in self.track(image, timestamp))

    def track(self, image: Image, timestamp: float) -> tuple[tuple[int, FoundFace], ...]:
        """Return (id, mesh) of every face of the next frame, by id, without pose and quality; see :meth:`update`."""
        lost = self._follow(image, timestamp)
        self._absent = [p for p in self._absent if 0 <= timestamp - p.seen <= self._memory]
        due = timestamp - self._looked >= self._interval or timestamp < self._looked
        if due or lost or self._absent or not self._present:
            self._look_for_others(image, timestamp)
        self._part_touching()
        self._present.sort(key=lambda person: person.face_id)
        return tuple((person.face_id, person.face) for person in self._present)

    def _follow(self, image: Image, timestamp: float) -> bool:
        """Fit every present person's mesh again; tell whether somebody was lost."""
        cut = self._picture_changed(image)
        kept: list[_Person] = []
        views: list[tuple[FoundFace, Float32]] = []
        lost: list[_Person] = []
        for person in self._present:
            face = self._finder.follow(image, person.face.mesh)
            if face is None:
                lost.append(person)
                continue
            looks = appearance(face.crop)
            if cut and unlikeness(looks, person.last_looks) > _CUT_FACE:
                person.cut_away = True
                lost.append(person)
                continue
            kept.append(person)
            views.append((face, looks))
        # two meshes on one face: it is whose looks it has; the other one is hidden behind
        for i in range(len(kept)):
            for j in range(i + 1, len(kept)):
                a, b = kept[i], kept[j]
                if a in lost or b in lost or not same_face(views[i][0].box, views[j][0].box):
                    continue
                first = unlikeness(views[i][1], self._looks(a)) <= unlikeness(views[j][1], self._looks(b))
                lost.append(b if first else a)
        self._present = [person for person in kept if person not in lost]
        near = _near_others([view[0].box for view in views])
        for person, (face, looks), close in zip(kept, views, near, strict=True):
            if person in lost:
                continue
            if close:
                self._touching.setdefault(person.face_id, person.looks)
            person.see(face, timestamp, looks, learn=not close)
        self._absent += lost
        return bool(lost)

    def _picture_changed(self, image: Image) -> bool:
        """Tell whether the whole picture differs from the one before as after a cut."""
        height, width = image.shape[:2]
        samples = image[:: max(1, height // 18), :: max(1, width // 32)].astype(np.int16)
        before, self._samples = self._samples, samples
        return before.shape == samples.shape and float(np.abs(samples - before).mean()) > _CUT_PICTURE

    def _look_for_others(self, image: Image, timestamp: float) -> None:
        """Ask the detector; give new faces to those who were away, or to new people."""
        self._looked = timestamp
        room = None if self._max_faces is None else self._max_faces - len(self._present)
        if room is not None and room <= 0:
            return
        found = self._finder.find(image, known=[p.face.box for p in self._present], limit=room)
        looks = [appearance(face.crop) for face in found]
        taken = self._match(found, looks, timestamp)
        for place, (face, look) in enumerate(zip(found, looks, strict=True)):
            person = taken.get(place)
            if person is None:
                person = _Person(self._next_id, face, look, look, timestamp)
                self._next_id += 1
            else:
                self._absent.remove(person)
                person.velocity, person.cut_away = np.zeros(2), False
                person.face, person.last_looks, person.seen = face, look, timestamp
            self._present.append(person)

    def _match(self, found: Sequence[FoundFace], looks: Sequence[Float32], timestamp: float) -> dict[int, _Person]:
        """Assign found faces to absent people at the least total cost; place in ``found`` -> person."""
        if not found or not self._absent:
            return {}
        from scipy.optimize import linear_sum_assignment  # here: slow to import, and most videos never need it

        cost = np.empty((len(found), len(self._absent)))
        for row, (face, look) in enumerate(zip(found, looks, strict=True)):
            x, y, w, h = face.box
            for column, person in enumerate(self._absent):
                away = timestamp - person.seen
                off = min(
                    np.hypot(*(np.array([x + w / 2, y + h / 2]) - place))
                    for place in (person.expected(timestamp), person.centre)
                )
                far = off / (max(w, h, person.face.box[2]) * (1 + 2 * away))
                unlike = unlikeness(look, person.looks)
                stranger = unlike > (_CUT_FACE if person.cut_away else _MOST_UNLIKE)
                if person.face_id in self._touching and not person.cut_away:
                    stranger = False  # somebody still covers part of the face: its looks say little
                cost[row, column] = _NEVER if stranger else far + _LOOKS_WEIGHT * unlike
        rows, columns = linear_sum_assignment(cost)
        return {int(r): self._absent[int(c)] for r, c in zip(rows, columns, strict=True) if cost[r, c] <= _MOST_COST}

    def _looks(self, person: _Person) -> Float32:
        return self._touching.get(person.face_id, person.looks)

    def _part_touching(self) -> None:
        """While faces are close and when they part, make sure that nobody took another's id."""
        present = {person.face_id: person for person in self._present}
        close = _near_others([person.face.box for person in self._present])
        involved = [present[i] for i in self._touching if i in present]
        if len(involved) >= 2:
            from scipy.optimize import linear_sum_assignment

            now = [appearance(person.face.crop) for person in involved]
            cost = np.array([[unlikeness(look, self._touching[p.face_id]) for p in involved] for look in now])
            rows, columns = linear_sum_assignment(cost)
            if np.trace(cost) - cost[rows, columns].sum() > _SWAP_GAIN:
                ids = [involved[int(c)].face_id for c in columns]
                kept = {p.face_id: p.looks for p in involved}
                for person, face_id in zip(involved, ids, strict=True):
                    person.face_id, person.looks = face_id, kept[face_id]
        for person, still in zip(self._present, close, strict=True):
            if not still and not any(absent.face_id in self._touching for absent in self._absent):
                self._touching.pop(person.face_id, None)
        known = {p.face_id for p in (*self._present, *self._absent)}
        self._touching = {i: looks for i, looks in self._touching.items() if i in known}


def describe(face_id: int, found: FoundFace, image: Image) -> Face:
    """Measure pose and quality of a found face in ``image``."""
    turned, rotation = frontal(found.mesh)
    pose = pose_of_rotation(rotation)
    sharpness, brightness = sharpness_and_brightness(found.crop)
    eyes = found.mesh[_LEFT_EYE_OUTER, :2] - found.mesh[_RIGHT_EYE_OUTER, :2]
    interocular = float(np.hypot(eyes[0], eyes[1]))
    flags = quality_flags(
        mesh=found.mesh,
        size=(image.shape[0], image.shape[1]),
        pose=pose,
        interocular_px=interocular,
        sharpness=sharpness,
        brightness=brightness,
        confidence=found.confidence,
    )
    return Face(
        face_id=face_id,
        confidence=found.confidence,
        box=found.box,
        mesh=found.mesh,
        frontal=turned,
        pose=pose,
        interocular_px=interocular,
        sharpness=sharpness,
        brightness=brightness,
        flags=flags,
    )


def _near_others(around: Sequence[Box]) -> list[bool]:
    """For each box, whether it comes closer to another than a quarter of their width."""
    near = [False] * len(around)
    for i, (x, y, w, h) in enumerate(around):
        for j in range(i + 1, len(around)):
            u, v, s, t = around[j]
            gap = 0.25 * max(w, s)
            if x - gap < u + s and u - gap < x + w and y - gap < v + t and v - gap < y + h:
                near[i] = near[j] = True
    return near
