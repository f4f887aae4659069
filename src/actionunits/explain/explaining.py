"""A folder of pictures that show what a model looks at, and tables of what was drawn."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.explain.boxes import box_pictures
from actionunits.explain.class_maps import class_maps
from actionunits.explain.embedding import LEAST, au_picture, embed, occurrence_picture
from actionunits.explain.faces import SeenFaces, faces_of_picture, faces_of_store
from actionunits.explain.relations import Relations, relations_of
from actionunits.explain.roi_maps import roi_pictures
from actionunits.explain.sheets import FaceRow, map_sheet
from actionunits.facs import FACS, AUSet, AUSetLike, column
from actionunits.loading import FaceBatch
from actionunits.models import AUModel
from actionunits.statistics.relations import relation_matrix
from actionunits.store import Store
from actionunits.viz.palette import Picture
from actionunits.viz.tables import csv_text, save_folder

Rows = NDArray[np.int64]
Float32 = NDArray[np.float32]

_BATCH = 32
_HALF = 0.5
_NOTE = "t-SNE of the features of {} frames"
_COLUMNS = ("face", "au", "name", "probability", "label", "peak_x", "peak_y", "half_area")


@dataclass(frozen=True)
class Explained:
    """What was written.

    Attributes:
        files: in order.
        faces: how many got maps.
        points: how many frames' features are in the planes; 0 for none.
    """

    files: tuple[Path, ...]
    faces: int
    points: int = 0


def explain_picture(model: AUModel, picture: str | Path, out: str | Path, *, aus: AUSetLike | None = None) -> Explained:
    """Draw the maps of every face in a picture.

    Args:
        model: ready to predict.
        picture: path of a photograph.
        out: folder, made if it is missing; files of the same names are replaced.
        aus: which action units; None for all of the model's.

    Raises:
        UsageError: the model has no such AU.
        MediaError: the picture cannot be read, or shows no face.
        ResultsError: a file cannot be written.
    """
    chosen = _chosen(model, aus)
    faces = faces_of_picture(picture, model.input)
    rows, table = _maps(model, faces, chosen)
    pictures = {"maps.png": _sheet(model, rows, Path(picture).name), **_own_pictures(model, faces, chosen)}
    texts = {"maps.csv": csv_text(table, _COLUMNS)}
    relations = relations_of(model, faces.batch)
    if relations is not None:
        pictures["relations.png"] = relations.picture(f"Relations of AUs in {model.system}")
        texts["relations.csv"] = _matrix_text(relations)
    texts["explain.json"] = _facts(model, chosen, source=Path(picture).name, faces=list(faces.names))
    return Explained(tuple(save_folder(Path(out), texts, pictures)), len(rows))


def explain_store(
    model: AUModel,
    store: Store | str | Path,
    out: str | Path,
    *,
    aus: AUSetLike | None = None,
    frames: int = 4,
    points: int = 300,
    leave_out: Collection[str] = (),
    seed: int = 0,
) -> Explained:
    """Draw maps of a few frames of a store, the relations of action units, and the features of many frames.

    Args:
        model: ready to predict.
        store: cropped as the model wants it, or its folder.
        out: folder, made if it is missing; files of the same names are replaced.
        aus: which action units; None for all of the model's. Relations are always between all of them.
        frames: how many get maps; each in its turn shows one of the AUs, if the labels know such a frame.
        points: frames whose features are drawn, at most; 0 for no such pictures.
        leave_out: subjects that are not to be seen, as those that the model was trained on.
        seed: of the choice of frames, and of t-SNE.

    Raises:
        UsageError: the model has no such AU; the store has another crop, or nobody is left in it; or a number is out of
            range.
        StoreError: the store is damaged.
        ResultsError: a file cannot be written.
    """
    opened = store if isinstance(store, Store) else Store(store)
    chosen = _chosen(model, aus)
    if frames < 1 or not (points == 0 or points >= LEAST):
        reason = f"frames {frames} must be 1 or more, points {points} either 0 or {LEAST} or more"
        raise UsageError("explain", reason, "Correct them")
    left = _rows_left(opened, leave_out)
    rng = np.random.default_rng(seed)
    faces = _seen(model, opened, _telling_rows(opened, chosen, left, frames, rng))
    rows, table = _maps(model, faces, chosen)
    pictures = {"maps.png": _sheet(model, rows, opened.header.dataset), **_own_pictures(model, faces, chosen)}
    texts = {"maps.csv": csv_text(table, _COLUMNS)}
    sample = np.sort(rng.permutation(left)[:points])
    if len(sample) >= LEAST:
        pictures |= _planes(model, opened, sample, chosen, seed)
    relations = relations_of(model, _batch(model, opened, left[:_BATCH]))
    if relations is not None:
        pictures |= _relations(model, opened, relations)
        texts["relations.csv"] = _matrix_text(relations)
    drawn = len(sample) if "features.png" in pictures else 0
    texts["explain.json"] = _facts(
        model, chosen, source=opened.header.dataset, faces=list(faces.names), points=drawn, seed=seed
    )
    return Explained(tuple(save_folder(Path(out), texts, pictures)), len(rows), drawn)


def _chosen(model: AUModel, aus: AUSetLike | None) -> AUSet:
    chosen = model.aus if aus is None else AUSet.parse(aus)
    missing = chosen - model.aus
    if missing or not len(chosen):
        raise UsageError(f"AU {missing}", f"{model.system} does not find it", f"It finds AU {model.aus}")
    return chosen


def _own_pictures(model: AUModel, faces: SeenFaces, aus: AUSet) -> Mapping[str, Picture]:
    """What only some systems have to show."""
    return {**roi_pictures(model, faces, aus), **box_pictures(model, faces, aus)}


def _maps(model: AUModel, faces: SeenFaces, aus: AUSet) -> tuple[list[FaceRow], list[dict[str, str]]]:
    """The blocks of the sheet, and the rows of the table."""
    with torch.no_grad():
        probability = model.eval()(faces.batch).probability.cpu().numpy()  # (N, all AUs)
    places = [model.aus.index(au) for au in aus]
    maps = class_maps(model, faces.batch, places)  # (N, A, H, W)
    said = probability[:, places]
    blocks, table = [], []
    for face, name in enumerate(faces.names):
        labels = [faces.label(face, au) for au in aus]
        notes = tuple(map(_note, said[face].tolist(), labels, maps[face]))
        bold = tuple((said[face] >= _HALF).tolist())
        blocks.append(FaceRow(name, faces.crops[face], maps[face], aus.numbers, notes, bold))
        table += [_row(name, au, *each) for au, *each in zip(aus, said[face].tolist(), labels, maps[face], strict=True)]
    return blocks, table


def _note(probability: float, label: int | None, values: Float32) -> str:
    known = {None: "", 0: ", labelled absent", 1: ", labelled present"}[label]
    return f"p {probability:.2f}{known}" + ("" if values.any() else ", no map")


def _row(face: str, au: int, probability: float, label: int | None, values: Float32) -> dict[str, str]:
    """A line of ``maps.csv``; places are shares of the crop's side, from its upper left corner."""
    height, width = values.shape
    y, x = np.unravel_index(int(values.argmax()), values.shape)
    there = bool(values.any())
    return {
        "face": face,
        "au": column(au),
        "name": FACS[au].name,
        "probability": f"{probability:.4f}",
        "label": "" if label is None else str(label),
        "peak_x": f"{(x + 0.5) / width:.3f}" if there else "",
        "peak_y": f"{(y + 0.5) / height:.3f}" if there else "",
        "half_area": f"{float((values > _HALF).mean()):.3f}" if there else "",
    }


