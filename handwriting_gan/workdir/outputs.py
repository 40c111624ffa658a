"""Where a command may write its result: checked before any work."""

from collections.abc import Iterable
from pathlib import Path

from handwriting_gan.errors import InputError
from handwriting_gan.files import check_writable
from handwriting_gan.workdir.layout import Workdir


def check_output(out: Path, *endings: str, inputs: Iterable[Path | None] = ()) -> None:
    """Checks that a result can be written to the file `out`, and that it replaces nothing it is made from.

    `endings` are those that such a result may have, as ".png", in lower case. Nothing is left behind.

    Raises:
      InputError: if `out` has another ending, is one of the `inputs`, is a file of a run (its config,
        metrics, checkpoints, events or samples), or cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in endings:
        raise InputError(f"{out} does not end in {' or '.join(endings)}; name another file")
    if out.resolve() in {path.resolve() for path in inputs if path}:
        raise InputError(f"{out} would take the place of what it is made from; name another file")
    check_writable(out)
    for root in out.resolve().parents:
        run = Workdir(root)
        own = (run.config, run.metrics, run.checkpoints, run.events, run.sample("", 0).parent)
        if any(out.resolve().is_relative_to(path) for path in own) and run.config.exists():
            raise InputError(f"{out} would change what the run in {root} consists of; name another file")
