"""The catalogue of methods by name."""

from collections.abc import Callable

from ml_collections import ConfigDict

from handwriting_gan.errors import InputError
from handwriting_gan.methods import (
    conditional_dcgan,
    content_bottleneck,
    dcgan,
    drit,
    flow_matching,
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
    "flow_matching": flow_matching.build,
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
    """The method `config.method` with the config's networks and losses.

    Raises:
      InputError: if there is no such method, or as the method's own `build`.
    """
    if config.method not in CATALOGUE:
        raise InputError(f"method is {config.method!r}; it must be one of {', '.join(sorted(CATALOGUE))}")
    return CATALOGUE[config.method](config)
