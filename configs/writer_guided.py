"""The writer-guided method of this project: a few glyphs of a writer in, any digit in that hand out.

    python -m handwriting_gan.train --config configs/writer_guided.py:small --workdir runs/writer_guided

It needs mnist_writers, the only data set with writer ids. `small` does about 2 steps/s on two cores of an AMD EPYC, 52
minutes in all.

Expect, `small`, seed 0, on the test set's writers, with the own digit among 3 references (among 10): AUC of the judge
89.4 % (92.7) for a best guess and 84.5 % (89.0) for a natural try, where the twin has 85.0; digits right 100.0 % and
99.8 % (99.9); share of natural tries with a trait, correlation with the real glyph: closed 4 0.55 (0.55), looped 2 0.49
(0.52), barred 7 0.72 (0.73), where the twin has 0.55, 0.56 and 0.75; Fréchet distance of natural tries 9.0 (12.7), of
twins 3.5 (experiments/results/writer_guided.json). These are the released weights.
"""

from ml_collections import ConfigDict

from configs import common
from configs.common import pick


def get_config(preset: str = "small") -> ConfigDict:
    """The config of a preset: tiny, small or base."""
    config = common.get_config(preset)
    config.method = "writer_guided"
    config.steps = pick(preset, 8, 6_000, 100_000)
    config.data = "mnist_writers"  # the only data set with writer ids
    config.batch_size = pick(preset, 2, 2, 16)  # examples: 6 writers with 12 glyphs each, 6 of them targets
    config.rate_decay = 0.4  # the fraction of the steps, at the end, in which learning rates decrease linearly to 0
    config.own_digit = 0.5  # fraction of targets whose references may show the target's own digit
    config.learned_prior = True  # False: the prior of every latent is N(0, I)
    config.ema_decay = pick(preset, 0.9, 0.998, 0.999)

    config.networks = ConfigDict({
        "width": pick(preset, 4, 48, 96),  # of encoders and discriminator: channels at 14 x 14
        "generator_width": pick(preset, 8, 48, 128),  # channels at 7 x 7
        "style_dim": pick(preset, 8, 64, 64),
        "latent_dim": pick(preset, 4, 32, 32),
    })
    config.losses = ConfigDict({  # weights; a term without a weight is not computed
        "r1": 1.0,
        "adversarial": 1.0,
        "reconstruction": 0.03,
        "kl": 0.01,
        "anchor": 0.001,
        "matching": 0.5,
        "matching_of_fakes": 0.2,
    })
    rate = pick(preset, 5e-4, 5e-4, 2e-4)
    config.learning_rates = ConfigDict({
        "hand_encoder": rate,
        "hand_pooling": rate,
        "generator": rate,
        "discriminator": rate,
    })
    config.adam = ConfigDict({"beta1": 0.0, "beta2": 0.99, "l2": 0.0})
    return config
