"""``predictions.parquet``: what a system said of every test frame, beside the labels."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from actionunits.errors import ResultsError, StoreError, UsageError
from actionunits.evaluation.run_facts import RunFacts
from actionunits.evaluation.systems import Prediction
from actionunits.facs import AUSet, column
from actionunits.store.tables import read_table, write_table

KEYS = 4
"""How many columns say which frame it is; an action unit's have names with its number."""
STAND_IN = "stand_in"
_LIMITS = {"true": (-1, 1), "p": (0, 1), "level": (-1, 5), "r": (0, 5)}
_AGAIN = "Run the cross-validation again"


def prediction_schema(aus: AUSet, *, graded: bool, intensity: bool, flagged: bool = False) -> pa.Schema:
    """The Arrow schema of ``predictions.parquet``.

    ============ ======== ==========================================
    fold         int16    which fold tested it, from 1
    subject      string   who is seen
    sequence     string   name of the sequence
    frame        int32    number of the frame in its sequence
    stand_in     bool     landmarks were unknown, a mean face's stood in
    AU01_true    int8     label: 0, 1, or -1 for unknown
    AU01_p       float32  predicted probability, 0 to 1
    AU01_level   int8     labelled intensity 0-5, or -1
    AU01_r       float32  predicted intensity 0-5, NaN for none
    ============ ======== ==========================================

    Args:
        aus: the action units.
        graded: whether labels of intensity are known, ``_level``.
        intensity: whether the system predicts it, ``_r``.
        flagged: whether the system looks at landmarks, ``stand_in``.
    """
    names: list[tuple[str, pa.DataType]] = [
        ("fold", pa.int16()),
        ("subject", pa.string()),
        ("sequence", pa.string()),
        ("frame", pa.int32()),
        *([(STAND_IN, pa.bool_())] if flagged else []),
    ]
    for au in aus:
        names += [(f"{column(au)}_true", pa.int8()), (f"{column(au)}_p", pa.float32())]
        names += [(f"{column(au)}_level", pa.int8())] if graded else []
        names += [(f"{column(au)}_r", pa.float32())] if intensity else []
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in names])


def prediction_table(
    keys: Mapping[str, Any], aus: AUSet, labels: NDArray[np.int8], levels: NDArray[np.int8] | None, said: Prediction
) -> pa.Table:
    """Test frames with their labels and what a system says of them.

    Args:
        keys: the columns fold, subject, sequence and frame.
        aus: A action units.
        labels: (N, A) of 0, 1, and -1 for unknown.
        levels: (N, A) of 0 to 5, and -1; None for a store without.
        said: the predictions.

    Raises:
        UsageError: a prediction is missing or out of range.
    """
    shape = (len(labels), len(aus))
    given = [said.probability] + ([] if said.intensity is None else [said.intensity])
    if any(each.shape != shape for each in given):
        raise UsageError("predictions", f"have shape {given[0].shape}, expected {shape}", "Say something of every row")
    if not ((said.probability >= 0) & (said.probability <= 1)).all():
        raise UsageError("predictions", "a probability is missing or not within 0 to 1", "Mend the system")
    if said.intensity is not None and ((said.intensity < 0) | (said.intensity > 5)).any():
        raise UsageError("predictions", "an intensity is not within 0 to 5", "Mend the system")
    columns = dict(keys) | {STAND_IN: said.stand_in}
    for place, au in enumerate(aus):
        columns[f"{column(au)}_true"] = labels[:, place]
        columns[f"{column(au)}_p"] = said.probability[:, place]
        if levels is not None:
            columns[f"{column(au)}_level"] = levels[:, place]
        if said.intensity is not None:
            columns[f"{column(au)}_r"] = said.intensity[:, place]
    schema = prediction_schema(
        aus, graded=levels is not None, intensity=said.intensity is not None, flagged=said.stand_in is not None
    )
    return pa.table([pa.array(columns[each.name], each.type) for each in schema], schema=schema)


def write_predictions(path: Path, table: pa.Table) -> None:
    """Write predictions, aside first, then renamed; the same rows give the same bytes.

    Raises:
        ResultsError: the file cannot be written.
    """
    try:
        write_table(path, table)
    except StoreError as failure:
        raise ResultsError(path, failure.reason, failure.next_step) from failure


def read_predictions(path: Path, facts: RunFacts) -> pa.Table:
    """Read the predictions of a finished run.

    Raises:
        ResultsError: missing, damaged, or not what ``run.json`` says.
    """
    try:
        table = read_table(path, facts.frames)
    except StoreError as failure:
        raise ResultsError(path, failure.reason, _AGAIN) from failure
    return _checked(path, table, facts)


def _checked(path: Path, table: pa.Table, facts: RunFacts) -> pa.Table:
    """The rows, if they are what the facts say."""
    wanted = [
        prediction_schema(facts.au_set, graded=facts.graded, intensity=said, flagged=flagged)
        for said, flagged in product((True, False), repeat=2)
    ]
    schema = next((each for each in wanted if each.names == table.schema.names), None)
    if schema is None:
        raise ResultsError(path, "has other columns than run.json says", _AGAIN)
    if [each.type for each in table.schema] != [each.type for each in schema]:
        raise ResultsError(path, "has columns of other types than run.json says", _AGAIN)
    if any(table[name].null_count for name in table.column_names):
        raise ResultsError(path, "has empty cells", _AGAIN)
    for name in [each for each in table.column_names[KEYS:] if each != STAND_IN]:
        low, high = _LIMITS[name.partition("_")[2]]
        values = table[name].to_numpy()
        if not ((values >= low) & (values <= high) | np.isnan(values) & name.endswith("_r")).all():
            raise ResultsError(path, f"column {name} holds values outside {low} to {high}", _AGAIN)
    if not set(pc.unique(table["fold"]).to_pylist()) <= set(facts.folds.numbers):
        raise ResultsError(path, f"names a fold that is none of {facts.folds.title}", _AGAIN)
    keys = table.group_by(["subject", "sequence", "frame"]).aggregate([])
    tested = table.group_by(["subject", "fold"]).aggregate([])
    if len(keys) < len(table) or len(tested) > len(tested["subject"].unique()):
        raise ResultsError(path, "holds a frame twice, or a subject in two folds", _AGAIN)
    return table
