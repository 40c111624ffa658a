"""`sample` redraws the digits of pictures as a grid or an animation, or reports why not in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from configs import conditional_dcgan, lord, stargan_v2, writer_guided
from handwriting_gan import sample
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.sample import FRAMES, latent_frames, latent_grid, reference_frames, reference_grid
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.layout import Workdir

PICTURES = Path(__file__).parents[2] / "experiments" / "pictures"
N273, N481 = PICTURES / "273.png", PICTURES / "481.png"


@pytest.fixture(scope="module")
def stargan(untrained: Callable[..., Workdir]) -> Path:
    return untrained(stargan_v2.get_config("tiny"), 0).root


def frames_of(path: Path) -> list[np.ndarray]:
    with Image.open(path) as picture:
        return [np.asarray(picture.convert("L")) for _ in map(picture.seek, range(picture.n_frames))]


def test_a_grid_has_a_row_for_each_source_and_a_column_for_each_reference(
        stargan: Path, tmp_path: Path, run_entry_point: Callable[..., None],
        capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "grid.png"
    run_entry_point(sample, "--workdir", stargan, "--sources", N273, "--references", N481, N273, "--out", out)
    assert capsys.readouterr().out == f"sources: 273; references: 481273; picture: {out}\n"
    with Image.open(out) as picture:
        assert picture.size == (2 * (28 + 8 + 6 * 28), 2 * (28 + 8 + 3 * 28) + 22)


def test_an_animation_passes_from_style_to_style(stargan: Path, tmp_path: Path,
                                                 run_entry_point: Callable[..., None]) -> None:
    out = tmp_path / "styles.gif"
    run_entry_point(sample, "--workdir", stargan, "--sources", N273, "--digits", 48, "--styles", 2, "--interpolate",
                    "--out", out)
    frames = frames_of(out)
    assert len(frames) == 2 * FRAMES  # forwards, then backwards
    assert frames[0].shape == (2 * 3 * 28, 2 * (28 + 8 + 2 * 28))
    assert not np.array_equal(frames[0], frames[FRAMES])


def test_the_cells_of_grids_and_frames(stargan: Path, held_out: Glyphs) -> None:
    """Each cell equals the model's output for its source and its reference, digit or style."""
    model, sources, references = trained_model.load(stargan), held_out.take([5, 300]), held_out.take([700, 120, 450])

    def cell(sheet: np.ndarray, row: int, column: int, top: int) -> np.ndarray:
        return sheet[top + 28 * row:top + 28 * (row + 1), 36 + 28 * column:36 + 28 * (column + 1)]

    grid = reference_grid(model, sources, references, 0).ink
    alone = model.reference_guided(sources.take([1]), references.take([2]))[0]
    np.testing.assert_allclose(cell(grid, 1, 2, 36).astype(int), alone, atol=1)
    grid = latent_grid(model, sources, np.array([4, 8]), 3, 5).ink
    alone = model.latent_guided(sources.take([0]), [8], 5, [1])[0]
    np.testing.assert_allclose(cell(grid, 0, 4, 0).astype(int), alone, atol=1)
    frames = list(reference_frames(model, sources, references, 0))
    assert len(frames) == 2 * FRAMES + 1
    for stop in range(3):
        alone = model.reference_guided(sources, references.take([stop, stop]))
        np.testing.assert_allclose(cell(frames[stop * FRAMES].ink, 1, 0, 0).astype(int), alone[1], atol=1)
    frames = list(latent_frames(model, sources, np.array([4, 8]), 2, 5))
    alone = model.latent_guided(sources.take([1]), [8], 5, [1])[0]
    np.testing.assert_allclose(cell(frames[-1].ink, 1, 1, 0).astype(int), alone, atol=1)


@pytest.mark.parametrize(("config", "flags", "reason"), [
    (conditional_dcgan, ["--references", N481], "conditional_dcgan has no reference mode; "),
    (writer_guided, [], "writer_guided has no latent mode; use python -m handwriting_gan.write"),
    (lord, ["--references", N481, "--digits", 4], "--digits and --styles are for random styles"),
    (lord, ["--references", N481, "--reads", 481, 273], "--reads needs one number for each picture"),
    (stargan_v2, ["--references", N481, "--reads", 48], "or correct --reads 48"),
    (lord, ["--styles", 1, "--interpolate"], "--interpolate needs --styles 2 or more"),
    (lord, ["--interpolate", "--out", "grid.png"], "grid.png does not end in .gif"),
    (lord, ["--out", N273], "273.png would replace an input"),
    (lord, ["--digits", "4x"], "'4x' is not a number"),
])
def test_bad_requests_are_refused_in_one_line(config: object, flags: list, reason: str, tmp_path: Path,
                                              untrained: Callable[..., Workdir], refused: Callable[..., str],
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workdir = untrained(config.get_config("tiny"), 0).root
    message = refused(sample, "--workdir", workdir, "--sources", N273, "--out", "out.png", *flags)
    assert reason in message
    assert not list(tmp_path.glob("*.png")) + list(tmp_path.glob("*.gif"))
