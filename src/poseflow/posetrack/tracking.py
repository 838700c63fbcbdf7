"""Ids for the poses of a split, sequence by sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..correspondence import MATCHERS
from ..frames import Frame
from ..pipeline import correspondences_from, track
from ..poses import Sequence
from ..tracking import Rule, paper, tracker_for
from ..video import Video, read_frames
from ..video.images import read_image
from .recordings import Recording


@dataclass(frozen=True)
class Tracking:
    """How the sequences of a split are tracked; called with one of them, it does so.

    Attributes:
        root: the data set's folder.
        rule: a setting of the tracker.
        matcher: a name in `MATCHERS`; None = the images are not looked at.
        correspondences: a folder with text files of 2018's kind, which lie in it as the images do
            in the data set's; None = the matcher finds them.
    """

    root: Path
    rule: Rule | paper
    matcher: str | None
    correspondences: Path | None = None

    def __call__(self, recording: Recording) -> Sequence:
        """The listed frames of a recording with ids, by a tracker that saw all of its frames.

        Raises:
            InputError: an image or a file of correspondences cannot be read.
        """
        poses, folder, known = recording.poses, recording.listing.folder, None
        matcher = self.matcher
        if self.correspondences is not None:
            known, matcher = correspondences_from(self.correspondences / folder, poses), None
        finder = None if matcher is None else MATCHERS[matcher]()
        tracker = tracker_for(poses.skeleton, self.rule, finder)
        looking = len(poses) > 0 and not (self.matcher is None and known is None)
        frames = images(self.root / folder, recording.files) if looking else None
        tracked = track(poses, tracker, frames, known)
        # All decoded, so that a worker hands over poses and not a promise to read a file.
        return replace(
            poses,
            frames=tuple(tracked.frames[i] for i in recording.listed.tolist()),
            image_names=recording.listing.blank.image_names,
        )


def images(folder: Path, files: list[str]) -> Iterator[Frame]:
    """Some of a folder's images, at least one, in the order given; gray.

    Raises:
        InputError: one cannot be read.
    """
    height, width = read_image(folder / files[0], color=False).shape
    return read_frames(Video(folder, (width, height), len(files), None, tuple(files)), color=False)
