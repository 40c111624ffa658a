"""The hand: given K glyphs of an unseen writer, is a digit written as the writer writes it?

An episode is a writer and a digit: one real glyph is the target, another the twin. In episodes of other digits no
reference shows the target's digit; in the others the first reference does. All rows answer the same episodes:
the model's best guess and tries, the twin, the floor (another writer of the same series), the predictor and the
baselines.

A twin whose trait correlates with the target's by r shows what can be known. The best prediction from it correlates
by r or more, a calibrated sample by r squared. So a trait is measured of the best guess, of a natural try, and as
the share of natural tries that have it, their expected value.

Axes: E episodes, K references, A attributes, T traits, Y tries.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import Episodes, sample_episodes, sample_galleries, sample_own_digit_episodes
from handwriting_gan.evaluation import attribute_predictor, baselines, trait_predictor
from handwriting_gan.evaluation.guided import Reals
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.protocol import of_writers
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    COPY,
    EXPECTED,
    FLOOR,
    MODERATE_TRY,
    NATURAL_TRY,
    NEAREST_WRITER,
    OTHER_DIGITS,
    OWN_DIGIT,
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
from handwriting_gan.recognition.writer_encoder import WriterEncoder
from handwriting_gan.synthesis.trained_model import TrainedModel

GALLERY = 8  # real glyphs in a writer's gallery
BEST, MODERATE, NATURAL = 0.0, 0.5, 1.0  # variation of a best guess, of write's default and of a natural try
TRIES = 8  # natural tries of an episode
MORE_EACH = 3  # glyphs of each training writer and digit, for the predictor that sees a target's own digit
SAMPLE = {OTHER_DIGITS: sample_episodes, OWN_DIGIT: sample_own_digit_episodes}


class Case(NamedTuple):
    """The data to which every row is compared: the episodes, and their real glyphs' attributes and embeddings."""

    kind: str  # OTHER_DIGITS or OWN_DIGIT
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

    train: Glyphs  # all of them; the rest is of a part
    glyphs: Glyphs
    values: np.ndarray  # [M, A], as deviations
    standardise: Standardise
    more_glyphs: Glyphs  # enough for the predictor to see a target's own digit
    more_values: np.ndarray  # likewise
    nearest_writer: baselines.NearestWriter
    reshaped_mean: baselines.ReshapedMean


def learn(train: Glyphs, glyphs: Glyphs, seed: int) -> Trained:
    """Fits the baselines on `glyphs`, a part of the training glyphs with writers.

    Raises:
      TooFewError: if a digit has too few of them.
    """
    measured = morphometrics.measure(glyphs.images)
    attributes = measured[:, :len(ATTRIBUTES)]
    standardise = morphometrics.standardiser(attributes, glyphs.digits)
    values = standardise(attributes, glyphs.digits)
    writers = np.unique(glyphs.writers)
    more = of_writers(train.take(np.isin(train.writers, writers)), len(writers), MORE_EACH, np.random.default_rng(seed))
    more_values = standardise(morphometrics.measure(more.images)[:, :len(ATTRIBUTES)], more.digits)
    return Trained(train, glyphs, values, standardise, more, more_values,
                   baselines.nearest_writer(glyphs, values), baselines.reshaped_mean(glyphs, measured))


