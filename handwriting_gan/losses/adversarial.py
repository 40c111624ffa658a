"""The non-saturating adversarial loss (Goodfellow et al. 2014; StarGAN v2, equation 1), and a relativistic one."""

import jax
import jax.numpy as jnp


def discriminator_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """Binary cross-entropy of real `[B]` against 1 and of fake `[B]` against 0: a scalar >= 0."""
    return jnp.mean(jax.nn.softplus(-real_logits)) + jnp.mean(jax.nn.softplus(fake_logits))


def matching_aware_loss(real_logits: jax.Array, fake_logits: jax.Array,
                        mismatched_logits: jax.Array) -> jax.Array:
    """As `discriminator_loss`, but half of the negatives are real images with a wrong condition.

    They force the discriminator to use the condition (Reed et al. 2016, algorithm 1).
    """
    return 0.5 * (discriminator_loss(real_logits, fake_logits)
                  + discriminator_loss(real_logits, mismatched_logits))


def generator_loss(fake_logits: jax.Array) -> jax.Array:
    """Binary cross-entropy of fake logits `[B]` against 1: a scalar >= 0."""
    return jnp.mean(jax.nn.softplus(-fake_logits))


def relativistic_loss(logits: jax.Array, others: jax.Array) -> jax.Array:
    """Binary cross-entropy of the differences `logits - others` `[B]` against 1: a scalar >= 0.

    Relativistic pairing (Jolicoeur-Martineau 2019) as in R3GAN (Huang et al. 2024): each real image has one fake.
    The discriminator's loss is that of real logits over fake ones, the generator's that of fake ones over real ones.
    """
    return jnp.mean(jax.nn.softplus(others - logits))
