"""Both implementations compute the same, and the parity check detects a difference."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="only the comparison needs PyTorch")

from experiments.benchmarks import parity
from handwriting_gan.errors import InputError, exit_in_one_line


@pytest.mark.slow  # four phases are compiled twice
def test_both_implementations_compute_the_same(monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr("sys.argv", ["parity", "--width", "2"])
    parity.main()
    assert "| updates | 240 |" in capsys.readouterr().out  # all arrays of 4 networks and 3 averages


def test_a_difference_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch,
                                              capsys: pytest.CaptureFixture) -> None:
    different = parity.Comparison("terms", 12, "generator_latent/cycle", error=0.5, tolerance=1e-8)
    monkeypatch.setattr("sys.argv", ["parity"])
    monkeypatch.setattr(parity, "make_case", lambda width: None)
    monkeypatch.setattr(parity, "compare_all", lambda case: [different])
    with pytest.raises(SystemExit) as leaving:
        exit_in_one_line(parity.main)
    assert leaving.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "terms (generator_latent/cycle)" in error


def test_compare_finds_the_array_that_differs_most() -> None:
    ours = {"right": np.array([3.0, 4.0]), "wrong": np.array([0.0, 2.0]), "rounding": np.array([1e-20])}
    theirs = {"right": np.array([3.0, 4.0]), "wrong": np.array([0.0, 3.0]), "rounding": np.array([-1e-20])}
    found = parity.compare("arrays", ours, theirs, 1e-8)
    assert (found.arrays, found.worst, found.error) == (3, "wrong", 0.5)
    theirs["right"] = np.array([3.0, np.nan])
    assert parity.compare("arrays", ours, theirs, 1e-8).error == np.inf


def test_an_array_of_one_implementation_only_is_refused() -> None:
    with pytest.raises(InputError, match="only one implementation has extra"):
        parity.compare("arrays", {"a": np.ones(1)}, {"a": np.ones(1), "extra": np.ones(1)}, 1e-8)
