"""When something is due: a function of the step alone."""


def due(step: int, every: int, previous: int, last: int) -> bool:
    """Whether a multiple of `every` lies in `previous` < multiple <= `step`, or `step` is the last."""
    return step // every > previous // every or step >= last
