"""The truth of a clip, and head boxes where none were annotated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from poseflow.errors import InputError
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton
from poseflow.truth import Truth, as_truth, with_head_boxes

POSETRACK = skeleton("posetrack-15")
NECK, TOP, HIP = (POSETRACK.keypoints.index(name) for name in ("neck", "head_top", "right_hip"))


def people(*joints: dict[int, tuple[float, float]], ids: list[int]) -> Poses:
    keypoints = np.full((len(joints), 15, 2), np.nan)
    for row, places in enumerate(joints):
        for joint, place in places.items():
            keypoints[row, joint] = place
    return Poses.from_keypoints(keypoints, track_ids=ids)


def truth_of(*frames: Poses) -> Truth:
    return as_truth(Sequence(POSETRACK, frames, ("",) * len(frames)))


def test_wants_one_of_each_for_a_frame() -> None:
    truth = truth_of(Poses.empty(15))
    with pytest.raises(InputError, match=r"ignored: expected one for each of the 1 frames, got 2"):
        replace(truth, ignored=((), ()))


def test_poses_alone_are_all_labelled() -> None:
    truth = truth_of(people({HIP: (1, 2)}, ids=[1]), Poses.empty(15))
    assert truth.labelled.tolist() == [True, True]
    assert truth.ignored == ((), ())
    assert [boxes.shape for boxes in truth.head_boxes] == [(1, 4), (0, 4)]
    assert np.isnan(truth.head_boxes[0]).all()


def test_head_box_is_about_neck_and_head_top() -> None:
    # 50 apart (3-4-5), middle at (115, 220): 44 wide and 55 high.
    poses = people({NECK: (100, 240), TOP: (130, 200)}, ids=[1])
    truth = with_head_boxes(truth_of(poses))
    np.testing.assert_allclose(truth.head_boxes[0], [[93, 192.5, 137, 247.5]])


def test_annotated_head_boxes_stay() -> None:
    both = {NECK: (0.0, 10.0), TOP: (0.0, 0.0)}
    truth = truth_of(people(both, both, ids=[1, 2]))
    given = np.array([[1.0, 2, 3, 4], [np.nan] * 4])
    boxes = with_head_boxes(replace(truth, head_boxes=(given,))).head_boxes[0]
    np.testing.assert_allclose(boxes, [[1, 2, 3, 4], [-4.4, -0.5, 4.4, 10.5]])


def test_without_a_head_the_nearest_frame_of_the_track_tells() -> None:
    head = {NECK: (0.0, 10.0), TOP: (0.0, 0.0)}
    far = {NECK: (0.0, 100.0), TOP: (0.0, 0.0)}
    truth = truth_of(
        people(far, ids=[1]),
        people(head | {HIP: (50, 50)}, far, ids=[1, 2]),
        # Moved by (5, -1); what the other person's head is does not matter.
        people({HIP: (55, 49)}, ids=[1]),
        # No joint in common with frame 1: as it was.
        people({0: (7, 7)}, ids=[1]),
    )
    boxes = with_head_boxes(truth).head_boxes
    np.testing.assert_allclose(boxes[2], [[0.6, -1.5, 9.4, 9.5]])
    np.testing.assert_allclose(boxes[3], [[-4.4, -0.5, 4.4, 10.5]])


def test_of_two_frames_as_near_the_earlier_tells() -> None:
    small, large = {NECK: (0.0, 10.0), TOP: (0.0, 0.0)}, {NECK: (0.0, 20.0), TOP: (0.0, 0.0)}
    truth = truth_of(people(small, ids=[1]), people({0: (1, 1)}, ids=[1]), people(large, ids=[1]))
    np.testing.assert_allclose(with_head_boxes(truth).head_boxes[1], [[-4.4, -0.5, 4.4, 10.5]])


def test_no_head_and_no_track_is_no_box() -> None:
    head = {NECK: (0.0, 10.0), TOP: (0.0, 0.0)}
    truth = truth_of(people(head, {TOP: (9, 9)}, ids=[-1, -1]), people({0: (1, 1)}, ids=[3]))
    boxes = with_head_boxes(truth).head_boxes
    assert np.isnan(boxes[0][1]).all()
    assert np.isnan(boxes[1]).all()


def test_heads_of_other_skeletons_are_mapped_first() -> None:
    coco = skeleton("coco-17")
    keypoints = np.full((1, 17, 2), np.nan)
    for name, place in {
        "nose": (0, 10),
        "left_shoulder": (10, 20),
        "right_shoulder": (-10, 20),
    }.items():
        keypoints[0, coco.keypoints.index(name)] = place
    clip = Sequence(coco, [Poses.from_keypoints(keypoints)], ("",))
    # The neck is at (0, 20), the head's top at (0, 0).
    boxes = with_head_boxes(as_truth(clip)).head_boxes[0]
    np.testing.assert_allclose(boxes, [[-8.8, -1, 8.8, 21]])


def test_a_clip_of_nothing() -> None:
    assert with_head_boxes(truth_of()).head_boxes == ()
    assert with_head_boxes(truth_of(Poses.empty(15))).head_boxes[0].shape == (0, 4)
