"""Trains a method; the same command run again goes on where it stopped.

$ python -m handwriting_gan.train --config configs/stargan_v2.py:small --workdir runs/first

Presets: tiny (seconds), small (about 15 minutes on two CPU cores), base (an accelerator). Any field of a
config can be changed, for example --config.data=mnist or --config.losses.diversity=2.0. The workdir receives
config.json, checkpoints/, metrics.jsonl, events/ (TensorBoard) and samples/ (pictures).

All devices of this machine share a batch. So do those of several processes, each started by this command with
--distributed where Slurm or a TPU pod starts it, or with --coordinator, --processes and --process.
"""

import sys
from pathlib import Path

from absl import flags
from ml_collections import ConfigDict, config_flags

from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import InputError, exit_in_one_line
from handwriting_gan.training import cpu_memory, deadlock, devices, processes
from handwriting_gan.training.interruption import InterruptedRunError
from handwriting_gan.training.loop import describe, train
from handwriting_gan.workdir.layout import Workdir

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "File and preset, as in configs/stargan_v2.py:small.", lock_config=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Folder that the run keeps everything in.")
DATA_FOLDER = flags.DEFINE_string("data_folder", None, sources.FOLDER_HELP)
DISTRIBUTED = flags.DEFINE_bool(
    "distributed", False, "One of several processes, as the environment of Slurm or a TPU pod tells.")
COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of process 0, which the others reach; with --processes and --process.")
PROCESSES = flags.DEFINE_integer("processes", None, "How many processes train together.", lower_bound=1)
PROCESS = flags.DEFINE_integer("process", None, "Which of them this is, from 0.", lower_bound=0)
SEVERAL_OUTPUTS = flags.DEFINE_bool(
    "several_outputs", False, "On a CPU, let XLA fuse loops that read the same arrays: StarGAN v2 trains 7 % "
    "faster in less memory, but XLA's compiler aborts on some other methods.")
DRY_RUN = flags.DEFINE_bool("dry_run", False, "Say what would be trained on what, and leave.")
STOP_AT = flags.DEFINE_integer(
    "stop_at", None, "Stop at this step, to be resumed by the same command later.", lower_bound=1)


def main() -> None:
    """Flags in, one call."""
    config, workdir = _parse_flags(sys.argv), Workdir(Path(WORKDIR.value or ""))
    if SEVERAL_OUTPUTS.value:
        cpu_memory.allow_several_outputs()
    _join()
    devices.one_virtual_device_per_core(config.batch_size)
    cache.keep_compiled()
    if DRY_RUN.value:
        print(describe(config))
        return
    glyphs, held_out = sources.load_both(config.data, DATA_FOLDER.value, "validation")
    try:
        train(config, workdir, glyphs, held_out, STOP_AT.value,
              deadlock.start_anew if deadlock.possible() else None)
    except InterruptedRunError as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(stopped.exit_code)
    if not processes.is_first():
        return
    print(f"pictures: {workdir.root / 'samples'}  losses: {workdir.metrics}  "
          f"next: python -m handwriting_gan.evaluate --workdir {workdir.root}")


def _join() -> None:
    """Joins the other processes, if there are to be any."""
    told = (COORDINATOR.value, PROCESSES.value, PROCESS.value)
    if DISTRIBUTED.value or any(flag is not None for flag in told):
        if not DISTRIBUTED.value and None in told:
            raise InputError("--coordinator, --processes and --process come together")
        processes.join(*told)


def _parse_flags(arguments: list[str]) -> ConfigDict:
    """The locked config; `--help` answers and leaves."""
    if {"-h", "-help", "--help"} & set(arguments):
        print(__doc__, flags.FLAGS.main_module_help(), sep="\n")
        sys.exit(0)
    try:
        flags.mark_flags_as_required(["config", "workdir"])
        if strays := flags.FLAGS(arguments)[1:]:
            raise InputError(f"what is {strays[0]!r} for? see python -m handwriting_gan.train --help")
        config = CONFIG.value
        missing = {"method", "batch_size", "steps"} - set(config)  # a bad file is noticed only now
    except (AttributeError, KeyError) as error:  # says the nearest right name
        raise InputError(f"the config has no field {error.args[0]}") from error
    except (flags.Error, TypeError, ValueError, OSError, ImportError) as error:
        raise InputError(_reason(str(error))) from error
    if missing or not WORKDIR.value:
        raise InputError("--config must name a method's config, as configs/stargan_v2.py:small, "
                         "and --workdir a folder")
    return config


def _reason(said: str) -> str:
    """What is wrong, without the traceback or the search path that config_flags puts into its message."""
    if "Traceback" in said:
        return said.strip().splitlines()[-1].partition(": ")[2]
    if "Failed loading config file" in said:
        said = f"--config: {said.strip().splitlines()[-1].strip()}"
    return f"{said}; see python -m handwriting_gan.train --help"


if __name__ == "__main__":
    exit_in_one_line(main)
