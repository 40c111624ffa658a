"""A figure as a scorecard holds it: with its interval, or left out and the reason said."""

import math
from collections.abc import Callable
from typing import Any

from handwriting_gan.metrics.bootstrap import Figure, TooFewError

Estimate = dict[str, Any]  # value, interval; or value None, why


def estimate(figure: Callable[..., Figure | float], *arguments: Any) -> Estimate:
    """`figure` of the arguments; where there is too little for it, nothing but the reason."""
    try:
        found = figure(*arguments)
    except TooFewError as error:
        return missing(str(error))
    if isinstance(found, Figure):
        return {"value": found.value, "interval": found.interval and list(found.interval)}
    if not math.isfinite(found):
        return missing("it is not defined on these glyphs")
    return {"value": float(found), "interval": None}


def missing(why: str) -> Estimate:
    """A figure that is left out."""
    return {"value": None, "why": why}
