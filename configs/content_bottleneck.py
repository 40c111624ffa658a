"""StarGAN v2 with a content bottleneck (Gabbay & Hoshen 2020), which moves information from content to style.

    python -m handwriting_gan.train --config configs/content_bottleneck.py:small --workdir runs/bottleneck

All presets are StarGAN v2's. The noise's standard deviation is LORD's; the penalty's weight is our choice.

Expect, `small` with `--config.data=mnist_writers --config.steps=1500`, seed 0, two cores of an Intel Xeon: Fréchet
distance 100.2 latent-guided and 118.5 reference-guided, digits right 99.5 and 99.9 %
(experiments/results/rows/content_bottleneck.json).
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
