"""A network gets chunks of one shape, and its outputs equal those of a single call."""

import numpy as np
import pytest

from handwriting_gan.recognition import chunks
from handwriting_gan.recognition.chunks import in_chunks

SIZE = 4


@pytest.fixture(autouse=True)
def four_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", SIZE)


@pytest.mark.parametrize("count", [1, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE, 2 * SIZE + 3])
def test_chunks_give_the_outputs_of_one_call(count: int, rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(count, 2)), np.arange(count)
    products = in_chunks(lambda a, b: a * b[:, None], one, other)
    np.testing.assert_array_equal(products, one * other[:, None])


@pytest.mark.parametrize(("count", "size", "calls"), [(1, 1, 1), (2, 2, 1), (3, 4, 1), (4, 4, 1), (5, 4, 2),
                                                      (11, 4, 3)])
def test_all_chunks_have_one_shape(count: int, size: int, calls: int) -> None:
    seen = []
    in_chunks(lambda rows: seen.append(rows.shape) or rows, np.zeros((count, 2)))
    assert seen == [(size, 2)] * calls


def test_outputs_can_be_a_tree() -> None:
    rows = np.arange(6)
    found = in_chunks(lambda chunk: {"double": 2 * chunk, "pair": (chunk, -chunk)}, rows)
    assert found["double"].tolist() == [0, 2, 4, 6, 8, 10]
    assert [column.tolist() for column in found["pair"]] == [[0, 1, 2, 3, 4, 5], [0, -1, -2, -3, -4, -5]]


def test_zero_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one glyph"):
        in_chunks(lambda rows: rows, np.zeros((0, 2)))
