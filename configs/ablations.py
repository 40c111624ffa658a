"""Ablations: the config of a method with one change.

    python -m handwriting_gan.train --config configs/ablations.py:without_matching --workdir runs/without_matching

A preset can follow the name, as in `without_matching:tiny`; the default is `small`.
"""

from collections.abc import Callable

from ml_collections import ConfigDict

from configs import stargan_v1, stargan_v2, writer_guided

# The writer-guided method.


def without_matching_of_fakes(config: ConfigDict) -> None:
    """No contrastive matching of fakes: only the discriminator makes fakes follow the style."""
    del config.losses.matching_of_fakes


def without_matching(config: ConfigDict) -> None:
    """No contrastive matching: only the other losses train the style."""
    del config.losses.matching, config.losses.matching_of_fakes


def without_posterior(config: ConfigDict) -> None:
    """No variational autoencoder of the latent, so no learned prior: a conditional GAN."""
    del config.losses.reconstruction, config.losses.kl, config.losses.anchor
    config.learned_prior = False


def without_adversary(config: ConfigDict) -> None:
    """A conditional variational autoencoder with matching; the discriminator has weight 0."""
    config.losses.adversarial = config.losses.r1 = 0.0


def without_learned_prior(config: ConfigDict) -> None:
    """Latents from N(0, I): the references set the style alone."""
    config.learned_prior = False
    del config.losses.anchor  # it would be the same divergence


def without_own_digit(config: ConfigDict) -> None:
    """Training references never show the target's digit."""
    config.own_digit = 0.0


# The configurations of Choi et al. 2020, table 1: A is stargan_v1, E is without_diversity, F is stargan_v2.


def multi_task_discriminator(config: ConfigDict) -> None:
    """B: StarGAN with a discriminator head for each domain instead of a classifier."""
    config.method = "multi_task_stargan"
    del config.losses.classification


def label_styles(config: ConfigDict) -> None:
    """C: R1 and adaptive norms, with one style per domain, so that a source and a digit determine the output."""
    config.method, config.guided_by, config.route = "label_styled", "latents", "source"
    del config.learning_rates.style_encoder
    del config.losses.style_reconstruction, config.losses.diversity


def shared_latents(config: ConfigDict) -> None:
    """D: the style is a latent and the domain's code; one encoder for all domains reconstructs the latent."""
    config.method, config.truncation = "latent_styled", 1.0
    del config.learning_rates.mapping_network
    del config.losses.diversity


# StarGAN v2 without one part.


def without_cycle(config: ConfigDict) -> None:
    """No cycle consistency: nothing requires that the source can be reconstructed."""
    del config.losses.cycle


def without_style_reconstruction(config: ConfigDict) -> None:
    """No style reconstruction: only the cycle trains the style encoder."""
    del config.losses.style_reconstruction


def without_diversity(config: ConfigDict) -> None:
    """E: no diversity term, so nothing requires that two styles give two images."""
    del config.losses.diversity


def without_r1(config: ConfigDict) -> None:
    """No R1 penalty on the discriminator's gradient."""
    del config.losses.r1


def without_averaging(config: ConfigDict) -> None:
    """No moving average: the networks of the last step."""
    config.ema_decay = 0.0


def by_latents_only(config: ConfigDict) -> None:
    """Training with latents only; the style encoder learns from style reconstruction and cycle."""
    config.guided_by = "latents"


def by_references_only(config: ConfigDict) -> None:
    """Training with references only: no mapping network is trained, so styles are not truncated."""
    config.guided_by, config.truncation = "references", 1.0


# StarGAN v2 with another adversarial loss.


def relativistic(config: ConfigDict) -> None:
    """R3GAN's loss: each fake is scored relative to a real image of its digit, with R2 beside R1."""
    del config.losses.adversarial
    config.losses.relativistic = config.losses.r2 = 1.0


# Larger parts of StarGAN v2, to keep more of a hand than thickness.


def more_layers(config: ConfigDict) -> None:
    """Twice as many bottleneck blocks."""
    config.networks.bottleneck_blocks *= 2


def wider_latent(config: ConfigDict) -> None:
    """A latent of four times the dimension."""
    config.networks.latent_dim *= 4


def wider_style(config: ConfigDict) -> None:
    """A style of four times the dimension."""
    config.networks.style_dim *= 4


def doubled_diversity(config: ConfigDict) -> None:
    """Twice the diversity weight: the official value for AFHQ, whose architecture this is."""
    config.losses.diversity *= 2


def heavier_diversity(config: ConfigDict) -> None:
    """Four times the diversity weight."""
    config.losses.diversity *= 4


def undecayed_diversity(config: ConfigDict) -> None:
    """A constant diversity weight: it would reach 0 after a billion steps."""
    config.diversity_decay_steps = 1_000_000_000


Change = Callable[[ConfigDict], None]

ABLATIONS: dict[str, tuple[Callable[[str], ConfigDict], Change]] = {
    change.__name__: (whole.get_config, change)
    for whole, changes in (
        (writer_guided, (without_matching_of_fakes, without_matching, without_posterior, without_adversary,
                         without_learned_prior, without_own_digit)),
        (stargan_v1, (multi_task_discriminator,)),
        (stargan_v2, (label_styles, shared_latents, without_cycle, without_style_reconstruction,
                      without_diversity, without_r1, without_averaging, by_latents_only, by_references_only,
                      relativistic, more_layers, wider_latent, wider_style, doubled_diversity, heavier_diversity,
                      undecayed_diversity)),
    ) for change in changes
}


def get_config(chosen: str) -> ConfigDict:
    """The config of an ablation, `NAME` or `NAME:PRESET`.

    Raises:
      ValueError: if there is no such ablation or preset.
    """
    name, _, preset = chosen.partition(":")
    if name not in ABLATIONS:
        raise ValueError(f"no ablation is called {name!r}; choose one of {', '.join(ABLATIONS)}")
    whole, change = ABLATIONS[name]
    config = whole(preset or "small")
    change(config)
    return config
