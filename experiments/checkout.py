"""The folders of runs and results: in the checkout, or in the current directory if there is none."""

from pathlib import Path

PACKAGES = Path(__file__).parents[1]
IS_CHECKOUT = (PACKAGES / "setup.cfg").is_file()  # False if the package is installed
ROOT = PACKAGES if IS_CHECKOUT else Path.cwd()
RUNS = ROOT / "runs"
RESULTS = ROOT / "experiments" / "results" if IS_CHECKOUT else ROOT / "results"
