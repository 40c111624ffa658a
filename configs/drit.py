"""DRIT++ (Lee et al. 2020) whose domains are the ten digits.

    python -m handwriting_gan.train --config configs/drit.py:small --workdir runs/drit

Loss weights, latent dimension, Adam, the updates of the content discriminator and the decay of the learning rates are
the authors', in `base` the learning rates too. The networks are MUNIT's, in its presets.

The row in experiments/results/rows/drit.json is of an earlier version, with one image discriminator.
"""

from ml_collections import ConfigDict

from configs import munit


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = munit.get_config(preset)
    config.method = "drit"
    config.rate_decay = 0.5  # the fraction of the steps, at the end, in which learning rates decrease linearly to 0
    config.content_discriminator_updates = 3  # for each update of the other networks
    del config.networks.style_dim
    config.networks.latent_dim = 8
    config.losses = ConfigDict({  # weights; a term without a weight is not computed
        "adversarial": 1.0,
        "content": 1.0,
        "content_squares": 0.01,
        "image_reconstruction": 10.0,
        "cross_cycle": 10.0,
        "latent_reconstruction": 10.0,
        "kl": 0.01,
    })
    rates = config.learning_rates
    config.learning_rates = ConfigDict({
        **dict.fromkeys(("content_encoder", "attribute_encoder", "decoder"), rates.decoder),
        **dict.fromkeys(("exchanged_discriminator", "sampled_discriminator"), rates.discriminator),
        "content_discriminator": rates.decoder / 2.5,
    })
    config.max_gradient_norms = ConfigDict({"content_discriminator": 5.0})  # larger gradients are scaled down to it
    return config
