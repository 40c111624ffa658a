"""The comparison of routes needs a model with routes."""

import pytest

from experiments import compare_routes
from handwriting_gan.data import sources
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import RELEASED


def test_a_model_without_routes_is_refused_before_data_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "load_both", lambda *_: pytest.fail("data was loaded"))
    monkeypatch.setattr("sys.argv", ["compare_routes", "--workdir", str(RELEASED)])
    with pytest.raises(InputError, match="writer_guided has no route"):
        compare_routes.main()
