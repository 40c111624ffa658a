"""Composes the committed picture of 273: three glyphs of one writer of MNIST's test set, enlarged.

$ python -m experiments.make_example --data_folder DIR --publish

By QMNIST's labels all three are by writer 363, who is not in the training set of any released network.
"""

from pathlib import Path

from handwriting_gan.data import sources
from handwriting_gan.data.pictures import save_ink
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.files import local_path
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.composition import compose, regular_layout

ROWS = [9006, 9009, 9007]  # of MNIST's test set: a 2, a 7 and a 3
SIZE = 120  # pixels of a digit
PICTURE = Path(__file__).parent / "pictures" / "273.png"


def main() -> None:
    """Flags in, one call."""
    parser = Flags(__doc__, example="python -m experiments.make_example --data_folder DIR --publish")
    parser.add_argument("--rows", type=whole_number(0, 9_999), nargs="+", default=ROWS,
                        help="of MNIST's test set; default: %(default)s")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=local_path, help="PNG file to write; this or --publish is required")
    where.add_argument("--publish", dest="out", action="store_const", const=PICTURE,
                       help="write the picture that ships with the repository")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    check_output(arguments.out, ".png")
    glyphs = sources.load("mnist", "test", arguments.data_folder).take(arguments.rows)
    save_ink(arguments.out, compose(glyphs.images, regular_layout(SIZE)), 1)
    print(f"{arguments.out} reads {''.join(str(digit) for digit in glyphs.digits)}")


if __name__ == "__main__":
    exit_in_one_line(main)
