import pytest

from actionunits.errors import UsageError
from actionunits.synth.people import draw_traits
from actionunits.synth.sets import NAMED_SETS, SetRecipe, deal_folds, get_set, synth_folds


def test_named_sets_are_as_large_as_promised() -> None:
    mini, full = get_set("SynthAU-mini"), get_set("SynthAU")
    assert (mini.subjects, mini.subjects * mini.frames, mini.size) == (24, 2400, 256)
    assert (full.subjects, full.subjects * full.frames, full.size) == (200, 40_000, 256)


@pytest.mark.parametrize("name", NAMED_SETS)
def test_folds_are_the_dealt_ones_and_share_nobody(name: str) -> None:
    folds = synth_folds(name)
    assert folds == deal_folds(get_set(name))
    everybody = [person for fold in folds for person in fold]
    assert len(everybody) == len(set(everybody)) == get_set(name).subjects
    assert max(map(len, folds)) - min(map(len, folds)) <= 1


@pytest.mark.parametrize("name", NAMED_SETS)
def test_folds_are_alike(name: str) -> None:
    recipe = get_set(name)
    people = {one.name: one for one in (draw_traits(recipe.seed, index) for index in range(recipe.subjects))}
    for fold in synth_folds(name):
        men = sum(people[person].gender == "male" for person in fold)
        dark = sum(people[person].tone_band > 3 for person in fold)
        assert abs(men - len(fold) / 2) <= 1
        assert abs(dark - len(fold) / 2) <= 0.15 * len(fold)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subjects": 0},
        {"frames": 0},
        {"size": 8},
        {"size": 100_000},
        {"seed": -1},
        {"every": 0},
        {"wild": 1.5},
        {"preset": "ck"},
        {"content": "films"},
    ],
)
def test_numbers_out_of_range_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=str(next(iter(wrong)))):
        SetRecipe(**wrong)


def test_unknown_set() -> None:
    with pytest.raises(UsageError, match="SynthAU-mini"):
        get_set("CK+")


def test_sequences_add_up() -> None:
    assert SetRecipe(frames=60, sequence_frames=25).sequence_lengths() == (25, 25, 10)
    assert SetRecipe(frames=10, sequence_frames=25).sequence_lengths() == (10,)
