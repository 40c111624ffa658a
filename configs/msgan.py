"""MSGAN (Mao et al. 2019) whose domains are the ten digits: DRIT++ with the mode-seeking term.

    python -m handwriting_gan.train --config configs/msgan.py:small --workdir runs/msgan

Everything else is DRIT++'s. `small` does 2 to 2.5 steps/s on two cores of an AMD EPYC, about 20 minutes in all.

Expect, `small` with `--config.data=mnist_writers --config.steps=1500`, seed 0, two cores of an Intel Xeon: Fréchet
distance 121.4 latent-guided and 92.2 reference-guided, digits right 72.3 and 84.9 %
(experiments/results/rows/msgan.json). The mean distances of three seeds are 113.8 and 105.7.
"""

from ml_collections import ConfigDict

from configs import drit


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = drit.get_config(preset)
    config.losses.mode_seeking = 1.0  # the authors'
    return config
