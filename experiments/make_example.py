"""Makes the picture of 273 that ships: three glyphs of one writer of MNIST's test set, at a scan's size.

$ python -m experiments.make_example --data_folder DIR

By QMNIST's labels the rows are all writer 363's, whom no released network has seen.
"""

from pathlib import Path

from handwriting_gan.data import sources
from handwriting_gan.data.pictures import save_ink
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.writing.composition import compose, neat

ROWS = [9006, 9009, 9007]  # of MNIST's test set: a 2, a 7 and a 3
SIZE = 120  # pixels of a digit
PICTURE = Path(__file__).parent / "pictures" / "273.png"


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--out", type=Path, default=PICTURE)
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    glyphs = sources.load("mnist", "test", arguments.data_folder).take(arguments.rows)
    save_ink(arguments.out, compose(glyphs.images, neat(SIZE)), 1)
    print(f"{arguments.out} reads {''.join(str(digit) for digit in glyphs.digits)}")


if __name__ == "__main__":
    exit_in_one_line(main)
