"""The base tester: what training, evaluation, export and the pictures rely on, for every system."""

import copy
import dataclasses
import inspect
import json
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import (  # noqa: E402
    LEVELS,
    AUOutput,
    create_model,
    find_model,
    list_models,
    load_model,
    read_model_facts,
    save_model,
)


def predict(model, batch) -> AUOutput:
    model.eval()
    with torch.no_grad():
        return model(batch)


def state_of(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def changed(module: nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {name for name, tensor in module.state_dict().items() if not torch.equal(tensor, before[name])}


def part(batch: FaceBatch, places) -> FaceBatch:
    """Some faces of a batch."""
    chosen = torch.as_tensor(places)
    tensors = {each.name: getattr(batch, each.name) for each in dataclasses.fields(batch)}
    picked = {name: value[chosen] for name, value in tensors.items() if isinstance(value, Tensor)}
    names = {name: tuple(tensors[name][place] for place in places) for name in ("subject", "sequence")}
    return dataclasses.replace(batch, **picked, **names)


def looks_at_others(model, stage: str | None = None) -> bool:
    """Whether what it says of a face may depend on the others, which are the frames around it; see ``AUModel.chunk``.

    Such systems learn all labels of a run together; their own tests show that unknown ones have no part in that.
    """
    return model.chunk(stage) is not None


def learn(model, batch) -> dict[str, Tensor]:
    """One step in training mode."""
    optimizer = torch.optim.Adam([each for each in model.parameters() if each.requires_grad], 1e-3)
    model.train()
    terms = model.loss(model(batch), batch)
    terms["total"].backward()
    optimizer.step()
    return terms


def test_every_system_is_tested(cases) -> None:
    assert {case.system for case in cases} == set(list_models())


def test_settings_are_plain_and_have_defaults(model, case) -> None:
    parameters = inspect.signature(find_model(case.system)).parameters
    assert model.settings.keys() == parameters.keys() - {"aus"}
    assert all(each.default is not each.empty for name, each in parameters.items() if name != "aus")
    assert all(each.kind is each.KEYWORD_ONLY for name, each in parameters.items() if name != "aus")
    assert json.loads(json.dumps(model.settings)) == model.settings
    assert {"input", "backbone", "backbone_weights"} <= parameters.keys()


def test_wrong_settings_are_refused(model, case) -> None:
    with pytest.raises(UsageError, match=r"no such setting.* nearest is 'backbone'"):
        create_model(case.system, model.aus, **case.settings | {"backbon": "resnet18"})
    with pytest.raises(UsageError, match="resnet19"):
        create_model(case.system, model.aus, **case.settings | {"backbone": "resnet19"})
    with pytest.raises(UsageError, match="no such input"):
        create_model(case.system, model.aus, **case.settings | {"input": "lp-1"})


def test_what_it_gives(model, make_batch) -> None:
    output = predict(model, make_batch(model, 3))
    assert output.logits.shape == (3, len(model.aus))
    assert output.logits.dtype == torch.float32
    assert output.logits.isfinite().all()
    assert output.columns is None
    assert output.levels is None or output.levels.shape == (3, len(model.aus), LEVELS)
    features = output.parts["features"]
    assert features.shape[0] == 3
    assert features.ndim == 2 or (features.ndim == 3 and features.shape[1] == len(model.aus))


def test_faces_and_action_units_differ(model, make_batch) -> None:
    for seed in range(3):  # RE-Net's AUs begin alike
        model.zero_grad()
        learn(model, make_batch(model, 3, seed))
    logits = predict(model, make_batch(model, 3, seed=9)).logits
    assert logits.std(dim=0).min() > 1e-7
    assert logits.std(dim=1).min() > 1e-7


def test_one_action_unit_and_one_face(model, case, make_batch) -> None:
    settings = {name: value for name, value in case.settings.items() if name != "unseen"}  # one must be seen
    single = create_model(case.system, 12, **settings)
    batch = make_batch(single, 1)
    assert predict(single, batch).logits.shape == (1, 1)
    assert single.train().loss(predict(single, batch), batch)["total"].isfinite()


def test_unlabelled_faces_are_enough(model, make_batch) -> None:
    batch = make_batch(model)
    bare = FaceBatch.unlabelled(batch.image, batch.landmarks, len(model.aus))
    bare = dataclasses.replace(bare, rotation=batch.rotation, flow=batch.flow)
    torch.testing.assert_close(predict(model, bare).logits, predict(model, batch).logits, rtol=0, atol=0)


def test_every_parameter_has_a_part(model) -> None:
    """Else no stage could train or freeze it."""
    assert not list(model.parameters(recurse=False))
    trained = {name for stage in model.stages for name in stage.rates}
    parts = model.parts()
    assert parts.keys() >= dict(model.named_children()).keys()
    assert {name for name, modules in parts.items() if any(list(each.parameters()) for each in modules)} == trained


def test_what_the_first_stage_trains_is_made_first(model) -> None:
    """So that systems that share it begin alike under one seed."""
    first = set(model.stages[0].rates)
    made = [name for name in dict(model.named_children()) if name in first]
    assert list(dict(model.named_children()))[: len(made)] == made


def test_stages(model) -> None:
    names = [stage.name for stage in model.stages]
    assert len(set(names)) == len(names) > 0
    for name in names:
        model.begin(name)
        assert model.stage == name
        assert json.dumps(dict(model.stage_settings(name)))
    for enter in (model.begin, model.stage_settings):
        with pytest.raises(UsageError, match="none of this name"):
            enter("no such stage")


def test_every_stage_trains_its_parts_and_nothing_else(model, make_batch) -> None:
    batch = make_batch(model, 4, unknown=0.2)
    for stage in model.stages:
        model.begin(stage.name)
        before = {name: state_of(child) for name, child in model.named_children()}
        terms = learn(model, batch)
        assert all(term.isfinite() and term.ndim == 0 and term.dtype == torch.float32 for term in terms.values())
        for name, child in model.named_children():
            gradients = {key: parameter.grad for key, parameter in child.named_parameters()}
            if name in stage.rates:
                assert child.training
                assert not [key for key, each in gradients.items() if each is None or not each.isfinite().all()]
                assert changed(child, before[name]) & gradients.keys(), f"{stage.name} does not train {name}"
            else:
                assert not child.training
                assert not [key for key, each in gradients.items() if each is not None]
                assert not changed(child, before[name]), f"{stage.name} changes {name}"


def test_frozen_parts_stay_as_they_are_when_the_mode_changes(model) -> None:
    stage = model.stages[-1]
    model.begin(stage.name)
    model.eval().train()
    awake = {name for name, modules in model.parts().items() if all(each.training for each in modules)}
    assert awake == set(stage.rates)


def test_unknown_labels_have_no_part_in_the_loss(model, make_batch) -> None:
    batch = make_batch(model, 6, unknown=0.4)
    unknown = batch.occurrence < 0
    for stage in model.stages:
        if looks_at_others(model, stage.name):
            continue
        model.begin(stage.name)
        output = model.train()(batch)
        shown = unknown if output.columns is None else unknown[:, list(output.columns)]
        assert output.logits.shape == shown.shape
        scores = {"logits": output.logits, "levels": output.levels}
        # One number, or one map, of each AU.
        of_aus = {name: each for name, each in output.parts.items() if each.ndim in (2, 4)}
        scores |= {name: each for name, each in of_aus.items() if each.shape[:2] == shown.shape}
        scores |= {name: each for name, each in output.parts.items() if name == "box_logits"}  # (N, R, A)
        scores = {name: each for name, each in scores.items() if each is not None and each.requires_grad}
        total = model.loss(output, batch)["total"]
        gradients = torch.autograd.grad(total, list(scores.values()), allow_unused=True)
        if "box_logits" in scores:
            gradients = [each if each is None else each.movedim(-1, 1) for each in gradients]
        for name, gradient in zip(scores, gradients, strict=True):
            assert gradient is None or not gradient[shown].any(), f"{stage.name}: {name}"
        assert any(gradient is not None and gradient[~shown].any() for gradient in gradients)


def test_a_batch_without_labels_teaches_nothing(model, make_batch) -> None:
    batch = make_batch(model, 3, unknown=1)
    batch = dataclasses.replace(batch, landmarks=torch.full_like(batch.landmarks, torch.nan))
    for stage in model.stages:
        model.begin(stage.name)
        total = model.loss(model.train()(batch), batch)["total"]
        total.backward()
        assert total == 0
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        assert gradients
        assert not [gradient for gradient in gradients if gradient.any()]  # NaN is True


def test_a_face_without_landmarks_does_no_harm(model, make_batch) -> None:
    batch = make_batch(model, 4)
    lost = dataclasses.replace(batch, landmarks=batch.landmarks.clone())
    lost.landmarks[1] = torch.nan
    others = [0, 2, 3]
    whole, without = predict(model, batch).logits, predict(model, lost).logits
    if not looks_at_others(model):
        torch.testing.assert_close(without[others], whole[others], rtol=0, atol=1e-5)
    assert without.isfinite().all()
    for stage in model.stages:
        model.begin(stage.name)
        assert all(term.isfinite() for term in learn(model, lost).values())
        assert all(tensor.isfinite().all() for tensor in model.state_dict().values())


def test_needs_landmarks_is_true(model, make_batch) -> None:
    batch = make_batch(model, 2)
    moved = dataclasses.replace(batch, landmarks=batch.landmarks.flip(0) + 3 * torch.randn(2, 68, 2))
    same = torch.equal(predict(model, moved).logits, predict(model, batch).logits)
    assert same is not model.needs_landmarks


def test_a_face_is_judged_on_its_own(model, make_batch) -> None:
    if looks_at_others(model):
        pytest.skip("frames are judged together")
    learn(model, make_batch(model, 4, seed=1))  # running statistics that are not those of the start
    batch = make_batch(model, 4)
    whole = predict(model, batch).logits
    singles = torch.cat([predict(model, part(batch, [place])).logits for place in range(4)])
    backwards = predict(model, part(batch, [3, 2, 1, 0])).logits.flip(0)
    torch.testing.assert_close(singles, whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(backwards, whole, rtol=0, atol=1e-5)


def test_predicting_changes_and_draws_nothing(model, make_batch) -> None:
    batch, before, drawn = make_batch(model), state_of(model), torch.random.get_rng_state()
    first, second = predict(model, batch), predict(model, batch)
    assert torch.equal(first.logits, second.logits)
    assert not changed(model, before)
    assert torch.equal(torch.random.get_rng_state(), drawn)


def test_what_is_random_follows_the_seed(model, make_batch) -> None:
    batch = make_batch(model, unknown=0.2)
    twin, totals = copy.deepcopy(model), []
    for each in (model, twin):
        torch.manual_seed(5)
        totals.append(learn(each, batch)["total"])
    assert torch.equal(*totals)
    assert not changed(model, twin.state_dict())


def test_mixed_precision(model, make_batch) -> None:
    batch = make_batch(model, 4, unknown=0.2)
    for stage in model.stages:
        model.begin(stage.name)
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            output = model(batch)
            terms = model.loss(output, batch)
        assert terms["total"].dtype == torch.float32
        terms["total"].backward()
        assert terms["total"].isfinite()
        assert all(each.grad.isfinite().all() for each in model.parameters() if each.requires_grad)
    exact = predict(model, batch).probability
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(predict(model, batch).probability, exact, rtol=0, atol=0.05)


def test_calibration_learns_nothing_by_gradient(model, make_batch) -> None:
    batches = [make_batch(model, 4, seed) for seed in range(2)]
    model.begin(model.stages[-1].name)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    model.eval()
    with torch.no_grad():
        model.calibrate(lambda: iter(batches))
    assert not model.training
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
    assert predict(model, batches[0]).logits.isfinite().all()


def test_a_saved_model_predicts_the_same(model, make_batch, tmp_path) -> None:
    path, batch = tmp_path / "model.safetensors", make_batch(model, 3)
    for stage in model.stages:
        model.begin(stage.name)
        learn(model, make_batch(model, 3, seed=1))
        save_model(model, path, facts={"fold": 2})
        drawn = torch.random.get_rng_state()
        again = load_model(path, system=model.system)
        assert torch.equal(torch.random.get_rng_state(), drawn)
        expected, found = predict(model, batch), predict(again, batch)
        assert torch.equal(found.logits, expected.logits)
        assert all(torch.equal(found.parts[name], each) for name, each in expected.parts.items())
        for name in ("aus", "input", "settings", "stage"):
            assert getattr(again, name) == getattr(model, name)
        assert not again.training
        assert read_model_facts(path)["facts"] == {"fold": 2}


def test_a_model_adopts_its_like(model, case, make_batch) -> None:
    other = create_model(case.system, model.aus, **case.settings)
    other.adopt(model.state_dict(), model.aus)
    batch = make_batch(model)
    assert torch.equal(predict(other, batch).logits, predict(model, batch).logits)
    with pytest.raises(UsageError):
        other.adopt({}, model.aus)


def test_it_travels_between_processes(model, make_batch) -> None:
    model.begin(model.stages[0].name)
    again = pickle.loads(pickle.dumps(model))
    batch = make_batch(model)
    assert torch.equal(predict(again, batch).logits, predict(model, batch).logits)
    assert (again.stage, again.settings) == (model.stage, model.settings)


def test_the_map_layer_gives_maps_that_the_logits_hang_on(model, make_batch) -> None:
    maps = []
    model.eval().map_layer().register_forward_hook(lambda _, __, output: maps.append(output))
    logits = model(make_batch(model, 2)).logits
    assert [each.ndim for each in maps] == [4]
    assert maps[0].shape[0] == 2
    assert min(maps[0].shape[2:]) > 1
    (gradient,) = torch.autograd.grad(logits[:, 0].sum(), maps)
    assert gradient.any()


def test_relations_are_between_all_action_units(model) -> None:
    weights = model.eval().relations()
    assert weights is None or (weights.shape == (len(model.aus),) * 2 and weights.isfinite().all())
