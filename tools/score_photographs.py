"""Say what an analysis calls on photographs that somebody judged by eye.

usage: python tools/score_photographs.py RESULTS MANIFEST

RESULTS is a folder of tables from ``actionunits analyze FOLDER --out RESULTS``. MANIFEST is a CSV with the column
``file`` and a column an action unit (``AU12``: y, n or ?); where ``neutral_by_instruction`` is y, the face was asked to
be neutral. Prints, per judged AU, how many pictures with and without it are called, and per AU the share of neutral
faces that is called.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from actionunits.facs import FACS, column


def joined(results: Path, manifest: Path) -> pd.DataFrame:
    """One row a picture: what was judged, and what was called of its most certain face."""
    judged = pd.read_csv(manifest)
    judged["picture"] = [Path(file).stem for file in judged["file"]]
    tables = []
    for path in sorted(results.glob("*.csv")):
        table = pd.read_csv(path)
        tables.append(table.assign(picture=path.stem).sort_values("confidence", ascending=False).head(1))
    return judged.merge(pd.concat(tables), on="picture")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("manifest", type=Path)
    arguments = parser.parse_args()
    pictures = joined(arguments.results, arguments.manifest)
    shipped = [au for au in FACS if f"{column(au)}_c" in pictures]
    print(f"{len(pictures)} pictures, {int(pictures['success'].sum())} with a face")
    for au in shipped:
        if f"AU{au}" in pictures:
            called, judged = pictures[f"{column(au)}_c"] == 1, pictures[f"AU{au}"]
            print(
                f"AU{au}: called {int(called[judged == 'y'].sum())} of {int((judged == 'y').sum())} with it, "
                f"{int(called[judged == 'n'].sum())} of {int((judged == 'n').sum())} without"
            )
    neutral = pictures[pictures["neutral_by_instruction"] == "y"]
    shares = {au: float((neutral[f"{column(au)}_c"] == 1).mean()) for au in shipped}
    print(f"called on {len(neutral)} neutral faces:", ", ".join(f"AU{au} {share:.2f}" for au, share in shares.items()))


if __name__ == "__main__":
    main()
