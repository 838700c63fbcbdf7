"""Other trackers, each set as its users would for people in every frame: an id from the start."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseflow.assignment import assign
from poseflow.poses import Poses
from poseflow.similarity import box_iou, mean_of_largest, square_iou

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Peer:
    """A tracker somebody else wrote.

    Attributes:
        make: a fresh one, whose `update` takes what `prepare` gives.
        prepare: the poses of a frame in its own type.
        ids: of (prepared poses, what `update` returned), (N,); -1 = none.
    """

    make: Callable[[], Any]
    prepare: Callable[[Poses], Any]
    ids: Callable[[Any, Any], IntArray]


def peers() -> dict[str, Peer]:
    """Those that are installed, by name."""
    # They warn of what they will rename, on every call.
    warnings.filterwarnings("ignore", module="trackers|supervision|norfair|filterpy")
    found = {"2018 rule": Peer(Rule2018, lambda poses: poses, lambda _, ids: ids)}
    for more in (_roboflow, _norfair):
        try:
            found |= more()
        except ImportError as error:
            print(f"not measured: {error}")
    return found


def _roboflow() -> dict[str, Peer]:
    import trackers
    from supervision import Detections

    def prepare(poses: Poses) -> Detections:
        n = len(poses)
        if n == 0:
            return Detections.empty()
        return Detections(
            xyxy=poses.boxes,
            confidence=poses.scores,
            class_id=np.zeros(n, dtype=int),
            data={"place": np.arange(n)},
        )

    def ids(seen: Detections, tracked: Detections) -> IntArray:
        given = np.full(len(seen), -1)
        if len(tracked) and tracked.tracker_id is not None:
            given[np.asarray(tracked.data["place"], dtype=int)] = tracked.tracker_id
        return given

    makers: dict[str, Callable[[], Any]] = {
        "ByteTrack": lambda: trackers.ByteTrackTracker(
            track_activation_threshold=0.5,
            high_conf_det_threshold=0.5,
            minimum_consecutive_frames=1,
        ),
        "SORT": lambda: trackers.SORTTracker(
            minimum_consecutive_frames=1, minimum_iou_threshold=0.2
        ),
        "OC-SORT": lambda: trackers.OCSORTTracker(
            minimum_consecutive_frames=1, high_conf_det_threshold=0.5
        ),
    }
    return {name: Peer(make, prepare, ids) for name, make in makers.items()}


def _norfair() -> dict[str, Peer]:
    from norfair import Detection, Tracker
    from norfair.distances import create_keypoints_voting_distance

    def make() -> Tracker:
        return Tracker(
            # At most so many pixels between two keypoints that agree; both scored above 0.5.
            distance_function=create_keypoints_voting_distance(30, 0.5),
            distance_threshold=0.9,
            initialization_delay=0,
            hit_counter_max=30,
        )

    def prepare(poses: Poses) -> list[Detection]:
        both = zip(poses.keypoints, poses.keypoint_scores, strict=True)
        return [Detection(points, scores, data=i) for i, (points, scores) in enumerate(both)]

    def ids(seen: list[Detection], tracked: list[Any]) -> IntArray:
        given, here = np.full(len(seen), -1), {id(d) for d in seen}
        for target in tracked:
            if target.id is not None and id(target.last_detection) in here:
                given[target.last_detection.data] = target.id
        return given

    return {"norfair": Peer(make, prepare, ids)}


class Rule2018:
    """The public 2018 tracker's rule where there are no images, in its shortest form.

    Box IoU plus the mean of the 7 largest IoUs of 60-pixel squares around the keypoints, twice
    that for people seen in the previous frame; against each id's last pose of the past 100 frames,
    Hungarian, accepted above 0.2. The package's own `published` also does that program's rounding.
    """

    def __init__(self) -> None:
        self._memory: dict[int, tuple[Any, Any, int]] = {}
        self._frame = self._last_id = 0

    def update(self, poses: Poses) -> IntArray:
        """(N,) the ids of the next frame's poses."""
        self._frame += 1
        self._memory = {k: m for k, m in self._memory.items() if self._frame - m[2] <= 100}
        given, known = np.full(len(poses), -1), list(self._memory)
        if known and len(poses):
            keypoints, boxes, seen = map(np.array, zip(*self._memory.values(), strict=True))
            by_joint = square_iou(keypoints[:, None], poses.keypoints[None], 30.0)
            grades = box_iou(boxes[:, None], poses.boxes[None]) + mean_of_largest(by_joint, 7)
            grades[seen == self._frame - 1] *= 2
            for i, j in assign(grades):
                if grades[i, j] > 0.2:
                    given[j] = known[i]
        for j in np.flatnonzero(given < 0):
            self._last_id += 1
            given[j] = self._last_id
        for j, track_id in enumerate(given.tolist()):
            self._memory[track_id] = (poses.keypoints[j], poses.boxes[j], self._frame)
        return given
