"""Make the weights of the shipped detector from a seed: render, prepare, train, export, calibrate, write the card.

usage: python tools/make_detector.py WORK [--subjects 1440] [--frames 20] [--seed 7500] [--variety 1] [--tuners 360]
                                       [--recipes NAME,NAME] [--of-start 0.5] [--mirrored] [--to DIR]

WORK keeps every step's result; a killed run goes on where it stopped. Of every ten people one is held out of training
and judged, and the card says how; thresholds are settled on yet other people, the tuners, who are rendered from the
next seed. Recipes are run one after the other, each from the weights that the one before ended with, the rates high
again (warm restarts, Loshchilov & Hutter 2017). What ships is the mean of the weights that the first recipe began with
and of those that training ended with (robust fine-tuning, Wortsman et al. 2022). The seed must be one whose people the
recipe's start never saw, or who is judged is no stranger: 7000, 7100 and 7300 were those of versions 1 to 3.
The weights, their int8 variant and both cards go to src/actionunits/estimators/weights. Needs the dev extra.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actionunits.datasets.folds import get_folds
from actionunits.estimators import load_estimator
from actionunits.estimators.card import AUQuality, Card, Licence, Quality, Training, Weights
from actionunits.export import export_model
from actionunits.export.int8 import to_int8
from actionunits.geometry import central_cut
from actionunits.loading import get_input
from actionunits.models import load_model, load_state_of, read_model_facts, save_model
from actionunits.models.shipped import weights_file
from actionunits.store import Store
from actionunits.training import load_recipe
from judging import Looked, at_rest, choose_gains, choose_thresholds, judge, look

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "src/actionunits/estimators/weights"
TEXT = ROOT / "tools/detector_card.json"
TABLE = ROOT / "docs/benchmarks/detector.csv"
FOLDS, FOLD = "10fold", 1
STRENGTH = "1.5"  # of expressions: level 5 as far as FACS means by E
MOST_FALSE_ALARMS = 0.025
INT8_FACES, INT8_BATCH = 512, 16
GEOMETRY = "geometry"


def run(*arguments: str) -> None:
    """Run the command line as a user would."""
    print("$ actionunits", *arguments, flush=True)
    subprocess.run([str(Path(sys.executable).with_name("actionunits")), *arguments], check=True)


def rendered(folder: Path, subjects: int, seed: int, options: argparse.Namespace) -> Store:
    """Stills of people, rendered where they are not there yet."""
    if not (folder / "frames.parquet").exists():
        frames = str(options.frames)
        people = ("--subjects", str(subjects), "--frames", frames, "--sequence-frames", frames, "--seed", str(seed))
        manner = ("--strength", STRENGTH, "--variety", str(options.variety))
        run("synth", "generate", str(folder), "--stills", *people, *manner)
    return Store(folder)


def pictures(work: Path, options: argparse.Namespace) -> tuple[Store, Path]:
    """Render and crop what is not there yet; the uncropped store, and the folder of the cropped one."""
    faces, crops = work / "faces", work / "crops"
    store = rendered(faces, options.subjects, options.seed, options)
    crop = get_input("face-112").crop
    if not (crops / "frames.parquet").exists():
        run("data", "prepare", "store", str(faces), str(crops), "--crop", crop, "--landmarks", "mesh")
    return store, crops


def trained(crops: Path, recipe: str, out: Path, *more: str) -> Path:
    """Train a recipe on all people but the tenth part, or go on with it; the model's file."""
    if not (out / "run.json").exists():  # of a finished run
        run("crossval", recipe, "--data", str(crops), "--folds", FOLDS, "--fold", str(FOLD), "--out", str(out), *more)
    return out / f"folds/fold{FOLD}/model.safetensors"


def trained_in_turn(crops: Path, recipes: Sequence[str], work: Path) -> Path:
    """Train recipes, each but the first from where the one before ended; the last one's model."""
    file: Path | None = None
    for number, recipe in enumerate(recipes):
        before = recipes[:number].count(recipe)
        out = work / (recipe.replace("/", "-") + (f"-{before + 1}" if before else ""))
        file = trained(crops, recipe, out, *(("--set", f"start={file}") if file else ()))
    assert file is not None
    return file


