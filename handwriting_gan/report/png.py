"""Matplotlib figures as PNG files. Equal figures give equal bytes."""

import io
from typing import Any

from matplotlib.figure import Figure


def png_of(figure: Figure, **options: Any) -> bytes:
    """A figure as a PNG, at 120 dots per inch or as the options of `savefig` request."""
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None}, **{"dpi": 120, **options})
    return content.getvalue()
