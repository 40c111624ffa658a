"""A worker that multiplies square matrices, one pair per core: what the machine can do at best.

$ echo 5 | python -m experiments.benchmarks.matrix_product
"""

import jax
import jax.numpy as jnp

from experiments.benchmarks.turns import answer
from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.training import devices

SIDE = 2048


def main() -> None:
    """One call."""
    devices.one_virtual_device_per_core(batch_size=2**10)
    count = jax.local_device_count()
    multiply = jax.pmap(jnp.matmul)
    pairs = jnp.full((count, SIDE, SIDE), 0.5), jnp.full((count, SIDE, SIDE), 2.0)

    def play(iterations: int) -> None:
        for _ in range(iterations):
            jax.block_until_ready(multiply(*pairs))

    answer(play, 2.0 * SIDE**3 * count)


if __name__ == "__main__":
    exit_in_one_line(main)
