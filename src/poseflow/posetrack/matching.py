"""Correspondences of a data set in text files, as the matching step of 2018 wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..correspondence import MATCHERS
from ..correspondence.files import file_name, write_correspondences
from ..frames import Frame
from .layout import Listing
from .tracking import images


@dataclass(frozen=True)
class Matching:
    """How the images of a data set are matched; called with a sequence, it does so.

    Attributes:
        root: the data set's folder.
        matcher: a name in `MATCHERS`.
        out: an existing folder, in which files lie as the images do in the data set's.
        spacing: pixels between the points that optical flow follows. Nobody's poses are known here,
            so they are spread over all of the image. ORB has points of its own.
    """

    root: Path
    matcher: str
    out: Path
    spacing: float = 16.0

    def __call__(self, listing: Listing) -> tuple[int, int]:
        """Match every two neighbouring frames; how many pairs there were and correspondences.

        Raises:
            InputError: an image cannot be read, or a file cannot be written.
        """
        match = MATCHERS[self.matcher]()
        folder = self.out / listing.folder
        folder.mkdir(parents=True, exist_ok=True)
        if not len(listing.blank):
            return 0, 0
        before: Frame | None = None
        n_pairs = n_found = 0
        for frame in images(self.root / listing.folder, listing.files):
            if before is not None:
                follow = match(before.image, frame.image)
                found = follow(spread(before.image.shape[1], before.image.shape[0], self.spacing))
                name = file_name(before.name, frame.name, self.matcher)
                write_correspondences(folder / name, found)
                n_pairs, n_found = n_pairs + 1, n_found + len(found.source)
            before = frame
        return n_pairs, n_found


def spread(width: int, height: int, spacing: float) -> NDArray[np.float64]:
    """(P, 2) points all over an image, so far apart, the outermost half as far from the edges."""
    axes = (np.arange(spacing / 2, side, spacing) for side in (width, height))
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
