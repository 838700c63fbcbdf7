"""What the keypoints of a pose are: names, edges, mirror pairs and OKS falloffs.

The skeletons we ship lie beside this file as TOML, in the very form in which users write their own.
One vocabulary of names runs through all of them, so that `mapping` can go by name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SKELETONS: tuple[str, ...] = (
    "coco-17",
    "mpii-16",
    "posetrack-15",
    "posetrack-17",
    "body-25",
    "openpose-18",
    "halpe-26",
    "halpe-136",
    "coco-wholebody-133",
    "mediapipe-33",
)
"""The skeletons we ship, by the names that `skeleton` takes."""

DEFAULT_SIGMA = 0.067
"""The falloff of every keypoint of a file that gives none: the mean of COCO's seventeen."""


@dataclass(frozen=True)
class Skeleton:
    """The K keypoints of a pose.

    Two skeletons are equal when name and keypoints are; how one is drawn or weighed is no part of
    what it is. The arrays are read-only copies of what was given.

    Attributes:
        name: of the skeleton, lower case with dashes, such as "coco-17".
        keypoints: K names, lower case with underscores, such as "left_wrist".
        edges: 0-based pairs of keypoints that are drawn as a limb.
        mirror: (K,) int64, the keypoint on the other side of the body; itself for the middle ones.
        sigmas: (K,) float64, positive; the OKS falloff k_i = 2 sigma_i is derived from these.

    Raises:
        InputError: a name is given twice, or a field does not fit the K keypoints.
    """

    name: str
    keypoints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = field(compare=False)
    mirror: IntArray = field(repr=False, compare=False)
    sigmas: FloatArray = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        mirror = np.array(self.mirror, dtype=np.int64)
        sigmas = np.array(self.sigmas, dtype=np.float64)
        for array in (mirror, sigmas):
            array.flags.writeable = False
        object.__setattr__(self, "mirror", mirror)
        object.__setattr__(self, "sigmas", sigmas)
        self._check()

    def _check(self) -> None:
        every = np.arange(len(self))
        for name in self.keypoints:
            if self.keypoints.count(name) > 1:
                raise InputError(f"keypoints: expected different names, got {name!r} twice")
        for edge in self.edges:
            if len(edge) != 2 or not all(0 <= i < len(self) for i in edge):
                raise InputError(f"edges: expected pairs of 0 to {len(self) - 1}, got {edge}")
        if (
            self.mirror.shape != every.shape
            or not np.isin(self.mirror, every).all()
            or (self.mirror[self.mirror] != every).any()
        ):
            raise InputError(
                f"mirror: expected for each of the {len(self)} keypoints the one whose mirror "
                f"it is, got {self.mirror.tolist()}"
            )
        if self.sigmas.shape != every.shape:
            raise InputError(
                f"sigmas: expected one for each of the {len(self)} keypoints, "
                f"got {self.sigmas.size}"
            )
        for name, sigma in zip(self.keypoints, self.sigmas.tolist(), strict=True):
            if not 0 < sigma < np.inf:
                raise InputError(f"sigmas: expected positive numbers, got {sigma} for {name!r}")

    def __len__(self) -> int:
        return len(self.keypoints)


def skeleton(name_or_path: str | os.PathLike[str]) -> Skeleton:
    """The skeleton of this name, or the one that a user's file describes.

    A file is TOML or JSON, recognised by its content. It has the fields `name` (a text) and
    `keypoints` (different names), and may have `edges` and `mirror` (pairs of these names; none
    where absent) and `sigmas` (a positive number for each keypoint; `DEFAULT_SIGMA` where absent).

    Raises:
        InputError: the name is not one of `SKELETONS` and no file, or the file has a mistake.
    """
    if isinstance(name_or_path, str) and name_or_path in SKELETONS:
        return _shipped(name_or_path)
    try:
        content = Path(name_or_path).read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"skeleton: expected a TOML or JSON file or one of {', '.join(SKELETONS)}; "
            f"got {str(name_or_path)!r}"
        ) from error
    except OSError as error:
        raise InputError(f"{name_or_path}: cannot be read: {error.strerror}") from error
    return _read(content, str(name_or_path))


