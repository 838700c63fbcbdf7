"""Small worlds whose people are known, tracked online from their poses alone."""

from __future__ import annotations

import numpy as np
import pytest

from poseflow.poses import NO_ID, Poses
from poseflow.tracking import Tracker
from standing import COCO, people_at


def tracked(frames: list[Poses], fps: float = 25.0) -> list[list[int]]:
    tracker = Tracker(COCO, fps=fps)
    return [tracker.update(poses).track_ids.tolist() for poses in frames]


def swapped(poses: Poses, which: int) -> Poses:
    """With left for right and right for left in one of them."""
    keypoints = poses.keypoints.copy()
    keypoints[which] = keypoints[which][COCO.mirror]
    return Poses.from_keypoints(keypoints, poses.keypoint_scores, poses.scores)


def test_left_for_right_is_the_same_person():
    # Shoulder to shoulder, and every third frame one is estimated the wrong way round.
    frames = [people_at((100 + 2 * f, 200), (145 + 2 * f, 200)) for f in range(30)]
    frames = [swapped(p, f % 2) if f % 3 == 2 else p for f, p in enumerate(frames)]
    assert tracked(frames) == [[1, 2]] * 30


def test_whoever_is_found_twice_the_second_time_the_wrong_way_round_is_found_once():
    frames = [swapped(people_at((100 + 3 * f, 200), (101 + 3 * f, 201)), f % 2) for f in range(20)]
    ids = tracked(frames)
    assert {tuple(sorted(of_frame)) for of_frame in ids} == {(NO_ID, 1)}


def test_a_weak_pose_the_wrong_way_round_goes_on_as_who_it_is():
    # Two with their arms stretched out. Weak poses must be more alike than others, to go on.
    def stretched(score: float) -> Poses:
        poses = people_at((0, 200), (150, 200), score=score)
        keypoints = poses.keypoints * [3, 1]
        return Poses.from_keypoints(keypoints, poses.keypoint_scores, poses.scores)

    weak = [swapped(stretched(0.45), which) for which in (0, 1)]
    assert tracked([stretched(0.9)] * 5 + weak) == [[1, 2]] * 7


def test_two_back_to_back_in_one_place_are_two():
    # As they come near, each explains one of the poses; neither is the other the wrong way round.
    steps = [max(60 - 3 * f, 0) for f in range(30)]
    frames = [swapped(people_at((200, 200), (200 + step, 200)), 1) for step in steps]
    assert tracked(frames) == [[1, 2]] * 30


def test_of_somebody_the_wrong_way_round_the_sure_keypoints_count():
    # Seen from the side: what is on the far side is guessed, each time elsewhere.
    far = [n for n, name in enumerate(COCO.keypoints) if name.startswith("left_")]
    rng = np.random.default_rng(0)

    def from_the_side(turned: bool) -> Poses:
        keypoints = people_at((200, 200)).keypoints
        keypoints[0, far] += rng.uniform(-60, 60, (len(far), 2))
        scores = np.full((1, len(COCO)), 0.9)
        scores[0, far] = 0.1
        if turned:
            keypoints, scores = keypoints[:, COCO.mirror], scores[:, COCO.mirror]
        return Poses.from_keypoints(keypoints, scores, np.array([0.45]))

    frames = [people_at((200, 200))] * 5 + [from_the_side(f % 2 == 1) for f in range(10)]
    assert tracked(frames) == [[1]] * 15


def test_two_who_cross_behind_each_other_keep_their_ids():
    # For 5 frames in the middle the one behind is not found.
    def at(f: int) -> Poses:
        front, behind = (100 + 8 * f, 200), (420 - 8 * f, 190)
        return people_at(front) if 18 <= f <= 22 else people_at(front, behind)

    ids = tracked([at(f) for f in range(41)])
    assert ids[0] == ids[-1] == [1, 2]
    assert ids[20] == [1]


def test_a_pan_without_images_moves_everybody_alike():
    # 15 pixels a frame, a third of a person's width, of people 80 pixels apart.
    frames = [people_at(*((1000 - 15 * f + 80 * p, 200) for p in range(4))) for f in range(40)]
    assert tracked(frames) == [[1, 2, 3, 4]] * 40


def test_who_leaves_and_returns_within_the_memory_is_the_same():
    beside, there = (600.0, 200.0), (100.0, 200.0)
    frames = [people_at(beside, there)] * 10 + [people_at(beside)] * 50
    frames += [people_at(beside, (130.0, 200.0))] * 3
    assert tracked(frames)[-1] == [1, 2]


def test_after_a_cut_people_elsewhere_are_others():
    frames = [people_at((100, 200), (300, 200))] * 10 + [people_at((800, 500), (1100, 480))] * 3
    assert tracked(frames)[-1] == [3, 4]


def test_everybody_found_twice_is_found_once():
    frames = [
        people_at((100 + f, 200), (102 + f, 201), (400 - f, 200), (401 - f, 198)) for f in range(20)
    ]
    ids = tracked(frames)
    assert all(sorted(i for i in of_frame if i != NO_ID) == [1, 2] for of_frame in ids)


def test_a_newcomer_far_away_inherits_nobodys_id():
    frames = [people_at((100, 200))] * 10 + [people_at()] * 10 + [people_at((700, 200))] * 3
    assert tracked(frames)[-1] == [2]


@pytest.mark.parametrize("fps", [5, 10, 25, 50])
def test_a_runner_is_one_person_at_any_rate_of_frames(fps):
    # Four of their own heights a second, 7 m/s: at 5 frames a second two widths a frame.
    height = float(np.ptp(people_at((0, 0)).keypoints[0, :, 1]))
    frames = [people_at((100 + 4 * height * f / fps, 300)) for f in range(3 * fps)]
    assert tracked(frames, fps) == [[1]] * (3 * fps)
