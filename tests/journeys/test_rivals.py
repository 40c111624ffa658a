"""The road of each rival at `tiny`: train, stop, resume, look, evaluate; write, if it can."""

import json
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from configs import conditional_dcgan, content_bottleneck, dcgan, lord, msgan, munit, stargan_v1
from handwriting_gan import evaluate
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.sheets import for_training
from handwriting_gan.training.loop import train
from handwriting_gan.workdir.layout import Workdir

RIVALS = {"conditional_dcgan": conditional_dcgan, "content_bottleneck": content_bottleneck, "dcgan": dcgan,
          "drit": msgan, "lord": lord, "munit": munit, "stargan_v1": stargan_v1}

ONE_ANSWER = {"lord", "stargan_v1"}  # to a source and a digit


@pytest.mark.slow  # tests/methods has the laws of every method, tests/training those of the loop
@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_is_trained_resumed_looked_at_and_judged(
        name: str, glyphs: Glyphs, held_out: Glyphs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        as_if_killed: Callable[[Workdir], Workdir], assert_moved: Callable[..., None]) -> None:
    config = RIVALS[name].get_config("tiny")
    config.update({"steps": 4, "checkpoint_every": 2, "sample_every": 4})
    unbroken = Workdir(tmp_path / "unbroken")
    state = train(config, unbroken, glyphs, for_training(config, held_out))
    assert_moved(config, state)
    killed = as_if_killed(unbroken)
    jax.tree.map(np.testing.assert_array_equal, train(config, killed, glyphs, for_training(config, held_out)), state)
    assert killed.metrics.read_bytes() == unbroken.metrics.read_bytes()
    for page in (unbroken.root / "samples").glob("*.png"):
        with Image.open(page) as sheet:
            assert len(sheet.getcolors(2**16)) > 2
    figures = judged(unbroken, monkeypatch)
    model, hand = trained_model.load(unbroken.root), held_out.take([5, 300])
    assert ("hand" in figures) == ("writer" in model.modes)
    real, latent = figures["real"], figures["latent"]
    confusion = np.array(latent.confusion)
    assert latent.digit_accuracy.value == pytest.approx(np.trace(confusion) / confusion.sum())
    assert latent.digit_accuracy.value < 0.5 < 0.97 < real.digit_accuracy.value  # after 4 steps
    assert latent.frechet_distance.value > 2 * real.frechet_distance.value
    assert (figures["latent"].diversity.value < 1e-8) == (name in ONE_ANSWER)  # a byte may round
    if "writer" in model.modes:
        assert model.write(hand, [4, 8, 1]).shape == (3, 28, 28)
    else:
        with pytest.raises(InputError, match=f"{name} has no writer mode"):
            model.write(hand, [4, 8, 1])


def judged(workdir: Workdir, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The figures of a small evaluation."""
    small = PROTOCOLS["quick"]._replace(sources=1, outputs=3, sample=200, neighbours=200, spread=10)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    monkeypatch.setattr("sys.argv", ["evaluate", "--workdir", str(workdir.root)])
    evaluate.main()
    return json.loads(workdir.scorecard.read_text(), parse_constant=pytest.fail)["figures"]
