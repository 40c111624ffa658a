"""LORD (Gabbay & Hoshen 2020): no adversary; class is the digit, content the hand.

    python -m handwriting_gan.train --config configs/lord.py:small --workdir runs/lord

A content is learned for each glyph that it trains on, so there are only as many as a run comes back to
often. The noise and the dimensions of content and class are the authors'. Their weights belong to a
perceptual loss and do not carry over; these were chosen on validation writers, after 1,500 steps, by an
encoder that averaged over the image, and not again since: a content that weighs 15 times as much, learned a
quarter as fast, made blurs. Codes learn 20 times as fast as networks: each is met once in 125 steps.
On two cores of an Intel Xeon `small` does about 10 steps/s.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "lord"
    config.glyphs = pick(preset, 40, 2_000, 4_000)  # that have a content each

    config.networks = ConfigDict({
        "width": pick(preset, 8, 64, 256),  # of the generator at 7 x 7, halved per level
        "encoder_width": pick(preset, 4, 16, 64),  # at 28 x 28, doubled per level
        "perceptron_width": pick(preset, 8, 256, 256),  # of the encoder
        "content_dim": pick(preset, 8, 128, 128),
        "class_dim": pick(preset, 8, 256, 256),
    })
    config.content_noise = 1.0  # standard deviation
    config.losses = ConfigDict({  # weights; a term left out is not computed
        "reconstruction": 1.0,  # a sum over pixels
        "content": 3.0,  # a mean over the code's elements
        "code": 10.0,
    })
    rate = pick(preset, 1e-3, 1e-3, 5e-4)
    config.learning_rates = ConfigDict({
        "contents": 20 * rate,
        "content_encoder": rate,
        "generator": rate,
    })
    config.adam = ConfigDict({"beta1": 0.5, "beta2": 0.999, "l2": 0.0})
    return config
