"""When an action is due: a function of the step alone."""


def due(step: int, every: int, previous: int, last: int) -> bool:
    """Whether there is a multiple of `every` in (previous, step], or `step` is the last."""
    return step // every > previous // every or step >= last
