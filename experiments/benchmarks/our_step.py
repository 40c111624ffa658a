"""Worker that runs our train step as `train` does: same devices, same compilation cache, real digits.

$ echo 5 | python -m experiments.benchmarks.our_step --width 32 --batch 32
"""

import argparse
from collections.abc import Callable
from typing import Any

import jax
from ml_collections import ConfigDict

from configs import stargan_v2
from experiments.benchmarks.turns import resident_peak, serve
from handwriting_gan import cache, methods
from handwriting_gan.data import mnist_5k
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.methods.method import Method
from handwriting_gan.networks.precision import COMPUTE
from handwriting_gan.training import cpu_memory, devices, optimizers, train_state, train_step


def main() -> None:
    """Parses the flags and serves."""
    parser = Flags(__doc__, example="echo 5 | python -m experiments.benchmarks.our_step --width 32 --batch 32")
    add_size_flags(parser)
    add_compute_flag(parser)
    parser.add_argument("--devices", type=whole_number(1), help="virtual devices of the CPU (default: one per core)")
    parser.add_argument("--constant", action="store_true", help="train on one constant batch")
    parser.add_argument("--micro_batches", type=whole_number(1), default=1, help="micro-batches of a device's shard")
    arguments = parser.parse_args()
    config = make_config(arguments.width, arguments.batch)
    config.micro_batches, config.compute = arguments.micro_batches, arguments.compute
    if arguments.devices:
        jax.config.update("jax_num_cpu_devices", arguments.devices)
    else:
        devices.one_virtual_device_per_core(config.batch_size)
    cache.keep_compiled()
    serve(*prepare(config, mnist_5k.load("train"), arguments.constant))


def add_size_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the model's width and of the batch size."""
    parser.add_argument("--width", type=whole_number(1), default=32,
                        help="channels at 28 x 28; deeper layers have at most 4 times as many")
    parser.add_argument("--batch", type=whole_number(1), default=32, help="examples of a step, over all devices")


def add_compute_flag(parser: argparse.ArgumentParser) -> None:
    """Adds the flag of the precision of the networks."""
    parser.add_argument("--compute", choices=COMPUTE, default="float32", help="precision of the networks")


def make_config(width: int, batch: int) -> ConfigDict:
    """StarGAN v2 `base`, with the paper's mapping network, at this width and batch size."""
    config = stargan_v2.get_config("base")
    config.networks.update({"width": width, "max_width": 4 * width})
    config.batch_size = batch
    return config


def prepare(config: ConfigDict, glyphs: Glyphs,
            constant: bool = False) -> tuple[Callable[[int], int], float, int, Callable[[], int]]:
    """The arguments of `serve`: a function that trains, and an iteration's operations and temporary bytes by XLA.

    `constant` trains on one constant batch of the glyphs.
    """
    method, by_network = methods.build(config), optimizers.build(config)
    pool = method.examples.make_pool(glyphs)
    if constant:
        method = with_constant_batch(method, pool, config.batch_size)
    state = jax.jit(lambda: train_state.create(method, by_network, config.seed))()
    inputs = devices.replicate(pool), devices.split_batch(config.batch_size, config.micro_batches)
    steps = devices.steps_per_dispatch(config.steps_per_dispatch)
    step = devices.parallel(train_step.make_train_step(
        method, by_network, config.ema_decay, config.seed, devices.AXIS, config.micro_batches,
        optimizers.rate_scale(config)), steps)
    compiled: Any = devices.compiled(step, state, *inputs)
    state = devices.replicate(state)
    # XLA counts the body of a loop once, and does not count convolutions that cuDNN computes.
    flops = compiled.cost_analysis()["flops"] * jax.local_device_count()
    temporary_bytes = compiled.memory_analysis().temp_size_in_bytes
    cpu_memory.release()  # return the memory of the two analyses

    def run(iterations: int) -> int:
        nonlocal state
        dispatches = -(-iterations // steps)
        for _ in range(dispatches):
            state, terms = compiled(state, *inputs)
        jax.block_until_ready((state, terms))
        return dispatches * steps

    return run, flops, temporary_bytes, peak_bytes


def peak_bytes() -> int:
    """The peak memory of the accelerator, or of this process if there is none."""
    on_device = jax.local_devices()[0].memory_stats()
    return on_device["peak_bytes_in_use"] if on_device else resident_peak()


def with_constant_batch(method: Method, pool: Any, batch_size: int) -> Method:
    """The method, with one constant batch in place of sampled ones."""
    count = batch_size // jax.device_count()
    batch = jax.device_get(method.examples.sample(pool, jax.random.split(jax.random.key(0), count)))
    return method._replace(examples=method.examples._replace(sample=lambda pool, keys: batch))


if __name__ == "__main__":
    exit_in_one_line(main)
