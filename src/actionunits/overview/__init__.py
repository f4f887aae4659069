"""What a batch left, looked at as a whole: SQL over all rows, a summary of every person, a page (extra ``[query]``)."""

from actionunits.overview.page import write_page
from actionunits.overview.query import Corpus, run_query
from actionunits.overview.summary import summary_table

__all__ = ["Corpus", "run_query", "summary_table", "write_page"]
