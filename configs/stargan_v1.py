"""StarGAN (Choi et al. 2018) whose domains are the ten digits: the baseline of StarGAN v2.

    python -m handwriting_gan.train --config configs/stargan_v1.py:small --workdir runs/stargan_v1

Loss weights, batch size, Adam, the decay of the learning rates and five discriminator updates for each update of the
generator are the authors'; `base` also has their learning rate and width. `small` and `tiny` have few steps, so their
learning rates are higher and their networks narrower. `small` does about 6.4 steps/s on two cores of an Intel Xeon, 7
minutes in all.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "stargan_v1"
    config.batch_size = pick(preset, 4, 16, 16)
    config.discriminator_updates = 5  # for each update of the generator
    config.rate_decay = 0.5  # the fraction of the steps, at the end, in which learning rates decrease linearly to 0

    config.networks = ConfigDict({
        "width": pick(preset, 4, 16, 64),  # channels at 28 x 28; doubled per level
        "blocks": pick(preset, 1, 6, 6),  # residual blocks at 7 x 7
    })
    config.losses = ConfigDict({  # weights; a term without a weight is not computed
        "adversarial": 1.0,
        "gradient_penalty": 10.0,
        "classification": 1.0,
        "cycle": 10.0,
    })
    rate = pick(preset, 5e-4, 5e-4, 1e-4)
    config.learning_rates = ConfigDict({"generator": rate, "discriminator": rate})
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 0.0})
    return config
