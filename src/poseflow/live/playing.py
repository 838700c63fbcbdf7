"""The loop: the newest frame, its poses, their ids, and on to everyone who looks on."""

from __future__ import annotations

import time as clocks
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Several
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ..frames import ImageArray
from ..poses import Poses
from ..render import Renderer
from .counts import Counts
from .grabbing import Grabbed


class Follows(Protocol):
    """What is needed of a tracker: ids at once."""

    def update(self, poses: Poses, image: ImageArray | None = None, /) -> Poses:
        """The same poses with ids."""
        ...


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame whose people have ids.

    Attributes:
        index: of the frame; see `Grabbed.index`.
        time: seconds since the first frame was grabbed.
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

    @cached_property
    def picture(self) -> ImageArray:
        """(H, W, 3) uint8 BGR: the image with its poses; drawn once, when first asked for."""
        return self.renderer.draw(self.image, self.poses)


Sink = Callable[[Moment], None]
"""Whoever looks on. It must not keep the loop waiting: what it cannot take at once, it drops."""


def play(
    frames: Iterable[Grabbed],
    estimate: Callable[[Grabbed], Poses],
    tracker: Follows,
    sinks: Several[Sink],
    renderer: Renderer,
    counts: Counts,
    *,
    max_delay: float,
    clock: Callable[[], float] = clocks.monotonic,
) -> None:
    """Track frames as they come, until there are no more.

    Args:
        frames: the newest one, whenever one is asked for.
        estimate: the poses of a frame.
        tracker: a fresh one.
        sinks: each is called with every frame that was tracked.
        renderer: a fresh one; it draws only what a sink asks for.
        counts: kept up to date, but for what is counted where frames are grabbed.
        max_delay: seconds; a frame older than this when its turn comes is dropped.
        clock: by which frames were grabbed.
    """
    first = None
    for frame in frames:
        first = frame.when if first is None else first
        if clock() - frame.when > max_delay:
            counts.late += 1
            continue
        poses = tracker.update(estimate(frame), frame.image)
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
