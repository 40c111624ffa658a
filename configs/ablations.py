"""What a part of a method is worth: the method's config without it, by name.

    python -m handwriting_gan.train --config configs/ablations.py:without_matching --workdir runs/unmatched

A preset may follow the name, as in `without_matching:tiny`; it is `small` unless said.
"""

from ml_collections import ConfigDict

from configs import writer_guided


def without_matching_of_fakes(config: ConfigDict) -> None:
    """Nothing but the discriminator asks whether a fake is by the hand that it was given."""
    del config.losses.matching_of_fakes


def without_matching(config: ConfigDict) -> None:
    """Styles are not told apart from other writers' any more: what they mean is left to the generator."""
    del config.losses.matching, config.losses.matching_of_fakes


def without_posterior(config: ConfigDict) -> None:
    """No variational autoencoder about the latent: a plain conditional GAN."""
    del config.losses.reconstruction, config.losses.kl


def without_adversary(config: ConfigDict) -> None:
    """A conditional variational autoencoder alone; the discriminator is there, but never moves."""
    config.losses.adversarial = config.losses.r1 = 0.0


ABLATIONS = {change.__name__: change for change in (
    without_matching_of_fakes, without_matching, without_posterior, without_adversary)}


def get_config(chosen: str) -> ConfigDict:
    """The config of an ablation, `NAME` or `NAME:PRESET`.

    Raises:
      ValueError: if there is no such ablation or preset.
    """
    name, _, preset = chosen.partition(":")
    if name not in ABLATIONS:
        raise ValueError(f"no ablation is called {name!r}; there is {', '.join(ABLATIONS)}")
    config = writer_guided.get_config(preset or "small")
    ABLATIONS[name](config)
    return config
