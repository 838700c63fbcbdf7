"""Ids for the poses of a split, sequence by sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..correspondence import MATCHERS
from ..frames import Frame
from ..pipeline import correspondences_from, track
from ..poses import Appearance, Sequence
from ..relinking import Remembered, relink
from ..skeletons import Skeleton
from ..tracking import Rule, Tracker, default, paper, tracker_for
from ..video import Video, read_frames
from ..video.images import read_image
from .recordings import Recording


@dataclass(frozen=True)
class Tracking:
    """How the sequences of a split are tracked; called with one of them, it does so.

    Attributes:
        root: the data set's folder.
        rule: a setting of the tracker.
        matcher: a name in `MATCHERS`; None = images are not compared.
        correspondences: a folder with text files of 2018's kind, which lie in it as the images do
            in the data set's; None = the matcher finds them.
        look: makes what tells how people of a skeleton look; None = that is not asked. Only our
            own rule asks.
        relink: whether to track from the end as well, and link what both directions agree on.
        fps: frames a second; None = the tracker's default.
    """

    root: Path
    rule: Rule | paper
    matcher: str | None
    correspondences: Path | None = None
    look: Callable[[Skeleton], Appearance | None] | None = None
    relink: bool = False
    fps: float | None = None

    def __call__(self, recording: Recording) -> Sequence:
        """The listed frames of a recording with ids, by a tracker that saw all of its frames.

        Raises:
            InputError: an image or a file of correspondences cannot be read.
        """
        tracked = self._tracked(recording)
        # All decoded, so that a worker hands over poses and not a promise to read a file.
        return replace(
            tracked,
            frames=tuple(tracked.frames[i] for i in recording.listed.tolist()),
            image_names=recording.listing.blank.image_names,
            times=None,
            doubts=(),
        )

    def _tracked(self, recording: Recording) -> Sequence:
        poses, folder, known = recording.poses, recording.listing.folder, None
        matcher = self.matcher
        if self.correspondences is not None:
            known, matcher = correspondences_from(self.correspondences / folder, poses), None
        finder = None if matcher is None else MATCHERS[matcher]()
        look = self.look if isinstance(self.rule, default) else None
        appearance = None if look is None else look(poses.skeleton)
        remembered = Remembered() if self.relink else None
        if remembered is not None and appearance is not None:
            appearance = remembered.looking(appearance)
        tracker = tracker_for(poses.skeleton, self.rule, finder, appearance, self.fps)
        frames = None
        if len(poses) and not (finder is None and known is None and appearance is None):
            frames = images(self.root / folder, recording.files, color=appearance is not None)
        tracked = track(poses, tracker, frames, known, () if remembered is None else (remembered,))
        if remembered is None:
            return tracked
        rule = default() if isinstance(self.rule, paper) else self.rule
        return relink(tracked, Tracker(poses.skeleton, rule, fps=tracker.fps), remembered)


def images(folder: Path, files: list[str], *, color: bool = False) -> Iterator[Frame]:
    """Some of a folder's images, at least one, in the order given; gray, or in colour.

    Raises:
        InputError: one cannot be read.
    """
    height, width = read_image(folder / files[0], color=False).shape
    return read_frames(Video(folder, (width, height), len(files), None, tuple(files)), color=color)
