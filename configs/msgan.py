"""MSGAN (Mao et al. 2019) whose domains are the ten digits: DRIT++ with the mode-seeking term.

    python -m handwriting_gan.train --config configs/msgan.py:small --workdir runs/msgan

Everything else is DRIT++'s.

The row in experiments/results/rows/msgan.json is of an earlier version, with one image discriminator.
"""

from ml_collections import ConfigDict

from configs import drit


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = drit.get_config(preset)
    config.losses.mode_seeking = 1.0  # the authors'
    return config
