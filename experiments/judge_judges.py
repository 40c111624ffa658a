"""Measures the judges: the accuracy of the digit classifier, and how well writer encoders verify real hands.

$ python -m experiments.judge_judges --data_folder DIR --out experiments/results/judges.md

A query is a real glyph. A claim is the mean embedding of K glyphs of other digits, by the same writer or by
another. No judge was fitted on these writers.
"""


import numpy as np

from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import Episodes, sample_episodes
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.metrics import writer_verification
from handwriting_gan.metrics.bootstrap import Estimate, mean
from handwriting_gan.recognition import digit_classifier, writer_encoder
from handwriting_gan.recognition.writer_encoder import WriterEncoder, hand
from handwriting_gan.report import tables
from handwriting_gan.workdir.outputs import check_output

COUNTS = (1, 3, 10)  # references, K


def main() -> None:
    """Parses the flags and prints the table."""
    parser = Flags(__doc__, example="python -m experiments.judge_judges "
                   "--data_folder DIR --out experiments/results/judges.md")
    parser.add_argument("--split", choices=("validation", "test"), default="test", help="writers to measure on")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--out", type=local_path, help="Markdown file (default: print only)")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins="Digit classifier ")
    glyphs = sources.load("mnist_writers", arguments.split, arguments.data_folder)
    reader = digit_classifier.load()
    accuracy = mean((reader.digits(glyphs.images) == glyphs.digits).astype(float), glyphs.writers)
    encoders = [writer_encoder.load(name) for name in writer_encoder.ARCHITECTURES]
    episodes = sample_episodes(glyphs, max(COUNTS), seed=0)
    rows = [row for encoder in encoders for row in verification(encoder, glyphs, episodes)]
    headings = ["encoder", "negatives", *(f"{name}, K = {count}" for count in COUNTS
                                       for name in ("AUC", "EER"))]
    writers = len(np.unique(glyphs.writers[episodes.targets]))
    hashes = ", ".join(f"{encoder.name} {encoder.sha256[:12]}" for encoder in encoders)
    page = (f"Digit classifier {reader.sha256[:12]}: reads {percent(accuracy, 2)} % of {len(glyphs.digits)} "
            f"glyphs.\n\n{tables.markdown_table(headings, rows)}\n\n{len(episodes.targets)} queries by "
            f"{writers} writers of the {arguments.split} split, 95 % intervals over writers; {hashes}.\n")
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())


def verification(encoder: WriterEncoder, glyphs: Glyphs, episodes: Episodes) -> list[list[str]]:
    """The rows of one encoder: impostors of the same series, and of all series."""
    embeddings = encoder.embed(glyphs.images, glyphs.digits)
    queries = glyphs.take(episodes.targets)
    same_digit = queries.digits[:, None] == queries.digits
    other = same_digit & (queries.writers[:, None] != queries.writers)
    rows = []
    for name, impostor in (("same series", other & (queries.series[:, None] == queries.series)),
                           ("all series", other)):
        row = [encoder.name, name]
        for count in COUNTS:
            claims = hand(embeddings[episodes.references[:, :count]])
            scores = embeddings[episodes.targets] @ claims.T
            row += [percent(writer_verification.area_under_curve(scores, impostor, queries.writers)),
                    percent(writer_verification.equal_error_rate(scores, impostor, queries.writers))]
        rows.append(row)
    return rows


def percent(estimate: Estimate, decimals: int = 1) -> str:
    """An estimate in percent, with its interval if there is one."""
    values = [estimate.value, *(estimate.interval or ())]
    value, *interval = (f"{100 * each:.{decimals}f}" for each in values if each is not None)
    return f"{value} [{', '.join(interval)}]" if interval else value


if __name__ == "__main__":
    exit_in_one_line(main)
