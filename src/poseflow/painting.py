"""Lines and tags painted onto an image."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .frames import ImageArray

FloatArray = NDArray[np.float64]

INK: FloatArray = np.array([20.0, 20.0, 20.0])
"""(3,) BGR, rims and letters."""

_SHIFT = 4
"""OpenCV takes coordinates as whole numbers of 1/16 pixel."""

_NUDGES = sorted(
    product(
        (0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 2.0, -2.0), (0.0, 0.5, 1.0, 1.5, 2.0, -0.5, -1.0)
    ),
    key=lambda aside_up: (2 * aside_up[0]) ** 2 + aside_up[1] ** 2 + (aside_up[1] < 0),
)
"""Widths aside and heights up where a tag may give way to another, the least first; rather not
down, where the face is."""

Box = tuple[int, int, int, int]
"""x0 y0 x1 y1, whole pixels."""


class Strokes(NamedTuple):
    """S lines with round ends; a dot is a line from a point to itself.

    Attributes:
        ends: (S, 2, 2) pixels; nan where an end is missing.
        colours: (S, 3) BGR.
        opacities: (S,) in [0, 1].
        widths: (S,) pixels; never less than one is drawn.
    """

    ends: FloatArray
    colours: FloatArray
    opacities: FloatArray
    widths: FloatArray

    def where(self, mask: NDArray[np.bool_]) -> Strokes:
        """Those of the mask (S,)."""
        return Strokes(*(values[mask] for values in self))


def canvas_of(image: ImageArray) -> ImageArray:
    """A new (H, W, 3) image of an image (H, W, 3) BGR or (H, W) gray."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise InputError(
            "image: expected uint8 of shape (H, W) or (H, W, 3), "
            f"got {image.dtype} of shape {image.shape}"
        )
    if image.ndim == 3:
        return image.copy()
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_GRAY2BGR))


class Tag(NamedTuple):
    """A text above a head.

    Attributes:
        text: the person's id.
        colour: (3,) BGR, the person's.
        size: pixels, the person's; large people have large letters.
        top: x and y where the head is highest.
    """

    text: str
    colour: FloatArray
    size: float
    top: tuple[float, float]


class Sketch(NamedTuple):
    """What is to be painted onto an image, and nothing of the image: any thread may do it."""

    strokes: Strokes
    tags: tuple[Tag, ...]

    def on(self, image: ImageArray) -> ImageArray:
        """A new (H, W, 3) image of an image (H, W, 3) BGR or (H, W) gray, painted.

        Raises:
            InputError: the image is neither.
        """
        canvas = canvas_of(image)
        paint(canvas, self.strokes)
        places: list[Box] = []
        for tag in self.tags:
            places.append(write(canvas, tag, places))
        return canvas


def paint(canvas: ImageArray, strokes: Strokes) -> None:
    """Draw strokes one over another, each mixed with what the canvas showed before all of them."""
    import cv2

    size, margin = np.array(canvas.shape[1::-1]), strokes.widths[:, None] + 1.0
    low, high = strokes.ends.min(axis=1), strokes.ends.max(axis=1)
    inside = ((high > -margin) & (low < size + margin)).all(axis=1)
    ends, colours, opacities, widths = strokes.where(inside & (strokes.opacities > 0.01))
    # A line has one colour: mixing it beforehand costs a tenth of blending its pixels.
    along = np.array([0.2, 0.5, 0.8])[:, None, None]
    places = ends[:, 0] + along * (ends[:, 1] - ends[:, 0])
    x, y = np.clip(places, 0, size - 1).astype(np.int64).transpose(2, 0, 1)
    behind = canvas[y, x].mean(axis=0)
    mixed = np.rint(behind + opacities[:, None] * (colours - behind)).tolist()
    fixed = np.rint(ends * 2**_SHIFT).astype(np.int64).tolist()
    thick = np.maximum(np.rint(widths), 1.0).astype(np.int64).tolist()
    for (start, end), colour, width in zip(fixed, mixed, thick, strict=True):
        cv2.line(canvas, start, end, colour, width, cv2.LINE_AA, _SHIFT)


def write(canvas: ImageArray, tag: Tag, taken: list[Box]) -> Box:
    """Write a tag inside the image, clear of where others stand; where this one does."""
    import cv2

    text, colour, size, top = tag
    font = cv2.FONT_HERSHEY_DUPLEX
    # By the root: who is half as tall, or crouches, is to be read as well.
    letter = float(np.clip(0.8 * size**0.5, 8.0, 22.0))
    scale = letter / 20.0
    # OpenCV's versions leave different space around the letters: what counts is the ink.
    ink = np.zeros((int(3 * letter), int((len(text) + 2) * 1.2 * letter)), dtype=np.uint8)
    foot = int(letter), int(2 * letter)
    cv2.putText(ink, text, foot, font, scale, 255, 1, cv2.LINE_AA)
    left, over, w, h = cv2.boundingRect(ink)
    height = 2 * round(0.85 * letter) + 1
    width = w + height
    here = _free_place(canvas, top, 0.085 * size, width, height, taken)
    x, y = here[:2]
    _fill_pill(canvas, here, colour)
    foot = foot[0] - left + x + (width - w) // 2, foot[1] - over + y + (height - h) // 2
    cv2.putText(canvas, text, foot, font, scale, INK.tolist(), 1, cv2.LINE_AA)
    return here


def _free_place(
    canvas: ImageArray,
    top: tuple[float, float],
    head: float,
    width: int,
    height: int,
    taken: list[Box],
) -> Box:
    """x0 y0 x1 y1 in the image above a head, or near it where other tags are in the way.

    Beside the head where the image ends above it; on it if there is no other place.

    Args:
        canvas: the image.
        top: x and y where the head is highest, as far as keypoints tell.
        head: pixels from there up to the hair, and to each side.
        width: pixels.
        height: pixels.
        taken: where other tags are.
    """
    middle, over = top
    face = int(middle - head), int(over - head) + 1, int(middle + head), int(over + head)
    tried, free = [], []
    for aside, up in _NUDGES:
        x = round(middle + (aside - 0.5) * width)
        y = round(over - head - height - up * (height + 1))
        x = min(max(x, 0), max(canvas.shape[1] - width, 0))
        y = min(max(y, 0), max(canvas.shape[0] - height, 0))
        place = x, y, x + width, y + height
        tried.append(place)
        if not any(_overlap(place, other) for other in taken):
            free.append(place)
            if not _overlap(place, face):
                return place
    return (free or tried)[0]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _fill_pill(canvas: ImageArray, box: Box, colour: FloatArray) -> None:
    # By hand, as the ends of OpenCV's thick lines do not quite meet their sides.
    x, y, width, height = box[0], box[1], box[2] - box[0], box[3] - box[1]
    across = np.abs(np.arange(width) - (width - 1) / 2) - (width - height) / 2
    down = np.arange(height) - (height - 1) / 2
    beyond = np.hypot(np.maximum(across, 0.0), down[:, None]) - height / 2
    under = canvas[y : y + height, x : x + width]
    cover = np.clip(0.5 - beyond, 0.0, 1.0)[: under.shape[0], : under.shape[1], None]
    under[:] = np.rint(under + cover * (colour - under))
