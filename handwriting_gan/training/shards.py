"""Parts of arrays, one for each device: what only moving a parameter needs is kept where it is moved.

ZeRO's first stage (Rajbhandari et al. 2020, section 5.1). A device takes the mean gradient of its own part,
moves that part of the parameters by moments that nobody else has, and then all tell each other. It passes as
much between devices as an all-reduce of the gradients does.

An array's parts are its elements in order, filled up with zeros: `[count, ceil(size / count)]`.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree


def cut(array: jax.Array, count: int) -> jax.Array:
    """All parts of an array, NumPy's or JAX's: `[count, ceil(size / count)]`."""
    pad = array.__array_namespace__().pad  # NumPy's compiles nothing
    return pad(array.reshape(-1), (0, -array.size % count)).reshape(count, -1)


def join(parts: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The array of this shape that `cut` made the parts of."""
    return parts.reshape(-1)[:math.prod(shape)].reshape(shape)


def own(tree: Any, place: jax.Array, count: int) -> Any:
    """The part of each array that the device at a place among `count` has."""
    return jax.tree.map(lambda array: cut(array, count)[place], tree)


def own_of_mean(tree: Any, axis_name: str) -> tuple[Any, jax.Array]:
    """This device's part of the mean over devices of each array of floats, by one reduce-scatter; its place.

    A CPU's devices share a few threads. With a meeting for each array, each of those threads can come to
    wait in another one, for a device that has no thread left: seen after 2,500 steps, and fatal.

    The place comes out of the meeting as well, so that XLA does not cut parameters long before it, and keep
    the parts in memory through the whole backward pass.
    """
    count = jax.lax.axis_size(axis_name)
    parts = jax.tree.map(lambda array: cut(array, count), (tree, jnp.arange(float(count))))
    flat = jax.vmap(lambda part: ravel_pytree(part)[0])(parts)
    _, unravel = ravel_pytree(jax.tree.map(lambda part: part[0], parts))
    total = flat[0] if count == 1 else jax.lax.psum_scatter(flat, axis_name)  # alone, nobody is met
    mean, place = unravel(total / count)
    return mean, place[0].astype(jnp.int32)


def whole(parts: Any, like: Any, axis_name: str) -> Any:
    """Every device's own parts together, in the shapes of `like`, by one all-gather for all."""
    flat, unravel = ravel_pytree(parts)
    every = jax.vmap(unravel)(flat[None] if jax.lax.axis_size(axis_name) == 1
                              else jax.lax.all_gather(flat, axis_name))
    return jax.tree.map(lambda part, array: join(part, array.shape), every, like)
