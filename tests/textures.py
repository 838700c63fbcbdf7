"""Images with something to see everywhere."""

from __future__ import annotations

import cv2
import numpy as np


def texture(seed: int, height: int = 240, width: int = 320) -> np.ndarray:
    """A gray image with detail at all sizes, mean 128 and standard deviation 40."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width))
    for sigma in (1.5, 4.0, 12.0):
        layer = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), sigma)
        image += layer / layer.std()
    return np.clip(128 + 40 * image / image.std(), 0, 255).astype(np.uint8)
