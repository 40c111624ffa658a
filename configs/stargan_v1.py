"""StarGAN (Choi et al. 2018) whose domains are the ten digits: StarGAN v2's baseline.

    python -m handwriting_gan.train --config configs/stargan_v1.py:small --workdir runs/stargan_v1

All presets take the authors' loss weights, batch, Adam and five updates of the discriminator for one of the
generator; `base` their learning rate and width too. `small` and `tiny` have few steps to learn in, so theirs
are higher and narrower.

On two cores of an Intel Xeon `small` does about 6.4 steps/s.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "stargan_v1"
    config.batch_size = pick(preset, 4, 16, 16)
    config.discriminator_updates = 5  # for one of the generator

    config.networks = ConfigDict({
        "width": pick(preset, 4, 16, 64),  # channels at 28 x 28; doubled per level
        "blocks": pick(preset, 1, 6, 6),  # residual, at 7 x 7
    })
    config.losses = ConfigDict({  # weights; a term left out is not computed
        "adversarial": 1.0,
        "gradient_penalty": 10.0,
        "classification": 1.0,
        "cycle": 10.0,
    })
    rate = pick(preset, 5e-4, 5e-4, 1e-4)
    config.learning_rates = ConfigDict({"generator": rate, "discriminator": rate})
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 0.0})
    return config
