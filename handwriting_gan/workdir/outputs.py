"""Checks, before any work, that a command can write its result to a path."""

import re
from collections.abc import Iterable
from pathlib import Path

from handwriting_gan.errors import InputError
from handwriting_gan.files import check_writable
from handwriting_gan.workdir.layout import Workdir


def check_output(out: Path, *endings: str, inputs: Iterable[Path | None] = (), begins: str = "") -> None:
    """Checks that a result can be written to the file `out` without replacing another file of the user.

    `endings` are the allowed endings, such as ".png", in lower case. `begins` is a pattern that the text of an
    earlier result matches from its beginning. Leaves nothing behind.

    Raises:
      InputError: if `out` has another ending, is one of the `inputs`, belongs to a run (its config, metrics,
        checkpoints, events or samples), exists and does not match `begins`, or cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in endings:
        raise InputError(f"{out} does not end in {' or '.join(endings)}; name another file")
    if out.resolve() in {path.resolve() for path in inputs if path}:
        raise InputError(f"{out} would replace an input of this command; name another file")
    check_writable(out)
    if begins and out.exists() and not re.match(begins, out.read_text(errors="replace")):
        raise InputError(f"{out} exists and is not an earlier result of this command; name another file")
    for root in out.resolve().parents:
        run = Workdir(root)
        files = (run.config, run.metrics, run.checkpoints, run.events, run.sample("", 0).parent)
        if any(out.resolve().is_relative_to(path) for path in files) and run.config.exists():
            raise InputError(f"{out} would change the run in {root}; name another file")
