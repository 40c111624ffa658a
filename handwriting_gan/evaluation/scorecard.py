"""The scorecard: the estimates of one evaluation, and what they were made from.

A tree of dataclasses, read and written here only. An estimate is a value with its 95 % interval, or no value and
the reason. Files of older schema versions are migrated when they are read.
"""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any

from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically
from handwriting_gan.metrics.bootstrap import Estimate

SCHEMA_VERSION = 4
NOT_MEASURED = "it was not measured when this scorecard was made"

# The kinds of episodes: whether a reference shows the target's digit.
OTHER_DIGITS, OWN_DIGIT = "other digits", "own digit shown"

# The rows of a hand's table, in the tables' order.
BEST_GUESS, NATURAL_TRY = "best_guess", "natural_try"
MODERATE_TRY, EXPECTED = "moderate_try", "expected"
TWIN, PREDICTOR, FLOOR = "twin", "predictor", "floor"
COPY, NEAREST_WRITER, RESHAPED_MEAN = "copy", "nearest_writer", "reshaped_mean"
ROWS = (BEST_GUESS, NATURAL_TRY, MODERATE_TRY, EXPECTED, TWIN, PREDICTOR, COPY, NEAREST_WRITER, RESHAPED_MEAN, FLOOR)

# The rows of identification, and what a classifier is trained on besides the outputs of a mode.
WRITTEN_NUMBER, REAL_NUMBER = "written_number", "real_number"
REAL_GLYPHS = "real"


@dataclasses.dataclass(frozen=True)
class GuidedEstimates:
    """Estimates that compare the outputs of a guided mode, or real held-out glyphs, with real training glyphs."""

    outputs: int
    digit_accuracy: Estimate
    leakage: Estimate  # share of outputs that the classifier reads as the source's digit
    confusion: list[list[int]]  # [digit asked for][digit read]
    frechet_distance: Estimate  # in the classifier's features
    frechet_distance_per_digit: Estimate
    # Mean over the 90 pairs of source digit and target digit, each with all training glyphs of the target. For real
    # glyphs it is the mean over the digits: what a perfect generator could reach.
    frechet_distance_per_task: Estimate
    writer_frechet_distance: Estimate  # in the first writer encoder's embeddings
    writer_frechet_distance_per_digit: Estimate
    kernel_distance: Estimate
    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate
    diversity: Estimate
    attribute_variance: dict[str, Estimate]  # of the outputs of one source, by attribute
    sources: int | None = None  # None for real glyphs
    frechet_distance_by_target: dict[str, Estimate] = dataclasses.field(default_factory=dict)  # that of each target


@dataclasses.dataclass(frozen=True)
class Verification:
    """Verification and retrieval by one writer encoder: does it attribute a row's glyphs to the writer?"""

    auc: Estimate
    auc_share_of_twin: Estimate  # the AUC's distance above chance, as a share of the twin's
    eer: Estimate
    rank_1: Estimate
    rank_5: Estimate
    mean_average_precision: Estimate
    chance_of_rank_1: Estimate
    chance_of_rank_5: Estimate


@dataclasses.dataclass(frozen=True)
class HandRow:
    """One row of a hand's table. The expected value and the predictor have no images, so they have only retention."""

    retention: dict[str, Estimate]  # correlation with the real glyph, by attribute and trait
    trait_rates: dict[str, Estimate] = dataclasses.field(default_factory=dict)  # share of glyphs, by trait
    digit_accuracy: Estimate | None = None
    frechet_distance: Estimate | None = None
    judged: dict[str, Verification] = dataclasses.field(default_factory=dict)  # by encoder; tables quote the first


@dataclasses.dataclass(frozen=True)
class HandEstimates:
    """Estimates of how much of a hand the model keeps, given K references."""

    references: int  # K
    kind: str  # OTHER_DIGITS or OWN_DIGIT
    episodes: int
    writers: int
    rows: dict[str, HandRow]  # by names in ROWS; the copy is a row of OWN_DIGIT alone
    natural_difference: dict[str, Estimate]  # root mean square between two natural tries, by attribute and trait
    writer_difference: dict[str, Estimate]  # the same between the writer's two glyphs
    difference_share: dict[str, Estimate]  # natural_difference as a share of writer_difference
    lead_over_predictor: dict[str, Estimate]  # retention of the best guess minus the predictor's


