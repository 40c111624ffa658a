"""Every field of every config has a range; the presets are within it, and wrong values are errors."""

import importlib
import json
import math
from typing import Any

import pytest
from ml_collections import ConfigDict

from configs import ablations, common, stargan_v2
from handwriting_gan.errors import InputError
from handwriting_gan.methods import stargan_v2 as stargan_v2_method
from handwriting_gan.methods.flow_matching import SOLVERS
from handwriting_gan.networks.precision import COMPUTE
from handwriting_gan.workdir.config_ranges import (
    RANGES,
    RENAMED,
    REQUIRED,
    OneOf,
    check_complete,
    check_ranges,
    fields,
    with_new_names,
)
from handwriting_gan.workdir.config_ranges import range_of as range_of_field
from handwriting_gan.workdir.layout import RELEASED

METHODS = ("conditional_dcgan", "content_bottleneck", "dcgan", "drit", "flow_matching", "lord", "msgan",
           "munit", "stargan_v1", "stargan_v2", "writer_guided")
CONFIGS = [(name, preset) for name in METHODS for preset in common.PRESETS] + [
    ("ablations", f"{name}:{preset}") for name in ablations.ABLATIONS for preset in common.PRESETS]
WRONG = (math.nan, math.inf, -math.inf, -1, True, "many", None, [1])


def config_of(name: str, chosen: str) -> ConfigDict:
    return importlib.import_module(f"configs.{name}").get_config(chosen)


@pytest.mark.parametrize(("name", "chosen"), CONFIGS)
def test_every_field_has_a_range_that_contains_its_value(name: str, chosen: str) -> None:
    config = config_of(name, chosen)
    assert [path for path, _ in fields(config) if range_of_field(path) is None] == []
    check_ranges(config, "--config.")
    check_complete(config)


@pytest.mark.parametrize("name", METHODS)
def test_a_value_out_of_range_is_an_error_that_names_the_field(name: str) -> None:
    for path, _ in fields(config_of(name, "tiny")):
        for wrong in WRONG:
            if path in RANGES and RANGES[path].contains(wrong):  # any text is a name, True is a switch's value
                continue
            raw = json.loads(config_of(name, "tiny").to_json())
            *groups, last = path.split(".")
            group = raw
            for part in groups:
                group = group[part]
            group[last] = wrong
            with pytest.raises(InputError, match=rf"^--config\.{path} is .*; it must be "):
                check_ranges(ConfigDict(raw), "--config.")


@pytest.mark.parametrize(("path", "right", "wrong"), [
    ("ema_decay", (0, 0.0, 0.999), (1, 1.0, 1.5, -0.1, 0.99999999)),  # float32 rounds the last to 1
    ("learning_rates.any", (1e-9, 1), (0, 0.0, -1e-3, 10**400)),
    ("max_gradient_norms.any", (1e-3, 5), (0, 0.0, -1.0)),
    ("losses.any", (0, 0.0, 1e6), (-1e-9, 1e39)),
    ("adam.beta1", (0.0, 0.999), (1.0, -0.5)),
    ("adam.beta2", (0.0, 0.999), (1.0, -0.5, 0.99999999)),
    ("adam.l2", (0.0, 1e-4), (-1e-4,)),
    ("truncation", (0, 0.0, 1.0), (1.0001, -0.1)),
    ("rate_decay", (0.0, 0.4, 1.0), (-0.1, 1.1)),
    ("own_digit", (0.0, 0.5, 1), (-0.1, 1.1)),
    ("learned_prior", (True, False), (0, 1, 1.0)),
    ("content_noise", (0.0, 2.0), (-1.0,)),
    ("solver_steps", (1, 20), (0, 1.0, 10**6)),
    ("seed", (0, 2**32 - 1), (2**32, 2**40, 10**30, 1.0)),
    ("steps", (1, 2**31 - 1), (0, 2**31, 1.0, 1e3)),
    ("batch_size", (1, 64), (0, 10**12)),
    ("networks.levels", (1, 2), (3, 1.0)),
    ("networks.bottleneck_blocks", (1, 4), (0, 10**6)),
    ("compute", ("float32", "bfloat16"), ("float16", "")),
    ("method", ("stargan_v2",), ("", 5, None)),
    ("data", ("mnist_5k",), ("", 5, None)),
])
def test_a_range_has_the_right_ends(path: str, right: tuple, wrong: tuple) -> None:
    allowed = range_of_field(path)
    assert all(allowed.contains(value) for value in right)
    assert not any(allowed.contains(value) for value in wrong)


