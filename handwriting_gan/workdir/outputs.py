"""Where a command may write its result: checked before any work."""

import re
from collections.abc import Iterable
from pathlib import Path

from handwriting_gan.errors import InputError
from handwriting_gan.files import check_writable
from handwriting_gan.workdir.layout import Workdir


def check_output(out: Path, *endings: str, inputs: Iterable[Path | None] = (), begins: str = "") -> None:
    """Checks that a result can be written to the file `out`, and that it replaces nothing of the user's.

    `endings` are those that such a result may have, as ".png", in lower case; `begins` is a pattern of how
    its text begins, by which an earlier result is known from another file. Nothing is left behind.

    Raises:
      InputError: if `out` has another ending, is one of the `inputs`, is a file of a run (its config,
        metrics, checkpoints, events or samples), begins otherwise, or cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in endings:
        raise InputError(f"{out} does not end in {' or '.join(endings)}; name another file")
    if out.resolve() in {path.resolve() for path in inputs if path}:
        raise InputError(f"{out} would take the place of what it is made from; name another file")
    check_writable(out)
    if begins and out.exists() and not re.match(begins, out.read_text(errors="replace")):
        raise InputError(f"{out} is there and is no earlier result of this command; name another file")
    for root in out.resolve().parents:
        run = Workdir(root)
        own = (run.config, run.metrics, run.checkpoints, run.events, run.sample("", 0).parent)
        if any(out.resolve().is_relative_to(path) for path in own) and run.config.exists():
            raise InputError(f"{out} would change what the run in {root} consists of; name another file")
