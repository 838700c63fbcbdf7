"""The loop: the newest frame, its poses, their ids, and on to everyone who looks on."""

from __future__ import annotations

import time as clocks
from collections.abc import Callable, Generator, Iterable, Iterator
from collections.abc import Sequence as Several
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

from ..frames import ImageArray, gray
from ..offline.one_euro import OneEuro
from ..painting import Sketch
from ..poses import Poses
from ..render import Renderer
from ..tracking import Tracker
from .counts import Counts
from .grabbing import Grabbed
from .pace import Pace


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame whose people have ids.

    Attributes:
        index: of the frame; see `Grabbed.index`.
        time: seconds since the first frame that was tracked, both when they were grabbed.
        unix: when it was grabbed, in seconds since 1970.
        latency: seconds from grabbing it until its ids were known.
        image: (H, W, 3) uint8 BGR.
        poses: with ids.
        renderer: of the whole run.
    """

    index: int
    time: float
    unix: float
    latency: float
    image: ImageArray
    poses: Poses
    renderer: Renderer

    def sketched(self) -> Moment:
        """The same, once it is settled what its picture will be, which goes by those before.

        A sink that wants the picture asks for this while it is called; then any thread may paint.
        """
        _ = self._sketch
        return self

    @cached_property
    def picture(self) -> ImageArray:
        """(H, W, 3) uint8 BGR: the image with its poses; painted when first asked for."""
        return self._sketch.on(self.image)

    @cached_property
    def _sketch(self) -> Sketch:
        return self.renderer.sketch(self.image.shape, self.poses)


Sink = Callable[[Moment], None]
"""Whoever looks on. It must not keep the loop waiting: what it cannot take at once, it drops."""


def play(
    frames: Iterable[Grabbed],
    estimate: Callable[[Grabbed], Poses],
    tracker: Tracker,
    sinks: Several[Sink],
    renderer: Renderer,
    counts: Counts,
    *,
    max_delay: float,
    smoother: OneEuro | None = None,
    clock: Callable[[], float] = clocks.monotonic,
) -> None:
    """Track frames as they come, until there are no more.

    Args:
        frames: the newest one, whenever one is asked for.
        estimate: the poses of a frame.
        tracker: a fresh one; its `fps` is what the rate is taken for at first, and then kept at the
            rate of the frames that it is given, so that its seconds are seconds.
        sinks: each is called with every frame that was tracked.
        renderer: a fresh one; it draws only what a sink asks for.
        counts: kept up to date, but for what is counted where frames are grabbed.
        max_delay: seconds; a frame older than this when its turn comes is dropped.
        smoother: a fresh one, of what sinks see; the tracker sees poses as they were estimated.
        clock: by which frames were grabbed.
    """
    first = None
    fresh = _fresh(frames, counts, max_delay, clock)
    with closing(_tracked(fresh, estimate, tracker)) as tracked:
        for frame, poses in tracked:
            first = frame.when if first is None else first
            if smoother is not None:
                poses = smoother.update(poses, frame.when - first)
            latency = clock() - frame.when
            unix = clocks.time() - latency
            moment = Moment(
                frame.index, frame.when - first, unix, latency, frame.image, poses, renderer
            )
            for sink in sinks:
                sink(moment)
            counts.tracked += 1
            counts.people = max(counts.people, int(poses.track_ids.max(initial=0)))
            counts.latencies.add(clock() - frame.when)


def _fresh(
    frames: Iterable[Grabbed], counts: Counts, max_delay: float, clock: Callable[[], float]
) -> Iterator[Grabbed]:
    for frame in frames:
        if clock() - frame.when > max_delay:
            counts.late += 1
        else:
            yield frame


def _tracked(
    frames: Iterable[Grabbed], estimate: Callable[[Grabbed], Poses], tracker: Tracker
) -> Generator[tuple[Grabbed, Poses]]:
    """Each frame's poses with ids; images are compared while the later one's poses are estimated.

    A thread does the comparing; it ends when this generator does.
    """
    before: ImageArray | None = None
    pace = Pace(tracker.fps)
    with ThreadPoolExecutor(1, thread_name_prefix="poseflow-matcher") as pool:
        for frame in frames:
            image = None if tracker.matcher is None else gray(frame.image)
            matching = None
            if tracker.matcher is not None and before is not None and image is not None:
                matching = pool.submit(tracker.matcher, before, image)
            poses = estimate(frame)
            # After a frame without people hardly anybody need be followed: the tracker sees to it.
            before = image if len(poses) else None
            known = None if matching is None else matching.result()
            tracker.fps = pace.at(frame.when)
            yield frame, tracker.update(poses, frame.image, correspondences=known)
