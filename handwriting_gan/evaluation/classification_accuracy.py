"""The classification accuracy score: a classifier learns from outputs alone and reads real held-out glyphs.

Ravuri and Vinyals 2019. The network, Adam's rate and the number of epochs are those of Bie et al. for MNIST (two
convolutions, 1e-3, 10; 97.1 % by a conditional DCGAN's 60,000 outputs), but our network has strides instead of
pooling, and it learns from half as many outputs. A classifier of real training glyphs shows what is possible.

Sources and references are training glyphs. A model that copies them has the score of real glyphs, and with held-out
ones it would teach the test. The interval is over the writers of the held-out glyphs, not over fits.
"""

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.data.hands import sample_episodes
from handwriting_gan.evaluation.guided import redraw
from handwriting_gan.evaluation.hand import NATURAL
from handwriting_gan.evaluation.protocol import Protocol, some
from handwriting_gan.evaluation.scorecard import REAL_GLYPHS
from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate, TooFewError, or_reason
from handwriting_gan.recognition import small_classifier
from handwriting_gan.synthesis.trained_model import TrainedModel


def measure_accuracy(model: TrainedModel, taught_by: str, train: Glyphs, held_out: Glyphs, protocol: Protocol,
                     seed: int) -> Estimate:
    """The accuracy on held-out glyphs of a classifier that REAL_GLYPHS or the outputs of a mode teach."""

    def accuracy() -> Estimate:
        images, digits = outputs_of(model, taught_by, train, protocol, seed)
        params = small_classifier.fit(images, digits, seed)
        right = small_classifier.read(params, held_out.images) == held_out.digits
        return bootstrap.mean(right.astype(float), held_out.writers)

    return or_reason(accuracy)


def outputs_of(model: TrainedModel, mode: str, train: Glyphs, protocol: Protocol,
               seed: int) -> tuple[np.ndarray, np.ndarray]:
    """About `protocol.fakes` glyphs uint8 `[N, 28, 28]` and the digits `[N]` that they should show.

    Real training glyphs; or training glyphs redrawn, each once as every other digit; or natural tries at the digits of
    training writers, from the protocol's largest number of references.

    Raises:
      TooFewError: if there are no training writers to write for.
    """
    if mode == REAL_GLYPHS:
        glyphs = some(train, protocol.fakes, np.random.default_rng(seed))
        return glyphs.images, glyphs.digits
    if mode == "writer":
        return _natural_tries(model, train, protocol, seed)
    sources = some(train, protocol.fakes // (DIGITS - 1), np.random.default_rng(seed))
    outputs = redraw(model, mode, sources, train, protocol._replace(outputs=1), seed)
    return outputs.images, outputs.digits


def _natural_tries(model: TrainedModel, train: Glyphs, protocol: Protocol, seed: int) -> tuple[np.ndarray, np.ndarray]:
    episodes = sample_episodes(train, max(protocol.references), seed)
    if not len(episodes.targets):
        raise TooFewError("no training writer is known by enough glyphs")
    digits = train.digits[episodes.targets]
    count = -(-protocol.fakes // len(digits))
    tries = model.write_tries(train.take(episodes.references), digits, [(seed + index, NATURAL)
                                                                        for index in range(count)])
    return tries.reshape(-1, *tries.shape[2:])[:protocol.fakes], np.tile(digits, count)[:protocol.fakes]
