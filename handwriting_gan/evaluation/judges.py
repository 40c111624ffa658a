"""The judges: networks that only evaluate."""

from typing import NamedTuple

from handwriting_gan.recognition import digit_classifier, writer_encoder
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.recognition.writer_encoder import WriterEncoder


class Judges(NamedTuple):
    """A digit classifier and writer encoders; tables quote the first encoder."""

    reader: Reader
    encoders: tuple[WriterEncoder, ...]

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each judge's weights."""
        return {"digit classifier": self.reader.sha256} | {
            f"writer encoder, {encoder.name}": encoder.sha256 for encoder in self.encoders}


def load(encoders: tuple[str, ...]) -> Judges:
    """The judges that ship with the package.

    Raises:
      InputError: if weights cannot be read.
    """
    return Judges(digit_classifier.load(), tuple(writer_encoder.load(name) for name in encoders))
