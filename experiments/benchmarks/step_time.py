"""Measures the training step of a config as `train` runs it, after compilation; prints its seconds as JSON.

$ python -m experiments.benchmarks.step_time configs/stargan_v2.py --steps 9000
"""

import json
import time

from configs.common import PRESETS
from experiments.benchmarks.our_step import prepare
from experiments.run_table import DATA, load_config
from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.training import devices

WARM_UP = 2  # steps before the measurement
LEAST = 3.0  # seconds that are measured


def main() -> None:
    """Parses the flags and measures."""
    parser = Flags(__doc__, example="python -m experiments.benchmarks.step_time configs/stargan_v2.py --steps 9000")
    parser.add_argument("config", help="a config without its preset, such as configs/ablations.py:without_cycle")
    parser.add_argument("--preset", choices=PRESETS, default="small", help="its preset")
    parser.add_argument("--steps", type=whole_number(1), required=True,
                        help="steps of the whole run, to which learning rates can decay")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    config = load_config(arguments.config, arguments.preset)
    config.data, config.steps = DATA, arguments.steps
    devices.one_virtual_device_per_core(config.batch_size)
    cache.keep_compiled()
    run, *_ = prepare(config, sources.load(DATA, "train", arguments.data_folder))
    run(WARM_UP)
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < LEAST:
        count += run(1)
    print(json.dumps({"seconds": passed / count}))


if __name__ == "__main__":
    exit_in_one_line(main)
