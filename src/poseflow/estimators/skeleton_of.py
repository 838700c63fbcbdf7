"""What the keypoints of an estimator are that does not say so itself."""

from __future__ import annotations

from ..errors import InputError
from ..skeletons import SKELETONS, Skeleton, skeleton


def skeleton_of(n_keypoints: int, given: Skeleton | None, whose: str) -> Skeleton:
    """The given skeleton, else the first of those we ship with that many keypoints.

    Raises:
        InputError: the given one has another number, or we ship none with it; `whose` names the
            estimator.
    """
    if given is not None:
        if len(given) != n_keypoints:
            raise InputError(
                f"{whose}: expected the {len(given)} keypoints of {given.name}, got {n_keypoints}"
            )
        return given
    for name in SKELETONS:
        if len(skeleton(name)) == n_keypoints:
            return skeleton(name)
    raise InputError(
        f"{whose}: {n_keypoints} keypoints, for which we ship no skeleton; "
        "say what they are (a TOML or JSON file of yours)"
    )
