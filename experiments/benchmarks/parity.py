"""Checks that our train step and the PyTorch implementation compute the same numbers from the same inputs.

$ python -m experiments.benchmarks.parity --width 8

Both receive the same parameters, batch and latents. The check compares the output of every network, every loss term,
the gradient of every parameter that each of the four phases updates, and the parameters after one iteration: our
compiled train step on all devices, with its own sampling, and PyTorch's `iteration`.

It runs in float64, because Adam's first step depends on little more than the sign of the gradient: in float32 the
results differ wherever a gradient is mostly rounding error, as that of a bias before a normalisation. The iteration is
compared by the change of each array. Its tolerance is wider, because our step samples its images in float32, and R1's
gradient with respect to them is rounded to float32. All parameters differ from their initial values, so that no bias
is 0 and no scale 1, and the weights of all terms differ.
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
from experiments.benchmarks.turns import exit_without_torch
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

    from experiments.benchmarks import pytorch_stargan_v2 as pytorch
except ModuleNotFoundError:
    exit_without_torch()

BATCH, SEED, STEP = 4, 0, 3
TIGHT, ITERATION = 1e-8, 1e-4  # tolerances
LEAST = 1e-4  # errors are relative to at least this fraction of the largest norm
NAMES = (  # Flax's names and PyTorch's; replaced in this order
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

Arrays = dict[str, np.ndarray]  # {PyTorch's name: array in PyTorch's layout}


class Case(NamedTuple):
    """The inputs of both implementations."""

    config: ConfigDict
    method: Method
    params: Params
    averaged: Params  # differ from `params`, so that a copy would be detected
    pool: Pool
    batch: Batch  # float64
    keys: jax.Array  # [B], of the latents


class Comparison(NamedTuple):
    """Our arrays compared with PyTorch's: their number, the one that differs most, its error, the tolerance."""

    what: str
    arrays: int
    worst: str
    error: float
    tolerance: float


def main() -> None:
    """Parses the flags and prints the table."""
    parser = Flags(__doc__, example="python -m experiments.benchmarks.parity --width 8")
    parser.add_argument("--width", type=whole_number(1), default=8, help="channels at 28 x 28")
    width = parser.parse_args().width
    cache.keep_compiled()
    with jax.enable_x64(True):
        comparisons = list(compare_all(make_case(width)))
    print(markdown_table(["", "arrays", "differs most", "relative error", "tolerance"], [
        [one.what, str(one.arrays), one.worst, f"{one.error:.1e}", f"{one.tolerance:.0e}"]
        for one in comparisons]))
    different = [f"{one.what} ({one.worst})" for one in comparisons if not one.error <= one.tolerance]
    if different:
        raise InputError(f"the two implementations differ: {', '.join(different)}; correct one of them")


# Inputs.


def make_config(width: int) -> ConfigDict:
    """The preset `tiny` at this width; all term weights differ, and that of diversity is half decayed."""
    config = config_file.get_config("tiny")
    config.networks.update({"width": width, "max_width": 4 * width})
    config.losses.update({"r1": 0.7, "style_reconstruction": 0.5, "diversity": 2.0, "cycle": 3.0})
    config.diversity_decay_steps = 2 * STEP
    return config


def make_case(width: int) -> Case:
    """Parameters that differ from their initial values, and the batch and keys that our step samples at `STEP`."""
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


def sample_latents(case: Case) -> tuple[jax.Array, jax.Array]:
    """The two latents `[B, Z]` that our losses sample from the case's keys."""
    method: Any = case.method.phases[0].loss  # a bound method of our StarGAN v2
    return method.__self__.sample_latents(case.keys)


def network_inputs(case: Case) -> dict[str, tuple]:
    """The inputs of each network."""
    batch, (latents, _) = case.batch, sample_latents(case)
    styles = np.random.default_rng(SEED).normal(size=(BATCH, case.config.networks.style_dim))
    return {
        "generator": (batch.sources, styles),
        "mapping_network": (latents, batch.reference_digits),
        "style_encoder": (batch.references, batch.reference_digits),
        "discriminator": (batch.sources, batch.source_digits),
    }


def build_pytorch(case: Case) -> pytorch.StarGANv2:
    """The PyTorch model with our parameters and averages; PyTorch checks all names and shapes."""
    model = pytorch.StarGANv2(case.config).double()
    state = convert_state(case.params, case.averaged)
    model.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    return model


def convert_state(params: Params, averaged: Params) -> Arrays:
    """Parameters and averages as PyTorch's state."""
    return convert(params) | {f"averaged.{name}": array for name, array in convert(averaged).items()}


def convert(params: Params) -> Arrays:
    """Parameters or gradients with PyTorch's names and layouts."""
    return {rename(name): to_pytorch_layout(name, np.asarray(array))
            for name, array in flatten_dict(params, sep=".").items()}


def rename(name: str) -> str:
    """`generator.down_0.Conv_1.kernel` becomes `generator.down.0.conv2.weight`."""
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def to_pytorch_layout(name: str, array: np.ndarray) -> np.ndarray:
    """Convolutions from HWIO to OIHW, linear layers transposed; linear layers per domain `[D, in, out]` as they are."""
    if name.endswith("kernel") and array.ndim != 3:
        return array.transpose((3, 2, 0, 1) if array.ndim == 4 else (1, 0))
    return array


