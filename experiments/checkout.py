"""Where experiments keep runs and results: in the checkout that holds them, else in the current directory."""

from pathlib import Path

PACKAGES = Path(__file__).parents[1]
IS_CHECKOUT = (PACKAGES / "setup.cfg").is_file()  # rather than installed
ROOT = PACKAGES if IS_CHECKOUT else Path.cwd()
RUNS = ROOT / "runs"
RESULTS = ROOT / "experiments" / "results" if IS_CHECKOUT else ROOT / "results"
