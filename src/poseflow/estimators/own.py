"""A user's own estimator: anything that can be called with an image, by the name of its module."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import numpy as np

from ..errors import InputError
from ..frames import ImageArray
from ..poses import Poses
from ..skeletons import Skeleton, skeleton
from .skeleton_of import skeleton_of

# The image that is shown to an estimator which does not tell its skeleton.
_BLANK = (64, 64, 3)


class Own:
    """An `Estimator` around a user's, whose answers it looks at before others do.

    What else the user's has (`detect`, `poses_in`) is found on it as well.

    Args:
        call: image (H, W, 3) uint8 BGR -> `Poses`. Its attribute `skeleton`, a `Skeleton` or the
            name or file of one, says what the keypoints are; without it, `given` does, or their
            number, which the poses in a blank image tell.
        name: what errors call it.
        given: the skeleton; None = the estimator's own.

    Raises:
        InputError: it cannot be called, does not give `Poses`, or its skeleton does not fit.
    """

    def __init__(self, call: Any, name: str, given: Skeleton | None = None) -> None:
        if not callable(call):
            raise InputError(f"{name}: expected something to call, got {type(call).__name__}")
        self._call, self._name = call, name
        own = getattr(call, "skeleton", None)
        if given is None and own is not None:
            given = own if isinstance(own, Skeleton) else skeleton(own)
        if given is None:
            given = skeleton_of(self._asked(np.zeros(_BLANK, np.uint8)).n_keypoints, None, name)
        self.skeleton: Skeleton = given

    def __call__(self, image: ImageArray) -> Poses:
        """The poses in an image (H, W, 3) uint8 BGR."""
        poses = self._asked(image)
        skeleton_of(poses.n_keypoints, self.skeleton, self._name)
        return poses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    def _asked(self, image: ImageArray) -> Poses:
        poses = self._call(image)
        if not isinstance(poses, Poses):
            raise InputError(f"{self._name}: expected poseflow.Poses, got {type(poses).__name__}")
        return poses


def own(spec: str, given: Skeleton | None = None) -> Own:
    """The estimator that `module:name` says, from the current folder or an installed package.

    Args:
        spec: a module with dots, a colon, and the name of the callable in it.
        given: what its keypoints are; None = as it says.

    Raises:
        InputError: there is no such module or name, or it is no estimator.
    """
    module_name, colon, name = spec.partition(":")
    if not (module_name and colon and name):
        raise InputError(f"estimator: expected MODULE:NAME, got {spec!r}")
    module = _imported(module_name)
    call = getattr(module, name, None)
    if call is None:
        raise InputError(f"estimator: {module_name} ({module.__file__}) has no {name!r}")
    return Own(call, spec, given)


def _imported(name: str) -> Any:
    """The module; only the module itself may be missing, what it imports is the user's to see."""
    folder = os.getcwd()
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"estimator: {name} needs the package {error.name}") from error
        raise InputError(
            f"estimator: no module {name!r} in {folder} or among the installed packages"
        ) from error
    finally:
        sys.path.remove(folder)
