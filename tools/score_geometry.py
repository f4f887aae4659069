"""Score shipped ``geometry`` weights on synthetic stores they were not fitted to.

usage: python tools/score_geometry.py STORE... [--seed 0]

Prints AUROC per action unit (an AU occurs from intensity B) and their mean. On stores the weights were fitted to, the
figures flatter; the card has those of held-out subjects. Needs the dev extra (scikit-learn).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from actionunits.estimators.geometry import GeometryWeights
from actionunits.store import Store
from rendered_faces import AUS, joined, mesh_rendered_faces
from train_geometry import OCCURS_FROM, WEIGHTS_ROOM, pose_errors, scores


def main() -> None:
    """Mesh the pictures, score them, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    faces = joined([mesh_rendered_faces(Store(store), seed=arguments.seed) for store in arguments.store])
    weights = GeometryWeights.load((WEIGHTS_ROOM / "weights.npz").read_bytes(), len(AUS))
    found = scores(weights, faces, faces.features(), np.ones(len(faces.subject), bool))
    occurs = faces.level >= OCCURS_FROM
    aurocs = [float(roc_auc_score(occurs[:, place], found[:, place])) for place in range(len(AUS))]
    for au, auroc in zip(AUS, aurocs, strict=True):
        print(f"AU{au:<3} AUROC {auroc:.3f}")
    print(f"mean {np.mean(aurocs):.3f}")
    print("head pose, mean absolute error in degrees:", {k: round(v, 2) for k, v in pose_errors(faces).items()})


if __name__ == "__main__":
    main()
