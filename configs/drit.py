"""DRIT++ (Lee et al. 2020) whose domains are the ten digits.

    python -m handwriting_gan.train --config configs/drit.py:small --workdir runs/drit

Loss weights, latent dimension and Adam are the authors', in `base` the learning rate too. The networks are MUNIT's, in
its presets. `small` does up to 2 steps/s on two cores of an Intel Xeon, 21 minutes in all.

Expect, `small` with `--config.data=mnist_writers --config.steps=1500`, seed 0, the same machine: Fréchet distance 67.1
latent-guided and 159.5 reference-guided, digits right 91.1 and 64.3 % (experiments/results/rows/drit.json).
"""

from ml_collections import ConfigDict

from configs import munit


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = munit.get_config(preset)
    config.method = "drit"
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
        **dict.fromkeys(("content_encoder", "attribute_encoder", "decoder", "content_discriminator"),
                        rates.decoder),
        "discriminator": rates.discriminator,
    })
    return config
