"""A user's own estimator: anything that can be called with an image, by the name of its module."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..frames import ImageArray
from ..poses import Poses
from ..skeletons import Skeleton, skeleton
from .answers import asked, checked_poses, in_words
from .skeleton_of import skeleton_of

# The image that is shown to an estimator which does not tell its skeleton.
_BLANK = (64, 64, 3)

_CALLED = ("detect", "poses_in", "many")


class Own:
    """An `Estimator` around a user's, whose answers it looks at before others do.

    What else the user's has (`detect`, `poses_in`, `many`) is found on it as well. Whatever it
    raises is an `InputError` with its name, and the cause of that.

    Args:
        call: image (H, W, 3) uint8 BGR -> `Poses`. Its attribute `skeleton`, a `Skeleton` or the
            name or file of one, says what the keypoints are; without it, `given` does, or their
            number, which the poses in a blank image tell.
        name: what errors call it.
        given: the skeleton; None = the estimator's own.

    Raises:
        InputError: it cannot be called with an image, does not give `Poses`, or its skeleton does
            not fit.
    """

    def __init__(self, call: Any, name: str, given: Skeleton | None = None) -> None:
        _refuse_uncallable(call, name)
        self._call, self.name = call, name
        own = getattr(call, "skeleton", None)
        if given is None and own is not None:
            given = _named_skeleton(own, name)
        if given is None:
            given = self._number_tells()
        self.skeleton: Skeleton = given

    def __call__(self, image: ImageArray) -> Poses:
        """The poses in an image (H, W, 3) uint8 BGR."""
        return checked_poses(asked(self.name, self._call, image), self.skeleton, self.name)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._call, name)
        if name in _CALLED and callable(found):
            return partial(asked, f"{self.name}: {name}", found)
        return found

    def _number_tells(self) -> Skeleton:
        """The skeleton with as many keypoints as the poses in a blank image."""
        shown = f"{self.name}: shown a black image"
        poses = asked(shown, self._call, np.zeros(_BLANK, np.uint8))
        if not isinstance(poses, Poses):
            raise InputError(f"{shown}: expected poseflow.Poses, got {type(poses).__name__}")
        return skeleton_of(poses.n_keypoints, None, self.name)


def _refuse_uncallable(call: Any, name: str) -> None:
    if isinstance(call, type):
        raise InputError(
            f"{name}: expected something to call with an image, got the class {call.__name__}: "
            f"name an object of it, made by {call.__name__}(…)"
        )
    if not callable(call):
        raise InputError(f"{name}: expected something to call, got {type(call).__name__}")
    try:
        signature = inspect.signature(call)
    except (TypeError, ValueError):
        return  # Not everything that is written in C tells its own.
    try:
        signature.bind(None)
    except TypeError as error:
        raise InputError(
            f"{name}: expected to be called with one image, got the parameters {signature}"
        ) from error


def _named_skeleton(own: Any, name: str) -> Skeleton:
    if isinstance(own, Skeleton):
        return own
    if isinstance(own, str | Path):
        return skeleton(own)
    raise InputError(
        f"{name}: skeleton: expected a name, a file or a poseflow.Skeleton, got {own!r}"
    )


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
    except Exception as error:
        raise InputError(f"estimator: {name}: {in_words(error)}") from error
    finally:
        sys.path.remove(folder)
