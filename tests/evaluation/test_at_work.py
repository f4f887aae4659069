"""An estimator as it comes, tested on a store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.estimators import load_estimator
from actionunits.evaluation import cross_validate_recipe
from actionunits.evaluation.at_work import EstimatorAtWork, _with_margin
from actionunits.evaluation.runs import Run
from actionunits.evaluation.systems import Task
from actionunits.faces import FaceFinder, FaceTracker
from actionunits.facs import AUSet
from actionunits.media import read_image
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter

DATA = Path(__file__).parents[1] / "data"
AUS = (1, 12, 25, 34)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four rendered faces as four people, and one picture without anybody."""
    import cv2
    import pyarrow as pa

    folder = tmp_path_factory.mktemp("at_work") / "store"
    size = read_image(DATA / "face0.jpg").shape[:2]
    writer = StoreWriter(folder, StoreSettings(dataset="faces", aus=AUS, contents=("occurrence",)))
    blank = cv2.imencode(".jpg", np.full((*size, 3), 90, np.uint8))[1].tobytes()
    people = [f"S{place}" for place in range(5)]
    for place, name in enumerate(people):
        jpeg = (DATA / f"face{place}.jpg").read_bytes() if place < 4 else blank
        labels = {au: int(place == 0) for au in AUS}
        writer.add(name, [FrameRow(subject=name, frame=0, timestamp=0.0, occurrence=labels)], [jpeg])
    return writer.finish(pa.table({"subject": people}), pa.table({"sequence": people, "subject": people}))


def test_decisions_are_those_of_the_card(store: Store, tmp_path: Path) -> None:
    cross_validate_recipe("geometry", store, tmp_path / "run")
    run = Run(tmp_path / "run")
    assert run.facts.aus == (1, 12, 25), "AU34 is not among what it knows"
    said = run.frames.to_pandas().sort_values("subject").reset_index(drop=True)
    estimator, finder = load_estimator("geometry"), FaceFinder()
    for place in range(4):
        picture = _with_margin(store.image(place))
        scores = estimator.predict([(picture, FaceTracker(finder).update(picture, 0.0)[0])])
        for au in (1, 12, 25):
            column = estimator.card.au_set.index(au)
            called = scores.probability()[0, column] >= estimator.card.thresholds[column]
            assert (said.loc[place, f"AU{au:02d}_p"] >= 0.5) == called
    assert (said.loc[4, ["AU01_p", "AU12_p", "AU25_p"]] == 0).all(), "nobody is there"


def test_an_au_that_it_does_not_know(store: Store) -> None:
    task = Task(store, AUSet((34,)), 1, np.arange(4), np.zeros(0, np.int64), 0)
    with pytest.raises(UsageError, match="does not know AU 34"):
        EstimatorAtWork("geometry").fit(task)
