"""What the labels of a store look like: base rates, how AUs go together, how long they last."""

from actionunits.statistics.base_rates import BaseRates, base_rates
from actionunits.statistics.describe import StoreStatistics, describe
from actionunits.statistics.relations import relation_matrix
from actionunits.statistics.report import save, summary_lines
from actionunits.statistics.segments import Segments, find_segments

__all__ = [
    "BaseRates",
    "Segments",
    "StoreStatistics",
    "base_rates",
    "describe",
    "find_segments",
    "relation_matrix",
    "save",
    "summary_lines",
]
