"""AU R-CNN with a ConvLSTM: what it reads of a clip, and what it learns from it."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import Clip, FaceBatch, get_window  # noqa: E402
from actionunits.losses.hard_negatives import box_bce  # noqa: E402
from actionunits.models import AUModel, create_model  # noqa: E402

SIDE, AUS, TIMES = 64, (1, 4, 12), 10
OWN = {"id": "aurcnn-at-64", "crop": "aurcnn-512", "size": 512, "side": SIDE}
TINY = {"input": OWN, "backbone": "resnet18", "hidden": 8, "pool": 4}
SMALL = {**TINY, "states": 4, "reading": 8}


def clips(count: int, seed: int = 0) -> FaceBatch:
    drawn = torch.Generator().manual_seed(seed)
    image = torch.randn(count, TIMES, 3, SIDE, SIDE, generator=drawn)
    mean = torch.from_numpy((MEAN_68 - MEAN_68.min(axis=0)) * 190 + [50, 70]).float() * (SIDE / 512)
    landmarks = mean + torch.randn(count, TIMES, 68, 2, generator=drawn)
    occurrence = torch.randint(-1, 2, (count, TIMES, len(AUS)), generator=drawn).to(torch.int8)
    unknown = torch.full_like(occurrence, -1)
    frame = torch.arange(TIMES).expand(count, -1)
    clip = Clip(image, landmarks, occurrence, unknown, frame, TIMES - 1)
    batch = FaceBatch.unlabelled(image[:, -1], landmarks[:, -1], len(AUS))
    return dataclasses.replace(batch, occurrence=occurrence[:, -1], clip=clip)


def changed(batch: FaceBatch, time: int) -> FaceBatch:
    image = batch.clip.image.clone()
    image[:, time] += 1
    return dataclasses.replace(batch, image=image[:, -1], clip=dataclasses.replace(batch.clip, image=image))


@pytest.fixture
def model() -> AUModel:
    torch.manual_seed(0)
    return create_model("au_rcnn_conv_lstm", AUS, **SMALL)


def test_it_looks_back_and_not_ahead(model) -> None:
    batch = clips(2)
    model.eval()
    with torch.no_grad():
        before = model(batch).logits
        assert before.shape == (2, len(AUS))
        for time in (0, 4, TIMES - 1):
            assert not torch.allclose(model(changed(batch, time)).logits, before, atol=1e-6)
    model.train()
    torch.manual_seed(1)
    by_time = model(batch).parts["box_logits"]
    assert by_time.shape[:2] == (2, TIMES)


def test_it_learns_from_all_frames(model) -> None:
    model.kind = "bce"
    batch = clips(3)
    output = model.train()(batch)
    by_time = output.parts["box_logits"]  # (N, T, R, A)
    labels = torch.stack([model.box_labels(batch.clip.occurrence[:, time]) for time in range(TIMES)], dim=1)
    expected = box_bce(by_time.flatten(0, 1), labels.flatten(0, 1))
    torch.testing.assert_close(model.loss(output, batch)["total"], expected)


def test_a_frame_alone_is_the_first_of_a_sequence(model) -> None:
    batch = clips(2)
    alone = dataclasses.replace(batch, clip=None)
    once = dataclasses.replace(
        batch,
        clip=dataclasses.replace(
            batch.clip,
            **{name: getattr(batch.clip, name)[:, -1:] for name in ("image", "landmarks", "occurrence")},
            centre=0,
        ),
    )
    model.eval()
    torch.testing.assert_close(model(alone).logits, model(once).logits)


def test_the_window_is_ten_frames_up_to_this_one(model) -> None:
    assert model.window() == model.window("sequence")
    assert model.window("train") is None
    window = get_window(model.window())
    assert window.offsets == (-45, -40, -35, -30, -25, -20, -15, -10, -5, 0)
    assert window.centre == 9


def test_the_first_stage_is_an_au_rcnns(model) -> None:
    single = create_model("au_rcnn", AUS, **TINY)
    assert model.stage_settings("train") == single.stage_settings("train")
    assert model.stage_settings("sequence") != single.stage_settings("train")
    own, others = set(single.state_dict()), set(model.state_dict())
    assert own <= others
    assert {name.partition(".")[0] for name in others - own} == {"sequence"}
    assert model.stages[0].epochs == 0
    model.begin("train")
    single.load_state_dict({name: model.state_dict()[name] for name in own})
    batch = dataclasses.replace(clips(2), clip=None)
    torch.testing.assert_close(model.eval()(batch).logits, single.eval()(batch).logits)


def test_sizes() -> None:
    with torch.device("meta"):
        whole = create_model("au_rcnn_conv_lstm", (1, 4, 6, 9, 12, 17, 20, 23))
        light = create_model("au_rcnn_conv_lstm", AUS, **TINY, shared_kernel=True, reduce=6, states=4)
    of = {name: sum(each.numel() for each in child.parameters()) for name, child in whole.sequence.named_children()}
    assert of["lstm"] == 9 * 21_234_688
    assert of["read"] == 256 * 49 * 2048 + 2048
    assert light.sequence.reduce.out_channels == 6
    assert light.sequence.lstm.gates.weight.shape == (16, 10, 3, 3)


@pytest.mark.parametrize(("settings", "said"), [({"backbone": "vgg16"}, "no maps of boxes"), ({"states": 0}, "1 or")])
def test_wrong_settings(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        create_model("au_rcnn_conv_lstm", AUS, **{**TINY, **settings})
