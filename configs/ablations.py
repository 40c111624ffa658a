"""What a part of a method is worth: the method's config with a change, by name.

    python -m handwriting_gan.train --config configs/ablations.py:without_matching --workdir runs/unmatched

A preset may follow the name, as in `without_matching:tiny`; it is `small` unless said.
"""

from collections.abc import Callable

from ml_collections import ConfigDict

from configs import stargan_v1, stargan_v2, writer_guided

# Ours, without a part.


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


def without_style_variance(config: ConfigDict) -> None:
    """All natural tries from the same references have one style; they differ by their latents alone."""
    config.style_variance = 0.0


# StarGAN v2's own ladder (Choi et al. 2020, table 1): A is stargan_v1, E without_diversity, F stargan_v2.


def multi_task_discriminator(config: ConfigDict) -> None:
    """B: a head of the discriminator for each domain instead of a classifier."""
    config.method = "multi_task_stargan"
    del config.losses.classification


def label_styles(config: ConfigDict) -> None:
    """C: R1 and adaptive norms, with one style for each domain; one output for a source and a digit."""
    config.method, config.guided_by, config.route = "label_styled", "latents", "source"
    del config.learning_rates.style_encoder
    del config.losses.style_reconstruction, config.losses.diversity


def shared_latents(config: ConfigDict) -> None:
    """D: a latent beside the domain's code, one for all domains, which an encoder has to find again."""
    config.method, config.truncation = "latent_styled", 1.0
    del config.learning_rates.mapping_network
    del config.losses.diversity


# StarGAN v2 without a part.


def without_cycle(config: ConfigDict) -> None:
    """Nothing asks that the source can be had back."""
    del config.losses.cycle


def without_style_reconstruction(config: ConfigDict) -> None:
    """Nothing asks that the style can be read from what it made; only the cycle teaches its encoder."""
    del config.losses.style_reconstruction


def without_diversity(config: ConfigDict) -> None:
    """E of the ladder: nothing asks that two styles make two images."""
    del config.losses.diversity


def without_r1(config: ConfigDict) -> None:
    """The discriminator's gradient is not penalised."""
    del config.losses.r1


def without_averaging(config: ConfigDict) -> None:
    """The networks as the last step left them."""
    config.ema_decay = 0.0


def by_latents_only(config: ConfigDict) -> None:
    """Training is guided by latents alone; the style encoder still learns to find their styles."""
    config.guided_by = "latents"


def by_references_only(config: ConfigDict) -> None:
    """Training is guided by references alone: no latents, so no mean style to draw one towards."""
    config.guided_by, config.truncation = "references", 1.0


# What the brief suggests for more than thickness.


def more_layers(config: ConfigDict) -> None:
    """Twice the bottleneck blocks."""
    config.networks.bottleneck_blocks *= 2


def wider_latent(config: ConfigDict) -> None:
    """Four times the latent."""
    config.networks.latent_dim *= 4


def wider_style(config: ConfigDict) -> None:
    """Four times the style."""
    config.networks.style_dim *= 4


def heavier_diversity(config: ConfigDict) -> None:
    """Four times its weight."""
    config.losses.diversity *= 4


def undecayed_diversity(config: ConfigDict) -> None:
    """Its weight stays: it would be gone after a billion steps."""
    config.diversity_decay_steps = 1_000_000_000


Change = Callable[[ConfigDict], None]

ABLATIONS: dict[str, tuple[Callable[[str], ConfigDict], Change]] = {
    change.__name__: (whole.get_config, change)
    for whole, changes in (
        (writer_guided, (without_matching_of_fakes, without_matching, without_posterior, without_adversary,
                         without_style_variance)),
        (stargan_v1, (multi_task_discriminator,)),
        (stargan_v2, (label_styles, shared_latents, without_cycle, without_style_reconstruction,
                      without_diversity, without_r1, without_averaging, by_latents_only, by_references_only,
                      more_layers, wider_latent, wider_style, heavier_diversity, undecayed_diversity)),
    ) for change in changes
}


def get_config(chosen: str) -> ConfigDict:
    """The config of an ablation, `NAME` or `NAME:PRESET`.

    Raises:
      ValueError: if there is no such ablation or preset.
    """
    name, _, preset = chosen.partition(":")
    if name not in ABLATIONS:
        raise ValueError(f"no ablation is called {name!r}; there is {', '.join(ABLATIONS)}")
    whole, change = ABLATIONS[name]
    config = whole(preset or "small")
    change(config)
    return config
