"""Rendered faces, and clips of them made on the spot; no person is shown."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from actionunits.analyzer import Analyzer
from actionunits.geometry.mean_face import MEAN_68
from actionunits.results import Sidecar, arrow_schema
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

MILLISECOND = Fraction(1, 1000)
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def face_files() -> tuple[Path, ...]:
    """face0 shows AU6+12+25, face1 AU1+2+5+25+26, face2 nothing, face3 AU4+7+9; four people, 384 x 384."""
    return tuple(DATA / f"face{number}.jpg" for number in range(4))


@pytest.fixture(scope="session")
def pictures(face_files: tuple[Path, ...]) -> tuple[np.ndarray, ...]:
    """The four rendered faces, (384, 384, 3) RGB."""
    return tuple(np.asarray(Image.open(path).convert("RGB")) for path in face_files)


@pytest.fixture(scope="session")
def blank() -> np.ndarray:
    """A (384, 384, 3) picture without a face."""
    return np.linspace(40, 90, 384, dtype=np.uint8)[:, None, None].repeat(384, axis=1).repeat(3, axis=2)


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    """The shipped model with default settings."""
    return Analyzer()


@pytest.fixture(scope="session")
def write_uncropped() -> Callable[..., Store]:
    """A function that writes a store as `synth generate` does: two people, whole pictures, all that a store can hold.

    By name its sequences come in another order than by subject. The second frame has no landmarks, the third no pose.
    """

    def write(folder: Path, *, pictures: Sequence[np.ndarray] = (), **changes: Any) -> Store:
        rng, side, aus = np.random.default_rng(0), 96, (1, 2, 12)
        facts = {"dataset": "SynthFake", "aus": aus, "protocol": {"labels": "what is visible", "occurs_from": 1}}
        made = {"generator": "nobody", "seed": 7}
        writer = StoreWriter(folder, StoreSettings(**(facts | {"made_by": made} | changes)))
        owners = {"c": "S1", "d": "S1", "a": "S2"}
        for name, subject in owners.items():
            rows, jpegs = [], []
            for frame in range(1, 9, 2):
                shown = rng.integers(0, 256, (6, 6, 3)).astype(np.uint8)
                shown = cv2.resize(shown, (side, side), interpolation=cv2.INTER_CUBIC)
                shown = pictures[len(rows) % len(pictures)] if pictures else shown
                jpegs.append(cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes())
                points = (side * (0.5 + 0.2 * MEAN_68) + rng.normal(0, 1, (68, 2))).astype(np.float32)
                levels = [{au: int(rng.integers(-1, 6)) for au in aus} for _ in range(3)]
                rows.append(
                    FrameRow(
                        subject,
                        frame,
                        frame / 7,
                        occurrence={au: int(rng.integers(-1, 2)) for au in aus},
                        **dict(zip(("intensity", "left", "right"), levels, strict=True)),
                        landmarks=None if frame == 3 else points,
                        visible=rng.random(68) < 0.8,
                        pose=None if frame == 5 else tuple(rng.normal(0, 20, 3).tolist()),
                        gaze=tuple(rng.normal(0, 20, 2).tolist()),
                        flags=("occluded", "dark")[: int(rng.integers(3))],
                    )
                )
            writer.add(name, rows, jpegs)
        people = {"subject": ["S1", "S2"], "age": [31.5, 64.0], "hair": ["curly", "none"]}
        sequences = {"sequence": list(owners), "subject": list(owners.values()), "fps": [2.5, None, 2.5]}
        return writer.finish(
            pa.table(people), pa.table(sequences | {"seed": [7, 8, None], "mood": ["good", "", "bad"]})
        )

    return write


@pytest.fixture(scope="session")
def made_up() -> Callable[..., pa.Table]:
    """A function that makes a results table up: intensities of AU12 and others over time, seen from 1 on."""

    def table(
        times: Sequence[float],
        people: dict[int, np.ndarray],
        aus: Sequence[int] = (12,),
        *,
        flags: dict[int, Sequence[str]] | None = None,
        graded: bool = True,
        source: str = "talk.mp4",
    ) -> pa.Table:
        """``people`` gives (F, A) intensities by face id, a row of NaN where the person is not seen."""
        rows: dict[str, list[Any]] = {name: [] for name in arrow_schema(aus).names}
        for frame, time in enumerate(times):
            seen = [face for face, strength in people.items() if not np.isnan(strength[frame]).all()]
            for face in seen or [None]:
                row: dict[str, Any] = {
                    "source": source,
                    "frame": frame,
                    "timestamp": round(float(time), 6),
                    "success": 0,
                }
                if face is not None:
                    flag = "" if flags is None or face not in flags else flags[face][frame]
                    pose = {"pose_pitch": 1.0, "pose_yaw": 2.0, "pose_roll": 3.0}
                    box = {"face_x": 10.0, "face_y": 20.0, "face_w": 30.0, "face_h": 40.0}
                    row |= {"face_id": face, "success": 1, "confidence": 0.9, "flags": flag} | pose | box
                    for au, value in zip(aus, people[face][frame].tolist(), strict=True):
                        row |= {f"AU{au:02}_p": value / 5, f"AU{au:02}_c": int(value >= 1)}
                        row |= {f"AU{au:02}_r": value if graded else None}
                for name, cells in rows.items():
                    cells.append(row.get(name))
        return pa.table(rows, schema=arrow_schema(aus))

    return table


@pytest.fixture(scope="session")
def sidecar_of() -> Callable[..., Sidecar]:
    """A function that makes a sidecar up; what is given takes the place of what is made up."""

    def sidecar(**changes: Any) -> Sidecar:
        facts = {
            "package_version": "1.2.3",
            "source": "clip.mp4",
            "input_sha256": "0" * 64,
            "input_bytes": 1234,
            "estimator": "geometry",
            "estimator_version": "1",
            "weights_sha256": "ab" * 32,
            "aus": (1, 2, 12),
            "crop_recipe": None,
            "crop_hash": None,
            "thresholds": {"AU01": 0.5, "AU02": 0.25, "AU12": 0.75},
            "baseline": "median",
            "resting": {0: {"AU01": 0.125}},
            "every": 1,
            "max_faces": None,
            "device": "cpu",
            "command_line": ("actionunits", "analyze", "clip.mp4"),
            "frame_count": 90,
            "frames_without_face": 3,
            "faces": (0, 1),
            "start_time": 0.0,
            "filled_timestamps": 0,
            "duration": 2.96,
            "warnings": ("dark",),
        }
        return Sidecar(**{**facts, **changes})

    return sidecar


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes pictures as a clip with exactly the given times, in units of ``time_base``.

    The default codec keeps every pixel; ``turned`` degrees (clockwise) go into the display matrix of an MP4.
    """

    def write(
        name: str,
        pictures: Sequence[np.ndarray],
        times: Sequence[int] | None = None,
        *,
        codec: str = "ffv1",
        pixel_format: str = "bgr0",
        time_base: Fraction = MILLISECOND,
        rate: int = 25,
        turned: int = 0,
        options: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        height, width = pictures[0].shape[:2]
        in_boxes = path.suffix in (".mp4", ".mov")
        muxing = {"movie_timescale": "1000", "movflags": "faststart"} if in_boxes else {}
        with av.open(str(path), "w", options=muxing) as container:
            stream: Any = container.add_stream(codec, rate=rate, options=options or {})
            stream.height, stream.width, stream.pix_fmt = height, width, pixel_format
            stream.codec_context.time_base = stream.time_base = time_base
            stream.codec_context.max_b_frames = 0
            for number, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture)).reformat(format=pixel_format)
                frame.pts = number * 1000 // rate if times is None else times[number]
                frame.time_base = time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        if turned:
            _write_turn(path, turned)
        return path

    return write


