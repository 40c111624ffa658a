"""The hand: given K glyphs of an unseen writer, is another digit written as the writer writes it?

An episode is a writer and a digit that they wrote at least twice: one real glyph is the target, another the
twin. All rows answer the same episodes: the model's best guess and natural try, the twin, the floor (another
writer of the same series), the predictor and the baselines.

Axes: E episodes, K references, A attributes, T traits (or tries, in `write_tries`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import Episodes, sample_episodes, sample_galleries
from handwriting_gan.evaluation import attribute_predictor, baselines
from handwriting_gan.evaluation.guided import Reals
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    FLOOR,
    NATURAL_TRY,
    NEAREST_WRITER,
    PREDICTOR,
    RESHAPED_MEAN,
    ROWS,
    TWIN,
    HandEstimates,
    HandRow,
    Verification,
)
from handwriting_gan.metrics import bootstrap, morphometrics, retrieval
from handwriting_gan.metrics.bootstrap import Estimate, or_reason
from handwriting_gan.metrics.frechet_distance import frechet_estimate
from handwriting_gan.metrics.hand_retention import (
    LEAST_EPISODES,
    lead,
    retention,
    spread,
    spread_ratio,
)
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS, Standardise
from handwriting_gan.metrics.writer_verification import (
    area_under_curve,
    equal_error_rate,
    share_above_chance,
)
from handwriting_gan.recognition import writer_encoder
from handwriting_gan.synthesis.trained_model import TrainedModel

GALLERY = 8  # real glyphs in a writer's gallery
BEST, NATURAL = 0.0, 1.0  # variation of a best guess and of a natural try


class Case(NamedTuple):
    """The data to which every row is compared: the episodes, and their real glyphs' attributes and embeddings."""

    glyphs: Glyphs  # the held-out glyphs
    episodes: Episodes
    targets: Glyphs  # [E]
    values: np.ndarray  # [N, A + T], attributes as deviations, and traits; NaN for glyphs in no episode
    galleries: tuple[np.ndarray, ...]  # for each encoder the mean embedding of each gallery [E, width]
    twin_scores: tuple[np.ndarray, ...]  # for each encoder the similarity [E, E] of twins and galleries
    impostor: np.ndarray  # bool [E, E]: same digit and series, another writer
    real_rows: dict[str, HandRow]  # twin and floor: they do not depend on a method


class Trained(NamedTuple):
    """Training writers' glyphs and the baselines that are made from them."""

    glyphs: Glyphs
    values: np.ndarray  # [M, A], as deviations
    standardise: Standardise
    nearest_writer: baselines.NearestWriter
    reshaped_mean: baselines.ReshapedMean


def learn(glyphs: Glyphs) -> Trained:
    """Fits the baselines on training glyphs with writers.

    Raises:
      TooFewError: if a digit has too few of them.
    """
    measured = morphometrics.measure(glyphs.images)
    attributes = measured[:, :len(ATTRIBUTES)]
    standardise = morphometrics.standardiser(attributes, glyphs.digits)
    values = standardise(attributes, glyphs.digits)
    return Trained(glyphs, values, standardise, baselines.nearest_writer(glyphs, values),
                   baselines.reshaped_mean(glyphs, measured))


def open_case(judges: Judges, reals: Reals, held_out: Glyphs, most: int, seed: int) -> Case:
    """Samples the episodes for up to `most` references and measures their real glyphs.

    Raises:
      TooFewError: if too few writers have a digit twice and so many references.
    """
    episodes = sample_episodes(held_out, most, seed)
    # Without another writer in the series there is no impostor.
    episodes = Episodes(*(column[episodes.others >= 0] for column in episodes))
    targets = held_out.take(episodes.targets)
    writers = len(np.unique(targets.writers))
    if len(targets.digits) < LEAST_EPISODES or writers < bootstrap.LEAST_WRITERS:
        raise bootstrap.TooFewError(
            f"{writers} known writers have two glyphs of a digit and {most} glyphs of other digits; "
            f"{bootstrap.LEAST_WRITERS} are needed, with {LEAST_EPISODES} such digits in total")
    rows = np.unique(np.concatenate([column.ravel() for column in episodes]))
    values = np.full((len(held_out.digits), len(ATTRIBUTES) + len(TRAITS)), np.nan)
    values[rows] = values_of(held_out.images[rows], held_out.digits[rows], reals.standardise)
    known = sample_galleries(held_out, episodes, GALLERY, seed)
    galleries = tuple(writer_encoder.hand(encoder.embed(
        held_out.images[known.ravel()], held_out.digits[known.ravel()]).reshape(*known.shape, -1))
        for encoder in judges.encoders)
    twins = held_out.take(episodes.twins)
    twin_scores = tuple(encoder.embed(twins.images, twins.digits) @ hands.T
                        for encoder, hands in zip(judges.encoders, galleries, strict=True))
    comparable = (targets.digits[:, None] == targets.digits) & (targets.series[:, None] == targets.series)
    case = Case(held_out, episodes, targets, values, galleries, twin_scores,
                comparable & (targets.writers[:, None] != targets.writers), {})
    return case._replace(real_rows=_measure_real_rows(judges, reals, case))


def _measure_real_rows(judges: Judges, reals: Reals, case: Case) -> dict[str, HandRow]:
    """The rows of the twin and of the floor, which do not depend on a method."""
    twins, others = case.episodes.twins, case.episodes.others
    # The writer of a floor's glyph is not an impostor for it.
    strangers = case.glyphs.writers[others][:, None] != case.targets.writers
    cases = {TWIN: case, FLOOR: case._replace(impostor=case.impostor & strangers)}
    return {name: measure_row(case.glyphs.images[rows], case.values[rows], judges, reals, cases[name])
            for name, rows in {TWIN: twins, FLOOR: others}.items()}


