"""Image files: which of a folder they are, and their pixels in and out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import natural_key
from ..frames import ImageArray

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def image_names(folder: Path) -> tuple[str, ...]:
    """The names of a folder's images in natural order; hidden files and all others are left out.

    Raises:
        OSError: the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if entry.name.lower().endswith(IMAGE_SUFFIXES)
            and not entry.name.startswith(".")
            and entry.is_file()
        ]
    return tuple(sorted(names, key=natural_key))


def read_image(path: Path, color: bool) -> ImageArray:
    """(H, W, 3) BGR or (H, W) gray, turned as the file's EXIF orientation says.

    Raises:
        InputError: the file cannot be read or is not an image.
    """
    import cv2

    flag = cv2.IMREAD_COLOR if color else cv2.IMREAD_GRAYSCALE
    try:
        # Not imread, which on Windows knows only names in the system's own code page.
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, flag) if content.size else None
    except OSError as error:
        raise InputError(f"{path}: expected an image, got: {error.strerror}") from error
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f"{path}: expected an image, got a file that is damaged or is none")
    return np.asarray(image)


def write_image(path: Path, image: ImageArray) -> None:
    """Write an image (H, W, 3) BGR in the format that the suffix names.

    Raises:
        InputError: the suffix names none.
        OSError: the file cannot be written.
    """
    import cv2

    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise InputError(
            f"{path.name}: expected the name of an image ({' '.join(IMAGE_SUFFIXES)}), "
            f"got the suffix {path.suffix!r}"
        )
    # Not imwrite, which tells nobody that the disk is full.
    path.write_bytes(cv2.imencode(path.suffix.lower(), image)[1].tobytes())
