"""The catalogue: which method a config means. The only place that looks a method up by its name."""

from collections.abc import Callable

from ml_collections import ConfigDict

from handwriting_gan.errors import InputError
from handwriting_gan.methods import (
    conditional_dcgan,
    content_bottleneck,
    dcgan,
    drit,
    ladder,
    lord,
    munit,
    stargan_v1,
    stargan_v2,
    writer_guided,
)
from handwriting_gan.methods.method import Method

CATALOGUE: dict[str, Callable[[ConfigDict], Method]] = {
    "conditional_dcgan": conditional_dcgan.build,
    "content_bottleneck": content_bottleneck.build,
    "dcgan": dcgan.build,
    "drit": drit.build,
    "label_styled": ladder.build_label_styled,
    "latent_styled": ladder.build_latent_styled,
    "lord": lord.build,
    "multi_task_stargan": ladder.build_multi_task,
    "munit": munit.build,
    "stargan_v1": stargan_v1.build,
    "stargan_v2": stargan_v2.build,
    "writer_guided": writer_guided.build,
}


def build(config: ConfigDict) -> Method:
    """The method that `config.method` names, with that config's networks and losses.

    Raises:
      InputError: if no method has that name.
    """
    if config.method not in CATALOGUE:
        raise InputError(f"no method is called {config.method!r}; "
                         f"there is {', '.join(sorted(CATALOGUE))}")
    return CATALOGUE[config.method](config)