def _sheet(model: AUModel, rows: list[FaceRow], source: str) -> Picture:
    note = "Grad-CAM; every map is scaled to its own highest value, the line runs at half of it; bold: found"
    return map_sheet(rows, f"What {model.system} looks at: {source}", note)


def _rows_left(store: Store, leave_out: Collection[str]) -> Rows:
    people = sorted(set(store.subjects["subject"].to_pylist()) - set(leave_out))
    if not people:
        advice = "Name a store with others, or add --all-subjects"
        raise UsageError(store.folder, "the model knows everybody in it from training", advice)
    return store.split(people)


def _telling_rows(store: Store, aus: AUSet, left: Rows, count: int, rng: np.random.Generator) -> list[int]:
    """Rows in which the AUs occur, one AU after the other; others where no row is left that shows the AU."""
    known = aus & store.au_set
    order = rng.permutation(left)
    labels = store.labels(known)[order] if known else np.empty((len(order), 0), np.int8)
    free = np.ones(len(order), bool)
    rows: list[int] = []
    for turn in range(min(count, len(order))):
        shown = free & (labels[:, turn % len(known)] == 1) if known else free
        place = int(np.argmax(shown if shown.any() else free))
        free[place] = False
        rows.append(int(order[place]))
    return rows


def _seen(model: AUModel, store: Store, rows: Sequence[int]) -> SeenFaces:
    return faces_of_store(store, model.input, rows, model.aus, flow=model.flow_window())