def _write_turn(path: Path, degrees: int) -> None:
    """Write a display matrix into the track header of an MP4."""
    a, b, c, d = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    data = bytearray(path.read_bytes())
    place = data.find(b"tkhd") + 4 + 40
    numbers = [value * 0x10000 for value in (a, b, 0, c, d, 0, 0, 0)]
    data[place : place + 32] = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
    path.write_bytes(data)


@pytest.fixture(scope="session")
def numbers_of() -> Callable[[Any], list[tuple[Any, ...]]]:
    """A function: everything that frame results say, pictures and sources left out, ready to be compared with ==."""

    def plain(results: Any) -> list[tuple[Any, ...]]:
        return [
            (
                result.frame,
                result.timestamp,
                *(
                    (
                        one.face.face_id,
                        one.face.confidence,
                        one.face.box,
                        one.face.pose,
                        one.face.interocular_px,
                        one.face.sharpness,
                        one.face.flags,
                        one.probability.tobytes(),
                        one.occurrence.tobytes(),
                        one.intensity.tobytes(),
                    )
                    for one in result.faces
                ),
            )
            for result in results
        ]

    return plain


@pytest.fixture
def cut_video(pictures: tuple[np.ndarray, ...], clip: Callable[..., Path]) -> Path:
    """An MP4 whose index is whole and whose last frames are missing."""
    path = clip("cut.mp4", [*pictures[:2]] * 6, codec="libx264", pixel_format="yuv444p")
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 4])
    return path
