"""The DCGAN (Radford et al. 2016) that MNIST tutorials teach: a latent in, some digit out.

The floor of image quality. It cannot be asked for a digit, so what it draws for one is right one time in ten,
and only pooled distances say anything of it. It is the conditional one, told nothing: no domains.
"""

from ml_collections import ConfigDict

from handwriting_gan.methods import conditional_dcgan
from handwriting_gan.methods.method import Method


def build(config: ConfigDict) -> Method:
    """The DCGAN from a config (configs/dcgan.py). Raises as conditional_dcgan.build."""
    return conditional_dcgan.build_for(config, domains=0)
