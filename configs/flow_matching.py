"""Flow matching (Lipman et al. 2023), conditioned on the digit and on a few glyphs of a writer.

    python -m handwriting_gan.train --config configs/flow_matching.py:small --workdir runs/flow_matching

It needs mnist_writers, the only data set with writer ids. A step of `small` sees as many targets as one of
configs/writer_guided.py:small and took 0.88 of its time when both ran in turn on two cores of an AMD EPYC. The rate was
the best of 0.0005, 0.001 and 0.002 by the training loss after 60 steps; nothing else was tuned.

`python -m experiments.compare_solvers --workdir runs/flow_matching` measures a trained model with other solvers.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "flow_matching"
    config.steps = pick(preset, 8, 7_000, 100_000)
    config.data = "mnist_writers"  # the only data set with writer ids
    config.batch_size = pick(preset, 2, 2, 16)  # examples: 6 writers with 12 glyphs each, 6 of them targets
    config.rate_decay = 0.4  # the fraction of the steps, at the end, in which learning rates decrease linearly to 0
    config.own_digit = 0.5  # fraction of targets whose references may show the target's own digit
    config.ema_decay = pick(preset, 0.9, 0.998, 0.999)
    config.solver = "heun"  # or euler; solver and its steps concern synthesis alone
    config.solver_steps = pick(preset, 1, 4, 4)  # of two evaluations of the network each; euler's have one

    config.networks = ConfigDict({
        "width": pick(preset, 4, 16, 48),  # of the U-Net: channels at 28 x 28, a multiple of 4
        "encoder_width": pick(preset, 4, 48, 96),  # of the reference encoder: channels at 14 x 14
        "style_dim": pick(preset, 8, 64, 64),
    })
    config.losses = ConfigDict({"velocity": 1.0})  # a mean over pixels
    rate = pick(preset, 1e-3, 1e-3, 3e-4)
    config.learning_rates = ConfigDict({
        "reference_encoder": rate,
        "velocity": rate,
    })
    config.adam = ConfigDict({"beta1": 0.9, "beta2": 0.99, "l2": 0.0})
    return config
