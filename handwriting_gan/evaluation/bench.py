"""The bench: what a model is measured against. Judges, real glyphs and episodes are prepared once."""

from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import UNKNOWN_WRITER, Glyphs
from handwriting_gan.evaluation import hand
from handwriting_gan.evaluation.guided import Reals
from handwriting_gan.evaluation.hand import Case, Trained
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.protocol import Protocol, of_writers, some
from handwriting_gan.evaluation.scorecard import OWN_DIGIT
from handwriting_gan.metrics import morphometrics
from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.morphometrics import ATTRIBUTES
from handwriting_gan.recognition.digit_classifier import FEATURES

GLYPHS_EACH = 2  # of each training writer and digit


class Bench(NamedTuple):
    """The material of a protocol. Without known writers the hand cannot be measured; `no_hand` is the reason."""

    protocol: Protocol
    data: str
    seed: int
    judges: Judges
    train: Glyphs
    held_out: Glyphs
    reals: Reals
    trained: Trained | None
    case: Case | None  # episodes of other digits
    own_digit_case: Case | None = None  # episodes with the target's digit among the references
    no_hand: str = ""

    def known_writers(self) -> tuple[Case, Trained]:
        """The episodes and the baselines.

        Raises:
          TooFewError: if there are none.
        """
        if self.case is None or self.trained is None:
            raise TooFewError(self.no_hand)
        return self.case, self.trained


def prepare(judges: Judges, data: str, train: Glyphs, held_out: Glyphs, protocol: Protocol,
            seed: int) -> Bench:
    """Prepares the bench of a data set, named by `data`.

    Raises:
      TooFewError: if a digit has fewer than two training glyphs.
    """
    rng = np.random.default_rng(seed)
    sample = some(train, protocol.sample, rng)
    seen = judges.reader.features(sample.images), judges.encoders[0].embed(sample.images, sample.digits)
    of_tasks = seen[0], sample.digits
    if protocol.of_task > FEATURES:  # otherwise a task has too few outputs for a covariance, whatever the reals are
        of_tasks = judges.reader.features(train.images), train.digits
    try:
        if (held_out.writers == UNKNOWN_WRITER).all() or (train.writers == UNKNOWN_WRITER).all():
            raise TooFewError(f"data={data} has no writer ids; use data=mnist_writers")
        trained = hand.learn(train, of_writers(train, protocol.training_writers, GLYPHS_EACH, rng), seed)
        reals = Reals(sample, *seen, trained.standardise, *of_tasks)
        case = hand.open_case(judges, reals, held_out, max(protocol.references), seed)
    except TooFewError as error:
        few = some(sample, protocol.training_writers * GLYPHS_EACH * 10, rng)
        standardise = morphometrics.standardiser(
            morphometrics.measure(few.images)[:, :len(ATTRIBUTES)], few.digits)
        return Bench(protocol, data, seed, judges, train, held_out, Reals(sample, *seen, standardise, *of_tasks), None,
                     None, no_hand=str(error))
    return Bench(protocol, data, seed, judges, train, held_out, reals, trained, case, _own_digit_case(
        judges, reals, held_out, max(protocol.references), seed))


def _own_digit_case(judges: Judges, reals: Reals, held_out: Glyphs, most: int, seed: int) -> Case | None:
    """The episodes with the target's digit among the references; None if too few writers wrote a digit three times."""
    try:
        return hand.open_case(judges, reals, held_out, most, seed, OWN_DIGIT)
    except TooFewError:
        return None
