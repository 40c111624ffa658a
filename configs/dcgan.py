"""The DCGAN (Radford et al. 2016) of MNIST tutorials, not conditioned on the digit: the lower bound of image quality.

    python -m handwriting_gan.train --config configs/dcgan.py:small --workdir runs/dcgan

All presets are the conditional DCGAN's.
"""

from ml_collections import ConfigDict

from configs import conditional_dcgan


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = conditional_dcgan.get_config(preset)
    config.method = "dcgan"
    return config
