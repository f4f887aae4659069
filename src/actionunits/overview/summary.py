"""A line for every person: how long they were seen, how strong and how frequent each action unit was."""

from __future__ import annotations

import pyarrow as pa

from actionunits.errors import UsageError
from actionunits.overview.query import Corpus, run_query

BY = ("face", "subject")


def summary_table(corpus: Corpus, by: str = "face", *, drop_flagged: bool = False) -> pa.Table:
    """Sum the rows up.

    Args:
        corpus: the batch.
        by: ``face`` for every face of every file; ``subject`` for everybody that the manifest names, over all their
            files. There the face that is seen most in a file counts as the subject: nobody else is looked for.
        drop_flagged: leave out rows that have a quality flag.

    Returns:
        Who; ``frames`` seen, and of how many files; ``seconds`` between the first and the last of them, summed over
        files; ``flagged``, the share of those frames with a quality flag; and of each AU ``AUxx_mean`` (intensity
        0-5), ``AUxx_sd``, ``AUxx_share`` (0-1, of frames in which it occurs).

    Raises:
        UsageError: another word, or a manifest without subjects.
    """
    if by not in BY:
        raise UsageError(f"--by {by}", "is not a way to sum up", f"Choose from {', '.join(BY)}")
    if by == "subject" and "subject" not in corpus.metadata:
        step = "Give the batch a manifest with a column subject; or use --by face"
        raise UsageError("--by subject", "the manifest named no subjects", step)
    return run_query(corpus, _by_face(corpus, drop_flagged) if by == "face" else _by_subject(corpus, drop_flagged))


def _measures(corpus: Corpus) -> str:
    parts = []
    for name in corpus.aus.columns:
        parts.append(f"round(avg({name}_r), 4) AS {name}_mean")
        parts.append(f"round(stddev_samp({name}_r), 4) AS {name}_sd")
        parts.append(f"round(avg({name}_c), 4) AS {name}_share")
    return ", ".join(parts)


def _seen(drop_flagged: bool) -> str:
    return "success = 1" + (" AND flags = ''" if drop_flagged else "")


def _by_face(corpus: Corpus, drop_flagged: bool) -> str:
    carried = "".join(f", any_value({_quoted(name)}) AS {_quoted(name)}" for name in corpus.metadata)
    return f"""
        SELECT source, face_id{carried}, count(*) AS frames, min(timestamp) AS first_seen, max(timestamp) AS last_seen,
            round(max(timestamp) - min(timestamp), 6) AS seconds,
            round(avg(CASE WHEN flags = '' THEN 0 ELSE 1 END), 4) AS flagged, {_measures(corpus)}
        FROM rows WHERE {_seen(drop_flagged)} GROUP BY source, face_id ORDER BY source, face_id
    """  # noqa: S608 - names of the package's own columns, the rest quoted


def _by_subject(corpus: Corpus, drop_flagged: bool) -> str:
    return f"""
        WITH faces AS (SELECT source, face_id, count(*) AS n, max(timestamp) - min(timestamp) AS span
                       FROM rows WHERE success = 1 GROUP BY source, face_id),
        chosen AS (SELECT source, arg_max(face_id, n * 1000000 - face_id) AS face_id FROM faces GROUP BY source),
        spans AS (SELECT source, face_id, span FROM faces JOIN chosen USING (source, face_id)),
        seen AS (SELECT rows.* FROM rows JOIN chosen USING (source, face_id) WHERE {_seen(drop_flagged)}),
        lengths AS (SELECT subject, sum(span) AS seconds
                    FROM (SELECT DISTINCT subject, source FROM seen) JOIN spans USING (source) GROUP BY subject)
        SELECT subject, count(DISTINCT source) AS files, count(*) AS frames,
            round(any_value(lengths.seconds), 6) AS seconds,
            round(avg(CASE WHEN flags = '' THEN 0 ELSE 1 END), 4) AS flagged, {_measures(corpus)}
        FROM seen JOIN lengths USING (subject) WHERE subject IS NOT NULL GROUP BY subject ORDER BY subject
    """  # noqa: S608 - names of the package's own columns


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
