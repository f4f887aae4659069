"""Small copies of BP4D made of the rendered faces, with the faults that real copies have."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from actionunits.datasets import Dataset, Recording, open_dataset
from actionunits.faces import FaceFinder

DATA = Path(__file__).parents[1] / "data"
AUS = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)
WIDTH, HEIGHT = 300, 400

FACE, BLANK, MISSING, CORRUPT = "face", "blank", "missing", "corrupt"

Tree = Callable[..., Path]


def scene(which: int, shift: int = 0, *, blank: bool = False) -> np.ndarray:
    """(400, 300, 3) RGB: one rendered face on grey, or none."""
    picture = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    if not blank:
        face = cv2.cvtColor(cv2.imread(str(DATA / f"face{which}.jpg")), cv2.COLOR_BGR2RGB)
        left = 10 + shift % 30
        picture[60:320, left : left + 260] = cv2.resize(face, (260, 260), interpolation=cv2.INTER_AREA)
    return picture


def jpeg(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


def write_task(folder: Path, subject: str, task: str, kinds: Sequence[str], *, which: int = 0, first: int = 98) -> None:
    """Write one task as BP4D has it; frame ``first + k`` is of the k-th kind, and AU1 and AU12 tell its place."""
    pictures = folder / "Sequences(2D+3D)" / subject / task
    codes = folder / "AUCoding" / "AU_OCC" / f"{subject}_{task}.csv"
    scores = folder / "AUCoding" / "AU_INT" / "AU12" / f"{subject}_{task}_AU12.csv"
    for each in (pictures, codes.parent, scores.parent):
        each.mkdir(parents=True, exist_ok=True)
    rows = [",".join(map(str, (0, *AUS)))]
    levels = []
    for place, kind in enumerate(kinds):
        number = first + place
        if kind != MISSING:
            data = jpeg(scene(which, place, blank=kind == BLANK))
            (pictures / f"{number:04d}.jpg").write_bytes(b"no JPEG at all" if kind == CORRUPT else data)
        labels = {1: place % 2, 12: 9 if place == 1 else 1}
        rows.append(",".join(map(str, (number, *(labels.get(au, 0) for au in AUS)))))
        levels.append(f"{number},{place % 6}")
    codes.write_text("\n".join(rows) + "\n")
    scores.write_text("\n".join(levels) + "\n")


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tasks: a whole one, one with every fault, and one that shows nobody."""
    folder = tmp_path_factory.mktemp("bp4d")
    write_task(folder, "F001", "T1", [FACE] * 4)
    kinds = [BLANK, FACE, BLANK, BLANK, BLANK, FACE, MISSING, CORRUPT, BLANK]
    write_task(folder, "F001", "T2", kinds, which=1)
    write_task(folder, "M002", "T1", [BLANK] * 3, which=2)
    return folder


@pytest.fixture(scope="session")
def dataset(tree: Path) -> Dataset:
    return open_dataset("bp4d", tree)


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    """A function: a recording of pictures in memory, None for a missing one."""

    def make(pictures: Sequence[np.ndarray | None], **changes: object) -> Recording:
        count = len(pictures)
        frames = np.arange(10, 10 + count, dtype=np.int32)

        class Source:
            readings = 0

            def __call__(self):
                self.readings += 1
                yield from enumerate(pictures)

            def faults(self, *, every):
                return iter(())

        facts = {
            "subject": "F001",
            "name": "F001_T1",
            "task": "T1",
            "camera": "",
            "fps": 25.0,
            "frames": frames,
            "timestamps": frames / 25,
            "occurrence": {12: np.ones(count, np.int8)},
            "intensity": {},
            "landmarks": None,
            "flags": [()] * count,
            "pictures": Source(),
        }
        return Recording(**(facts | changes))

    return make


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
