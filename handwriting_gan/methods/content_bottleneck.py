"""StarGAN v2 with a content bottleneck (Gabbay & Hoshen 2020, arXiv:2007.04964).

A translator can keep any part of a source in its content code, including the hand. Noise of a fixed standard
deviation on the code and a penalty on its squares (a variational autoencoder's divergence with learned means
only) limit its information, so that the style has to carry more. The penalty needs the noise: the first adaptive
norm removes any scale of the code.

The authors' code for this paper is not public; the form is that of their LORD. The penalty is a mean over the
code's elements instead of a sum, so that its weight does not depend on the code's size.
"""

import dataclasses

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch
from handwriting_gan.losses.objective import Terms
from handwriting_gan.losses.variational import mean_of_squares
from handwriting_gan.methods.method import Method, Params
from handwriting_gan.methods.stargan_v2 import StarGANv2, assemble, build_networks, fields


@dataclasses.dataclass(frozen=True)
class ContentBottleneck(StarGANv2):
    """StarGAN v2 with noise on the content in training, and a penalty on it."""

    noise: float = 1.0  # standard deviation

    def _translate_in_training(self, params: Params, images: jax.Array, styles: jax.Array,
                               keys: jax.Array) -> jax.Array:
        content = self.content(params, images)
        noise = jax.vmap(lambda key: jax.random.normal(key, content.shape[1:]))(
            jax.vmap(jax.random.fold_in, (0, None))(keys, jnp.uint32(2)))
        return self.decode(params, content + self.noise * noise, styles)

    def _generator_terms(self, params: Params, batch: Batch, styles: jax.Array, others: jax.Array,
                         keys: jax.Array) -> Terms:
        return {**super()._generator_terms(params, batch, styles, others, keys),
                "content": mean_of_squares(self.content(params, batch.sources))}


def build(config: ConfigDict) -> Method:
    """StarGAN v2 with a content bottleneck, from a config as in configs/content_bottleneck.py.

    Raises as stargan_v2.build.
    """
    model = ContentBottleneck(build_networks(config.networks), **fields(config), noise=config.content_noise)
    return assemble(model, config)
