"""Identification from a number: is the writer recognised in a number that the model writes in their hand?

Ten real glyphs of each held-out writer are enrolled. A number is six digits, and its probe the mean of their
embeddings. From K other glyphs of the writer the model writes, as natural tries, the digits of a real number of
theirs. The real number is the row to compare with.

Axes: N numbers, W enrolled writers.
"""

import numpy as np

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import ENROLLED, LENGTH, Numbers, sample_numbers
from handwriting_gan.evaluation.hand import NATURAL
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.scorecard import REAL_NUMBER, WRITTEN_NUMBER, IdentificationEstimates, Identified
from handwriting_gan.metrics import bootstrap, identification
from handwriting_gan.metrics.bootstrap import Estimate, or_reason
from handwriting_gan.recognition import writer_encoder
from handwriting_gan.recognition.writer_encoder import WriterEncoder
from handwriting_gan.synthesis.trained_model import TrainedModel

FEW = 20  # writers in the smaller set of candidates


def measure_identification(model: TrainedModel, judges: Judges, held_out: Glyphs, references: int,
                           seed: int) -> IdentificationEstimates:
    """Identifies writers by numbers that the model writes from K = `references` glyphs, and by real numbers."""
    numbers = sample_numbers(held_out, references, seed)
    owners = held_out.take(numbers.enrolled[numbers.owners, 0])  # a glyph of each number's writer
    writers = len(np.unique(owners.writers))
    if writers < bootstrap.LEAST_WRITERS:
        none = Estimate(None, reason=f"{writers} known writers have {ENROLLED + references + LENGTH} glyphs; "
                                     f"{bootstrap.LEAST_WRITERS} are needed")
        rows = {name: {encoder.name: Identified(none, none) for encoder in judges.encoders}
                for name in (WRITTEN_NUMBER, REAL_NUMBER)}
        chance = Identified(none, none)
    else:
        candidates = owners.series[:, None] == held_out.series[numbers.enrolled[:, 0]]
        rows = {name: {encoder.name: _identified(encoder, glyphs, held_out, numbers, candidates, owners.writers)
                       for encoder in judges.encoders}
                for name, glyphs in _number_glyphs(model, held_out, numbers, seed).items()}
        chance = Identified(or_reason(identification.chance, candidates, FEW),
                            or_reason(identification.chance, candidates))
    return IdentificationEstimates(references, len(numbers.owners), writers, len(numbers.enrolled), rows, chance)


def _number_glyphs(model: TrainedModel, held_out: Glyphs, numbers: Numbers, seed: int) -> dict[str, Glyphs]:
    """The glyphs `[N LENGTH]` of the written numbers and of the real ones, which show the same digits."""
    real = held_out.take(numbers.real.ravel())
    references = held_out.take(np.repeat(numbers.references, LENGTH, axis=0))
    written, = model.write_tries(references, real.digits, [(seed, NATURAL)])
    return {WRITTEN_NUMBER: real._replace(images=written), REAL_NUMBER: real}


def _identified(encoder: WriterEncoder, glyphs: Glyphs, held_out: Glyphs, numbers: Numbers, candidates: np.ndarray,
                writers: np.ndarray) -> Identified:
    """The estimates of one row by one encoder: glyphs `[N LENGTH]`, candidates bool `[N, W]`, writers `[N]`."""
    scores = (_hands(encoder, glyphs, LENGTH)
              @ _hands(encoder, held_out.take(numbers.enrolled.ravel()), ENROLLED).T)
    among_20, among_all = (or_reason(identification.top_1, scores, numbers.owners, candidates, writers, among)
                           for among in (FEW, None))
    return Identified(among_20, among_all)


def _hands(encoder: WriterEncoder, glyphs: Glyphs, each: int) -> np.ndarray:
    """The hand `[n, E]` of every `each` glyphs `[n each]`."""
    embeddings = encoder.embed(glyphs.images, glyphs.digits)
    return writer_encoder.hand(embeddings.reshape(-1, each, embeddings.shape[-1]))
