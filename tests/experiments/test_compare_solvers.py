"""The comparison of solvers needs a model with a solver; it knows what each solver costs."""

import jax.numpy as jnp
import pytest

from experiments import compare_solvers
from handwriting_gan.data import sources
from handwriting_gan.errors import InputError
from handwriting_gan.methods.flow_matching import SOLVERS, solve
from handwriting_gan.workdir.layout import RELEASED


def test_a_model_without_a_solver_is_refused_before_data_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "load_both", lambda *_: pytest.fail("data was loaded"))
    monkeypatch.setattr("sys.argv", ["compare_solvers", "--workdir", str(RELEASED)])
    with pytest.raises(InputError, match="writer_guided has no solver"):
        compare_solvers.main()


def test_the_evaluations_of_each_solver_are_counted_right() -> None:
    assert compare_solvers.SOLVERS.keys() == SOLVERS.keys()
    for name, expected in compare_solvers.SOLVERS.items():
        times: list[float] = []
        solve(SOLVERS[name], 3, lambda images, time, times=times: times.append(time) or images, jnp.ones(2))
        assert len(times) == 3 * expected