@dataclasses.dataclass(frozen=True)
class Identified:
    """The share of numbers whose writer scores highest, among 20 writers or all enrolled writers of the series."""

    among_20: Estimate
    among_all: Estimate


@dataclasses.dataclass(frozen=True)
class IdentificationEstimates:
    """Is the writer identified by a number of six digits that the model writes in their hand?"""

    references: int  # K of a written number
    numbers: int
    writers: int  # who have numbers
    enrolled: int  # writers
    rows: dict[str, dict[str, Identified]]  # WRITTEN_NUMBER and REAL_NUMBER, each by encoder; tables quote the first
    chance: Identified


@dataclasses.dataclass(frozen=True)
class MadeFrom:
    """The model, the data and the protocol of an evaluation."""

    method: str
    preset: str
    step: int
    trained_on: str
    route: str | None
    data: str
    seed: int
    held_out: int
    held_out_writers: int
    protocol: dict[str, Any]  # the fields of Protocol


@dataclasses.dataclass(frozen=True)
class TableRun:
    """The training of a row of a table."""

    glyphs: int
    seed: int
    hardware: str
    seconds: int | None  # of training and evaluation, if both ran without a break


@dataclasses.dataclass(frozen=True)
class Scorecard:
    """All estimates of one evaluation."""

    made_from: MadeFrom
    judges: dict[str, str]  # SHA-256 of the weights of each
    real: GuidedEstimates  # of real held-out glyphs
    guided: dict[str, GuidedEstimates]  # by mode
    hands: list[HandEstimates]  # by kind, then by K, ascending
    no_hand: str = ""  # why the hand of a model that writes in a hand was not measured
    identification: IdentificationEstimates | None = None
    # The accuracy on real held-out glyphs of a classifier that was trained on the outputs of a mode, or on REAL_GLYPHS.
    classification_accuracy: dict[str, Estimate] = dataclasses.field(default_factory=dict)
    run: TableRun | None = None
    schema_version: int = SCHEMA_VERSION

    def hand(self, references: int, kind: str = OTHER_DIGITS) -> HandEstimates | None:
        """The estimates for K = `references` and a kind of episodes, or None if they were not measured."""
        return next((hand for hand in self.hands if (hand.references, hand.kind) == (references, kind)), None)


def read(path: Path) -> Scorecard:
    """Reads a scorecard; migrates it from an older schema version.

    Raises:
      InputError: if the file cannot be read, is not a scorecard, or has a newer schema version.
    """
    try:
        return from_json(json.loads(path.read_bytes()))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); make it with "
                         "python -m handwriting_gan.evaluate --out") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not a scorecard of this version ({error}); evaluate the model again") from error


def write(path: Path, scorecard: Scorecard) -> None:
    """Writes a scorecard as JSON.

    Raises:
      InputError: if the file cannot be written.
    """
    write_atomically(path, json.dumps(dataclasses.asdict(scorecard), indent=1).encode() + b"\n")


def from_json(fields: dict[str, Any]) -> Scorecard:
    """A scorecard from JSON's types.

    Raises:
      ValueError: if the schema version is unknown, or a field is missing or unknown.
    """
    version = fields.get("schema_version", 1)
    if version == 1:
        fields, version = _from_version_1(fields), 2
    if version == 2:
        fields, version = _from_version_2(fields), 3
    if version == 3:
        fields, version = _from_version_3(fields), 4
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema version {version}, this project reads up to {SCHEMA_VERSION}")
    return _build(Scorecard, fields)


def _build(kind: Any, value: Any) -> Any:
    """A value of a type hint (dataclass, list, dict, tuple, optional or plain) from JSON's types."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        if strange := value.keys() - hints.keys():
            raise ValueError(f"{kind.__name__} has no field {min(strange)!r}")
        return kind(**{name: _build(hints[name], each) for name, each in value.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _build(arguments[0], value)
    if origin is list:
        return [_build(arguments[0], each) for each in value]
    if origin is dict:
        return {name: _build(arguments[1], each) for name, each in value.items()}
    if origin is tuple:
        return tuple(value)
    return value


def _from_version_2(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of version 3 from those of version 2, which had episodes of other digits only."""
    hands = [{**hand, "kind": OTHER_DIGITS} for hand in fields["hands"]]
    return {**fields, "schema_version": 3, "hands": hands}


