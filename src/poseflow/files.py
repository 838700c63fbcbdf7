"""Files that appear whole or not at all, the folder of what is fetched, and the order of names."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it becomes `path` only if the block succeeds.

    The temporary file has the same suffix, for encoders that go by it.

    Raises:
        InputError: the folder does not exist, cannot be written or is full.
    """
    final = Path(path)
    with _telling(final):
        if final.is_dir():
            raise InputError(f"{final}: expected a file to write, found a folder")
        handle, name = tempfile.mkstemp(dir=final.parent, prefix=".poseflow-", suffix=final.suffix)
        os.close(handle)
    temporary = Path(name)
    try:
        with _telling(final):
            yield temporary
            # mkstemp makes files private; an output has the permissions of any other new file.
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a fresh folder beside `path`; its files move into `path` only if the block succeeds.

    A folder that exists keeps what else is in it; files of the same names are replaced.

    Raises:
        InputError: the folder cannot be made or written, or is full.
    """
    final = Path(path)
    with _telling(final):
        if final.exists() and not final.is_dir():
            raise InputError(f"{final}: expected a folder to write, found a file")
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=final.parent, prefix=".poseflow-"))
    try:
        with _telling(final):
            yield temporary
            os.chmod(temporary, 0o777 & ~_umask())
            if final.exists():
                for made in sorted(temporary.rglob("*")):
                    target = final / made.relative_to(temporary)
                    if made.is_dir():
                        target.mkdir(exist_ok=True)
                    else:
                        os.replace(made, target)
            else:
                os.replace(temporary, final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _telling(final: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence that names the output."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{final}: cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def cache_folder() -> Path:
    """Where what was fetched is kept: $POSEFLOW_CACHE, else `poseflow` where systems have caches.

    That is $XDG_CACHE_HOME if it is set, else ~/Library/Caches on macOS, %LOCALAPPDATA% on
    Windows, ~/.cache elsewhere.
    """
    if own := os.environ.get("POSEFLOW_CACHE"):
        return Path(own).expanduser()
    given = os.environ.get("XDG_CACHE_HOME", "")
    # A relative one is to be ignored (XDG Base Directory Specification).
    if os.path.isabs(given):
        return Path(given) / "poseflow"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/poseflow").expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "poseflow"
    return Path("~/.cache/poseflow").expanduser()


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key under which digits compare as numbers: "2.jpg" before "10.jpg".

    >>> sorted(["10.jpg", "2.jpg", "a1", "1.jpg"], key=natural_key)
    ['1.jpg', '2.jpg', '10.jpg', 'a1']
    """
    pieces = re.split(r"(\d+)", name)
    return [(0, int(p), p) if p.isdecimal() else (1, 0, p) for p in pieces if p]
