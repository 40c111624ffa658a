"""The catalogue refuses unknown names and lists the known ones."""

import pytest
from ml_collections import ConfigDict

from configs import stargan_v2
from handwriting_gan import methods
from handwriting_gan.errors import InputError


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="stargan_v2"):
        methods.build(ConfigDict({"method": "stargan_v9"}))


def test_an_unknown_route_is_refused_with_the_known_ones() -> None:
    config = stargan_v2.get_config("tiny")
    config.route = "telepathy"
    with pytest.raises(InputError, match="source, reference, shared_latent"):
        methods.build(config)
