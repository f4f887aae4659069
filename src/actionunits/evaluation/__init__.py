"""Evaluation: cross-validation by subject, the published numbers, and both side by side.

:func:`cross_validate` trains and tests any :class:`System` and keeps what it says of every test frame in a folder;
:class:`Run` reads the folder, :func:`summarise` scores it, :func:`compare_runs` sets runs beside each other and beside
what the papers print (:func:`published_tables`), and :func:`render` writes the tables.
"""

from actionunits.evaluation.baselines import BASELINES, PROBES, cross_validate_recipe, get_system
from actionunits.evaluation.comparison import compare_runs
from actionunits.evaluation.crossval import cross_validate, folds_of, open_store
from actionunits.evaluation.published import published_datasets, published_tables
from actionunits.evaluation.report import run_sheet
from actionunits.evaluation.runs import Run, read_runs, write_text
from actionunits.evaluation.scoring import Summary, summarise
from actionunits.evaluation.sheets import FORMATS, Sheet, render
from actionunits.evaluation.systems import Prediction, Predictor, System, Task

__all__ = [
    "BASELINES",
    "FORMATS",
    "PROBES",
    "Prediction",
    "Predictor",
    "Run",
    "Sheet",
    "Summary",
    "System",
    "Task",
    "compare_runs",
    "cross_validate",
    "cross_validate_recipe",
    "folds_of",
    "get_system",
    "open_store",
    "published_datasets",
    "published_tables",
    "read_runs",
    "render",
    "run_sheet",
    "summarise",
    "write_text",
]
