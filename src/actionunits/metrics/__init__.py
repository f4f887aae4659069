"""Metrics of action units: pure functions, streaming twins, folds, and subject-level statistics.

Every metric takes labels and predictions of (N,) or (N, A) and gives one score per action unit. Unknown is -1 in whole
numbers and NaN in floats, on either side, and is left out. What is undefined is flagged, see :class:`Scores`, and what
that does to averages is stated in :data:`Treatment`.

============================================ =============== ==========================================
function                                     tally           twin
============================================ =============== ==========================================
f1, f1_macro, f1_micro, accuracy, mcc        Confusion       F1, F1Macro, F1Micro, Accuracy, MCC
auroc, average_precision                     Ranking         AUROC, AveragePrecision
icc31, pcc, ccc, mae, mse, bland_altman      Moments         ICC31, PCC, CCC, MAE, MSE, BlandAltman
cohen_kappa                                  CrossTable      CohenKappa
============================================ =============== ==========================================

The function scores whole arrays, the twin takes batches, and the tally is what both keep: tallies of subjects or folds
are added with ``+`` or :func:`total` (pooled), averaged after scoring with :func:`fold_mean`, and resampled by
:func:`bootstrap` and :func:`compare`.
"""

from actionunits.metrics.intensity import bland_altman, ccc, icc31, mae, mse, pcc
from actionunits.metrics.kappa import CrossTable, Weights, cohen_kappa
from actionunits.metrics.masks import Coverage, coverage, decide
from actionunits.metrics.moments import Limits, Moments
from actionunits.metrics.occurrence import (
    Confusion,
    accuracy,
    always_positive_f1,
    confusion,
    f1,
    f1_macro,
    f1_micro,
    mcc,
)
from actionunits.metrics.ranking import Ranking, auroc, average_precision
from actionunits.metrics.scores import Scores, Treatment, average, fold_mean
from actionunits.metrics.statistics import Bootstrap, Comparison, Interval, bootstrap, compare
from actionunits.metrics.streaming import (
    AUROC,
    CCC,
    F1,
    ICC31,
    MAE,
    MCC,
    MSE,
    PCC,
    Accuracy,
    AveragePrecision,
    BlandAltman,
    CohenKappa,
    F1Macro,
    F1Micro,
    Metric,
    Metrics,
)
from actionunits.metrics.tally import Tally, tally_by, total

__all__ = [
    "AUROC",
    "CCC",
    "F1",
    "ICC31",
    "MAE",
    "MCC",
    "MSE",
    "PCC",
    "Accuracy",
    "AveragePrecision",
    "BlandAltman",
    "Bootstrap",
    "CohenKappa",
    "Comparison",
    "Confusion",
    "Coverage",
    "CrossTable",
    "F1Macro",
    "F1Micro",
    "Interval",
    "Limits",
    "Metric",
    "Metrics",
    "Moments",
    "Ranking",
    "Scores",
    "Tally",
    "Treatment",
    "Weights",
    "accuracy",
    "always_positive_f1",
    "auroc",
    "average",
    "average_precision",
    "bland_altman",
    "bootstrap",
    "ccc",
    "cohen_kappa",
    "compare",
    "confusion",
    "coverage",
    "decide",
    "f1",
    "f1_macro",
    "f1_micro",
    "fold_mean",
    "icc31",
    "mae",
    "mcc",
    "mse",
    "pcc",
    "tally_by",
    "total",
]
