"""Figures for people to look at, as PNG files: the same figure, the same bytes."""

import io
from typing import Any

from matplotlib.figure import Figure


def png_of(figure: Figure, **options: Any) -> bytes:
    """A figure as a PNG, at 120 dots per inch unless the options of `savefig` say otherwise."""
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None}, **{"dpi": 120, **options})
    return content.getvalue()
