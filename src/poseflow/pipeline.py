"""Where the parts meet: which frame of the video a pose belongs to, and the run from end to end."""

from __future__ import annotations

import dataclasses
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from collections.abc import Sequence as Frames
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import threads
from .correspondence.files import file_name, find, read_correspondences, write_correspondences
from .errors import InputError
from .frames import Correspondences, Follower, Frame, ImageArray, Matcher, gray
from .poses import Doubt, Poses, Sequence
from .tracking import FlowFrame, FlowTracker, Tracker
from .video import Video, read_frames

IntArray = NDArray[np.int64]
Finder = Callable[[str, str], Correspondences | None]
"""(name of the frame before, name of this one) -> what is known of the two."""
Recorder = Callable[[str, str, Correspondences], None]
"""(name of the frame before, name of this one, what was found between the two)."""
Watch = Callable[[Iterable[Poses]], Iterable[Poses]]
Shown = tuple[Frame, Poses]
Show = Callable[[Iterator[Shown]], None]

# Pairs of images are matched side by side while the frames before them are tracked. Two threads
# keep up with the tracker; each pair ahead costs the memory of one image.
_MATCHERS_AT_WORK, _MATCHED_AHEAD = 2, 3
_TRACKED_AHEAD = 3
# No frame has a larger number, whatever a name says.
_BEYOND = np.iinfo(np.int64).max


def on_video(
    sequence: Sequence, video: Video, say: Callable[[str], None] | None = None
) -> Sequence:
    """The same poses, with exactly one frame for each of the video's.

    Images of a folder are found by their names: whole, else the last part of the path, else
    without the suffix; names that are numbers, such as COCO's ids, by the number. Frames of a video
    are found by the number in the image's name ("12.jpg" is frame 12, counted from 0); if the
    largest number is the number of frames, names count from 1. Where no image has a name, poses
    belong to the frames in order. A frame nobody names has no people.

    Args:
        sequence: the poses.
        video: their images.
        say: is told where names may as well count from 1; None = nobody is.

    Raises:
        InputError: poses name an image or frame that the video has not, or one twice, or none.
    """
    if video.is_folder:
        places = _by_name(sequence, video)
        names = video.names
    else:
        places = _by_number(sequence, video, say)
        by_frame = dict(zip(places.tolist(), sequence.image_names, strict=True))
        names = tuple(by_frame.get(i, "") for i in range(video.n_frames))
    source = np.full(video.n_frames, -1, dtype=np.int64)
    for index, place in enumerate(places):
        if place < 0:
            continue
        if source[place] >= 0:
            raise InputError(
                f"{_origin(sequence)}: image {sequence.image_names[index]!r}: belongs to the same "
                f"frame as {sequence.image_names[source[place]]!r}"
            )
        source[place] = index
    return dataclasses.replace(
        sequence,
        frames=_Placed(sequence.frames, source, Poses.empty(len(sequence.skeleton))),
        image_names=names,
        image_size=video.size,
    )


class _Placed(Frames[Poses]):
    """Frames by their place in a video; those that nobody names are empty."""

    def __init__(self, frames: Frames[Poses], source: IntArray, empty: Poses) -> None:
        self._frames, self._source, self._empty = frames, source, empty

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Poses]:
        # The inherited one takes an IndexError, whoever raised it, for the end.
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = self._source[index]
        return self._empty if place < 0 else self._frames[place]


def _by_name(sequence: Sequence, video: Video) -> IntArray:
    names = video.names
    if not any(sequence.image_names):
        return _in_order(sequence, video)
    spellings: tuple[Callable[[str], str], ...] = (
        str,
        lambda name: PurePath(name).name,
        lambda name: PurePath(name).stem,
    )
    known = [{spell(name): i for i, name in enumerate(names)} for spell in spellings]
    by_number: dict[int | None, int] = {}
    for i, number in enumerate(map(frame_number, names)):
        by_number[number] = -1 if number in by_number else i
    places = []
    for index, name in enumerate(sequence.image_names):
        matches = (k.get(spell(name)) for spell, k in zip(spellings, known, strict=True))
        place = next((m for m in matches if m is not None), None)
        if place is None and name.isdecimal() and by_number.get(int(name), -1) >= 0:
            place = by_number[int(name)]
        if place is None and len(sequence.frames[index]):
            raise InputError(
                f"{_origin(sequence)}: image {name!r}: no such file among the {len(names)} images "
                f"of {video.path} ({names[0]} … {names[-1]})"
            )
        places.append(-1 if place is None else place)
    return np.array(places, dtype=np.int64)


