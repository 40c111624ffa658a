"""The range of every config field, as data; training and reading a workdir both check it."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from ml_collections import ConfigDict

from handwriting_gan.errors import InputError

INT32_MAX = 2**31 - 1
MAX_WIDTH = 2**16  # of a layer
FLOAT32_MAX = 3.4e38
MAX_COUNT = 1_000  # of layers or updates, which a compiled program unrolls


class Range(Protocol):
    """The allowed values of a field; `str()` completes "it must be"."""

    def contains(self, value: Any) -> bool:
        """Whether a value is allowed."""


@dataclasses.dataclass(frozen=True)
class Name:
    """Any name; the code that looks it up checks it."""

    def contains(self, value: Any) -> bool:
        """Whether a value is a string and not empty."""
        return isinstance(value, str) and bool(value)

    def __str__(self) -> str:
        return "a name"


class Whole(NamedTuple):
    """Whole numbers, both ends included."""

    least: int
    most: int = INT32_MAX

    def contains(self, value: Any) -> bool:
        """Whether a value is in range; booleans are not numbers."""
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most

    def __str__(self) -> str:
        return f"a whole number from {self.least} to {self.most}"


class Real(NamedTuple):
    """Finite numbers between two ends; `above` and `below` exclude the end itself."""

    least: float = 0.0
    most: float = FLOAT32_MAX
    above: bool = False
    below: bool = False

    def contains(self, value: Any) -> bool:
        """Whether a value is in range; booleans are not numbers."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        high_enough = value > self.least if self.above else value >= self.least
        low_enough = value < self.most if self.below else value <= self.most
        return high_enough and low_enough

    def __str__(self) -> str:
        least = f"{'above' if self.above else 'at least'} {self.least:g}"
        if self.most == FLOAT32_MAX:
            return f"finite and {least}"
        return f"{least} and {'below' if self.below else 'at most'} {self.most:g}"


class OneOf(NamedTuple):
    """A list of names."""

    names: tuple[str, ...]

    def contains(self, value: Any) -> bool:
        """Whether a value is in the list."""
        return value in self.names

    def __str__(self) -> str:
        return f"one of {', '.join(self.names)}"


@dataclasses.dataclass(frozen=True)
class Switch:
    """True or False."""

    def contains(self, value: Any) -> bool:
        """Whether a value is a boolean."""
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "True or False"


COUNT, WIDTH, WEIGHT = Whole(1), Whole(1, MAX_WIDTH), Real()
DECAY = Real(0.0, 0.999999)  # float32 rounds larger values to 1, and then the bias correction divides by 0
# The range by the field's path; `group.*` is the range of the group's other fields.
RANGES: dict[str, Range] = {
    "preset": OneOf(("tiny", "small", "base")),
    "method": Name(),
    "data": Name(),
    "tracker": OneOf(("tensorboard", "wandb")),
    "compute": OneOf(("float32", "bfloat16")),
    "guided_by": OneOf(("latents", "references", "both")),
    "route": OneOf(("source", "reference", "shared_latent")),
    "solver": OneOf(("euler", "heun")),
    "seed": Whole(0, 2**32 - 1),
    "steps": COUNT,
    "batch_size": Whole(1, 2**20),
    "micro_batches": Whole(1, 2**20),
    "steps_per_dispatch": COUNT,
    "log_every": COUNT,
    "sample_every": COUNT,
    "checkpoint_every": COUNT,
    "diversity_decay_steps": COUNT,
    "discriminator_updates": Whole(1, MAX_COUNT),
    "content_discriminator_updates": Whole(1, MAX_COUNT),
    "glyphs": COUNT,
    "ema_decay": DECAY,
    "truncation": Real(0.0, 1.0),
    "rate_decay": Real(0.0, 1.0),
    "own_digit": Real(0.0, 1.0),
    "solver_steps": Whole(1, MAX_COUNT),
    "learned_prior": Switch(),
    "content_noise": Real(),
    "networks.levels": Whole(0, 2),  # 28 pixels can be halved twice
    "networks.blocks": Whole(1, MAX_COUNT),
    "networks.bottleneck_blocks": Whole(1, MAX_COUNT),
    **{f"networks.{name}": WIDTH for name in (
        "width", "max_width", "discriminator_width", "encoder_width", "generator_width", "mapping_width",
        "perceptron_width", "class_dim", "content_dim", "latent_dim", "style_dim")},
    "losses.*": WEIGHT,
    "learning_rates.*": Real(above=True),
    "max_gradient_norms.*": Real(above=True),
    "adam.beta1": DECAY,
    "adam.beta2": DECAY,
    "adam.l2": WEIGHT,
}
# The fields that `train` reads from every config, for all methods.
REQUIRED = ("preset", "seed", "data", "steps", "batch_size", "micro_batches", "compute", "steps_per_dispatch",
            "ema_decay", "tracker", "log_every", "sample_every", "checkpoint_every", "method", "networks",
            "learning_rates", "adam")
GROUPS = ("networks", "losses", "learning_rates", "max_gradient_norms", "adam")
RENAMED = {"averaging": "ema_decay"}  # {field of an old config: its name today}


def with_new_names(old: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config, those with an old name renamed, in the same order."""
    return {RENAMED.get(name, name): value for name, value in old.items()}


def fields(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The path, such as `adam.beta1`, and the value of every field."""
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from fields(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def range_of(path: str) -> Range | None:
    """The range of a field, or None for a field that no config of this project has."""
    return RANGES.get(path) or RANGES.get(f"{path.rpartition('.')[0]}.*")


def check_ranges(config: ConfigDict, prefix: str) -> None:
    """Checks the value of every field; an error message shows `prefix`, such as `--config.`, before the path.

    Raises:
      InputError: naming the first field that is out of range or has an old name, or a group without fields.
    """
    for name in sorted(RENAMED.keys() & config.keys()):
        raise InputError(f"{prefix}{name} is now called {RENAMED[name]}; rename the field")
    for name in GROUPS:
        if name in config and not isinstance(config[name], ConfigDict):
            raise InputError(f"{prefix}{name} is {shorten(config[name])}; it must be a group of fields")
        for field, value in config.get(name, {}).items():
            if isinstance(value, ConfigDict):
                raise InputError(f"{prefix}{name}.{field} is a group of fields; it must be a value")
    for name, value in config.items():
        if name in RANGES and isinstance(value, ConfigDict):
            raise InputError(f"{prefix}{name} is a group of fields; it must be {RANGES[name]}")
    order = {path: index for index, path in enumerate(RANGES)}
    # In the table's order, so that the error names `steps` before a field that follows it.
    for path, value in sorted(fields(config), key=lambda field: order.get(field[0], len(order))):
        allowed = range_of(path)
        if allowed is not None and not allowed.contains(value):
            raise InputError(f"{prefix}{path} is {shorten(value)}; it must be {allowed}")


def check_complete(config: ConfigDict) -> None:
    """Checks that a config has every field that all runs need, and can be saved.

    Raises:
      InputError: naming the missing fields, or a value that JSON does not have.
    """
    if missing := [name for name in REQUIRED if name not in config]:
        raise InputError(f"the config has no {', no '.join(missing)}; begin with the fields of configs/common.py")
    try:
        config.to_json()
    except TypeError as error:
        raise InputError(f"the config cannot be saved ({str(error).partition('.')[0]}); use numbers, text, "
                         "lists and groups of fields") from error


def shorten(value: Any) -> str:
    """A value as an error message shows it; a long one is cut."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        text = f"a {type(value).__name__} of very many digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
