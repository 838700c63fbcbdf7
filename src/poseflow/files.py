"""Files that appear whole or not at all, the folder of what is fetched, and the order of names."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import InputError, PoseflowError


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it becomes `path` only if the block succeeds.

    The temporary file has the same suffix, for encoders that go by it. Folders that are missing
    above `path` are made with it, and not before.

    Raises:
        InputError: the file cannot be written, or the disk is full. Errors of the block that name
            the temporary path name `path` instead.
    """
    final = Path(path)
    with _telling(final):
        if final.is_dir():
            raise InputError(f"{final}: expected a file to write, found a folder")
        above = _nearest_folder(final)
        handle, name = tempfile.mkstemp(dir=above, prefix=".poseflow-", suffix=final.suffix)
        os.close(handle)
    temporary = Path(name)
    try:
        with _telling(final, temporary):
            yield temporary
            # mkstemp makes files private; an output has the permissions of any other new file.
            os.chmod(temporary, 0o666 & ~_umask())
            with _folder_for(final):
                os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a fresh folder beside `path`; its files move into `path` only if the block succeeds.

    A folder that exists keeps what else is in it; files of the same names are replaced, all of them
    or none. Folders that are missing above `path` are made with it, and not before.

    Raises:
        InputError: the folder cannot be made or written, or the disk is full. Errors of the block
            that name the temporary path name `path` instead.
    """
    final = Path(path)
    with _telling(final):
        if final.exists() and not final.is_dir():
            raise InputError(f"{final}: expected a folder to write, found a file")
        above = _nearest_folder(final)
        temporary = Path(tempfile.mkdtemp(dir=above, prefix=".poseflow-"))
    try:
        with _telling(final, temporary):
            yield temporary
            os.chmod(temporary, 0o777 & ~_umask())
            if final.exists():
                _move_into(temporary, final)
            else:
                with _folder_for(final):
                    os.replace(temporary, final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _telling(final: Path, temporary: Path | None = None) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence that names the output."""
    try:
        yield
    except BrokenPipeError:
        raise  # Of no file, but of what was printed meanwhile.
    except OSError as error:
        raise InputError(f"{final}: cannot be written: {error.strerror or error}") from error
    except PoseflowError as error:
        # Whoever wrote into a temporary folder could but name that.
        told = str(error).replace(str(temporary), str(final))
        if temporary is None or told == str(error):
            raise
        raise InputError(told) from error


def _nearest_folder(path: Path) -> Path:
    """The folder above a path that is there, or a file in its stead: the parent or one farther."""
    return next(above for above in path.absolute().parents if above.exists())


@contextmanager
def _folder_for(path: Path) -> Iterator[None]:
    """Make the folders above a path; those made are taken away again if the block fails."""
    missing = [above for above in path.absolute().parents if not above.exists()]
    made = []
    try:
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            made.append(folder)
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise


def _move_into(source: Path, final: Path) -> None:
    """Move what is in a folder into another that is there: all of it or nothing.

    Raises:
        InputError: a folder stands where a file is to be, or a file where a folder.
        OSError: a file cannot be moved.
    """
    moves = [(made, final / made.relative_to(source)) for made in sorted(source.rglob("*"))]
    for made, target in moves:
        if target.exists() and target.is_dir() != made.is_dir():
            kinds = ("folder", "file") if made.is_dir() else ("file", "folder")
            raise InputError("{}: expected a {} to write, found a {}".format(target, *kinds))
    before = Path(tempfile.mkdtemp(dir=source.parent, prefix=".poseflow-"))
    done: list[tuple[Path, Path | None]] = []
    try:
        for made, target in moves:
            kept = before / str(len(done)) if target.exists() else None
            if not made.is_dir():
                done.append((target, kept))
                if kept is not None:
                    os.replace(target, kept)
                os.replace(made, target)
            elif kept is None:
                done.append((target, None))
                target.mkdir()
    except BaseException:
        for target, kept in reversed(done):
            with suppress(OSError):
                if kept is not None:
                    os.replace(kept, target)
                elif target.is_dir():
                    target.rmdir()
                else:
                    target.unlink()
        # What cannot be put back stays where it is.
        with suppress(OSError):
            before.rmdir()
        raise
    shutil.rmtree(before, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_Path: Any = type(Path())


class FolderPath(_Path):  # type: ignore[misc]
    """A path that was written with a / at its end: a folder, whatever its name looks like."""

    @property
    def suffix(self) -> str:
        """None: a folder's name tells nothing."""
        return ""

    def __truediv__(self, name: str | os.PathLike[str]) -> Path:
        return Path(self) / name


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
