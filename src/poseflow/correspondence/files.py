"""Correspondences as text, one file a pair of frames, as the scripts of 2018 wrote and read them.

`A_B_orb.txt` (ORB) has rows `x1 y1 x2 y2 distance`, `A_B.txt` (DeepMatching) `x1 y1 x2 y2 score
index`, A and B being the frames' image names without suffix, pixels. A file may be empty.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import numpy as np

from ..errors import InputError
from ..files import whole_file
from ..frames import Correspondences


def read_correspondences(path: str | os.PathLike[str]) -> Correspondences:
    """The correspondences of a file; what follows the first four columns is passed over.

    Raises:
        InputError: the file cannot be read, or a row has not four finite numbers.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    rows = [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Correspondences(table[:, :2], table[:, 2:])


def _row(path: str | os.PathLike[str], number: int, line: str) -> list[float]:
    try:
        row = [float(word) for word in line.split()[:4]]
    except ValueError:
        row = []
    if len(row) < 4 or not np.isfinite(row).all():
        raise InputError(
            f"{path}: line {number}: expected four numbers x1 y1 x2 y2, got {line.strip()[:60]!r}"
        )
    return row


def write_correspondences(path: str | os.PathLike[str], correspondences: Correspondences) -> None:
    """Write rows `x1 y1 x2 y2 0`; reading them gives the same numbers back.

    The 0 stands where 2018's files have a distance or score, which no reader of them uses; it is
    not known to us, as most matchers tell none, and says neither good nor bad.

    Raises:
        InputError: the file cannot be written; it is whole or not there at all.
    """
    rows = np.concatenate(correspondences, axis=1).tolist()
    text = "".join(" ".join([*map(_number, row), "0\n"]) for row in rows)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _number(value: float) -> str:
    return repr(int(value)) if value.is_integer() else repr(value)


def file_name(before_name: str, after_name: str, kind: str) -> str:
    """The name of the file of two frames.

    >>> file_name("00000012.jpg", "00000013.jpg", "orb"), file_name("a/9.png", "a/10.png", "dis")
    ('00000012_00000013_orb.txt', '9_10.txt')

    Args:
        before_name: the earlier frame's image name, or its number; folders do not count.
        after_name: the later frame's.
        kind: the matcher's name. All that is not ORB goes where 2018's tracker looks for
            DeepMatching's.
    """
    suffix = "_orb" if kind.startswith("orb") else ""
    return f"{_stem(before_name)}_{_stem(after_name)}{suffix}.txt"


def _stem(name: str) -> str:
    path = PurePath(name)
    # In "clip.0012" the digits are the frame and not a suffix.
    return path.name if path.suffix[1:].isdecimal() else path.stem


def find(folder: Path, before_name: str, after_name: str) -> Path | None:
    """The file of two frames in a folder, or None; `A_B.txt` goes before `A_B_orb.txt`."""
    paths = (folder / file_name(before_name, after_name, kind) for kind in ("", "orb"))
    return next((path for path in paths if path.is_file()), None)