@cache
def _shipped(name: str) -> Skeleton:
    from importlib.resources import files

    return _read(files(__name__).joinpath(f"{name}.toml").read_bytes(), f"{name}.toml")


def _read(content: bytes, source: str) -> Skeleton:
    """The skeleton that a file's content describes; `source` is what errors call the file."""
    try:
        # Editors on Windows begin a file with a byte order mark, which neither format allows.
        fields = _parsed(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: expected a TOML or JSON file: {error}") from error
    try:
        return _described(fields)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def _parsed(text: str) -> Any:
    # No TOML begins with a brace, and every JSON object does.
    if text.lstrip().startswith("{"):
        import json

        return json.loads(text)
    import tomllib

    return tomllib.loads(text)


def _described(fields: dict[str, Any]) -> Skeleton:
    """The skeleton of a file's fields, in which keypoints are named and not numbered."""
    known = ("name", "keypoints", "edges", "mirror", "sigmas")
    if unknown := fields.keys() - set(known):
        raise InputError(f"{min(unknown)}: expected only the fields {', '.join(known)}")
    for required in known[:2]:
        if required not in fields:
            raise InputError(f"{required}: expected this field, which is missing")
    name, keypoints = fields["name"], fields["keypoints"]
    if not _is_text(name):
        raise InputError(f"name: expected a text, got {short(name)}")
    if not isinstance(keypoints, list) or not keypoints:
        raise InputError(f"keypoints: expected a list of names, got {short(keypoints)}")
    for keypoint in keypoints:
        if not _is_text(keypoint):
            raise InputError(f"keypoints: expected names, got {short(keypoint)}")
    index = {keypoint: i for i, keypoint in enumerate(keypoints)}
    return Skeleton(
        name=name,
        keypoints=tuple(keypoints),
        edges=_pairs("edges", fields, index),
        mirror=_mirror(_pairs("mirror", fields, index), keypoints),
        sigmas=_sigmas(fields, len(keypoints)),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _pairs(name: str, fields: dict[str, Any], index: dict[str, int]) -> tuple[tuple[int, int], ...]:
    """The 0-based pairs of a field of pairs of names."""
    pairs = fields.get(name, [])
    if not isinstance(pairs, list):
        raise InputError(f"{name}: expected a list of pairs of keypoints, got {short(pairs)}")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(map(_is_text, pair)):
            raise InputError(f"{name}: expected pairs of keypoints, got {short(pair)}")
        for keypoint in pair:
            if keypoint not in index:
                raise InputError(f"{name}: expected names of keypoints, got {keypoint!r}")
        if pair[0] == pair[1]:
            raise InputError(f"{name}: expected two different keypoints, got {short(pair)}")
    return tuple((index[a], index[b]) for a, b in pairs)


def _mirror(pairs: tuple[tuple[int, int], ...], keypoints: list[str]) -> IntArray:
    mirror = np.arange(len(keypoints))
    for a, b in pairs:
        for i in (a, b):
            if mirror[i] != i:
                raise InputError(
                    f"mirror: expected a keypoint in one pair, got {keypoints[i]!r} in two"
                )
        mirror[a], mirror[b] = b, a
    return mirror


def _sigmas(fields: dict[str, Any], n_keypoints: int) -> FloatArray:
    sigmas = fields.get("sigmas")
    if sigmas is None:
        return np.full(n_keypoints, DEFAULT_SIGMA)
    if not isinstance(sigmas, list):
        raise InputError(f"sigmas: expected a list of numbers, got {short(sigmas)}")
    for value in sigmas:
        # bool is an int to Python, and a text of digits a number to NumPy; neither is meant.
        if type(value) not in (int, float):
            raise InputError(f"sigmas: expected numbers, got {short(value)}")
    try:
        return np.array(sigmas, dtype=np.float64)
    except OverflowError as error:
        raise InputError(f"sigmas: expected numbers, got an {error}") from error
