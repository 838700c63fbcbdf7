"""The options that better poses after tracking: gaps filled, keypoints calmed."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import InputError
from ..poses import Sequence
from . import words

OPTIONS = ("fill", "smooth", "cutoff")
"""The arguments that `add_refining` adds: of those that are not typed, none is passed on."""


def add_refining(parser: argparse.ArgumentParser) -> None:
    """Add the options that `refined` takes."""
    from ..offline.one_euro import OneEuro
    from ..offline.smoothing import smooth

    group = parser.add_argument_group(
        "better poses",
        "after tracking. What was there before is written beside it (but not in PoseTrack's "
        "formats): poseflow convert --raw gives it back",
    )
    group.add_argument(
        "--fill",
        type=int,
        default=words.NOT_GIVEN,
        metavar="FRAMES",
        help="fill gaps of up to so many frames in tracks and in single keypoints, on a straight "
        "line, with half the score; poses that were put in say so (origin filled). Longer: more of "
        "them, and farther from where people truly were",
    )
    group.add_argument(
        "--smooth",
        nargs="?",
        choices=("offline", "online"),
        const="offline",
        default=words.NOT_GIVEN,
        help="take the trembling out of keypoints. offline (what --smooth alone means): no delay, "
        "a Butterworth filter of 4th order run both ways, and jumps of a frame or two are put "
        "back; online: the 1 Euro filter, which sees earlier frames only",
    )
    group.add_argument(
        "--cutoff",
        type=float,
        default=words.NOT_GIVEN,
        metavar="HZ",
        help="with --smooth, the frequency above which motion is taken for trembling; online, of "
        "a keypoint at rest. Lower: calmer, and fast movements lose more of their size "
        f"({words.default_of(smooth, 'cutoff'):g} offline, "
        f"{words.default_of(OneEuro, 'cutoff'):g} online)",
    )


def refined(
    tracked: Sequence,
    fps: float | None = None,
    fill: int | None = None,
    smooth: str | None = None,
    cutoff: float | None = None,
) -> Sequence:
    """The clip with its gaps filled and then its keypoints calmed, as far as either was asked for.

    Args:
        tracked: with ids.
        fps: frames a second, where the clip has no times; None = the default.
        fill: frames.
        smooth: offline or online.
        cutoff: Hz.

    Raises:
        InputError: a number cannot be, or there is a cut-off of nothing.
    """
    from ..offline.filling import fill as filled
    from ..offline.one_euro import OneEuro, smooth_online
    from ..offline.smoothing import smooth as smooth_offline

    if cutoff is not None and smooth is None:
        raise InputError("--cutoff: expected with --smooth")
    if fill is not None:
        tracked = filled(tracked, fill)
    rate: dict[str, Any] = {} if fps is None else {"fps": fps}
    cut: dict[str, Any] = {} if cutoff is None else {"cutoff": cutoff}
    if smooth == "online":
        return smooth_online(tracked, **rate, one_euro=OneEuro(**cut))
    return tracked if smooth is None else smooth_offline(tracked, **rate, **cut)
