"""LORD (Gabbay & Hoshen 2020): no discriminator; the class is the digit, the content the hand.

    python -m handwriting_gan.train --config configs/lord.py:small --workdir runs/lord

Each training glyph has its own content code, so a run uses only as many glyphs as it can visit often. Noise and the
dimensions of content and class are the authors'. Their loss weights belong to a perceptual loss and do not transfer.
Ours were chosen on validation writers after 1,500 steps, with an earlier encoder that averaged over the image, and not
tuned again: a content weight 15 times as large with a quarter of the learning rate gave blurred glyphs. Class codes
learn ten times as fast as the networks, as the authors' do; content codes 20 times as fast, because each is in the
batch once in 125 steps. `small` does about 10 steps/s on two cores of an Intel Xeon, 4 minutes in all.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "lord"
    config.glyphs = pick(preset, 40, 2_000, 4_000)  # with a content code each; a multiple of 10

    config.networks = ConfigDict({
        "width": pick(preset, 8, 64, 256),  # of the generator at 7 x 7, halved per level
        "encoder_width": pick(preset, 4, 16, 64),  # at 28 x 28, doubled per level
        "perceptron_width": pick(preset, 8, 256, 256),  # of the encoder
        "content_dim": pick(preset, 8, 128, 128),
        "class_dim": pick(preset, 8, 256, 256),
    })
    config.content_noise = 1.0  # standard deviation
    config.losses = ConfigDict({  # weights; a term without a weight is not computed
        "reconstruction": 1.0,  # a sum over pixels
        "content": 3.0,  # a mean over the code's elements
        "code": 10.0,
    })
    rate = pick(preset, 1e-3, 1e-3, 5e-4)
    config.learning_rates = ConfigDict({
        "contents": 20 * rate,
        "classes": 10 * rate,
        "content_encoder": rate,
        "generator": rate,
    })
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 0.0})
    return config
