"""Renders a written line: transparent, on paper, as SVG outlines, or below the photo."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from handwriting_gan.writing.composition import LineLayout
from handwriting_gan.writing.paper import without_ink
from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.segment import Box

Colour = tuple[int, int, int]
CORE = 0.9  # of the darkest ink: pixels above this show the pen's own colour
EDGE = 127.5  # of 255: the ink level of an outline
TOLERANCE = 0.15  # pixels by which an outline may be simplified
SOFT_EDGE = 4  # pixels of the page's ink
COMPRESSION = 1  # of PNG, 0 to 9: a photo of 12 megapixels takes one second instead of fifteen
PHOTO_MARGIN = 0.5  # of a number's height, shown around it


def pen_colour(page: Page, box: Box) -> Colour:
    """The pen's colour: the median of the ink in a box of the photo."""
    window = page.window(box.top, box.left, (box.height, box.width))
    inked = window.ink >= CORE * window.ink.max()
    inner = ndimage.binary_erosion(inked, iterations=2)
    red, green, blue = np.median(window.photo[inner if inner.any() else inked], axis=0).astype(int).tolist()
    return red, green, blue


def transparent(ink: np.ndarray, colour: Colour) -> np.ndarray:
    """Ink uint8 `[H, W]` in a colour, with the ink as opacity: uint8 `[H, W, 4]`."""
    return np.dstack([np.full((*ink.shape, 3), colour, np.uint8), ink])


def on_paper(ink: np.ndarray, colour: Colour, paper: np.ndarray) -> np.ndarray:
    """Ink uint8 `[H, W]` in a colour on paper uint8 `[H, W, 3]`: uint8 `[H, W, 3]`."""
    pen = Image.new("RGB", ink.shape[::-1], colour)
    return np.asarray(Image.composite(pen, Image.fromarray(paper), Image.fromarray(ink)))


def paper_for(page: Page, number: Box, layout: LineLayout, width: int) -> np.ndarray:
    """The photo's paper at the number, without ink, in the size of a composed line: uint8 `[rows, width, 3]`."""
    window = page.window(number.bottom - layout.baseline, number.left - layout.margin, (layout.rows, width))
    return without_ink(window.photo, window.ink, round(SOFT_EDGE / page.scale), page.is_dark)


def photo_around(page: Page, number: Box) -> np.ndarray:
    """The photo around the number: uint8 `[H, W, 3]`."""
    margin = round(PHOTO_MARGIN * number.height)
    height, width = page.photo.shape[:2]
    return page.photo[max(number.top - margin, 0):min(number.bottom + margin, height),
                      max(number.left - margin, 0):min(number.right + margin, width)]


def stack_pictures(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Two pictures uint8 `[H, W, 3]` one above the other on white: uint8 `[sum of H, larger W, 3]`."""
    width = max(upper.shape[1], lower.shape[1])
    page = np.full((len(upper) + len(lower), width, 3), 255, np.uint8)
    page[:len(upper), :upper.shape[1]] = upper
    page[len(upper):, :lower.shape[1]] = lower
    return page


def to_svg(ink: np.ndarray, colour: Colour) -> str:
    """Ink uint8 `[H, W]` as an SVG file of W x H units; each edge of a stroke is a closed path."""
    height, width = ink.shape
    edges = (approximate_polygon(edge, TOLERANCE) for edge in find_contours(np.pad(ink, 1), EDGE))
    path = "".join("M" + "L".join(f"{column - 0.5:.2f} {row - 0.5:.2f}" for row, column in edge[:-1]) + "Z"
                   for edge in edges)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}"><path fill="#{bytes(colour).hex()}" fill-rule="evenodd" '
            f'd="{path}"/></svg>\n')


def to_png(picture: np.ndarray) -> bytes:
    """A picture uint8 `[H, W, 3]` or `[H, W, 4]` as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, format="PNG", compress_level=COMPRESSION)
    return content.getvalue()
