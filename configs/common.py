"""What every run shares; the presets: tiny for tests, small for two CPU cores, base for an accelerator."""

from ml_collections import ConfigDict

PRESETS = ("tiny", "small", "base")


def get_config(preset: str) -> ConfigDict:
    """The fields of every config; a method's config adds its own."""
    if preset not in PRESETS:
        raise ValueError(f"no preset is called {preset!r}; there is {', '.join(PRESETS)}")
    pick = dict(zip(PRESETS, range(3), strict=True))[preset]
    config = ConfigDict()
    config.preset = preset
    config.seed = 0
    config.data = "mnist_5k"  # or mnist: see --data_folder
    config.steps = (8, 2_500, 100_000)[pick]
    config.batch_size = (4, 16, 64)[pick]  # over all devices
    config.steps_per_dispatch = (1, 1, 20)[pick]  # on a CPU always 1
    config.averaging = (0.9, 0.995, 0.999)[pick]  # decay of the moving average, per step
    config.log_every = (2, 50, 500)[pick]
    config.sample_every = (8, 500, 5_000)[pick]
    config.checkpoint_every = (4, 250, 5_000)[pick]
    return config
