"""Files that are written while it plays, in flat memory, and appear whole at the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import orjson

from ..errors import InputError
from ..files import whole_file
from ..formats.alphapose import LIST_FIELDS
from ..formats.people import write_people
from ..frames import ImageArray
from ..video import VIDEO_SUFFIXES, write_video
from .counts import Counts
from .lines import last_line, line_of
from .mailbox import Mailbox
from .playing import Moment, Sink

SUFFIXES = (".json", ".jsonl", *VIDEO_SUFFIXES)
"""Of what can be written live."""

_PICTURES_WAITING = 8
"""Pictures that wait for the encoder; of more it loses the oldest."""


def record(path: Path, counts: Counts) -> AbstractContextManager[Sink]:
    """A file of the kind that its suffix names; it appears when the block succeeds.

    Args:
        path: .json: AlphaPose's list, with ids; .jsonl: a line a frame, as `lines` has them;
            .mp4 or .webm: what is seen, drawn, each frame at its time.
        counts: of the run, for the last line; a film's `unfilmed` is kept.

    Raises:
        InputError: the suffix is another, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _poses(path)
    if suffix == ".jsonl":
        return _lines(path, counts)
    if suffix in VIDEO_SUFFIXES:
        return _film(path, counts)
    raise InputError(
        f"{path}: expected a folder, or a file ending in {', '.join(SUFFIXES)}; "
        f"got the suffix {path.suffix!r}"
    )


@contextmanager
def _poses(path: Path) -> Iterator[Sink]:
    """As `formats` writes them, but a frame at a time: hours of poses are nowhere in memory."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        separator = b"["

        def sink(moment: Moment) -> None:
            nonlocal separator
            head = {"image_id": f"{moment.index}.jpg", "category_id": 1}
            for person in write_people(moment.poses, LIST_FIELDS, (1.0, 1.0), head):
                file.write(separator + orjson.dumps(person))
                separator = b",\n"

        yield sink
        file.write(b"[]\n" if separator == b"[" else b"]\n")


@contextmanager
def _lines(path: Path, counts: Counts) -> Iterator[Sink]:
    with whole_file(path) as temporary, temporary.open("wb") as file:

        def sink(moment: Moment) -> None:
            file.write(line_of(moment))

        yield sink
        file.write(last_line(counts))


@contextmanager
def _film(path: Path, counts: Counts) -> Iterator[Sink]:
    """Painted and encoded by a thread of its own; without a single frame there is no film."""
    moments: Mailbox[Moment] = Mailbox(_PICTURES_WAITING)
    writing: Future[None] | None = None
    complete = False

    def frames() -> Iterator[tuple[ImageArray, float]]:
        yield from ((moment.picture, moment.time) for moment in moments)
        if not complete:
            raise InputError(f"{path}: was not finished")

    with ThreadPoolExecutor(1, thread_name_prefix="poseflow-film") as pool:

        def sink(moment: Moment) -> None:
            nonlocal writing
            if writing is None:
                writing = pool.submit(write_video, path, frames(), fps=25.0)
            if writing.done():
                writing.result()
            moments.put(moment.sketched())
            counts.unfilmed = moments.lost

        try:
            yield sink
            complete = True
        finally:
            moments.close()
        if writing is not None:
            writing.result()
