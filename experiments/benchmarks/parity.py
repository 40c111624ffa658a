"""Whether the PyTorch rival computes what ours computes: the same numbers in, the same numbers out.

$ python -m experiments.benchmarks.parity --width 8

Both get one set of parameters, one batch, one pair of latents. Compared are every network's output, every
loss term, the gradient of every parameter that each of the four phases moves, and where one whole iteration
leads: our compiled train step on all devices, with draws of its own, against the rival's `iteration`.

In float64, because Adam's first step is hardly more than the gradient's sign: in float32 the two would part
wherever a gradient is mostly rounding, as that of a bias before a normalisation is. The iteration is compared
by how far it moved each array. Its tolerance is wider, since our step draws its images in float32, to which
R1's gradient is rounded where it meets them. All parameters are moved off their initial values, so that no
bias is 0 and no scale 1; the weights of the terms all differ.
"""

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from configs import stargan_v2 as config_file
from experiments.benchmarks.turns import leave_without_torch
from handwriting_gan import cache, methods
from handwriting_gan.data import mnist_5k
from handwriting_gan.data.batches import Batch, Pool, make_pool, sample_batch
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.methods.method import Method, Params, Phase
from handwriting_gan.report.tables import markdown_table
from handwriting_gan.training import devices, optimizers
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import example_keys, make_train_step, phase_gradients

try:
    import torch

    from experiments.benchmarks import pytorch_stargan_v2 as rival
except ModuleNotFoundError:
    leave_without_torch()

BATCH, SEED, STEP = 4, 0, 3
TIGHT, ITERATION = 1e-8, 1e-4  # tolerances
LEAST = 1e-4  # an array whose norm is less than this share of the largest one's is held to that
NAMES = (  # Flax's numbered names, and the rival's; replaced in this order
    (r"\.Trunk_0\.Conv_0", ".trunk.stem"),
    (r"\.Trunk_0\.Conv_1", ".trunk.last"),
    (r"\.Trunk_0\.ResidualBlock_", ".trunk.blocks."),
    (r"^mapping_network\.Dense_", "mapping_network.shared."),
    (r"^mapping_network\.DomainDense_", "mapping_network.own."),
    (r"\.DomainDense_0", ".head"),
    (r"^generator\.([a-z_]+)_(\d)\.", r"generator.\1.\2."),
    (r"\.(Adaptive)?InstanceNorm_0", ".norm1"),
    (r"\.(Adaptive)?InstanceNorm_1", ".norm2"),
    (r"\.Dense_0", ".linear"),
    (r"\.Conv_0", ".conv1"),
    (r"\.Conv_1", ".conv2"),
    (r"\.Conv_2", ".shortcut"),
    (r"\.(kernel|scale)$", ".weight"),
)

Arrays = dict[str, np.ndarray]  # {the rival's name: array in the rival's layout}


class Case(NamedTuple):
    """What both are given."""

    config: ConfigDict
    method: Method
    params: Params
    averaged: Params  # others than `params`, so that an average could not be mistaken for a copy
    pool: Pool
    batch: Batch  # float64
    keys: jax.Array  # [B], of the latents


class Comparison(NamedTuple):
    """Arrays of ours against the rival's: how many, which differs most, by how much, and how much it may."""

    what: str
    arrays: int
    worst: str
    error: float
    tolerance: float


def main() -> None:
    """Flags in, a table out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=whole_number(1), default=8, help="channels at 28 x 28")
    width = parser.parse_args().width
    cache.keep_compiled()
    with jax.enable_x64(True):
        comparisons = list(compare_all(make_case(width)))
    print(markdown_table(["", "arrays", "differs most", "relative error", "tolerance"], [
        [one.what, str(one.arrays), one.worst, f"{one.error:.1e}", f"{one.tolerance:.0e}"]
        for one in comparisons]))
    apart = [f"{one.what} ({one.worst})" for one in comparisons if not one.error <= one.tolerance]
    if apart:
        raise InputError(f"the rival does not compute what ours does: {', '.join(apart)}; mend either")


# What both are given.


def make_config(width: int) -> ConfigDict:
    """The smallest preset at this width; the weights of the terms differ, the diversity's is half decayed."""
    config = config_file.get_config("tiny")
    config.networks.update({"width": width, "max_width": 4 * width})
    config.losses.update({"r1": 0.7, "style_reconstruction": 0.5, "diversity": 2.0, "cycle": 3.0})
    config.diversity_decay_steps = 2 * STEP
    return config


