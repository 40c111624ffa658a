"""A conditional DCGAN (Radford et al. 2016; Mirza & Osindero 2014): the control for image quality.

    python -m handwriting_gan.train --config configs/conditional_dcgan.py:small --workdir runs/cdcgan

Widths and Adam are those of the simple MNIST GAN of tutorials. `base` has the batch size and the 45,000 discriminator
updates of the conditional DCGAN of Bie et al. 2023.

Expect, `small` with `--config.data=mnist_writers --config.steps=1500`, seed 0, two cores of an Intel Xeon: Fréchet
distance 128.8 latent-guided, digits right 99.5 % (experiments/results/rows/conditional_dcgan.json).
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "conditional_dcgan"
    config.steps = pick(preset, 8, 2_500, 45_000)
    config.batch_size = pick(preset, 4, 16, 128)

    config.networks = ConfigDict({
        "width": pick(preset, 8, 128, 128),  # of the generator
        "discriminator_width": pick(preset, 8, 64, 64),
        "latent_dim": pick(preset, 4, 100, 128),
    })
    rate = pick(preset, 5e-4, 5e-4, 2e-4)
    config.learning_rates = ConfigDict({"generator": rate, "discriminator": rate})
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 0.0})
    return config
