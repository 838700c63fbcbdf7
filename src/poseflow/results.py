"""What a run leaves behind: one file of poses with ids, or a folder of everything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .errors import InputError
from .formats import FORMATS, save
from .pipeline import Shown
from .poses import Sequence
from .render import Renderer
from .skeletons import Skeleton
from .summary import Summary
from .video import Video, write_images, write_video

MADE = ("tracked.json", "tracked.mp4", "tracks.csv", "summary.json")
"""What is in a folder of results, beside `tracked` in the input's own format."""


def is_one_file(out: Path, to: str | None = None) -> bool:
    """Whether an output is one file of poses, by its suffix; else it is a folder of results.

    Args:
        out: a `files.FolderPath` is a folder, whatever its suffix.
        to: as for `check_format`.

    Raises:
        InputError: it has another suffix, and is no folder yet: most likely a slip; or it cannot
            be of that format.
    """
    check_format(out, to)
    known = sorted({f.suffix for f in FORMATS.values() if f.suffix and f.write is not None})
    if not out.suffix or out.is_dir():
        return False
    if out.suffix.lower() not in known:
        raise InputError(
            f"{out}: expected a file ending in {', '.join(known)}, or a folder (write {out}/ if "
            f"this is to be one); got the suffix {out.suffix!r}"
        )
    return True


def check_format(out: Path, to: str | None) -> None:
    """Refuse what cannot be written: now, and not after an hour's work.

    Args:
        out: a file, or a folder.
        to: name of a format; None = whichever goes with the suffix.

    Raises:
        InputError: there is no such format, it is read only, or the file's suffix is another's.
    """
    if to is None:
        return
    written = {name: form for name, form in FORMATS.items() if form.write is not None}
    if to not in written:
        raise InputError(f"--to: expected one of {', '.join(written)}; got {to!r}")
    suffix, own = out.suffix.lower(), written[to].suffix
    if suffix in {form.suffix for form in written.values()} - {"", own} and not out.is_dir():
        fitting = f"a file ending in {own}" if own else "a folder"
        raise InputError(f"{out}: expected {fitting} for the format {to}, got {out.suffix!r}")


def json_format(sequence: Sequence) -> str:
    """Format of a .json output: the input's own, else (if that is no JSON) AlphaPose's list."""
    own = sequence.source.format if sequence.source else ""
    return own if own in FORMATS and FORMATS[own].suffix == ".json" else "alphapose"


def save_file(out: Path, tracked: Sequence, to: str | None) -> None:
    """Write one file of poses with ids.

    Args:
        out: ending in .json, .csv or .parquet.
        tracked: the clip.
        to: name of a format; None = by the suffix, .json being the input's own.
    """
    if to is None and out.suffix.lower() == ".json":
        to = json_format(tracked)
    save(out, tracked, format=to)


def save_folder(
    folder: Path, tracked: Sequence, summary: Summary, *, to: str | None = None
) -> None:
    """Write tracked.json, tracks.csv and summary.json into a folder (one of `whole_folder`).

    Poses of a format that is no JSON file come in that format too, as `tracked` with its suffix.

    Args:
        folder: that is there.
        tracked: the clip.
        summary: of the clip.
        to: name of the format of `tracked`; None = the input's own.
    """
    own = to or (tracked.source.format if tracked.source else "alphapose")
    if to is None and FORMATS[own].write is None:
        own = "alphapose"
    save(folder / f"tracked{FORMATS[own].suffix}", tracked, format=own)
    if FORMATS[own].suffix != ".json":
        save(folder / "tracked.json", tracked, format=json_format(tracked))
    save(folder / "tracks.csv", tracked, format="csv")
    text = json.dumps(summary.as_json(), indent=1)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")


def save_video(
    out: Path,
    video: Video,
    skeleton: Skeleton,
    shown: Iterable[Shown],
    *,
    renderer: Renderer | None = None,
    fps: float = 25.0,
) -> None:
    """Draw poses onto images: a video, or a folder of images if `out` has no suffix.

    Args:
        out: ending in .mp4 or .webm; or a folder, whose images get the names they had in a folder.
        video: the images are of.
        skeleton: of the poses.
        shown: the images, BGR or gray, with their poses; taken one by one, as they come.
        renderer: a fresh one, of that skeleton; None = is made.
        fps: frames a second of a video made from a folder of images, which has no clock.
    """
    drawn = Renderer(skeleton) if renderer is None else renderer
    frames = ((drawn.draw(frame.image, poses), frame.time) for frame, poses in shown)
    if out.suffix:
        sound = None if video.is_folder else video.path
        rate = video.fps or fps
        write_video(out, frames, fps=rate, sound_from=sound, pixel_aspect=video.pixel_aspect)
    else:
        write_images(out, frames, video.names or None)
