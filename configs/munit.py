"""MUNIT (Huang et al. 2018) whose domains are the ten digits.

    python -m handwriting_gan.train --config configs/munit.py:small --workdir runs/munit

Loss weights, style dimension and Adam are the authors', the weights those of their experiment on summer and winter.
`base` also has their learning rate, which they halve only after its last step, and their widths, with a larger batch
than their one image. `small` and `tiny` have few steps, so their learning rates are higher and their networks narrower.

The row in experiments/results/rows/munit.json is of an earlier version, without the cycle.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "munit"

    config.networks = ConfigDict({
        "width": pick(preset, 4, 16, 64),  # channels at 28 x 28; doubled per level
        "blocks": pick(preset, 1, 4, 4),  # residual blocks at 7 x 7, of content encoder and of decoder
        "perceptron_width": pick(preset, 8, 64, 256),
        "style_dim": 8,
    })
    config.losses = ConfigDict({  # weights; a term without a weight is not computed
        "adversarial": 1.0,
        "image_reconstruction": 10.0,
        "style_reconstruction": 1.0,
        "content_reconstruction": 1.0,
        "cycle": 10.0,
    })
    rate = pick(preset, 5e-4, 5e-4, 1e-4)
    config.learning_rates = ConfigDict({
        "content_encoder": rate,
        "style_encoder": rate,
        "decoder": rate,
        "discriminator": pick(preset, 1e-3, 1e-3, 1e-4),  # with 5e-4 it learned the digits slowly
    })
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 1e-4})
    return config
