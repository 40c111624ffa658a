"""Contrastive matching of glyphs and writers: it puts what distinguishes writers into the style."""

import jax
import jax.numpy as jnp

INVERSE_TEMPERATURE = 16.0  # of the softmax over cosines


def contrastive_matching(values: jax.Array, styles: jax.Array, owners: jax.Array) -> jax.Array:
    """Cross-entropy of identifying each glyph's writer among W, by the cosine of value and style.

    `values` `[N, S]` are encoded from the glyphs, `styles` `[W, N, S]` from the writers' references; `owners` are
    int `[N]`. A scalar >= 0; chance level is log W (InfoNCE, van den Oord et al. 2018; normalised as in
    Khosla et al. 2020).
    """
    logits = INVERSE_TEMPERATURE * jnp.einsum("ns,wns->nw", _unit(values), _unit(styles))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), owners[:, None], axis=1))


def _unit(x: jax.Array) -> jax.Array:
    """Vectors scaled to length 1; the gradient at a zero vector is finite."""
    return x * jax.lax.rsqrt(jnp.sum(x**2, axis=-1, keepdims=True) + 1e-12)
