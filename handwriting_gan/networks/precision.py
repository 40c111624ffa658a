"""Mixed precision (Micikevicius et al. 2018): networks compute in bfloat16, everything else in float32."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.errors import InputError

FLOAT32 = jnp.dtype(jnp.float32)
# bfloat16 has float32's range, so the loss needs no scaling.
COMPUTE = {"float32": FLOAT32, "bfloat16": jnp.dtype(jnp.bfloat16)}


def dtype_of(name: str) -> jnp.dtype:
    """The precision that a config's `compute` names.

    Raises:
      InputError: if there is no such precision.
    """
    if name not in COMPUTE:
        raise InputError(f"compute is {name!r}; it must be one of {', '.join(COMPUTE)}")
    return COMPUTE[name]


def apply_in(dtype: jnp.dtype, network: nn.Module, params: Any, *inputs: Any,
             method: str = "__call__") -> Any:
    """A network's output, computed in `dtype`; inputs and outputs, pytrees of arrays, and gradients are float32.

    Norms compute their statistics in float32 in any case. `method` names the network's method to apply.
    """
    params, inputs = jax.tree.map(lambda x: _cast(x, dtype), (params, inputs))
    return jax.tree.map(lambda x: _cast(x, FLOAT32), _apply(network, method, params, *inputs))


@functools.partial(jax.jit, static_argnums=(0, 1), inline=True)
def _apply(network: nn.Module, method: str, params: Any, *inputs: Any) -> Any:
    """`jit` traces a network once per shapes, however often a step applies it; `inline` keeps the program."""
    return network.apply({"params": params}, *inputs, method=method)


def _cast(x: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Leaves integers alone, and float64, in which tests compare."""
    return x.astype(dtype) if jnp.result_type(x) in COMPUTE.values() else x
