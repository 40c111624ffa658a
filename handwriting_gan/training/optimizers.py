"""One optimizer per network, and the decay of their learning rates, from the config."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from ml_collections import ConfigDict

from handwriting_gan.workdir.layout import decay_start


def adam_with_l2(learning_rate: float, beta1: float, beta2: float,
                 l2: float) -> optax.GradientTransformation:
    """Adam with L2 added to the gradient before the moments: `weight_decay` of PyTorch's Adam, not of AdamW.

    With `beta1` 0, as in StarGAN v2, the first moment equals the gradient, and the state does not hold it.
    """
    adam = (optax.scale_by_adam(b1=beta1, b2=beta2, eps=1e-8) if beta1 else
            optax.scale_by_rms(decay=beta2, eps=1e-8, eps_in_sqrt=False, bias_correction=True))
    return optax.chain(
        optax.add_decayed_weights(l2),
        adam,
        optax.scale_by_learning_rate(learning_rate),
    )


def build(config: ConfigDict) -> dict[str, optax.GradientTransformation]:
    """`{network: optimizer}` for each network that `config.learning_rates` names.

    It scales the gradient of a network that `config.max_gradient_norms` names down to that global norm, before Adam.
    """
    by_network = {name: adam_with_l2(rate, config.adam.beta1, config.adam.beta2, config.adam.l2)
                  for name, rate in config.learning_rates.items()}
    clipped = {name: optax.chain(optax.clip_by_global_norm(norm), by_network[name])
               for name, norm in config.get("max_gradient_norms", {}).items() if name in by_network}
    return by_network | clipped


def rate_scale(config: ConfigDict) -> Callable[[jax.Array], jax.Array] | None:
    """The factor of all learning rates as a function of the step, counted from 0; None if it is always 1.

    With `config.rate_decay` it is 1 until the decay starts, then decreases linearly to 0 at the last step.
    """
    decay_steps = config.steps - decay_start(config)
    if not decay_steps:
        return None
    return lambda step: jnp.minimum(1.0, (config.steps - step) / decay_steps)
