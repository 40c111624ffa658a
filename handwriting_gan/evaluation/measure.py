"""Measures a trained model: makes its scorecard from a bench.

Each part (real glyphs, a guided mode, the hand for one K, a classifier's training set) is independent of the others.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from rich.progress import track

from handwriting_gan.data.glyphs import UNKNOWN_WRITER
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.classification_accuracy import measure_accuracy
from handwriting_gan.evaluation.guided import measure_mode, measure_reals
from handwriting_gan.evaluation.hand import measure_hand
from handwriting_gan.evaluation.identification import measure_identification
from handwriting_gan.evaluation.scorecard import (
    REAL_GLYPHS,
    GuidedEstimates,
    HandEstimates,
    IdentificationEstimates,
    MadeFrom,
    Scorecard,
)
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.synthesis.trained_model import TrainedModel

WORKERS = 2  # parts that run at the same time, because the NumPy code of a part uses one core
MODES = ("latent", "reference")  # the guided modes that are measured
TAUGHT_BY = "classifier taught by "  # begins the name of a part
Part = Callable[[], GuidedEstimates | HandEstimates | IdentificationEstimates | Estimate]


def measure(model: TrainedModel, bench: Bench) -> Scorecard:
    """The whole scorecard; shows a progress bar."""
    planned = parts(model, bench)
    with ThreadPoolExecutor(WORKERS) as threads:
        running = threads.map(lambda part: part(), planned.values())
        measured = list(track(running, "measuring", len(planned), transient=True))
    guided = {name: part for name, part in zip(planned, measured, strict=True) if isinstance(part, GuidedEstimates)}
    return Scorecard(
        made_from=made_from(model, bench),
        judges=bench.judges.hashes(),
        real=guided.pop("real"),
        guided=guided,
        hands=[part for part in measured if isinstance(part, HandEstimates)],
        no_hand=bench.no_hand if "writer" in model.modes else "",
        identification=next((part for part in measured if isinstance(part, IdentificationEstimates)), None),
        classification_accuracy={name.removeprefix(TAUGHT_BY): part
                                 for name, part in zip(planned, measured, strict=True) if isinstance(part, Estimate)},
    )


def parts(model: TrainedModel, bench: Bench) -> dict[str, Part]:
    """The parts of the scorecard that the model's modes and the data allow, by name; none is computed yet."""
    judges, reals, held_out = bench.judges, bench.reals, bench.held_out
    planned: dict[str, Part] = {
        "real": partial(measure_reals, judges, reals, held_out, bench.protocol, bench.seed)}
    for mode in MODES:
        if mode in model.modes:
            planned[mode] = partial(measure_mode, model, mode, judges, reals, held_out, bench.protocol, bench.seed)
    for case in (bench.case, bench.own_digit_case):
        if "writer" in model.modes and case is not None and bench.trained is not None:
            for count in bench.protocol.references:
                planned[f"hand from {count}, {case.kind}"] = partial(
                    measure_hand, model, judges, reals, case, bench.trained, count, bench.seed)
    if "writer" in model.modes and bench.case is not None:
        planned["identification"] = partial(
            measure_identification, model, judges, held_out, max(bench.protocol.references), bench.seed)
    if bench.protocol.fakes:
        for source in (REAL_GLYPHS, *(mode for mode in (*MODES, "writer") if mode in model.modes)):
            planned[TAUGHT_BY + source] = partial(
                measure_accuracy, model, source, bench.train, held_out, bench.protocol, bench.seed)
    return planned


def made_from(model: TrainedModel, bench: Bench) -> MadeFrom:
    """The model, data and protocol of the evaluation."""
    known = bench.held_out.writers != UNKNOWN_WRITER
    return MadeFrom(
        method=model.config.method, preset=model.config.preset, step=model.step, trained_on=model.config.data,
        route=model.config.get("route"), data=bench.data, seed=bench.seed,
        held_out=len(bench.held_out.digits), held_out_writers=len(np.unique(bench.held_out.writers[known])),
        protocol={name: list(value) if isinstance(value, tuple) else value
                  for name, value in bench.protocol._asdict().items()},
    )