def _by_number(
    sequence: Sequence, video: Video, say: Callable[[str], None] | None = None
) -> IntArray:
    n_frames = video.n_frames
    if not any(sequence.image_names):
        return _in_order(sequence, video)
    places = np.full(len(sequence), -1, dtype=np.int64)
    for index, name in enumerate(sequence.image_names):
        number = frame_number(name)
        if number is not None:
            places[index] = min(number, _BEYOND)
        elif len(sequence.frames[index]):
            raise InputError(
                f"{_origin(sequence)}: frame {index + 1}: image: expected a name with a number, by "
                f"which frames of a video are found, such as '{index}.jpg'; got {name!r}"
            )
    told = places >= 0
    if (places[told] > 0).all() and told.any():
        if places.max() == n_frames:
            places[told] -= 1
        elif say is not None and places.max() < n_frames:
            say(
                f"{_origin(sequence)}: images are numbered {places[told].min()} to {places.max()} "
                f"and the video has {n_frames} frames: taken as counted from 0; if they count from "
                "1, all poses are a frame late"
            )
    too_far = np.flatnonzero(places >= n_frames)
    if len(too_far):
        first = too_far[0]
        raise InputError(
            f"{_origin(sequence)}: image {sequence.image_names[first]!r}: poses for frame "
            f"{places[first]}, but {video.path} has {n_frames} frames (0 to {n_frames - 1})"
            f"{_damage(video)}"
        )
    return places


def _in_order(sequence: Sequence, video: Video) -> IntArray:
    if len(sequence) > video.n_frames:
        raise InputError(
            f"{_origin(sequence)}: poses for {len(sequence)} frames, but {video.path} has "
            f"{video.n_frames}{_damage(video)}"
        )
    return np.arange(len(sequence))


def _damage(video: Video) -> str:
    return f"; the video is damaged: {video.damage}" if video.damage else ""


def frame_number(name: str) -> int | None:
    """The number in an image's name; the last one if there are several, None if there is none.

    >>> frame_number("clip_000012.jpg"), frame_number("cover.jpg")
    (12, None)
    """
    digits: list[str] = re.findall(r"\d+", PurePath(name).stem)
    return int(digits[-1]) if digits else None


def _origin(sequence: Sequence) -> str:
    return sequence.source.path if sequence.source else sequence.name or "poses"


def track(
    sequence: Sequence,
    tracker: Tracker | FlowTracker,
    frames: Iterable[Frame] | None = None,
    find_correspondences: Finder | None = None,
    recorders: Iterable[Recorder] = (),
    watch: Watch = iter,
    show: Show | None = None,
) -> Sequence:
    """The same clip with track ids, and with times if there are images.

    Poses stay as they are (and lazy), but with a `FlowTracker`, which makes poses of its own.

    Args:
        sequence: the poses; `on_video` of the same video if there are images.
        tracker: a fresh one.
        frames: the images, in order, each in memory of its own; None = poses only. They are asked
            for, as the poses are, a few frames before these are tracked.
        find_correspondences: where they are known already; None = the tracker's matcher finds them.
        recorders: each told the correspondences between every two neighbours for which there are
            some.
        watch: wraps the frames' poses while they are tracked, to show progress.
        show: is given the images with their poses and ids, which a thread tracks a few frames
            ahead of it; what it does not take is tracked all the same. Not for a `FlowTracker`,
            whose poses are known later only.

    Raises:
        InputError: the video ends before the poses do.
    """
    names = correspondence_names(sequence)
    matcher = tracker.matcher if find_correspondences is None else None
    found = _Found([], [], [], [])

    def tracking() -> Generator[Shown]:
        with closing(_matched(_moments(sequence, frames, watch), matcher)) as moments:
            for index, (poses, frame, follower) in enumerate(moments):
                known: Correspondences | Follower | None = follower
                if find_correspondences is not None and index:
                    known = find_correspondences(names[index - 1], names[index])
                poses = found.update(index, tracker, poses, frame, known)
                if tracker.correspondences is not None:
                    for record in recorders:
                        record(names[index - 1], names[index], tracker.correspondences)
                if frame is not None:
                    yield frame, poses

    made = tracking() if show is None else threads.ahead(tracking(), _TRACKED_AHEAD, "tracker")
    with closing(made):
        if show is not None:
            show(made)
        for _ in made:
            pass
    if isinstance(tracker, FlowTracker):
        tracked = sequence.with_frames(frame.poses for frame in found.final + tracker.finish())
    else:
        tracked = sequence.with_track_ids(found.ids)
        tracked = dataclasses.replace(tracked, doubts=tuple(found.doubts))
    if found.times and not np.isnan(found.times).any():
        tracked = dataclasses.replace(tracked, times=np.array(found.times))
    return tracked


