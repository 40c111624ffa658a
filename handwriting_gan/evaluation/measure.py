"""Measures a trained model: makes its scorecard from a bench.

Each part (real glyphs, a guided mode, the hand for one K) is independent of the others.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from rich.progress import track

from handwriting_gan.data.glyphs import UNKNOWN_WRITER
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.guided import measure_mode, measure_reals
from handwriting_gan.evaluation.hand import measure_hand
from handwriting_gan.evaluation.scorecard import GuidedEstimates, HandEstimates, MadeFrom, Scorecard
from handwriting_gan.synthesis.trained_model import TrainedModel

WORKERS = 2  # parts that run at the same time, because the NumPy code of a part uses one core
MODES = ("latent", "reference")  # the guided modes that are measured
Part = Callable[[], GuidedEstimates | HandEstimates]


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
