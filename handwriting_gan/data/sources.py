"""The sources of glyphs by their names in the config."""

from handwriting_gan.data import mnist, mnist_5k, mnist_writers
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError

NAMES = ("mnist", "mnist_writers", "mnist_5k")
FOLDER_HELP = (f"folder with MNIST's four IDX files, and QMNIST's two label files for data=mnist_writers, "
               f"plain or gzipped; default: ${mnist.FOLDER_VARIABLE}, else they are downloaded")


def load_both(name: str, folder: str | None = None, held_out: str = "test") -> tuple[Glyphs, Glyphs]:
    """The training glyphs and the glyphs of the split `held_out`; raises as `load` does."""
    if (name, held_out) == ("mnist_writers", "validation"):
        splits = mnist_writers.load_training(folder)
        return splits["train"], splits["validation"]
    return load(name, "train", folder), load(name, held_out, folder)


def load(name: str, split: str, folder: str | None = None) -> Glyphs:
    """The glyphs of `split` ('train', 'validation' or 'test') of a source.

    Only `mnist_writers` has a validation split; for the others 'validation' is 'test'.

    Raises:
      InputError: if there is no such source, or its files are missing or cannot be fetched.
    """
    if name == "mnist_writers":
        return mnist_writers.load(split, folder)
    split = "test" if split == "validation" else split
    if name == "mnist":
        return mnist.load(split, folder)
    if name == "mnist_5k":
        return mnist_5k.load(split)
    raise InputError(f"data is {name!r}; it must be one of {', '.join(NAMES)}")
