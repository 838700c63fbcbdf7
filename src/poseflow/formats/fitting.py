"""Making a clip fit a format that holds only certain skeletons."""

from __future__ import annotations

from collections.abc import Sequence as Frames
from dataclasses import replace
from typing import Any

from ..poses import Poses, Sequence
from ..skeletons import SKELETONS, Skeleton, skeleton
from ..skeletons.mapping import map_keypoints
from .format import Format


def fitted(sequence: Sequence, form: Format) -> Sequence:
    """The clip in a skeleton that the format holds: its own, else the first, mapped by name.

    A file that was read with other names for its keypoints than the format's stays as it is.
    """
    if form.skeletons is None or sequence.skeleton.name in form.skeletons:
        return sequence
    is_own = sequence.source is not None and sequence.source.format == form.name
    if form.others and (is_own or sequence.skeleton.name not in SKELETONS):
        return sequence
    if is_own and len(sequence.skeleton) in [len(skeleton(name)) for name in form.skeletons]:
        return sequence
    target = skeleton(form.skeletons[0])
    frames = _MappedFrames(sequence.frames, sequence.skeleton, target)
    # The rows of the source have other keypoints.
    return replace(sequence, skeleton=target, frames=frames, source=None)


class _MappedFrames(Frames[Poses]):
    """Frames with the keypoints of another skeleton, mapped on access."""

    def __init__(self, frames: Frames[Poses], source: Skeleton, target: Skeleton) -> None:
        self._frames, self._source, self._target = frames, source, target

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        poses = self._frames[index]
        points, scores = map_keypoints(
            poses.keypoints, poses.keypoint_scores, self._source, self._target
        )
        raw = poses.raw_keypoints
        if raw is not None:
            raw, _ = map_keypoints(raw, poses.keypoint_scores, self._source, self._target)
        return Poses.from_keypoints(
            points,
            scores,
            poses.scores,
            poses.boxes,
            poses.track_ids,
            origins=poses.origins,
            raw_keypoints=raw,
        )
