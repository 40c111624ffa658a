"""Worker that multiplies square matrices, one pair per core: an upper bound for the speed of this machine.

$ echo 5 | python -m experiments.benchmarks.matrix_product
"""

import jax
import jax.numpy as jnp

from experiments.benchmarks.our_step import add_compute_flag
from experiments.benchmarks.turns import serve
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.networks.precision import COMPUTE
from handwriting_gan.training import devices

SIDE, SIDE_ON_ACCELERATOR = 2048, 8192


def main() -> None:
    """Parses the flags and serves."""
    parser = Flags(__doc__, example="echo 5 | python -m experiments.benchmarks.matrix_product")
    add_compute_flag(parser)
    dtype = COMPUTE[parser.parse_args().compute]
    devices.one_virtual_device_per_core(batch_size=2**10)
    count = jax.local_device_count()
    side = SIDE if jax.default_backend() == "cpu" else SIDE_ON_ACCELERATOR
    multiply = jax.pmap(jnp.matmul)
    # Random values: a GPU multiplies constants faster than other values.
    pairs = jax.random.normal(jax.random.key(0), (2, count, side, side), dtype)

    def run(iterations: int) -> int:
        for _ in range(iterations):
            jax.block_until_ready(multiply(*pairs))
        return iterations

    serve(run, 2.0 * side**3 * count)


if __name__ == "__main__":
    exit_in_one_line(main)
