"""Trains a method. Run the same command again to resume a stopped run.

$ python -m handwriting_gan.train --config configs/stargan_v2.py:small --workdir runs/first

--config names a file and a preset: tiny (for tests: minutes, most of them compiling), small (15 minutes for StarGAN
v2 on two CPU cores) or base (the paper's schedule, for an accelerator). --config.FIELD=VALUE changes any field, for
example --config.data=mnist or --config.losses.diversity=2.0.

The workdir receives config.json, checkpoints/, metrics.jsonl, events/ (TensorBoard) and samples/ (pictures).

All devices of this machine share each batch. Several processes share it too: start each of them by this command, with
--distributed under Slurm or on a TPU pod, or else with --coordinator, --processes and --process.
"""

import importlib.util
import re
import sys
import textwrap
import traceback
from pathlib import Path
from typing import Any

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
from handwriting_gan.workdir.config_ranges import RENAMED, check_complete, check_ranges, range_of, shorten
from handwriting_gan.workdir.layout import Workdir

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "File and preset, as in configs/stargan_v2.py:small.", lock_config=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
DATA_FOLDER = flags.DEFINE_string("data_folder", None, sources.FOLDER_HELP)
DISTRIBUTED = flags.DEFINE_bool(
    "distributed", False, "Join several processes; Slurm or a TPU pod provides their addresses.")
COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of process 0, for all processes; needs --processes and --process.")
PROCESSES = flags.DEFINE_integer("processes", None, "Number of processes.", lower_bound=1)
PROCESS = flags.DEFINE_integer("process", None, "Index of this process, from 0.", lower_bound=0)
DRY_RUN = flags.DEFINE_bool("dry_run", False, "Check everything, print what would be trained, and write nothing.")
STOP_AT = flags.DEFINE_integer(
    "stop_at", None, "Stop at this step; run the same command later to resume. Default: the config's steps.",
    lower_bound=1)

CHOOSE_CONFIG = "--config must name a method's config, such as configs/stargan_v2.py:small"


def main() -> None:
    """The entry point."""
    config, workdir = _parse_flags(find_config(sys.argv)), Workdir(local_path(WORKDIR.value or ""))
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
    for index, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if flag not in ("-config", "--config"):
            continue
        if equals:
            found[index] = f"{flag}={resolve(value)}"
        elif index + 1 < len(arguments):
            found[index + 1] = resolve(arguments[index + 1])
    return found


def resolve(config: str) -> str:
    """A path such as configs/stargan_v2.py:small: in the current directory, else in the package `configs`."""
    path, *preset = config.split(":", 1)
    name, installed = Path(path).as_posix(), installed_configs()
    if name not in installed or Path(path).exists():
        return config
    return ":".join([str(installed[name]), *preset])


def installed_configs() -> dict[str, Path]:
    """The files of the package `configs`, by a path such as configs/stargan_v2.py."""
    package = importlib.util.find_spec("configs")
    if not package or not package.origin:
        return {}
    return {f"configs/{file.name}": file for file in sorted(Path(package.origin).parent.glob("*.py"))}


def _join() -> None:
    """Joins the other processes, if the flags ask for several."""
    coordinator, count, index = COORDINATOR.value, PROCESSES.value, PROCESS.value
    given = [flag is not None for flag in (coordinator, count, index)]
    if not DISTRIBUTED.value and not any(given):
        return
    if not DISTRIBUTED.value and not all(given):
        raise InputError("--coordinator, --processes and --process must be given together")
    if index is not None and count is not None and index >= count:
        raise InputError(f"--process is {index}; it must be below --processes, {count}")
    if coordinator is not None and not re.fullmatch(r".+:\d+", coordinator):
        raise InputError(f"--coordinator is {coordinator!r}; it must be HOST:PORT, as in first-host:1234")
    processes.join(coordinator, count, index)


def _help() -> str:
    """The text that `--help` prints."""
    names = [path for path in installed_configs() if Path(path).stem not in ("__init__", "common")]
    # The main module is the console script, if there is one.
    described = flags.FLAGS.module_help(flags.FLAGS.find_module_defining_flag("workdir"))
    lists = (f"Configs: {', '.join(names)}.", f"Data sets: {', '.join(sources.NAMES)}.")
    return "\n".join([__doc__ or "", *(textwrap.fill(text, 110, subsequent_indent="  ") for text in lists),
                      described.replace("\n    (default: 'None')", "")])


