"""Trains a method; the same command run again goes on where it stopped.

$ python -m handwriting_gan.train --config configs/stargan_v2.py:small --workdir runs/first

Presets: tiny (seconds), small (about 15 minutes on two CPU cores), base (an accelerator). Any field of a
config can be changed, for example --config.data=mnist or --config.losses.diversity=2.0. The workdir receives
config.json, checkpoints/, metrics.jsonl, events/ (TensorBoard) and samples/ (pictures).

All devices of this machine share a batch. So do those of several processes, each started by this command with
--distributed where Slurm or a TPU pod starts it, or with --coordinator, --processes and --process.
"""

import importlib.util
import re
import sys
import traceback
from pathlib import Path

from absl import flags
from ml_collections import ConfigDict, config_flags

from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import InputError, exit_in_one_line, one_line
from handwriting_gan.files import local_path
from handwriting_gan.synthesis import sheets
from handwriting_gan.training import deadlock, devices, processes
from handwriting_gan.training.interruption import InterruptedRunError
from handwriting_gan.training.loop import describe, train
from handwriting_gan.workdir.config_ranges import check_ranges, range_of, shorten
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
DRY_RUN = flags.DEFINE_bool(
    "dry_run", False, "Make the checks of a run, say what it would train on what, and write nothing.")
STOP_AT = flags.DEFINE_integer(
    "stop_at", None, "Stop at this step, to be resumed by the same command later.", lower_bound=1)

CHOOSE_CONFIG = "--config must name a method's config, as configs/stargan_v2.py:small"


def main() -> None:
    """Flags in, one call."""
    config, workdir = _parse_flags(find_config(sys.argv)), Workdir(local_path(WORKDIR.value))
    _join()
    devices.one_virtual_device_per_core(config.batch_size)
    cache.keep_compiled()
    glyphs, held_out = sources.load_both(config.data, DATA_FOLDER.value, "validation")
    run = config, workdir, glyphs, sheets.for_training(config, held_out), STOP_AT.value
    if DRY_RUN.value:
        print(describe(*run))
        return
    try:
        train(*run, deadlock.restart if deadlock.possible() else None)
    except InterruptedRunError as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(stopped.exit_code)
    if not processes.is_first():
        return
    print(f"pictures: {workdir.root / 'samples'}  losses: {workdir.metrics}  "
          f"next: python -m handwriting_gan.evaluate --workdir {workdir.root}")


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


def find_config(arguments: list[str]) -> list[str]:
    """The command line with the path of `--config` resolved as `resolve` does."""
    found = list(arguments)
    for place, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if flag not in ("-config", "--config"):
            continue
        if equals:
            found[place] = f"{flag}={resolve(value)}"
        elif place + 1 < len(arguments):
            found[place + 1] = resolve(arguments[place + 1])
    return found


def resolve(config: str) -> str:
    """A path such as configs/stargan_v2.py:small: in the current directory, else in the package `configs`."""
    path, *preset = config.split(":", 1)
    package = importlib.util.find_spec("configs")
    if not package or not package.origin:
        return config
    installed = {f"configs/{file.name}": file for file in Path(package.origin).parent.glob("*.py")}
    name = Path(path).as_posix()
    if name not in installed or Path(path).exists():
        return config
    return ":".join([str(installed[name]), *preset])


def _join() -> None:
    """Joins the other processes, if there are to be any."""
    told = (COORDINATOR.value, PROCESSES.value, PROCESS.value)
    if DISTRIBUTED.value or any(flag is not None for flag in told):
        if not DISTRIBUTED.value and None in told:
            raise InputError("--coordinator, --processes and --process come together")
        if None not in told and PROCESS.value >= PROCESSES.value:
            raise InputError(f"--process is {PROCESS.value}; it must be below --processes, {PROCESSES.value}")
        processes.join(*told)


def _parse_flags(arguments: list[str]) -> ConfigDict:
    """The locked config; `--help` answers and leaves."""
    if {"-h", "-help", "--help"} & set(arguments):
        # The main module is the console script, where there is one.
        print(__doc__, flags.FLAGS.module_help(flags.FLAGS.find_module_defining_flag("workdir")), sep="\n")
        sys.exit(0)
    try:
        flags.mark_flags_as_required(["config", "workdir"])
        if strays := flags.FLAGS(arguments)[1:]:
            raise InputError(f"what is {strays[0]!r} for? see python -m handwriting_gan.train --help")
        config = CONFIG.value
        missing = {"method", "batch_size", "steps"} - set(config)  # a bad file is noticed only now
    except InputError:
        raise
    except flags.Error as error:
        raise InputError(_flag_reason(str(error))) from error
    except Exception as error:  # a config file is a program, and may raise anything
        raise InputError(f"--config: {_config_reason(error)}") from error
    if missing or not isinstance(config, ConfigDict):
        raise InputError(CHOOSE_CONFIG)
    check_ranges(config, "--config.")
    _refuse_labels(config)
    return config


def _refuse_labels(config: ConfigDict) -> None:
    """Refuses a preset or method that is not the config file's own: all other fields would be another's."""
    flag = flags.FLAGS["config"]
    own = flag.parser.parse(flag.config_filename)
    if own.get("preset") != config.get("preset"):
        raise InputError(f"--config.preset would only rename preset {own.get('preset')}; choose another by "
                         "--config FILE:PRESET, as configs/stargan_v2.py:small")
    if own.method != config.method:
        raise InputError(f"--config.method is {config.method}, but the config is of {own.method}; "
                         "choose another by --config, as configs/lord.py:small")


def _flag_reason(said: str) -> str:
    """What is wrong with a flag, in one line, without a traceback."""
    lines = _lines(said)
    if any(line.startswith("Traceback") for line in lines):  # a TypeError or ValueError of the config file
        return f"--config: {lines[-1].partition(': ')[2] or lines[-1]}"
    if missing := re.search(r"Flag --(\w+) must have a value other than None", said):
        return CHOOSE_CONFIG if missing[1] == "config" else f"--{missing[1]} is missing; name a folder"
    if wrong := re.match(r"flag --([\w.]+)=(.*?): (?:invalid literal for int|could not convert|Exceeds the)",
                         said, re.DOTALL):
        allowed = range_of(wrong[1].removeprefix("config.")) or "a whole number"
        return f"--{wrong[1]} is {shorten(wrong[2])}; it must be {allowed}"
    return f"{lines[0]}; see python -m handwriting_gan.train --help"


def _config_reason(error: Exception) -> str:
    """What is wrong with a config file, or with the name of a field, in one line."""
    if isinstance(error, SyntaxError):
        place = f"{error.filename}, line {error.lineno}: " if error.filename else ""
        return f"{place}{error.msg}"
    said = _lines(str(error))[-1].rpartition("failure to load: ")[2]
    if isinstance(error, OSError):
        return re.sub(r"^\[Errno \d+\] ", "", said)
    if "has no attribute 'get_config'" in said:
        return "the file has no function get_config"
    in_file = {"_LoadConfigModule", "get_config"} & {frame.name for frame in
                                                     traceback.extract_tb(error.__traceback__)}
    if isinstance(error, AttributeError | KeyError) and not in_file:
        nested = re.search(r"Attempting to lookup: ([\w.]+)", said)
        return f"there is no field {nested[1] if nested else one_line(error)}"
    return f"the file raises {type(error).__name__}: {one_line(error)}"


def _lines(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if line.strip()] or [""]


if __name__ == "__main__":
    run()
