"""StarGAN v2 (Choi et al. 2020), domains = digits."""

from ml_collections import ConfigDict

from configs import common


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    tiny, small = preset == "tiny", preset == "small"
    config.method = "stargan_v2"
    config.route = "reference"  # how `write` carries the hand: source, reference or shared_latent

    width = 4 if tiny else 16 if small else 32
    config.networks = ConfigDict({
        "width": width,
        "max_width": 4 * width,
        "levels": 2,  # how often the generator halves 28 x 28
        "bottleneck_blocks": 2,  # on either side of the content
        "mapping_width": 8 if tiny else 64 if small else 512,
        "style_dim": 8 if tiny else 64,
        "latent_dim": 4 if tiny else 16,
    })
    config.losses = ConfigDict({  # weights; a term left out is not computed
        "r1": 1.0,
        "style_reconstruction": 1.0,
        "diversity": 1.0,
        "cycle": 1.0,
    })
    config.diversity_decay_steps = config.get_ref("steps") * 1  # follows steps unless set itself

    rate = 1e-4 if preset == "base" else 5e-4
    config.learning_rates = ConfigDict({
        "generator": rate,
        "mapping_network": rate / 100 if preset == "base" else rate / 10,
        "style_encoder": rate,
        "discriminator": rate,
    })
    config.adam = ConfigDict({"beta1": 0.0, "beta2": 0.99, "l2": 1e-4})
    return config
