"""A conditional DCGAN (Radford et al. 2016; Mirza & Osindero 2014): the control for image quality.

    python -m handwriting_gan.train --config configs/conditional_dcgan.py:small --workdir runs/cdcgan

Widths and Adam are those of the simple MNIST GAN of tutorials. The batch size of `small` and `base` is that of the
conditional DCGAN of Bie et al. 2023; `base` also has its 45,000 discriminator updates. The 1,125 steps of `small` see
144,000 glyphs.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "conditional_dcgan"
    config.steps = pick(preset, 8, 1_125, 45_000)
    config.batch_size = pick(preset, 4, 128, 128)  # a dozen glyphs of each digit

    config.networks = ConfigDict({
        "width": pick(preset, 8, 128, 128),  # of the generator
        "discriminator_width": pick(preset, 8, 64, 64),
        "latent_dim": pick(preset, 4, 100, 128),
    })
    rate = pick(preset, 5e-4, 5e-4, 2e-4)
    config.learning_rates = ConfigDict({"generator": rate, "discriminator": rate})
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 0.0})
    return config
