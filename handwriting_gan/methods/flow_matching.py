"""Flow matching (Lipman et al. 2023, arXiv:2210.02747), conditioned on the digit and on glyphs by one writer.

A network learns the velocity that carries noise to glyphs along straight paths. Synthesis solves the ordinary
differential equation of this velocity: from noise at time 0 to a glyph at time 1. Training examples and references are
those of the writer-guided method.

`variation` scales the noise. At 1 the flow samples from the learned distribution. At 0 the noise is zero, its mean, and
every try gives the same glyph, the best guess. This is neither the mean nor the mode of the glyphs, because a flow
preserves neither. Noise in training has a length near 28 and never near 0, so from less noise the network extrapolates.

Departures from the paper: the condition; a solver with a fixed number of steps, where the paper's is adaptive
(dopri5); learning rates, their decay and the average of the networks as in the other methods here.

Axes: B examples, W writers of an example, G glyphs and T targets of a writer, N = B W T targets in all; K references
and n digits of one writing; E condition.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.data.hands import TARGETS, HandBatch, hand_examples
from handwriting_gan.errors import InputError
from handwriting_gan.losses.flow_matching import optimal_transport_path
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_squared_error
from handwriting_gan.methods.method import Method, Params, Phase, initial_params
from handwriting_gan.networks.flow_matching import ReferenceEncoder, VelocityNetwork, sinusoids
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of

Velocity = Callable[[jax.Array, float], jax.Array]  # (images at a time, the time) -> velocities
Step = Callable[[Velocity, jax.Array, float, float], jax.Array]  # (velocity, images, time, size) -> images


def euler(velocity: Velocity, images: jax.Array, time: float, size: float) -> jax.Array:
    """A step of first order, one evaluation."""
    return images + size * velocity(images, time)


def heun(velocity: Velocity, images: jax.Array, time: float, size: float) -> jax.Array:
    """A step of second order, two evaluations: the mean of the velocities at both of its ends."""
    first = velocity(images, time)
    second = velocity(images + size * first, time + size)
    return images + 0.5 * size * (first + second)


SOLVERS: dict[str, Step] = {"euler": euler, "heun": heun}


def solve(step: Step, steps: int, velocity: Velocity, noise: jax.Array) -> jax.Array:
    """The images at time 1 of the flow that has `noise` at time 0, in equal steps.

    It unrolls the steps, because convolutions inside a loop are slow on a CPU.
    """
    images = noise
    for index in range(steps):
        images = step(velocity, images, index / steps, 1.0 / steps)
    return images


@dataclasses.dataclass(frozen=True)
class FlowMatching:
    """The networks with their loss and the writer mode."""

    networks: dict[str, nn.Module]
    condition_dim: int
    weights: Mapping[str, float]
    step: Step  # of the solver
    steps: int  # of the solver
    compute: jnp.dtype = FLOAT32  # of the networks

    # Networks.

    def conditions(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
                   given: jax.Array) -> jax.Array:
        """What the references `[..., R, 28, 28, 1]`, given as `[..., T, R]`, say for each digit: `[..., T, E]`."""
        return self._apply(params, "reference_encoder", references, reference_digits, digits, given)

    def velocity(self, params: Params, images: jax.Array, times: jax.Array, digits: jax.Array,
                 conditions: jax.Array) -> jax.Array:
        """The velocities `[N, 28, 28, 1]` at images `[N, 28, 28, 1]` and times `[N]`."""
        return self._apply(params, "velocity", images, sinusoids(times), digits, conditions)

    def _apply(self, params: Params, name: str, *inputs: Any) -> Any:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of both networks."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        inputs = {
            "reference_encoder": (images, digits, digits, jnp.ones((1, 1), bool)),
            "velocity": (images, sinusoids(jnp.zeros(1)), digits, jnp.zeros((1, self.condition_dim))),
        }
        return initial_params(self.networks, inputs, key)

    # The loss.

    def loss(self, params: Params, batch: HandBatch, keys: jax.Array, step: jax.Array) -> tuple[jax.Array, Terms]:
        """Conditional flow matching (equation 23): the squared error of the velocity of a random path."""
        digits = batch.digits[:, :, :TARGETS]
        # Each writer's own glyphs among the references of the writer's targets: `[B, W, T, G]`.
        given = jnp.moveaxis(jnp.diagonal(batch.given, axis1=1, axis2=3), -1, 1)
        conditions = self.conditions(params, batch.images, batch.digits, digits, given).reshape(digits.size, -1)
        noise, times = self.sample_noise(keys, digits.size)
        images = batch.images[:, :, :TARGETS].reshape(noise.shape)
        points, velocities = optimal_transport_path(noise, images, times)
        predicted = self.velocity(params, points, times, digits.reshape(-1), conditions)
        return weighted_sum({"velocity": mean_squared_error(predicted, velocities)}, self.weights)

    def sample_noise(self, keys: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
        """Standard normal images `[count, 28, 28, 1]` and uniform times `[count]` for targets, from keys `[B]`."""
        each = count // len(keys)

        def sample(key: jax.Array) -> tuple[jax.Array, jax.Array]:
            noise_key, time_key = jax.random.split(key)
            return jax.random.normal(noise_key, (each, SIDE, SIDE, 1)), jax.random.uniform(time_key, (each,))

        noise, times = jax.vmap(sample)(keys)
        return noise.reshape(count, SIDE, SIDE, 1), times.reshape(count)

    # Synthesis.

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """Digits in the hand of the references."""
        given = jnp.ones((len(digits), len(references)), bool)
        conditions = self.conditions(params, references, reference_digits, digits, given)

        def velocity(images: jax.Array, time: float) -> jax.Array:
            return self.velocity(params, images, jnp.full(len(digits), time), digits, conditions)

        noise = variation * jax.random.normal(key, (len(digits), SIDE, SIDE, 1))
        return jnp.clip(solve(self.step, self.steps, velocity, noise), -1.0, 1.0)


def build(config: ConfigDict) -> Method:
    """Flow matching from a config as in configs/flow_matching.py.

    Raises:
      InputError: if `config.solver` or `config.compute` is invalid.
    """
    if config.solver not in SOLVERS:
        raise InputError(f"solver is {config.solver!r}; it must be one of {', '.join(SOLVERS)}")
    sizes = config.networks
    networks = {
        "reference_encoder": ReferenceEncoder(sizes.encoder_width, sizes.style_dim, DIGITS),
        "velocity": VelocityNetwork(sizes.width, DIGITS),
    }
    model = FlowMatching(networks, 4 * sizes.style_dim, config.losses.to_dict(), SOLVERS[config.solver],
                         config.solver_steps, dtype_of(config.compute))
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("flow", tuple(networks), model.loss),),
        averaged=tuple(networks),
        synthesis={"writer": model.write},
        examples=hand_examples(config.own_digit),
    )