@pytest.mark.parametrize("path", ["preset", "data", "seed", "steps"])
def test_a_group_instead_of_a_value_is_an_error(path: str) -> None:
    config = ConfigDict(stargan_v2.get_config("tiny").to_dict() | {path: {}})
    with pytest.raises(InputError, match=rf"^--config\.{path} is a group of fields; it must be "):
        check_ranges(config, "--config.")


def test_a_value_that_cannot_be_saved_is_an_error() -> None:
    config = ConfigDict(stargan_v2.get_config("tiny").to_dict() | {"note": object()})
    with pytest.raises(InputError, match="cannot be saved"):
        check_complete(config)


def test_the_lists_of_names_are_those_of_the_code() -> None:
    assert RANGES["compute"] == OneOf(tuple(COMPUTE))
    assert RANGES["preset"] == OneOf(common.PRESETS)
    assert RANGES["solver"] == OneOf(tuple(SOLVERS))
    for name, path in (("route", "route"), ("guided_by", "guided_by")):
        for value in RANGES[path].names:
            config = stargan_v2.get_config("tiny")
            config[name] = value
            stargan_v2_method.build(config)


def test_the_error_names_steps_before_a_field_that_follows_them() -> None:
    config = stargan_v2.get_config("tiny")
    config.steps = 0
    with pytest.raises(InputError, match=r"^--config\.steps is 0; it must be a whole number from 1 to"):
        check_ranges(config, "--config.")


@pytest.mark.parametrize("path", ["losses.r1", "networks.width", "adam.beta1"])
def test_a_value_that_is_a_group_is_an_error(path: str) -> None:
    raw = stargan_v2.get_config("tiny").to_dict()
    group, field = path.split(".")
    raw[group][field] = {"weight": 1.0}
    with pytest.raises(InputError, match=f"{path} is a group of fields; it must be a value"):
        check_ranges(ConfigDict(raw), "--config.")


@pytest.mark.parametrize("group", ["networks", "losses", "learning_rates", "max_gradient_norms", "adam"])
def test_a_group_that_is_a_number_is_an_error(group: str) -> None:
    raw: dict[str, Any] = {**stargan_v2.get_config("tiny").to_dict(), group: 5}
    with pytest.raises(InputError, match=f"{group} is 5; it must be a group of fields"):
        check_ranges(ConfigDict(raw), "")


@pytest.mark.parametrize("name", REQUIRED)
def test_the_error_names_a_missing_field(name: str) -> None:
    raw = stargan_v2.get_config("tiny").to_dict()
    del raw[name]
    with pytest.raises(InputError, match=f"the config has no {name}"):
        check_complete(ConfigDict(raw))


def test_an_old_field_name_is_an_error_that_gives_the_new_name() -> None:
    raw: dict[str, Any] = {**stargan_v2.get_config("tiny").to_dict(), "averaging": 0.9}
    with pytest.raises(InputError, match=r"--config\.averaging is now called ema_decay"):
        check_ranges(ConfigDict(raw), "--config.")


def test_the_fields_of_an_old_config_get_their_new_names() -> None:
    old = json.loads((RELEASED / "config.json").read_text())
    new = with_new_names(old)
    assert "averaging" not in new
    assert new == {RENAMED.get(name, name): value for name, value in old.items()}
    assert new["ema_decay"] == 0.998
    check_ranges(ConfigDict(new), "")
    assert with_new_names(new) == new
