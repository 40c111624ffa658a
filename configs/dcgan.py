"""The DCGAN (Radford et al. 2016) that MNIST tutorials teach: the floor of image quality, told no digit.

    python -m handwriting_gan.train --config configs/dcgan.py:small --workdir runs/dcgan

The conditional one's presets, told nothing.
"""

from ml_collections import ConfigDict

from configs import conditional_dcgan


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = conditional_dcgan.get_config(preset)
    config.method = "dcgan"
    return config