def mixed_with_start(file: Path, recipe: str, share: float, to: Path) -> Path:
    """Mix a trained model with what its recipe began with; the mixture's file.

    Args:
        file: the trained model.
        recipe: its ``start`` is of the same action units.
        share: of the start, 0-1.
        to: where the mixture goes.
    """
    start = load_recipe(recipe).start
    if share == 0:
        return file
    if start is None:
        raise SystemExit(f"{recipe} names no start: use --of-start 0")
    (known, begun, _), (aus, ended, _) = load_state_of(weights_file(start)), load_state_of(file)
    if known != aus:
        raise SystemExit(f"{start} knows other action units: use --of-start 0")
    model = load_model(file)
    model.load_state_dict(
        {name: torch.lerp(one, begun[name], share) if one.is_floating_point() else one for name, one in ended.items()}
    )
    save_model(model, to, facts=read_model_facts(file)["facts"])
    return to


def held_out(store: Store) -> Sequence[str]:
    """The people who take no part in training, and are judged."""
    return get_folds(FOLDS, sorted(set(store.frames.column("subject").to_pylist())))[FOLD - 1].test


def some_faces(crops: Store, subjects: Sequence[str], model: Any) -> list[dict[str, np.ndarray]]:
    """Batches of training faces as the graph gets them, to see how far its activations reach."""
    recipe = model.input
    rows = crops.split(subjects)
    chosen = np.random.default_rng(0).choice(rows, min(INT8_FACES, len(rows)), replace=False)
    mean, scale = np.array(recipe.mean, np.float32) * 255, 1 / (np.array(recipe.std, np.float32) * 255)
    batches = []
    for start in range(0, len(chosen) - INT8_BATCH + 1, INT8_BATCH):
        pictures, points = [], []
        for row in chosen[start : start + INT8_BATCH]:
            picture, landmarks = central_cut(crops.image(int(row)), crops.landmarks(int(row)), recipe.size, recipe.side)
            pictures.append(((picture - mean) * scale).transpose(2, 0, 1).astype(np.float32))
            points.append(landmarks.astype(np.float32))
        fed = {"image": np.stack(pictures)}
        batches.append(fed | ({"landmarks": np.stack(points)} if model.needs_landmarks else {}))
    return batches


def protocol(looked: Looked, options: argparse.Namespace) -> str:
    """How the card's figures came about."""
    people = len(set(looked.subject.tolist()))
    return (
        f"{len(looked.subject)} rendered stills of {people} people who took no part in training or calibration, with "
        f"nothing held before the face; the mesh missed {looked.missed} more; an AU occurs from intensity 2 (FACS B); "
        f"false-positive rate where its intensity is 0; seed {options.seed}"
    )


def finished(card: Card, name: str, weights: Weights, facts: Mapping[str, Any], *, mirrored: bool) -> Card:
    """The card of an export, with what this recipe knows besides."""
    text = json.loads(TEXT.read_text(encoding="utf-8"))
    return card.model_copy(
        update={
            "name": name,
            "version": text["version"],
            "title": text["title"] + (" (int8)" if name.endswith("int8") else ""),
            "weights": weights,
            "mirrored": mirrored,
            "limits": tuple(text["limits"]),
            "intended_use": text["intended_use"],
            "licence": Licence(**text["licence"]),
            "training": Training(**(text["training"] | facts)),
        }
    )


def write(card: Card, content: bytes, to: Path) -> Path:
    """Put a card and its weights into a folder of their own; the card's path."""
    folder = to / card.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.weights.file).write_bytes(content)
    (folder / "card.json").write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return folder / "card.json"


