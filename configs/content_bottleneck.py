"""StarGAN v2 with a content bottleneck (Gabbay & Hoshen 2020): what a style can tell goes into the style.

    python -m handwriting_gan.train --config configs/content_bottleneck.py:small --workdir runs/bottleneck

All presets are StarGAN v2's. The noise's deviation is LORD's; the weight of the penalty is our choice.
"""

from ml_collections import ConfigDict

from configs import stargan_v2


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = stargan_v2.get_config(preset)
    config.method = "content_bottleneck"
    config.content_noise = 1.0  # standard deviation, in training
    config.losses.content = 0.01
    return config