def values_of(images: np.ndarray, digits: np.ndarray, standardise: Standardise) -> np.ndarray:
    """Attributes as deviations, and traits, of glyphs: `[N, A + T]`."""
    measured = morphometrics.measure(images)
    return np.concatenate([standardise(measured[:, :len(ATTRIBUTES)], digits),
                           morphometrics.traits(measured, digits)], axis=1)


def measure_hand(model: TrainedModel, judges: Judges, reals: Reals, case: Case, trained: Trained,
                 count: int, seed: int) -> HandEstimates:
    """Measures all rows for K = `count` references, and the difference of two natural tries."""
    references = case.episodes.references[:, :count]
    best_guess, natural_try, another_try = write_tries(model, case, count, seed)
    given, digits = case.values[references][..., :len(ATTRIBUTES)], case.targets.digits
    images = {
        BEST_GUESS: best_guess,
        NATURAL_TRY: natural_try,
        NEAREST_WRITER: trained.nearest_writer.write(given, digits),
        RESHAPED_MEAN: trained.reshaped_mean.write(given, digits),
    }
    values = {name: values_of(row, digits, trained.standardise) for name, row in images.items()}
    predicted = _predict(trained, given, case, seed)
    rows = {name: measure_row(row, values[name], judges, reals, case) for name, row in images.items()}
    rows |= case.real_rows | {PREDICTOR: HandRow(_retention(predicted, case))}
    again = values_of(another_try, digits, trained.standardise)
    real, twin = case.values[case.episodes.targets], case.values[case.episodes.twins]
    return HandEstimates(
        references=count,
        episodes=len(digits),
        writers=len(np.unique(case.targets.writers)),
        rows={name: rows[name] for name in ROWS},
        natural_difference=_compare(spread, case, values[NATURAL_TRY], again),
        writer_difference=_compare(spread, case, real, twin),
        difference_share=_compare(spread_ratio, case, values[NATURAL_TRY], again, real, twin),
        lead_over_predictor=_compare(lead, case, values[BEST_GUESS], predicted, real),
    )


def write_tries(model: TrainedModel, case: Case, count: int, seed: int,
                variations: Sequence[float] = (BEST, NATURAL, NATURAL)) -> np.ndarray:
    """Writes each episode's digit T times, each time with another seed and a variation: uint8 `[T, E, 28, 28]`."""
    references = case.glyphs.take(case.episodes.references[:, :count])
    return model.write_tries(references, case.targets.digits,
                             [(seed + index, variation) for index, variation in enumerate(variations)])


def measure_row(images: np.ndarray, values: np.ndarray, judges: Judges, reals: Reals, case: Case) -> HandRow:
    """Measures one row: glyphs uint8 `[E, 28, 28]` with their attributes and traits `[E, A + T]`."""
    digits, writers = case.targets.digits, case.targets.writers
    read, features = judges.reader.digits_and_features(images)
    return HandRow(
        digit_accuracy=or_reason(bootstrap.mean, (read == digits).astype(float), writers),
        frechet_distance=or_reason(frechet_estimate, features, reals.features, writers),
        retention=_retention(values, case),
        judged={encoder.name: _verification(encoder.embed(images, digits) @ hands.T, twins, case)
                for encoder, hands, twins in zip(judges.encoders, case.galleries, case.twin_scores, strict=True)},
    )


def _verification(scores: np.ndarray, twins: np.ndarray, case: Case) -> Verification:
    """Verification and retrieval from one encoder's scores `[E, E]` and the twins' scores `[E, E]`."""
    writers = case.targets.writers
    ranks = retrieval.ranks(scores, case.impostor)
    return Verification(
        auc=or_reason(area_under_curve, scores, case.impostor, writers),
        auc_share_of_twin=or_reason(share_above_chance, scores, twins, case.impostor, writers),
        eer=or_reason(equal_error_rate, scores, case.impostor, writers),
        rank_1=or_reason(retrieval.rank_at_most, ranks, 1, writers),
        rank_5=or_reason(retrieval.rank_at_most, ranks, 5, writers),
        mean_average_precision=or_reason(retrieval.mean_average_precision, ranks, writers),
        chance_of_rank_1=or_reason(retrieval.chance, case.impostor, 1),
        chance_of_rank_5=or_reason(retrieval.chance, case.impostor, 5),
    )


def _retention(values: np.ndarray, case: Case) -> dict[str, Estimate]:
    return _compare(retention, case, values, case.values[case.episodes.targets])


def _compare(metric: Callable[..., Estimate], case: Case, *values: np.ndarray) -> dict[str, Estimate]:
    """A metric of each attribute and trait, from values `[E, A + T]` of the episodes."""
    return {name: or_reason(metric, *(each[:, column] for each in values), case.targets.writers)
            for column, name in enumerate((*ATTRIBUTES, *TRAITS))}


def _predict(trained: Trained, given: np.ndarray, case: Case, seed: int) -> np.ndarray:
    """The predictor's values `[E, A + T]` from the references' attributes `[E, K, A]`; NaN where it has none."""
    episodes = sample_episodes(trained.glyphs, given.shape[1], seed)
    try:
        predictor = attribute_predictor.fit(trained.values[episodes.references],
                                            trained.values[episodes.targets])
    except bootstrap.TooFewError:
        return np.full((len(given), len(ATTRIBUTES) + len(TRAITS)), np.nan)
    predicted = predictor.predict(given)
    return np.concatenate([predicted, np.full((len(predicted), len(TRAITS)), np.nan)], axis=1)
