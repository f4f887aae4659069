"""The baseline against torchvision's whole ResNet and a loss written out."""

import pytest

torch = pytest.importorskip("torch")

import torchvision  # noqa: E402
from torch.nn import functional  # noqa: E402

from actionunits.facs import BP4D_12  # noqa: E402
from actionunits.models import create_model  # noqa: E402


def test_it_is_torchvisions_resnet(make_batch) -> None:
    torch.manual_seed(0)
    model = create_model("linear", BP4D_12, input="lp-112", backbone="resnet18").eval()
    whole = torchvision.models.resnet18(num_classes=12).eval()
    state = {name.removeprefix("stem.").replace("head.", "fc."): each for name, each in model.state_dict().items()}
    whole.load_state_dict(state)
    batch = make_batch(model, 2)
    with torch.no_grad():
        output = model(batch)
        torch.testing.assert_close(output.logits, whole(batch.image))
    torch.testing.assert_close(model.head(output.parts["features"]), output.logits)


def test_defaults_are_the_papers() -> None:
    model = create_model("linear", BP4D_12)
    assert sum(each.numel() for each in model.parameters()) == 21_284_672 + 12 * 513
    (stage,) = model.stages
    assert dict(stage.rates) == {"stem": 1e-3, "head": 1e-3}
    assert (stage.epochs, stage.batch, stage.optimizer) == (30, 100, "adam")
    assert (stage.schedule, stage.milestones, stage.decay) == ("step", (15, 25), 0.1)


def test_loss_is_the_mean_over_action_units_of_known_labels(make_batch) -> None:
    model = create_model("linear", (1, 2, 4), input="lp-112", backbone="resnet18").eval()
    batch = make_batch(model, 5, unknown=0.3)
    output = model(batch)
    by_au = []
    for column in range(3):
        known = [row for row in range(5) if batch.occurrence[row, column] >= 0]
        target = batch.occurrence[known, column].float()
        by_au.append(functional.binary_cross_entropy(output.probability[known, column], target))
    terms = model.loss(output, batch)
    torch.testing.assert_close(terms["total"], torch.stack(by_au).mean())
    assert terms["occurrence"] is terms["total"]


def test_selective_balances_every_batch(make_batch) -> None:
    """At logit 0 every label costs log 2, and its weights add up to the number of labels."""
    model = create_model("linear", (1, 2), input="lp-112", backbone="resnet18", balance="selective")
    batch = make_batch(model, 8)
    batch.occurrence[:] = torch.tensor([[1, 0]] * 2 + [[0, 1]] * 6)
    logits = torch.zeros(8, 2, requires_grad=True)
    output = model.train()(batch)
    total = model.loss(type(output)(logits), batch)["total"]
    (gradient,) = torch.autograd.grad(total, logits)
    torch.testing.assert_close(total.item(), torch.tensor(2.0).log().item())
    torch.testing.assert_close(gradient.sum(dim=0), torch.zeros(2))