def _from_version_3(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of version 4 from those of version 3, which measured no classification accuracy.

    Version 3 compared each task with the target's glyphs in the protocol's sample, about 1,000 of them, and gave real
    glyphs no such distance. The values are kept.
    """
    made = fields["made_from"]
    return {**fields, "schema_version": 4, "made_from": {**made, "protocol": {**made["protocol"], "fakes": 0}}}


# Version 1 had English phrases as keys, and dictionaries for estimates.

_ROWS_1 = {"best guess": BEST_GUESS, "natural": NATURAL_TRY, "retrieval": NEAREST_WRITER,
           "reshaped mean": RESHAPED_MEAN, "twin": TWIN, "floor": FLOOR, "predictor": PREDICTOR}
_GUIDED_1 = {"frechet_distance, classifier": "frechet_distance",
             "frechet_distance_per_digit, classifier": "frechet_distance_per_digit",
             "frechet_distance_per_task, classifier": "frechet_distance_per_task",
             "frechet_distance, writer": "writer_frechet_distance",
             "frechet_distance_per_digit, writer": "writer_frechet_distance_per_digit"}


def _from_version_1(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of version 2 from those of version 1; estimates that it lacks have no value."""
    figures = fields["figures"]
    return {
        "schema_version": 2,
        "made_from": {"route": None, **fields["made_from"]},
        "judges": fields["judges"],
        "real": _guided_from_1(figures["real"]),
        "guided": {mode: _guided_from_1(figures[mode]) for mode in ("latent", "reference") if mode in figures},
        "hands": [_hand_from_1(int(name.removeprefix("hand, K = ")), part)
                  for name, part in figures.items() if name.startswith("hand, K = ")],
        "no_hand": figures.get("hand", {}).get("why", ""),
        "run": fields.get("run"),
    }


def _guided_from_1(part: dict[str, Any]) -> dict[str, Any]:
    named = {_GUIDED_1.get(name, name): value for name, value in part.items()}
    return {name: _estimates_from_1(value) for name, value in (_absent(GuidedEstimates) | named).items()}


def _hand_from_1(references: int, part: dict[str, Any]) -> dict[str, Any]:
    apart = part.get("difference of two tries", {})
    return {
        "references": references, "episodes": part["episodes"], "writers": part["writers"],
        "rows": {_ROWS_1[name]: _row_from_1(row) for name, row in part["rows"].items()},
        "natural_difference": _estimates_from_1(apart.get("natural", {})),
        "writer_difference": _estimates_from_1(apart.get("writer", {})),
        "difference_share": _estimates_from_1(apart.get("share", {})),
        "lead_over_predictor": _estimates_from_1(part.get("lead over the predictor", {})),
    }


def _row_from_1(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "retention": _estimates_from_1(row["retention"]),
        "digit_accuracy": _estimates_from_1(row.get("digit_accuracy")),
        "frechet_distance": _estimates_from_1(row.get("frechet_distance, classifier")),
        "judged": {encoder: {name: _estimates_from_1(value)
                             for name, value in (_absent(Verification) | judged).items()}
                   for encoder, judged in row.get("judged", {}).items()},
    }


def _absent(kind: type) -> dict[str, Any]:
    """An estimate without a value for every field of a dataclass that is an estimate."""
    return {name: {"value": None, "why": NOT_MEASURED}
            for name, hint in typing.get_type_hints(kind).items() if hint is Estimate}


def _estimates_from_1(value: Any) -> Any:
    """Converts an estimate of version 1, or a dictionary of them, to version 2; returns other values unchanged."""
    if isinstance(value, dict) and "value" in value:
        return {"value": value["value"], "interval": value.get("interval"), "reason": value.get("why", "")}
    if isinstance(value, dict):
        return {name: _estimates_from_1(each) for name, each in value.items()}
    return value
