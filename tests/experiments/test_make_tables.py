"""The README's tables are those of the committed scorecards."""

from pathlib import Path

import pytest

from experiments.make_tables import BLOCK, README, RESULTS, filled
from handwriting_gan.errors import InputError


def test_the_readmes_tables_are_made_from_the_committed_scorecards() -> None:
    page = README.read_text()
    assert BLOCK.search(page)
    assert filled(page, RESULTS) == page


def test_what_stands_between_the_markers_is_replaced() -> None:
    page = "before\n<!-- table: stargan_v2 -->\nold\n<!-- end -->\nafter\n"
    made = filled(page, RESULTS)
    assert made.startswith("before\n<!-- table: stargan_v2 -->\n")
    assert made.endswith("<!-- end -->\nafter\n")
    assert "old" not in made.split("\n")
    assert "| reference-guided |" in made


def test_a_missing_scorecard_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="table absent has no scorecard"):
        filled("<!-- table: absent -->\n<!-- end -->", tmp_path)
