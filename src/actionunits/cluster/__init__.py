"""Many files: shared out to Ray's workers, committed one by one, resumed after any end (extra ``[cluster]``)."""

from actionunits.cluster.inputs import Corpus, CorpusFile, find_corpus
from actionunits.cluster.records import Record
from actionunits.cluster.run import BatchReport, run_batch
from actionunits.cluster.settings import BatchSettings
from actionunits.cluster.watch import BatchWatch, Glance

__all__ = [
    "BatchReport",
    "BatchSettings",
    "BatchWatch",
    "Corpus",
    "CorpusFile",
    "Glance",
    "Record",
    "find_corpus",
    "run_batch",
]
