"""The DCGAN (Radford et al. 2016) of MNIST tutorials: a latent in, an image of any digit out.

The lower bound of image quality. It is the conditional DCGAN with 0 domains, so it ignores the target digit: one
in ten is right, and only Fréchet distances over all digits are meaningful.
"""

from ml_collections import ConfigDict

from handwriting_gan.methods import conditional_dcgan
from handwriting_gan.methods.method import Method


def build(config: ConfigDict) -> Method:
    """The DCGAN from a config (configs/dcgan.py). Raises as conditional_dcgan.build."""
    return conditional_dcgan.build_for(config, domains=0)
