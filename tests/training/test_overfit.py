"""Each system, with its own losses and stages, learns 64 pictures by heart."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from actionunits.datasets.folds import Fold
from actionunits.metrics import average, decide, f1
from actionunits.prepare import prepare_flow
from actionunits.training import load_recipe, predict, train_fold

from .conftest import PEOPLE, make_store

BASE = ["stem", "global_branch", "landmark_branch", "local_branch", "local_head", "prediction"]
RELATED = {"base": BASE, "relation": ["relation", "prediction", "local_head"]}
SYSTEMS = {
    "linear/synthau": ("lp-240-masked", 12, {"train": ["stem", "head"]}),
    "lp_net/synthau": (
        "lp-240-masked",
        8,
        {"stem": ["stem", "head"], "local": ["stem", "l_net"], "shape": ["stem", "l_net", "p_net"]},
    ),
    "re_net/synthau": ("re-256", 30, {"train": ["backbone", "norms", "head"]}),
    "lorral/none_synthau": ("jaa-200", 12, {"base": BASE}),
    "lorral/hopfield_synthau": ("jaa-200", 12, RELATED),
    "lorral/sa_synthau": ("jaa-200", 12, RELATED),
    "lorral/bilstm_synthau": ("jaa-200", 12, RELATED),
    "au_rcnn/synthau": ("aurcnn-512", 12, {"train": ["stem", "head"]}),
    "au_rcnn/ablations/synthau_cnn_res": ("aurcnn-512", 12, {"train": ["stem", "head"]}),
    "au_rcnn/ablations/synthau_two_stream": (
        "aurcnn-512",
        12,
        {"train": ["stem", "flow_stem", "fuse", "head"]},
    ),
    "au_rcnn/ablations/synthau_crf": ("aurcnn-512", 12, {"train": ["stem", "head"], "crf": ["crf"]}),
    "roi_gcn/synthau": ("roi-256", 12, {"train": ["backbone", "head", "graph", "eig_head"]}),
}
"""Recipe: crop, epochs of each stage, and the parts that each stage trains."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_it_learns_64_frames_by_heart(name, tmp_path):
    crop, epochs, stages = SYSTEMS[name]
    store = make_store(tmp_path / "store", crop=crop)
    fold = Fold(1, PEOPLE[2:], (), PEOPLE[:2])
    changes = ["aus=[1, 12]", "store.dataset=fake", "workers=0", "start=null"]
    changes += ["model.chunk=16"] if "crf" in stages else []
    for stage, parts in stages.items():
        changes += [f"stages.{stage}.epochs={epochs}", f"stages.{stage}.batch=16"]
        changes += [f"stages.{stage}.rates.{part}=1e-3" for part in parts]
    recipe = load_recipe(name, tier="mini", changes=changes)
    if "two_stream" in name:
        prepare_flow(store.folder, method="dis")
    model = train_fold(recipe, store, fold, tmp_path / "fold")
    rows = store.split(fold.train)
    assert len(rows) == 64
    said = decide(predict(model, store, rows).probability)
    assert average(f1(store.labels(recipe.au_set)[rows], said)) > 0.99
