"""What an evaluation says of the very files it judged, and figures that need several clips."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from poseflow.evaluation import evaluate
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton
from poseflow.truth import Truth

N_JOINTS = 15
HEAD = np.array([0.0, 0.0, 30.0, 40.0])
BODY = np.stack([np.arange(N_JOINTS) * 4.0, np.arange(N_JOINTS) * 10.0], axis=1) + 100.0


def person(*without: int, score: float = 0.5) -> Poses:
    """One person, id 1, but for some joints."""
    keypoints = BODY.copy()
    keypoints[list(without)] = np.nan
    return Poses.from_keypoints(keypoints[None], np.full((1, N_JOINTS), score), track_ids=[1])


NOBODY = Poses.empty(N_JOINTS)


def clip(*frames: Poses, name: str = "clip") -> Sequence:
    return Sequence(skeleton("posetrack-15"), frames, ("",) * len(frames), name=name)


def true(*frames: Poses, name: str = "clip", ignored: dict[int, np.ndarray] | None = None) -> Truth:
    return Truth(
        clip(*frames, name=name),
        tuple(np.tile(HEAD, (len(poses), 1)) for poses in frames),
        tuple((ignored[i],) if ignored and i in ignored else () for i in range(len(frames))),
        np.ones(len(frames), dtype=bool),
    )


def said(truth: Truth, predictions: Sequence, protocol: str = "poseval") -> str:
    return "\n".join(evaluate([(truth, predictions)], protocol).notes)


NAMES = skeleton("posetrack-15").keypoints


@pytest.mark.parametrize("protocol", ["poseval", "strict"])
def test_joints_not_in_the_truth_are_named(protocol):
    notes = said(true(*[person(3)] * 3), clip(*[person()] * 3), protocol)
    assert f"Not in the truth, and in no mean: {NAMES[3]}." in notes
    assert "Neither" not in notes
    assert "In no frame" not in notes


def test_joints_that_nobody_predicts_either_are_nothing_for_us_and_0_for_the_reference():
    truth, predictions = true(*[person(3, 4)] * 3), clip(*[person(4)] * 3)
    assert f"Neither in the truth nor predicted: {NAMES[4]};" in said(truth, predictions)
    assert "Neither" not in said(truth, predictions, "strict")


def test_joints_of_the_last_frame_only_are_in_no_mota():
    truth, predictions = true(person(3), person(3), person()), clip(*[person()] * 3)
    sentence = f"In no frame that counts for MOTA, and not in its mean: {NAMES[3]}."
    assert sentence in said(truth, predictions)
    assert "In no frame" not in said(truth, predictions, "strict")


def test_sequences_in_which_an_absent_joint_has_a_mota_are_named():
    # The second frame has no predictions: joint 3 is there once, missed, and once made up; in the
    # first frame it is made up, too.
    truth, predictions = true(*[person(3)] * 3, name="a"), clip(person(), NOBODY, person())
    evaluation = evaluate([(truth, predictions), (true(*[person()] * 3), clip(*[person()] * 3))])
    assert evaluation.sequences[0].clear.mota[3] == 1 - 3
    assert any(note.startswith("In a MOTA's mean has joints") for note in evaluation.notes)
    assert "MOTA's mean has joints" not in said(truth, predictions, "strict")


def test_frames_without_predictions_are_counted_where_they_are_tracked():
    truth = true(person(), person(), NOBODY, person())
    predictions = clip(person(), NOBODY, NOBODY, NOBODY)
    # The last frame is left out, and the third has nobody to miss.
    assert "Without predictions: 1 frame with people" in said(truth, predictions)
    assert "Without predictions: 2 frames, of which" in said(truth, predictions, "strict")


def test_frames_that_are_ignored_altogether_are_counted():
    about = np.array([[50.0, 50], [300, 50], [300, 300], [50, 300]])
    truth = true(*[person()] * 3, ignored={0: about})
    far = np.stack([BODY + 500.0, BODY + 900.0])
    predictions = clip(Poses.from_keypoints(far, track_ids=[1, 2]), *[person()] * 2)
    notes = said(truth, predictions)
    assert "Without a true joint outside of ignored regions: 1 frame with people" in notes
    # One of it missed and one made up, though two are, and a true joint in the second frame.
    counted = evaluate([(truth, predictions)]).total.clear
    assert counted.mota.tolist() == [1 - 2 / 2] * N_JOINTS
    # All that are made up, and two true joints.
    counted = evaluate([(truth, predictions)], "strict").total.clear
    assert counted.mota.tolist() == [1 - 2 / 2] * N_JOINTS
    assert counted.false_positives.tolist() == [2] * N_JOINTS


def test_each_person_keeps_its_head_where_others_are_ignored():
    # The first, with a head three times as large, is in an ignored region; the second is found
    # three quarters of its own head size away: a quarter of the other's.
    both = Poses.from_keypoints(np.stack([BODY, BODY + 500.0]), track_ids=[1, 2])
    about = np.array([[50.0, 50], [300, 50], [300, 300], [50, 300]])
    truth = true(both, both, ignored={0: about, 1: about})
    heads = tuple(np.stack([HEAD * 3, HEAD]) for _ in range(2))
    truth = dataclasses.replace(truth, head_boxes=heads)
    off = Poses.from_keypoints(BODY[None] + 500.0 + [0.75 * 30, 0], track_ids=[2])
    assert not evaluate([(truth, clip(off, off))]).total.clear.found.any()


@pytest.mark.parametrize("protocol", ["poseval", "strict"])
def test_joints_without_a_score_come_last(protocol):
    # Wrong and without a score, right and with one: as if the wrong one had the lowest.
    far = Poses.from_keypoints(BODY[None] + 500.0, track_ids=[1])
    truth, predictions = true(person(), person()), clip(far, person(score=0.001))
    assert "Without a score: 15 predicted joints" in said(truth, predictions, protocol)
    total = evaluate([(truth, predictions)], protocol).total
    assert total.precision.ap.tolist() == [1 / 2] * N_JOINTS


def test_a_sequence_of_one_frame_is_named_and_judged_by_map_only():
    truth, predictions = true(person(), name="short"), clip(person())
    total = evaluate([(truth, predictions)]).total
    assert "short: fewer than two frames" in said(truth, predictions)
    assert total.precision.ap.tolist() == [1.0] * N_JOINTS
    assert np.isnan(total.clear.mota).all()


def test_clips_of_other_scales_are_in_one_order():
    # In its file the right one has 2 of 4 at most, the false one 1.5 of 1.5.
    right = clip(person(score=2 / 4), person(score=4 / 4))
    right = dataclasses.replace(right, score_scales=(4.0, 1.0))
    wrong = clip(NOBODY, person(score=1.5 / 1.5))
    wrong = dataclasses.replace(wrong, score_scales=(1.5, 1.0))
    far = person().keypoints + 500.0
    elsewhere = true(person(), Poses.from_keypoints(far, track_ids=[1]), name="other")
    total = evaluate([(true(person(), person()), right), (elsewhere, wrong)]).total
    # 4 and 2 are right, 1.5 is wrong, of four.
    assert total.precision.ap == pytest.approx(np.full(N_JOINTS, 2 / 4))