def _batch(model: AUModel, store: Store, rows: Rows) -> FaceBatch:
    return _seen(model, store, rows.tolist()).batch


def _features(model: AUModel, store: Store, rows: Rows) -> Float32:
    """(N, D) or (N, A, D)."""

    def parts() -> Iterator[Float32]:
        for start in range(0, len(rows), _BATCH):
            batch = _batch(model, store, rows[start : start + _BATCH])
            yield model(batch).parts["features"].float().cpu().numpy()

    with torch.no_grad():
        return np.concatenate(list(parts()))


def _planes(model: AUModel, store: Store, rows: Rows, aus: AUSet, seed: int) -> Mapping[str, Picture]:
    features = _features(model.eval(), store, rows)
    known = aus & store.au_set
    labels = np.full((len(rows), len(aus)), -1, np.int8)
    for au in known:
        labels[:, aus.index(au)] = store.labels(known)[rows, known.index(au)]
    if features.ndim == 2:
        plane = embed(features, seed=seed)
        return {"features.png": occurrence_picture([plane] * len(aus), labels, aus, _NOTE.format(len(rows)))}
    own = features[:, [model.aus.index(au) for au in aus]]  # (N, A, D)
    planes = [embed(own[:, place], seed=seed) for place in range(len(aus))]
    title = f"Features of the AUs in {model.system}"
    return {
        "features.png": occurrence_picture(planes, labels, aus, _NOTE.format(len(rows))),
        "features_by_au.png": au_picture(own, aus, title, seed=seed),
    }


def _relations(model: AUModel, store: Store, relations: Relations) -> Mapping[str, Picture]:
    pictures = {"relations.png": relations.picture(f"Relations of AUs in {model.system}")}
    known = model.aus & store.au_set
    if len(known) > 1:
        of_labels = Relations(relation_matrix(store.labels(known)), known, f"Pearson's r, {len(store)} frames")
        pictures["label_relations.png"] = of_labels.picture(f"Relations of AUs in {store.header.dataset}")
    return pictures


def _matrix_text(relations: Relations) -> str:
    names = relations.aus.columns
    rows = [
        {"au": name, **{other: f"{value:.6f}" for other, value in zip(names, row, strict=True)}}
        for name, row in zip(names, relations.values.tolist(), strict=True)
    ]
    return csv_text(rows, ("au", *names))


def _facts(model: AUModel, aus: AUSet, **more: Any) -> str:
    facts = {
        "system": model.system,
        "input": model.input.id,
        "stage": model.stage,
        "aus": list(aus),
        "method": "Grad-CAM (Selvaraju et al. 2017)",
    }
    return json.dumps(facts | more, indent=2, ensure_ascii=False) + "\n"
