"""Every comparison system at `tiny`: train, resume, save sheets, evaluate and, if it can, write."""

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
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.evaluation.scorecard import Scorecard
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.sheets import for_training
from handwriting_gan.training.loop import train
from handwriting_gan.workdir.layout import Workdir

SYSTEMS = {"conditional_dcgan": conditional_dcgan, "content_bottleneck": content_bottleneck, "dcgan": dcgan,
           "drit": msgan, "lord": lord, "munit": munit, "stargan_v1": stargan_v1}  # {method: a config of it}
DETERMINISTIC = {"lord", "stargan_v1"}  # one output for a source and a digit


@pytest.mark.slow  # tests/methods tests every method, tests/training the loop
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_comparison_system_trains_resumes_and_is_evaluated(
        name: str, glyphs: Glyphs, held_out: Glyphs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        killed_copy: Callable[[Workdir], Workdir], assert_trained: Callable[..., None]) -> None:
    config = SYSTEMS[name].get_config("tiny")
    config.update({"steps": 4, "checkpoint_every": 2, "sample_every": 4})
    sheets = for_training(config, held_out)
    workdir = Workdir(tmp_path / "uninterrupted")
    state = train(config, workdir, glyphs, sheets)
    assert_trained(config, state)
    killed = killed_copy(workdir)
    jax.tree.map(np.testing.assert_array_equal, train(config, killed, glyphs, sheets), state)
    assert killed.metrics.read_bytes() == workdir.metrics.read_bytes()
    for path in (workdir.root / "samples").glob("*.png"):
        with Image.open(path) as sheet:
            assert len(sheet.getcolors(2**16) or []) > 2
    card = evaluated(workdir, monkeypatch)
    model, references = trained_model.load(workdir.root), held_out.take([5, 300])
    assert bool(card.no_hand) == ("writer" in model.modes)  # the data has no writers
    real, latent = card.real, card.guided["latent"]
    confusion = np.array(latent.confusion)
    assert latent.digit_accuracy.value == pytest.approx(np.trace(confusion) / confusion.sum())
    assert latent.digit_accuracy.value < 0.5 < 0.97 < real.digit_accuracy.value  # after 4 steps
    assert latent.frechet_distance.value > 2 * real.frechet_distance.value
    assert (latent.diversity.value < 1e-8) == (name in DETERMINISTIC)  # bytes may differ by rounding
    if "writer" in model.modes:
        assert model.write(references, [4, 8, 1]).shape == (3, 28, 28)
    else:
        with pytest.raises(InputError, match=f"{name} has no writer mode"):
            model.write(references, [4, 8, 1])


def evaluated(workdir: Workdir, monkeypatch: pytest.MonkeyPatch) -> Scorecard:
    """The scorecard of a small evaluation."""
    small = PROTOCOLS["quick"]._replace(sources=1, outputs=3, sample=200, neighbours=200, spread=10)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    monkeypatch.setattr("sys.argv", ["evaluate", "--workdir", str(workdir.root)])
    evaluate.main()
    return scorecard.read(workdir.scorecard)