def to_tensor(array: jax.Array | np.ndarray) -> torch.Tensor:
    """Images from NHWC to NCHW, digits to int64, styles and latents as they are."""
    tensor = torch.tensor(np.asarray(array))
    if tensor.ndim == 4:
        return tensor.permute(0, 3, 1, 2)
    return tensor if tensor.is_floating_point() else tensor.long()


def to_numpy(tensors: dict[str, torch.Tensor]) -> Arrays:
    """Copies, which later in-place operations do not change."""
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


# Outputs.


def our_outputs(case: Case, inputs: dict[str, tuple]) -> Arrays:
    """The output of each of our networks."""
    return {name: np.asarray(to_tensor(jax.jit(case.method.networks[name].apply)(
        {"params": case.params[name]}, *arguments))) for name, arguments in inputs.items()}


def pytorch_outputs(model: pytorch.StarGANv2, inputs: dict[str, tuple]) -> Arrays:
    """The output of each PyTorch network."""
    return to_numpy({name: getattr(model, name)(*map(to_tensor, arguments)) for name, arguments in inputs.items()})


def our_gradients(case: Case, phase: Phase) -> tuple[Arrays, Arrays]:
    """Gradients and terms of one of our phases."""
    gradients, terms = jax.jit(functools.partial(phase_gradients, phase))(
        case.params, case.batch, case.keys, jnp.int32(STEP))
    return convert(gradients), {f"{phase.name}/{name}": np.asarray(term) for name, term in terms.items()}


def pytorch_gradients(model: pytorch.StarGANv2, loss: Callable, updated: tuple[str, ...], batch: pytorch.Batch,
                      latents: pytorch.Latents) -> tuple[Arrays, Arrays]:
    """Gradients and terms of one of PyTorch's phases."""
    model.zero_grad()
    model.update_only(updated)
    total, terms = loss(model, batch, latents, STEP)
    total.backward()
    gradients = {name: each.grad for name, each in model.named_parameters() if each.grad is not None}
    return to_numpy(gradients), to_numpy({f"{loss.__name__}/{name}": term for name, term in terms.items()})


def our_iteration(case: Case) -> Arrays:
    """Parameters and averages after one step of `train`."""
    chain = optimizers.build(case.config)
    opt_states = {name: chain[name].init(params) for name, params in case.params.items()}
    state = TrainState(jnp.int32(STEP), dict(case.params), dict(case.averaged), opt_states)
    step = devices.parallel(
        make_train_step(case.method, chain, case.config.ema_decay, SEED, devices.AXIS), steps=1)
    state, _ = step(devices.replicate(state), devices.replicate(case.pool), devices.split_batch(BATCH))
    return convert_state(devices.unreplicate(state.params), devices.unreplicate(state.averaged))


def pytorch_iteration(model: pytorch.StarGANv2, config: ConfigDict, batch: pytorch.Batch,
                      latents: pytorch.Latents) -> Arrays:
    """Parameters and averages after one iteration of PyTorch, which changes the model in place."""
    pytorch.iteration(model, pytorch.build_optimizers(model, config), batch, latents, STEP)
    return to_numpy(model.state_dict())


# Comparisons.


def compare_all(case: Case) -> Iterator[Comparison]:
    """Compares networks, phases and one iteration."""
    model = build_pytorch(case)
    batch, latents = pytorch.Batch(*map(to_tensor, case.batch)), tuple(map(to_tensor, sample_latents(case)))
    inputs = network_inputs(case)
    yield compare("outputs", our_outputs(case, inputs), pytorch_outputs(model, inputs), TIGHT)
    our_terms: Arrays = {}
    pytorch_terms: Arrays = {}
    for phase, (loss, updated) in zip(case.method.phases, pytorch.PHASES, strict=True):
        ours, terms = our_gradients(case, phase)
        theirs, others = pytorch_gradients(model, loss, updated, batch, latents)
        yield compare(f"gradients, {phase.name}", ours, theirs, TIGHT)
        our_terms, pytorch_terms = our_terms | terms, pytorch_terms | others
    yield compare("terms", our_terms, pytorch_terms, TIGHT)
    before, ours = convert_state(case.params, case.averaged), our_iteration(case)
    theirs = pytorch_iteration(model, case.config, batch, latents)
    yield compare("updates", subtract(ours, before), subtract(theirs, before), ITERATION)


def subtract(after: Arrays, before: Arrays) -> Arrays:
    """The change of each array."""
    return {name: array - before[name] for name, array in after.items()}


def compare(what: str, ours: Arrays, theirs: Arrays, tolerance: float) -> Comparison:
    """The array with the largest relative error in norm; tiny arrays are compared relative to the largest array.

    Raises:
      InputError: if only one implementation has an array.
    """
    if ours.keys() != theirs.keys():
        raise InputError(f"{what}: only one implementation has {', '.join(sorted(ours.keys() ^ theirs.keys()))}")
    least = LEAST * max(float(np.linalg.norm(array)) for array in ours.values())
    errors = {name: np.linalg.norm(theirs[name] - array) / max(float(np.linalg.norm(array)), least)
              for name, array in ours.items()}
    finite = {name: float(np.nan_to_num(error, nan=np.inf)) for name, error in errors.items()}
    worst = max(finite, key=lambda name: finite[name])
    return Comparison(what, len(finite), worst, finite[worst], tolerance)


if __name__ == "__main__":
    exit_in_one_line(main)
