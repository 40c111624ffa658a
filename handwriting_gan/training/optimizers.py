"""One optimizer per network, from the config."""

import optax
from ml_collections import ConfigDict

from handwriting_gan.workdir.layout import decay_start


def adam_with_l2(learning_rate: optax.ScalarOrSchedule, beta1: float, beta2: float,
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

    With `config.rate_decay` the rates are constant, then decrease linearly to 0 in that last fraction of the steps.
    """
    start = decay_start(config)

    def schedule(rate: float) -> optax.ScalarOrSchedule:
        return optax.linear_schedule(rate, 0.0, config.steps - start, start) if start < config.steps else rate

    return {name: adam_with_l2(schedule(rate), config.adam.beta1, config.adam.beta2, config.adam.l2)
            for name, rate in config.learning_rates.items()}