def make_case(width: int) -> Case:
    """Parameters off their initial values, and the batch and keys that our own step draws at `STEP`."""
    config, rng = make_config(width), np.random.default_rng(SEED)
    method = methods.build(config)
    initial = jax.jit(method.init)(jax.random.key(SEED))
    params, others = (jax.tree.map(lambda x: np.asarray(x) + rng.normal(scale=0.1, size=x.shape), initial)
                      for _ in range(2))
    pool = make_pool(mnist_5k.load("train"))
    draw_keys, noise_keys = example_keys(SEED, jnp.int32(STEP), 0, jnp.arange(BATCH))
    batch = Batch(*(x.astype(jnp.float64) if x.ndim == 4 else x for x in sample_batch(pool, draw_keys)))
    return Case(config, method, params, {name: others[name] for name in method.averaged}, pool, batch,
                noise_keys)


def draw_latents(case: Case) -> tuple[jax.Array, jax.Array]:
    """The two latents `[B, Z]` that our losses draw from the case's keys."""
    method: Any = case.method.phases[0].loss  # bound to the StarGAN v2 that draws them
    return method.__self__.sample_latents(case.keys)


def draw_inputs(case: Case) -> dict[str, tuple]:
    """What each network is tried on."""
    batch, (latents, _) = case.batch, draw_latents(case)
    styles = np.random.default_rng(SEED).normal(size=(BATCH, case.config.networks.style_dim))
    return {
        "generator": (batch.sources, styles),
        "mapping_network": (latents, batch.reference_digits),
        "style_encoder": (batch.references, batch.reference_digits),
        "discriminator": (batch.sources, batch.source_digits),
    }


def build_rival(case: Case) -> rival.StarGANv2:
    """The rival with our parameters and averages; it refuses a name or a shape that it does not know."""
    model = rival.StarGANv2(case.config).double()
    state = carry_state(case.params, case.averaged)
    model.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    return model


def carry_state(params: Params, averaged: Params) -> Arrays:
    """Parameters and averages as the rival's state."""
    return carry(params) | {f"averaged.{name}": array for name, array in carry(averaged).items()}


def carry(params: Params) -> Arrays:
    """Parameters, or their gradients, as the rival names them and lays them out."""
    return {rename(name): lay_out(name, np.asarray(array))
            for name, array in flatten_dict(params, sep=".").items()}


def rename(name: str) -> str:
    """`generator.down_0.Conv_1.kernel` becomes `generator.down.0.conv2.weight`."""
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def lay_out(name: str, array: np.ndarray) -> np.ndarray:
    """Convolutions HWIO as OIHW, linear layers transposed; those per domain, `[D, in, out]`, stay."""
    if name.endswith("kernel") and array.ndim != 3:
        return array.transpose((3, 2, 0, 1) if array.ndim == 4 else (1, 0))
    return array


def to_tensor(array: jax.Array | np.ndarray) -> torch.Tensor:
    """Images NHWC as NCHW, digits as int64, styles and latents as they are."""
    tensor = torch.tensor(np.asarray(array))
    if tensor.ndim == 4:
        return tensor.permute(0, 3, 1, 2)
    return tensor if tensor.is_floating_point() else tensor.long()


def to_numpy(tensors: dict[str, torch.Tensor]) -> Arrays:
    """Copies, which what is done in place later leaves alone."""
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


# What either makes of it.


def our_outputs(case: Case, inputs: dict[str, tuple]) -> Arrays:
    """What each of our networks makes of its inputs."""
    return {name: np.asarray(to_tensor(jax.jit(case.method.networks[name].apply)(
        {"params": case.params[name]}, *given))) for name, given in inputs.items()}


def their_outputs(model: rival.StarGANv2, inputs: dict[str, tuple]) -> Arrays:
    """What each of the rival's networks makes of its inputs."""
    return to_numpy({name: getattr(model, name)(*map(to_tensor, given)) for name, given in inputs.items()})


