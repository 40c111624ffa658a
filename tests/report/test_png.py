"""A figure is the same bytes whenever it is drawn, as large as asked."""

import io

import pytest
from matplotlib.figure import Figure
from PIL import Image

from handwriting_gan.report.png import png_of


@pytest.mark.parametrize(("options", "size"), [({}, (240, 120)), ({"dpi": 50}, (100, 50))])
def test_a_figure_is_as_large_as_asked_and_the_same_again(options: dict, size: tuple[int, int]) -> None:
    one, again = (png_of(Figure(figsize=(2, 1)), **options) for _ in range(2))
    assert one == again
    assert Image.open(io.BytesIO(one)).size == size
