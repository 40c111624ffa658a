"""Mixed precision (Micikevicius et al. 2018): networks compute in fewer bits, all around them in float32."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.errors import InputError

FLOAT32 = jnp.dtype(jnp.float32)
# bfloat16 has float32's range, so losses need no scaling.
COMPUTE = {"float32": FLOAT32, "bfloat16": jnp.dtype(jnp.bfloat16)}


def dtype_of(name: str) -> jnp.dtype:
    """The precision of a name in a config.

    Raises:
      InputError: if there is none.
    """
    if name not in COMPUTE:
        raise InputError(f"compute is {name!r}; there is {', '.join(COMPUTE)}")
    return COMPUTE[name]


def apply_in(dtype: jnp.dtype, network: nn.Module, params: Any, *inputs: jax.Array,
             method: str = "__call__") -> Any:
    """A network's output, computed in `dtype`: float32 in and out, so gradients and losses are float32 too.

    Normalising layers take their statistics in float32 whatever they are given. `method` is a part of the
    network that can be applied alone.
    """
    params, inputs = jax.tree.map(lambda x: _cast(x, dtype), (params, inputs))
    return jax.tree.map(lambda x: _cast(x, FLOAT32), _apply(network, method, params, *inputs))


@functools.partial(jax.jit, static_argnums=(0, 1), inline=True)
def _apply(network: nn.Module, method: str, params: Any, *inputs: jax.Array) -> Any:
    """Traced once for each network and shapes, however often a step applies it; the program is the same."""
    return network.apply({"params": params}, *inputs, method=method)


def _cast(x: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Whole numbers, and what is float64 for a proof, stay."""
    return x.astype(dtype) if jnp.result_type(x) in COMPUTE.values() else x