def our_gradients(case: Case, phase: Phase) -> tuple[Arrays, Arrays]:
    """Gradients and terms of one of our phases."""
    gradients, terms = jax.jit(functools.partial(phase_gradients, phase))(
        case.params, case.batch, case.keys, jnp.int32(STEP))
    return carry(gradients), {f"{phase.name}/{name}": np.asarray(term) for name, term in terms.items()}


def their_gradients(model: rival.StarGANv2, loss: Callable, moved: tuple[str, ...], batch: rival.Batch,
                    latents: rival.Latents) -> tuple[Arrays, Arrays]:
    """Gradients and terms of one of the rival's phases."""
    model.zero_grad()
    model.move_only(moved)
    total, terms = loss(model, batch, latents, STEP)
    total.backward()
    gradients = {name: each.grad for name, each in model.named_parameters() if each.grad is not None}
    return to_numpy(gradients), to_numpy({f"{loss.__name__}/{name}": term for name, term in terms.items()})


def our_iteration(case: Case) -> Arrays:
    """Parameters and averages after one step of training, as `train` takes it."""
    chain = optimizers.build(case.config)
    opt_states = {name: chain[name].init(params) for name, params in case.params.items()}
    state = TrainState(jnp.int32(STEP), dict(case.params), dict(case.averaged), opt_states)
    step = devices.parallel(
        make_train_step(case.method, chain, case.config.ema_decay, SEED, devices.AXIS), steps=1)
    state, _ = step(devices.replicate(state), devices.replicate(case.pool), devices.split_batch(BATCH))
    return carry_state(devices.unreplicate(state.params), devices.unreplicate(state.averaged))


def their_iteration(model: rival.StarGANv2, config: ConfigDict, batch: rival.Batch,
                    latents: rival.Latents) -> Arrays:
    """Parameters and averages after one iteration of the rival, which it changes in place."""
    rival.iteration(model, rival.build_optimizers(model, config), batch, latents, STEP)
    return to_numpy(model.state_dict())


# The comparisons.


def compare_all(case: Case) -> Iterator[Comparison]:
    """Networks, phases, one whole iteration."""
    model = build_rival(case)
    batch, latents = rival.Batch(*map(to_tensor, case.batch)), tuple(map(to_tensor, draw_latents(case)))
    inputs = draw_inputs(case)
    yield compare("outputs", our_outputs(case, inputs), their_outputs(model, inputs), TIGHT)
    our_terms: Arrays = {}
    their_terms: Arrays = {}
    for phase, (loss, moved) in zip(case.method.phases, rival.PHASES, strict=True):
        ours, terms = our_gradients(case, phase)
        theirs, others = their_gradients(model, loss, moved, batch, latents)
        yield compare(f"gradients, {phase.name}", ours, theirs, TIGHT)
        our_terms, their_terms = our_terms | terms, their_terms | others
    yield compare("terms", our_terms, their_terms, TIGHT)
    before, ours = carry_state(case.params, case.averaged), our_iteration(case)
    theirs = their_iteration(model, case.config, batch, latents)
    yield compare("updates", subtract(ours, before), subtract(theirs, before), ITERATION)


def subtract(after: Arrays, before: Arrays) -> Arrays:
    """How far each array has moved."""
    return {name: array - before[name] for name, array in after.items()}


def compare(what: str, ours: Arrays, theirs: Arrays, tolerance: float) -> Comparison:
    """The largest relative error in norm of an array; what is almost nothing is held to the largest array.

    Raises:
      InputError: if only one side has an array.
    """
    if ours.keys() != theirs.keys():
        raise InputError(f"{what}: only one side has {', '.join(sorted(ours.keys() ^ theirs.keys()))}")
    least = LEAST * max(float(np.linalg.norm(array)) for array in ours.values())
    errors = {name: np.linalg.norm(theirs[name] - array) / max(float(np.linalg.norm(array)), least)
              for name, array in ours.items()}
    finite = {name: float(np.nan_to_num(error, nan=np.inf)) for name, error in errors.items()}
    worst = max(finite, key=lambda name: finite[name])
    return Comparison(what, len(finite), worst, finite[worst], tolerance)


if __name__ == "__main__":
    exit_in_one_line(main)
