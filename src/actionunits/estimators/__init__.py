"""Action-unit models at work: card, weights, scores."""

from actionunits.estimators.base import Estimator
from actionunits.estimators.card import Card, read_card
from actionunits.estimators.registry import find_card, load_estimator, shipped_cards
from actionunits.estimators.scores import AUScores

__all__ = ["AUScores", "Card", "Estimator", "find_card", "load_estimator", "read_card", "shipped_cards"]
