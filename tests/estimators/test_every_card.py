"""What must hold for every shipped estimator; a new one is covered by lying in estimators/weights."""

import itertools

import numpy as np
import pytest

from actionunits.estimators import find_card, load_estimator, shipped_cards
from actionunits.faces import FaceFinder, FaceTracker
from actionunits.media import read_image

pytestmark = pytest.mark.parametrize("name", shipped_cards())


@pytest.fixture(scope="module")
def looked_at(face_files):
    tracker = FaceTracker(FaceFinder())
    pairs = []
    for path in face_files:
        tracker.reset()
        image = read_image(path)
        pairs += [(image, face) for face in tracker.update(image, 0.0)]
    return pairs


def test_batch_and_order_do_not_matter(name, looked_at):
    estimator = load_estimator(name)
    alone = [estimator.predict([pair]) for pair in looked_at]
    for order in itertools.islice(itertools.permutations(range(len(looked_at))), 0, None, 7):
        together = estimator.predict([looked_at[k] for k in order])
        for row, k in enumerate(order):
            np.testing.assert_allclose(together.evidence[row], alone[k].evidence[0], atol=1e-5)
            np.testing.assert_allclose(together.intensity[row], alone[k].intensity[0], atol=1e-5)


def test_no_faces_give_no_scores(name):
    scores = load_estimator(name).predict([])
    assert scores.evidence.shape == scores.intensity.shape == (0, len(find_card(name)[0].aus))


def test_the_card_says_who_may_use_it_and_how_it_was_made(name):
    card, path = find_card(name)
    assert card.name == name == path.parent.name
    assert all((card.licence.code, card.licence.weights, card.licence.training_data, card.training.command))
    assert card.limits
    assert card.quality is not None
    assert [row.au for row in card.quality.per_au] == list(card.aus)