class _Found(NamedTuple):
    """What was found in the frames so far; `final` by a `FlowTracker`, else `ids` and `doubts`."""

    ids: list[IntArray]
    doubts: list[Doubt]
    final: list[FlowFrame]
    times: list[float]

    def update(
        self,
        index: int,
        tracker: Tracker | FlowTracker,
        poses: Poses,
        frame: Frame | None,
        known: Correspondences | Follower | None,
    ) -> Poses:
        """Track the poses of one more frame, and note what comes of it; they, with ids if known."""
        image = None if frame is None else frame.image
        if frame is not None:
            self.times.append(frame.time)
        if isinstance(tracker, FlowTracker):
            self.final.extend(tracker.update(poses, image, correspondences=known))
            return poses
        poses = tracker.update(poses, image, correspondences=known)
        self.ids.append(poses.track_ids)
        columns = (column.tolist() for column in tracker.doubts())
        self.doubts.extend(Doubt(index, *told) for told in zip(*columns, strict=True))
        return poses


def _moments(
    sequence: Sequence, frames: Iterable[Frame] | None, watch: Watch
) -> Iterator[tuple[Poses, Frame | None]]:
    """The poses of each frame with its image, if there are images."""
    images = None if frames is None else iter(frames)
    for index, poses in enumerate(watch(sequence.frames)):
        frame = None if images is None else next(images, None)
        if images is not None and frame is None:
            raise InputError(
                f"{_origin(sequence)}: poses for {len(sequence)} frames, but the video ended "
                f"after {index}"
            )
        yield poses, frame


def _matched(
    moments: Iterator[tuple[Poses, Frame | None]], matcher: Matcher | None
) -> Generator[tuple[Poses, Frame | None, Follower | None]]:
    """Each moment with what the matcher makes of its image and the one before.

    That is made ahead, by threads that end when this generator does, however it ends. None where
    nobody asks: after a frame without people.
    """
    pool = ThreadPoolExecutor(_MATCHERS_AT_WORK, thread_name_prefix="poseflow-matcher")
    waiting: deque[tuple[Poses, Frame | None, Future[Follower] | None]] = deque()
    before: ImageArray | None = None
    try:
        for poses, frame in moments:
            image = None if frame is None or matcher is None else gray(frame.image)
            known = None
            if matcher is not None and before is not None and image is not None:
                known = pool.submit(matcher, before, image)
            before = image if len(poses) else None
            waiting.append((poses, frame, known))
            if len(waiting) > _MATCHED_AHEAD:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _done(
    poses: Poses, frame: Frame | None, known: Future[Follower] | None
) -> tuple[Poses, Frame | None, Follower | None]:
    return poses, frame, None if known is None else known.result()


def correspondence_names(sequence: Sequence) -> tuple[str, ...]:
    """The frames' names in correspondence files: the images', else the frames' numbers."""
    return tuple(name or str(index) for index, name in enumerate(sequence.image_names))


def correspondences_from(folder: Path, sequence: Sequence) -> Finder:
    """Correspondences that others wrote, by the names of neighbouring frames.

    Of a pair without a file nothing is known; an empty file says that nothing was found.

    Raises:
        InputError: the folder has no file for any pair of neighbours.
    """
    names = correspondence_names(sequence)
    pairs = list(pairwise(names))
    if pairs and not any(find(folder, *pair) for pair in pairs):
        raise InputError(
            f"{folder}: expected correspondence files such as "
            f"{file_name(*pairs[0], 'orb')!r}, found none for any pair of neighbouring frames"
        )

    def finder(before: str, after: str) -> Correspondences | None:
        path = find(folder, before, after)
        return None if path is None else read_correspondences(path)

    return finder


def correspondences_to(folder: Path, kind: str) -> Recorder:
    """Writes what `track` found between neighbouring frames, one file a pair, as 2018's did."""

    def record(before: str, after: str, found: Correspondences) -> None:
        write_correspondences(folder / file_name(before, after, kind), found)

    return record


def with_images(video: Video, poses: Iterable[Poses]) -> Iterator[Shown]:
    """The video's frames in colour, with the poses of each."""
    return zip(read_frames(video, color=True), poses, strict=False)
