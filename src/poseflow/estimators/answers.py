"""What others' estimators answer, looked at before anything relies on it."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PoseflowError
from ..poses import Poses
from ..skeletons import Skeleton
from .skeleton_of import skeleton_of

FloatArray = NDArray[np.float64]

_OURS = Path(__file__).parents[1]


def name_of(estimator: Any) -> str:
    """What sentences call an estimator: MODULE:NAME where it came so, else its function or type."""
    for name in ("name", "__qualname__"):
        if isinstance(told := getattr(estimator, name, None), str):
            return told
    return type(estimator).__name__


def asked(name: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """What the call of somebody's code gives.

    Raises:
        InputError: it raised anything: one sentence with the name, the exception, and where in
            their code it was; the exception itself is the cause.
    """
    try:
        return call(*arguments)
    except Exception as error:
        raise InputError(f"{name}: {in_words(error)}") from error


def in_words(error: Exception) -> str:
    """What somebody's code raised, in a line, and where in it that was."""
    said = " ".join(str(error).split())
    if not isinstance(error, PoseflowError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    # The first line beyond our own code, and what imports, on the way to it.
    for place in traceback.extract_tb(error.__traceback__):
        file = Path(place.filename)
        imports = place.filename.startswith("<frozen") or place.filename == importlib.__file__
        if not (imports or file.is_relative_to(_OURS)):
            return f"{said} ({file.name}, line {place.lineno})"
    return said


def checked_poses(poses: Any, skeleton: Skeleton, name: str) -> Poses:
    """The same poses, which are poses of that skeleton with numbers in them.

    Raises:
        InputError: they are not; `name` is what the estimator is called.
    """
    if not isinstance(poses, Poses):
        raise InputError(f"{name}: expected poseflow.Poses, got {_what(poses)}")
    skeleton_of(poses.n_keypoints, skeleton, name)
    for field in ("keypoints", "boxes"):
        if np.isinf(getattr(poses, field)).any():
            raise InputError(f"{name}: {field}: expected pixels, or nan where missing, got inf")
    for field in ("keypoint_scores", "scores"):
        scores = getattr(poses, field)
        # Single precision may be a little above 1.
        wrong = scores[(scores < 0) | (scores > 1.001)]
        if len(wrong):
            raise InputError(f"{name}: {field}: expected 0 to 1, got {wrong[0]:g}")
    return poses


def checked_boxes(boxes: Any, name: str) -> FloatArray:
    """(N, 5) x0 y0 x1 y1 and a score each, of anything that an array can be made of.

    Raises:
        InputError: it is nothing of the kind; `name` is what the detector is called.
    """
    try:
        array = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.shape == (0,):
        return np.empty((0, 5))
    if array.ndim != 2 or array.shape[1] != 5:
        raise InputError(f"{name}: expected boxes (N, 5), got {_what(boxes)}")
    if not np.isfinite(array).all():
        wrong = array[~np.isfinite(array)][0]
        raise InputError(f"{name}: expected boxes of pixels and scores, got {wrong:g} in one")
    return array


def _what(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}"
    return type(value).__name__
