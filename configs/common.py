"""What every run shares; the presets: tiny for tests, small for two CPU cores, base for an accelerator."""

from typing import Any

from ml_collections import ConfigDict

PRESETS = ("tiny", "small", "base")


def pick(preset: str, tiny: Any, small: Any, base: Any) -> Any:
    """What a field is in a preset."""
    return dict(zip(PRESETS, (tiny, small, base), strict=True))[preset]


def get_config(preset: str) -> ConfigDict:
    """The fields of every config; a method's config adds its own.

    A field's range is in handwriting_gan/workdir/config_ranges.py; a new field needs one.

    Raises:
      ValueError: if there is no such preset.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset is called {preset!r}; there is {', '.join(PRESETS)}")
    config = ConfigDict()
    config.preset = preset
    config.seed = 0
    config.data = "mnist_5k"  # or mnist: see --data_folder
    config.steps = pick(preset, 8, 2_500, 100_000)  # iterations, each of all the method's phases
    config.batch_size = pick(preset, 4, 16, 64)  # over all devices
    config.micro_batches = 1  # in how many parts, one after the other, a device takes its share of the batch
    config.compute = "float32"  # of the networks, or bfloat16; parameters, losses, statistics are float32
    config.steps_per_dispatch = pick(preset, 1, 1, 20)  # on a CPU always 1
    config.ema_decay = pick(preset, 0.9, 0.995, 0.999)  # of the networks' moving average, per step
    config.tracker = "tensorboard"  # or wandb: the extra of that name
    config.log_every = pick(preset, 2, 50, 500)  # steps, as the next two
    config.sample_every = pick(preset, 8, 500, 5_000)
    config.checkpoint_every = pick(preset, 4, 250, 5_000)
    return config
