"""The fields of every config, and the presets.

`tiny` is for tests: 8 steps, and minutes of compiling if the compilation cache is empty. `small` is for two CPU cores:
minutes to hours. `base` is for an accelerator. `--config FILE.py:PRESET` chooses one; `small` is the default.
"""

from typing import Any

from ml_collections import ConfigDict

PRESETS = ("tiny", "small", "base")


def pick(preset: str, tiny: Any, small: Any, base: Any) -> Any:
    """The value of a field in a preset."""
    return dict(zip(PRESETS, (tiny, small, base), strict=True))[preset]


def get_config(preset: str) -> ConfigDict:
    """The fields of every config; each method's config adds its own.

    Each field has its range in handwriting_gan/workdir/config_ranges.py.

    Raises:
      ValueError: if there is no such preset.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset is {preset!r}; it must be one of {', '.join(PRESETS)}")
    config = ConfigDict()
    config.preset = preset
    config.seed = 0
    config.data = "mnist_5k"  # or mnist, or mnist_writers
    config.steps = pick(preset, 8, 2_500, 100_000)  # iterations of all the method's phases
    config.batch_size = pick(preset, 4, 16, 64)  # examples over all devices
    config.micro_batches = 1  # sequential parts of each device's shard of the batch; they save memory
    config.compute = "float32"  # or bfloat16, for the networks; parameters, losses and statistics are float32
    config.steps_per_dispatch = pick(preset, 1, 1, 20)  # ignored on a CPU
    config.ema_decay = pick(preset, 0.9, 0.995, 0.999)  # decay of the moving average, per step
    config.tracker = "tensorboard"  # or wandb, which needs the extra of that name
    config.log_every = pick(preset, 2, 50, 500)  # steps, as in the next two
    config.sample_every = pick(preset, 8, 500, 5_000)
    config.checkpoint_every = pick(preset, 4, 250, 5_000)
    return config