def save_table(figures: Mapping[tuple[str, str], Sequence[AUQuality]], path: Path) -> None:
    """Every estimator's figures of every kind of faces, one row an AU."""
    columns = ("positives", "auroc", "f1", "icc", "mae", "false_positive_rate")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", "faces", "au", *columns])
        for (name, faces), rows in figures.items():
            writer.writerows([name, faces, row.au, *(getattr(row, column) for column in columns)] for row in rows)
            means = [np.mean([value for row in rows if (value := getattr(row, c)) is not None]) for c in columns]
            writer.writerow([name, faces, "mean", *(round(float(value), 4) for value in means)])
            print(name, faces, *(f"{c} {value:.3f}" for c, value in zip(columns[1:], means[1:], strict=True)))


def options_of_pictures(description: str | None) -> argparse.ArgumentParser:
    """A parser of what :func:`pictures` wants to know."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--subjects", type=int, default=1440)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7500)
    parser.add_argument("--variety", type=float, default=1, help="of the ways in which people move and rest, 0-1")
    return parser


def main() -> None:
    """Run the whole recipe and print what it measures."""
    parser = options_of_pictures(__doc__)
    parser.add_argument("--recipes", default="detector/shipped", help="names, joined by commas")
    parser.add_argument("--of-start", type=float, default=0.5, help="share of the weights that training began with")
    parser.add_argument("--tuners", type=int, default=360, help="people who settle the thresholds")
    parser.add_argument("--mirrored", action="store_true", help="look at every face in the mirror too")
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="where the weights go, in a folder each")
    options = parser.parse_args()
    faces, folder = pictures(options.work, options)
    tuners = rendered(options.work / "tuners", options.tuners, options.seed + 1, options)
    recipes = options.recipes.split(",")
    file = trained_in_turn(folder, recipes, options.work)
    file = mixed_with_start(file, recipes[0], options.of_start, options.work / "mixed.safetensors")
    crops = Store(folder)

    exported = export_model(file, options.work / "out.onnx", name="made", overwrite=True)
    model = load_model(file)
    float32 = exported.path.read_bytes()
    trainers = read_model_facts(file)["facts"]["fold"]["train"]
    small = to_int8(float32, some_faces(crops, trainers, model))
    facts = {
        "command": f"python tools/make_detector.py WORK --subjects {options.subjects} --frames {options.frames} "
        f"--seed {options.seed} --variety {options.variety:g} --tuners {options.tuners} "
        f"--recipes {options.recipes} --of-start {options.of_start:g}" + (" --mirrored" if options.mirrored else ""),
        "seed": read_model_facts(file)["facts"]["seed"],
        "subjects": len(trainers),
        "images": len(crops.split(trainers)),
    }
    contents = {"detector": float32, "detector-int8": small}
    estimators = {GEOMETRY: load_estimator(GEOMETRY)}
    cards = {}
    for name, content in contents.items():
        weights = Weights(file="weights.onnx", sha256=sha256(content).hexdigest())
        cards[name] = finished(exported.card, name, weights, facts, mirrored=options.mirrored)
        estimators[name] = load_estimator(write(cards[name], content, options.to))
    aus = cards["detector"].au_set
    tuned = look(tuners, range(len(tuners)), estimators, aus)
    judged = look(faces, faces.split(held_out(faces)).tolist(), estimators, aus)
    figures = {}
    for name, estimator in estimators.items():
        seen = judged[name]
        thresholds: Sequence[float] = [estimator.card.thresholds[estimator.card.au_set.index(au)] for au in seen.aus]
        if name != GEOMETRY:
            thresholds = choose_thresholds(tuned[name], MOST_FALSE_ALARMS)
            gains = choose_gains(tuned[name])
            seen = seen.stronger(gains)
            update = {
                "thresholds": thresholds,
                "intensity_gain": gains,
                "neutral_evidence": at_rest(tuned[name]),
                "quality": Quality(protocol=protocol(seen, options), per_au=judge(seen, thresholds)),
            }
            write(cards[name].model_copy(update=update), contents[name], options.to)
        figures[name, "all"] = judge(seen, thresholds)
        figures[name, "not flagged"] = judge(seen.of(~seen.flagged), thresholds)
    table = options.work / "detector.csv"
    save_table(figures, table)
    if options.to == WEIGHTS:
        shutil.copy(table, TABLE)


if __name__ == "__main__":
    main()