def _parse_flags(arguments: list[str]) -> ConfigDict:
    """The locked config; for `--help`, prints the help and exits."""
    if {"-h", "-help", "--help"} & set(arguments):
        print(_help())
        sys.exit(0)
    try:
        flags.mark_flags_as_required(["config", "workdir"])
        if extra := flags.FLAGS(arguments)[1:]:
            raise InputError(f"{extra[0]!r} is not a flag; see python -m handwriting_gan.train --help")
        config = CONFIG.value
        missing = {"method", "batch_size", "steps"} - set(config)  # absl loads the file only here
    except InputError:
        raise
    except flags.Error as error:
        raise InputError(_flag_reason(str(error))) from error
    except (Exception, SystemExit) as error:  # a config file is a program, and may raise anything
        raise InputError(f"--config: {_config_reason(error)}") from error
    if missing or not isinstance(config, ConfigDict):
        raise InputError(CHOOSE_CONFIG)
    check_complete(config)
    check_ranges(config, "--config.")
    _check_labels(config)
    return config


def _check_labels(config: ConfigDict) -> None:
    """Checks that preset and method are those of the config file, because the other fields belong to them.

    Raises:
      InputError: if a flag has changed one of them.
    """
    flag: Any = flags.FLAGS["config"]
    original = flag.parser.parse(flag.config_filename)
    if config.get("preset") != original.get("preset"):
        raise InputError(f"--config.preset would only rename preset {original.get('preset')}; choose another by "
                         "--config FILE:PRESET, such as configs/stargan_v2.py:small")
    if config.method != original.method:
        raise InputError(f"--config.method is {shorten(config.method)}, but the config is for {original.method}; "
                         "choose another by --config, such as configs/lord.py:small")


def _flag_reason(message: str) -> str:
    """One line for an error of absl about a flag, without the traceback."""
    lines = _lines(message)
    if any(line.startswith("Traceback") for line in lines):  # a TypeError or ValueError of the config file
        return f"--config: {lines[-1].partition(': ')[2] or lines[-1]}"
    if missing := re.search(r"Flag --(\w+) must have a value other than None", message):
        return CHOOSE_CONFIG if missing[1] == "config" else f"--{missing[1]} is missing; name a folder"
    if wrong := re.match(r"flag --([\w.]+)=(.*?): (?:invalid literal for int|could not convert|Exceeds the)",
                         message, re.DOTALL):
        allowed = range_of(wrong[1].removeprefix("config.")) or "a whole number"
        return f"--{wrong[1]} is {shorten(wrong[2])}; it must be {allowed}"
    if group := re.match(r"flag --(config\.\w+)=.*: Failed to parse .* as a ConfigDict", message, re.DOTALL):
        return f"--{group[1]} is a group of fields; change one of them, as in --{group[1]}.FIELD=VALUE"
    return f"{lines[0]}; see python -m handwriting_gan.train --help"


def _config_reason(error: BaseException) -> str:
    """One line for an error that a config file or an unknown field has raised."""
    if isinstance(error, SyntaxError):
        position = f"{error.filename}, line {error.lineno}: " if error.filename else ""
        return f"{position}{error.msg}"
    message = _lines(str(error))[-1].rpartition("failure to load: ")[2]
    if isinstance(error, OSError):
        return re.sub(r"^\[Errno \d+\] ", "", message)
    if "has no attribute 'get_config'" in message:
        return "the file has no function get_config"
    in_file = {"_LoadConfigModule", "get_config"} & {frame.name for frame in
                                                     traceback.extract_tb(error.__traceback__)}
    if isinstance(error, AttributeError | KeyError) and not in_file:
        nested = re.search(r"Attempting to lookup: ([\w.]+)", message)
        name = (nested[1] if nested else one_line(error)).partition(";")[0].strip("'\"")
        if name in RENAMED:
            return f'there is no field {name}; did you mean "{RENAMED[name]}"'
        return f"there is no field {nested[1] if nested else one_line(error)}"
    return f"the file raises {type(error).__name__}: {one_line(error)}"


def _lines(message: str) -> list[str]:
    return [line.strip() for line in message.splitlines() if line.strip()] or [""]


if __name__ == "__main__":
    run()
