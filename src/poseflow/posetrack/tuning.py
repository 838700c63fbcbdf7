"""Which joints are sure enough: the least score that gives the highest MOTA."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Many
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..evaluation import evaluate
from ..evaluation.scores import grouped
from ..formats import load_truth
from ..poses import Sequence
from ..truth import Truth
from .layout import Listing
from .predictions import predictions

STEPS = 20


class Tried(NamedTuple):
    """What became of one least score.

    Attributes:
        min_joint_score: in the scale of the scores' file.
        map: mean over joints, in percent, of the file of predictions that it makes.
        mota: the same file's.
    """

    min_joint_score: float
    map: float
    mota: float


class Tuning(NamedTuple):
    """What became of all of them.

    Attributes:
        tried: by rising score.
        best: of the highest MOTA; of several the lowest score.
        unfiltered: mAP of all joints of everybody, with or without an id.
    """

    tried: tuple[Tried, ...]
    best: Tried
    unfiltered: float


def tune(listings: Many[Listing], tracked: Many[Sequence]) -> Tuning:
    """Try 0, 1, … 19 twentieths of the scores' scale as least score, by PoseTrack's own protocol.

    The scale is the largest score of a joint in the poses' file, or 1 if that is larger.

    Args:
        listings: of a split with annotations.
        tracked: each one's frames with ids.

    Raises:
        InputError: the split has no annotations, or nobody in them; or joints without a score.
    """
    truths = [_truth(listing) for listing in listings]
    scale = max(sequence.score_scales[0] for sequence in tracked)

    def judged(least: float, *, unnamed: bool = False) -> Tried:
        made = (
            predictions(listing, sequence, least, unnamed=unnamed)
            for listing, sequence in zip(listings, tracked, strict=True)
        )
        return Tried(least, *_figures(zip(truths, made, strict=True)))

    unfiltered = judged(0.0, unnamed=True)
    if np.isnan(unfiltered.map):
        raise InputError(
            f"{listings[0].annotation}: expected people to tune by in the split's annotations, "
            "got none"
        )
    tried = tuple(judged(scale * step / STEPS) for step in range(STEPS))
    return Tuning(tried, max(tried, key=lambda one: one.mota), unfiltered.map)


def _truth(listing: Listing) -> Truth:
    if listing.annotation is None:
        raise InputError(f"{listing.folder}: expected an annotation to tune by, found none")
    return load_truth(listing.annotation)


def _figures(pairs: Iterable[tuple[Truth, Sequence]]) -> tuple[float, float]:
    """MAP and MOTA, percent."""
    found = evaluate(pairs, identities=False)
    figures = (found.total.precision.ap, found.total.clear.mota)
    precision, tracking = (100 * grouped(found.joints, values)["Total"] for values in figures)
    return precision, tracking
