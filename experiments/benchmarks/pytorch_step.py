"""Worker that runs the PyTorch implementation's iteration on one constant batch, without any input pipeline.

$ echo 5 | python -m experiments.benchmarks.pytorch_step --width 32 --batch 32
"""

from ml_collections import ConfigDict

from experiments.benchmarks.our_step import add_compute_flag, add_size_flags, make_config
from experiments.benchmarks.turns import exit_without_torch, resident_peak, serve
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.training import devices

try:
    import torch

    from experiments.benchmarks import pytorch_stargan_v2 as pytorch
except ModuleNotFoundError:
    exit_without_torch()


def main() -> None:
    """Parses the flags and serves."""
    parser = Flags(__doc__, example="echo 5 | python -m experiments.benchmarks.pytorch_step --width 32 --batch 32")
    add_size_flags(parser)
    add_compute_flag(parser)
    parser.add_argument("--compiled", action="store_true",
                        help="torch.compile the generator phases (it does not support R1's double backward)")
    arguments = parser.parse_args()
    on_gpu = torch.cuda.is_available()
    torch.set_num_threads(devices.cores())
    torch.set_default_device("cuda" if on_gpu else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    config = make_config(arguments.width, arguments.batch)
    model = pytorch.StarGANv2(config)
    optimizers = pytorch.build_optimizers(model, config)
    batch, latents = make_inputs(config)
    phases = pytorch.PHASES
    if arguments.compute == "bfloat16":
        phases = pytorch.compute_in_bfloat16(phases)
    if arguments.compiled:
        phases = pytorch.compile_generator_phases(phases)

    def run(iterations: int) -> int:
        for step in range(iterations):
            pytorch.iteration(model, optimizers, batch, latents, step, phases)
        if on_gpu:
            torch.cuda.synchronize()
        return iterations

    serve(run, peak_bytes=torch.cuda.max_memory_allocated if on_gpu else resident_peak)


def make_inputs(config: ConfigDict) -> tuple[pytorch.Batch, pytorch.Latents]:
    """Random images, digits and latents in the shapes of training."""
    size = config.batch_size
    images, digits = torch.rand(3, size, 1, 28, 28) * 2 - 1, torch.randint(0, 10, (2, size))
    latents = torch.randn(2, size, config.networks.latent_dim)
    return pytorch.Batch(images[0], digits[0], images[1], images[2], digits[1]), (latents[0], latents[1])


if __name__ == "__main__":
    exit_in_one_line(main)