def open_case(judges: Judges, reals: Reals, held_out: Glyphs, most: int, seed: int,
              kind: str = OTHER_DIGITS) -> Case:
    """Samples the episodes of a kind for up to `most` references and measures their real glyphs.

    Raises:
      TooFewError: if too few writers have a digit twice and so many references.
    """
    episodes = SAMPLE[kind](held_out, most, seed)
    # Without another writer in the series there is no impostor.
    episodes = Episodes(*(column[episodes.others >= 0] for column in episodes))
    targets = held_out.take(episodes.targets)
    writers = len(np.unique(targets.writers))
    own = kind == OWN_DIGIT
    if len(targets.digits) < LEAST_EPISODES or writers < bootstrap.LEAST_WRITERS:
        raise bootstrap.TooFewError(
            f"{writers} known writers have {'three' if own else 'two'} glyphs of a digit and {most - own} glyphs of "
            f"other digits; {bootstrap.LEAST_WRITERS} are needed, with {LEAST_EPISODES} such digits in total")
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
    case = Case(kind, held_out, episodes, targets, values, galleries, twin_scores,
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
    best_guess, moderate_try, *natural_tries = write_tries(
        model, case, count, seed, (BEST, MODERATE, *[NATURAL] * TRIES))
    given, digits = case.values[references][..., :len(ATTRIBUTES)], case.targets.digits
    images = {
        BEST_GUESS: best_guess,
        NATURAL_TRY: natural_tries[0],
        MODERATE_TRY: moderate_try,
        NEAREST_WRITER: trained.nearest_writer.write(given, digits),
        RESHAPED_MEAN: trained.reshaped_mean.write(given, digits),
    }
    if case.kind == OWN_DIGIT:
        images[COPY] = case.glyphs.images[references[:, 0]]
    values = {name: values_of(row, digits, trained.standardise) for name, row in images.items()}
    tries = np.stack([values[NATURAL_TRY], *(values_of(row, digits, trained.standardise) for row in natural_tries[1:])])
    predicted = _predict(trained, given, case, seed)
    predicted[:, len(ATTRIBUTES):] = _predict_traits(trained, judges.encoders[-1], references, case, seed)
    rows = {name: measure_row(row, values[name], judges, reals, case) for name, row in images.items()}
    rows[NATURAL_TRY] = dataclasses.replace(
        rows[NATURAL_TRY], retention=_retention(tries, case), trait_rates=_trait_rates(tries, case))
    rows |= case.real_rows | {EXPECTED: HandRow(_retention(tries.mean(axis=0), case)),
                              PREDICTOR: HandRow(_retention(predicted, case))}
    real, twin = case.values[case.episodes.targets], case.values[case.episodes.twins]
    return HandEstimates(
        references=count,
        kind=case.kind,
        episodes=len(digits),
        writers=len(np.unique(case.targets.writers)),
        rows={name: rows[name] for name in ROWS if name in rows},
        natural_difference=_compare(spread, case, *tries[:2]),
        writer_difference=_compare(spread, case, real, twin),
        difference_share=_compare(spread_ratio, case, *tries[:2], real, twin),
        lead_over_predictor=_compare(lead, case, values[BEST_GUESS], predicted, real),
    )


def write_tries(model: TrainedModel, case: Case, count: int, seed: int, variations: Sequence[float]) -> np.ndarray:
    """Writes each episode's digit once for each variation, each time with another seed: uint8 `[Y, E, 28, 28]`."""
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
        trait_rates=_trait_rates(values, case),
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
    """The retention of values `[E, A + T]`, or of those of Y tries `[Y, E, A + T]`, each paired with the real one."""
    tries = values.reshape(-1, len(case.targets.digits), values.shape[-1])
    real = np.broadcast_to(case.values[case.episodes.targets], tries.shape)
    return _compare(retention, case, *(each.reshape(-1, values.shape[-1]) for each in (tries, real)))


def _trait_rates(values: np.ndarray, case: Case) -> dict[str, Estimate]:
    """The share of glyphs with each trait, from values `[E, A + T]` or `[Y, E, A + T]`."""
    flat = values.reshape(-1, values.shape[-1])
    rates = _compare(bootstrap.mean, case, flat)
    return {name: rates[name] for name in TRAITS}


def _compare(metric: Callable[..., Estimate], case: Case, *values: np.ndarray) -> dict[str, Estimate]:
    """A metric of each attribute and trait, from values `[E, A + T]` of the episodes, or of Y times as many."""
    writers = np.tile(case.targets.writers, len(values[0]) // len(case.targets.writers))
    return {name: or_reason(metric, *(each[:, column] for each in values), writers)
            for column, name in enumerate((*ATTRIBUTES, *TRAITS))}


def _predict(trained: Trained, given: np.ndarray, case: Case, seed: int) -> np.ndarray:
    """The predictor's values `[E, A + T]` from the references' attributes `[E, K, A]`; NaN for traits.

    Without enough training episodes all are NaN.
    """
    glyphs, values = ((trained.more_glyphs, trained.more_values) if case.kind == OWN_DIGIT else
                      (trained.glyphs, trained.values))
    episodes = SAMPLE[case.kind](glyphs, given.shape[1], seed)
    try:
        predictor = attribute_predictor.fit(
            values[episodes.targets], *_groups(values[episodes.references], case.kind))
    except bootstrap.TooFewError:
        return np.full((len(given), len(ATTRIBUTES) + len(TRAITS)), np.nan)
    predicted = predictor.predict(*_groups(given, case.kind))
    return np.concatenate([predicted, np.full((len(predicted), len(TRAITS)), np.nan)], axis=1)


def _groups(references: np.ndarray, kind: str) -> list[np.ndarray]:
    """References `[E, K, A]` of other digits, and the one that shows the target's own digit."""
    if kind == OTHER_DIGITS or references.shape[1] == 1:
        return [references]
    return [references[:, 1:], references[:, :1]]


def _predict_traits(trained: Trained, encoder: WriterEncoder, references: np.ndarray, case: Case,
                    seed: int) -> np.ndarray:
    """The predicted probabilities of traits `[E, T]` from the references `[E, K]`; NaN where there are none."""
    episodes = SAMPLE[case.kind](trained.train, references.shape[1], seed)
    predicted = np.full((len(references), len(TRAITS)), np.nan)
    for column, digit in enumerate(TRAITS.values()):
        seen, asked = (np.flatnonzero(digits == digit)
                       for digits in (trained.train.digits[episodes.targets], case.targets.digits))
        if not len(seen) or not len(asked):
            continue
        targets = trained.train.take(episodes.targets[seen])
        real = morphometrics.traits(morphometrics.measure(targets.images), targets.digits)[:, column]
        try:
            predictor = trait_predictor.fit(
                _trait_features(encoder, trained.train, episodes.references[seen], digit), real)
        except bootstrap.TooFewError:
            continue
        predicted[asked, column] = predictor.predict(_trait_features(encoder, case.glyphs, references[asked], digit))
    return predicted


def _trait_features(encoder: WriterEncoder, glyphs: Glyphs, references: np.ndarray, digit: int) -> np.ndarray:
    """The trait predictor's features `[N, F]` of references `[N, K]`, as rows of glyphs."""
    digits = glyphs.digits[references]
    embeddings = encoder.embed(glyphs.images[references.ravel()], digits.ravel())
    return trait_predictor.features_of(embeddings.reshape(*references.shape, -1), digits == digit)
