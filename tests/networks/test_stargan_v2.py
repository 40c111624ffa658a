"""Parameter counts worked out from the paper's architecture at d = 32, 10 domains, style 64, latent 16."""

from collections.abc import Callable
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from handwriting_gan.networks.stargan_v2 import (
    Discriminator,
    Generator,
    LabelStyle,
    LatentEncoder,
    MappingNetwork,
    StyleEncoder,
)

IMAGES, DIGITS = jnp.zeros((2, 28, 28, 1)), jnp.zeros(2, jnp.int32)
WIDTHS = {"width": 32, "max_width": 128}
CASES = {
    "generator": SimpleNamespace(
        network=Generator(**WIDTHS), inputs=(IMAGES, jnp.zeros((2, 64))),
        count=1_583_937, output=(2, 28, 28, 1)),
    "mapping network": SimpleNamespace(
        network=MappingNetwork(512, 64, 10), inputs=(jnp.zeros((2, 16)), DIGITS),
        count=9_004_672, output=(2, 64)),
    "style encoder": SimpleNamespace(
        network=StyleEncoder(**WIDTHS, style_dim=64, domains=10), inputs=(IMAGES, DIGITS),
        count=674_400, output=(2, 64)),
    "discriminator": SimpleNamespace(
        network=Discriminator(**WIDTHS, domains=10), inputs=(IMAGES, DIGITS),
        count=593_130, output=(2,)),
}


def shapes(network: nn.Module, inputs: tuple) -> tuple:
    """Output and parameters as shapes."""
    return jax.eval_shape(lambda *inputs: network.init_with_output(jax.random.key(0), *inputs),
                          *inputs)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_network_has_the_papers_size(case: SimpleNamespace) -> None:
    output, variables = shapes(case.network, case.inputs)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == case.count
    assert output.shape == case.output
    assert variables.keys() == {"params"}  # no running statistics


def test_the_content_is_the_encoders_output() -> None:
    generator = Generator(**WIDTHS)
    _, variables = shapes(generator, (IMAGES, jnp.zeros((2, 64))))
    content = jax.eval_shape(lambda v: generator.apply(v, IMAGES, method="content"), variables)
    assert content.shape == (2, 7, 7, 128)


@pytest.mark.slow  # compiles the generator twice
def test_generating_is_decoding_the_content(random_params: Callable) -> None:
    generator = Generator(width=2, max_width=4)
    images, styles = jax.random.normal(jax.random.key(1), (2, 28, 28, 1)), jnp.ones((2, 3))
    variables = generator.init(jax.random.key(0), images, styles)
    content = generator.apply(variables, images, method="content")
    decoded = generator.apply(variables, content, styles, method="decode")
    assert jnp.array_equal(decoded, generator.apply(variables, images, styles))


def test_a_label_style_depends_on_the_digit_alone() -> None:
    network, digits = LabelStyle(6, 10), jnp.array([3, 3, 7])
    latents = jax.random.normal(jax.random.key(0), (3, 4))
    params = network.init(jax.random.key(1), latents, digits)
    styles = network.apply(params, latents, digits)
    assert styles.shape == (3, 6)
    np.testing.assert_array_equal(styles[0], styles[1])
    assert not np.allclose(styles[0], styles[2])
    np.testing.assert_array_equal(styles, network.apply(params, 2.0 * latents, digits))
    np.testing.assert_array_equal(network.apply(params, latents, jnp.int32(7)), [styles[2]] * 3)


def test_a_latent_encoder_ignores_the_digits() -> None:
    network, images = LatentEncoder(4, 8, 5), jax.random.normal(jax.random.key(0), (2, 28, 28, 1))
    params = network.init(jax.random.key(1), images, jnp.array([1, 2]))
    latents = network.apply(params, images, jnp.array([1, 2]))
    assert latents.shape == (2, 5)
    assert not np.allclose(latents[0], latents[1])
    np.testing.assert_array_equal(latents, network.apply(params, images, jnp.array([8, 9])))
