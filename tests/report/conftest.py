"""The small pseudo-writer world of the evaluation tests, for the reports of its scorecards."""

from tests.evaluation.conftest import (  # noqa: F401
    card,
    judges,
    material,
    nameless,
    nameless_card,
    oracle,
    styled,
    train_hands,
    unseen_hands,
)
