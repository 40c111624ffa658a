"""The scorecard: what a trained model can do, in numbers that can be compared and said how they were made.

Every figure is a value with its 95 % interval over writers, or no value and the reason.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from rich.progress import track

from handwriting_gan.data.glyphs import UNKNOWN_WRITER
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.estimate import missing
from handwriting_gan.evaluation.guided import measure_mode, measure_reals
from handwriting_gan.evaluation.hand import measure_hand
from handwriting_gan.synthesis.trained_model import TrainedModel

AT_ONCE = 2  # parts: each is now at the networks and now at what NumPy does on one core
Measures = Iterator[tuple[str, Callable[[], dict[str, Any]]]]


def make(model: TrainedModel, bench: Bench) -> dict[str, Any]:
    """The whole scorecard, with a bar while it is made: figures, what they were made from, who judged."""
    names, parts = zip(*measures(model, bench), strict=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        measured = threads.map(lambda part: part(), parts)
        figures = dict(zip(names, track(measured, "measuring", len(parts), transient=True), strict=True))
    if "writer" in model.modes and bench.case is None:
        figures["hand"] = missing(bench.no_hand)
    known = bench.held_out.writers != UNKNOWN_WRITER
    return {
        "made_from": {
            "method": model.config.method, "preset": model.config.preset, "step": model.step,
            "trained_on": model.config.data, "route": model.config.get("route"),
            "data": bench.data, "seed": bench.seed, "held_out": len(bench.held_out.digits),
            "held_out_writers": len(np.unique(bench.held_out.writers[known])),
            "protocol": bench.protocol._asdict(),
        },
        "judges": bench.judges.hashes(),
        "figures": figures,
    }


def measures(model: TrainedModel, bench: Bench) -> Measures:
    """The scorecard's parts by name, each computed when it is called: reals, modes, the hand for each K."""
    judges, reals, held_out = bench.judges, bench.reals, bench.held_out
    yield "real", lambda: measure_reals(judges, reals, held_out, bench.protocol, bench.seed)
    for mode in ("latent", "reference"):
        if mode in model.modes:
            yield mode, partial(
                measure_mode, model, mode, judges, reals, held_out, bench.protocol, bench.seed)
    if "writer" in model.modes and bench.case is not None and bench.trained is not None:
        for count in bench.protocol.references:
            yield f"hand, K = {count}", partial(
                measure_hand, model, judges, reals, bench.case, bench.trained, count, bench.seed)
