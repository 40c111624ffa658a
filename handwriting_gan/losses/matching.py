"""Whose hand is it? What is told apart by style has to be in the style."""

import jax
import jax.numpy as jnp

SHARPNESS = 16.0  # of the softmax over cosines, 1 / temperature


def contrastive_matching(values: jax.Array, styles: jax.Array, owners: jax.Array) -> jax.Array:
    """Cross-entropy of picking the owner of each glyph among W writers, by the cosine of value and style.

    The glyph tells values `[N, S]`, the writers' references styles `[W, N, S]`; owners are int `[N]`. A
    scalar >= 0, log W by guessing (InfoNCE, van den Oord et al. 2018, as Khosla et al. 2020 normalise it).
    """
    logits = SHARPNESS * jnp.einsum("ns,wns->nw", _unit(values), _unit(styles))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), owners[:, None], axis=1))


def _unit(x: jax.Array) -> jax.Array:
    """Vectors of length 1; the gradient of a zero vector is finite."""
    return x * jax.lax.rsqrt(jnp.sum(x**2, axis=-1, keepdims=True) + 1e-12)
