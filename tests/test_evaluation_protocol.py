"""What each protocol judges, told by clips whose every number can be worked out by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from poseflow.errors import InputError
from poseflow.evaluation import evaluate
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton
from poseflow.truth import Truth

N_JOINTS = 15
# A head of 30 by 40 pixels: a diagonal of 50, a head size of 0.6 · 50 = 30 pixels.
HEAD = np.array([0.0, 0.0, 30.0, 40.0])
BODY = np.stack([np.arange(N_JOINTS) * 4.0, np.arange(N_JOINTS) * 10.0], axis=1)


def people(*places: tuple[float, float], ids=None, scores: float = 0.8) -> Poses:
    """Everybody the same figure, at a place each, ids from 1 on."""
    if not places:
        return Poses.empty(N_JOINTS)
    keypoints = np.stack([BODY + place for place in places])
    return Poses.from_keypoints(
        keypoints,
        np.full(keypoints.shape[:2], scores),
        np.full(len(places), scores),
        track_ids=np.arange(1, len(places) + 1) if ids is None else ids,
    )


def clip(*frames: Poses, name: str = "clip", names: tuple[str, ...] | None = None) -> Sequence:
    names = tuple(f"{i:06d}.jpg" for i in range(len(frames))) if names is None else names
    return Sequence(skeleton("posetrack-15"), frames, names, name=name)


def true(*frames: Poses, labelled=None, ignored=None, **options) -> Truth:
    sequence = clip(*frames, **options)
    heads = tuple(np.tile(HEAD, (len(f), 1)) + np.tile(f.boxes[:, :2], 2) for f in frames)
    return Truth(
        sequence,
        heads,
        ((),) * len(frames) if ignored is None else ignored,
        np.ones(len(frames), bool) if labelled is None else np.array(labelled),
    )


def total(truth: Truth, predictions: Sequence, protocol: str):
    return evaluate([(truth, predictions)], protocol).total


def mota(truth: Truth, predictions: Sequence, protocol: str) -> float:
    """Of joint 0: all joints fare alike in these worlds."""
    return total(truth, predictions, protocol).clear.mota[0]


A, B, FAR = (100.0, 100.0), (400.0, 100.0), (900.0, 600.0)
BOTH = ("poseval", "strict")


@pytest.mark.parametrize("protocol", BOTH)
def test_the_truth_judged_by_itself_is_perfect(protocol):
    frames = [people(A, B)] * 4
    score = total(true(*frames), clip(*frames), protocol)
    for figure in (score.clear.mota, score.clear.motp, score.precision.ap):
        assert figure.tolist() == [1.0] * N_JOINTS
    assert score.identity.idf1 == 1
    assert score.poses.figures()["HOTA"] == pytest.approx(1)


@pytest.mark.parametrize(("protocol", "expected"), [("poseval", 1.0), ("strict", 1 - 2 / 4)])
def test_the_last_frame_counts_for_mota_in_strict_only(protocol, expected):
    # Four frames, one person; the last prediction is far off: 1 miss and 1 made up of 4 joints.
    truth = true(*[people(A)] * 4)
    predictions = clip(*[people(A)] * 3, people(FAR))
    assert mota(truth, predictions, protocol) == pytest.approx(expected)


@pytest.mark.parametrize(("protocol", "expected"), [("poseval", 1.0), ("strict", 1 - 1 / 3)])
def test_who_is_made_up_where_nobody_is_costs_in_strict_only(protocol, expected):
    truth = true(people(A), people(), people(A), people(A))
    predictions = clip(people(A), people(FAR, ids=[7]), people(A), people(A))
    assert mota(truth, predictions, protocol) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    # poseval: frames 0 and 2 count 3 + 3 joints, frame 1 as a miss and one made up: 1 − 2 / 7.
    # strict: 3 misses of 12.
    [("poseval", 1 - 2 / 7), ("strict", 1 - 3 / 12)],
)
def test_a_frame_without_predictions(protocol, expected):
    three = people(A, B, FAR)
    truth = true(three, three, three, three)
    predictions = clip(three, people(), three, three)
    assert mota(truth, predictions, protocol) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    # poseval: 5 frames of one miss and one made up each; strict: all 12 missed.
    [("poseval", -1.0), ("strict", 0.0)],
)
def test_nobody_predicted_at_all(protocol, expected):
    truth = true(*[people(A, B)] * 6)
    score = total(truth, clip(*[people()] * 6), protocol)
    assert score.clear.mota.tolist() == [expected] * N_JOINTS
    assert score.precision.ap.tolist() == [0.0] * N_JOINTS
    assert score.identity.idf1 == 0


def test_motp_is_told_doubled_and_right():
    # 12 of 30 pixels off to the right in each frame, nobody near: a distance of 0.4.
    truth = true(*[people(A)] * 5)
    score = total(truth, clip(*[people((112.0, 100.0))] * 5), "poseval")
    assert score.clear.motp == pytest.approx([0.6] * N_JOINTS)
    assert score.clear.doubled_motp == pytest.approx([0.2] * N_JOINTS)


def test_distances_up_to_half_a_head_are_right():
    # 15 pixels are 0.5 head sizes, inclusive; 16 are too far.
    truth = true(*[people(A)] * 3)
    for offset, found in ((15.0, 1.0), (16.0, 0.0)):
        score = total(truth, clip(*[people((100 + offset, 100))] * 3), "strict")
        assert score.clear.recall.tolist() == [found] * N_JOINTS
        assert score.precision.ap.tolist() == [found] * N_JOINTS


@pytest.mark.parametrize("protocol", BOTH)
def test_a_swap_of_two_people_costs_each_a_switch(protocol):
    frames = [people(A, B)] * 5
    swapped = [people(A, B)] * 2 + [people(A, B, ids=[2, 1])] * 3
    score = total(true(*frames), clip(*swapped), protocol)
    assert score.clear.switches.tolist() == [2] * N_JOINTS
    n = 8 if protocol == "poseval" else 10
    assert score.clear.mota == pytest.approx([1 - 2 / n] * N_JOINTS)
    assert score.identity.switches == 2


def test_the_oracle_is_the_same_detections_with_nobody_mistaken():
    frames = [people(A, B)] * 5
    swapped = [people(A, B)] * 2 + [people(A, B, ids=[2, 1])] * 3
    evaluation = evaluate([(true(*frames), clip(*swapped))], "strict")
    assert evaluation.oracle.clear.mota.tolist() == [1.0] * N_JOINTS
    assert evaluation.oracle.precision.ap.tolist() == evaluation.total.precision.ap.tolist()


def test_unlabelled_frames_count_for_nothing_in_either():
    truth = true(*[people(A)] * 3, people(), people(A), labelled=[True, True, True, False, True])
    wrong = clip(*[people(A)] * 3, people(FAR), people(A))
    for protocol in BOTH:
        assert mota(truth, wrong, protocol) == 1
        assert total(truth, wrong, protocol).precision.ap.tolist() == [1.0] * N_JOINTS


def test_joints_in_ignored_regions_are_gone_one_by_one():
    # The region holds the upper part of A: joints 0 to 6 (y from 100 to 160).
    region = np.array([[50.0, 50], [300, 50], [300, 165], [50, 165]])
    truth = true(*[people(A)] * 3, ignored=((region,),) * 3)
    score = total(truth, clip(*[people(A)] * 3), "strict")
    assert score.clear.objects.tolist() == [0] * 7 + [3] * 8
    assert np.isnan(score.precision.ap[:7]).all()
    assert score.precision.ap[7:].tolist() == [1.0] * 8


def test_who_lies_in_an_ignored_region_with_all_joints_vanishes():
    region = np.array([[300.0, 0], [700, 0], [700, 500], [300, 500]])
    truth = true(*[people(A, B)] * 3, ignored=((region,),) * 3)
    assert mota(truth, clip(*[people(A)] * 3), "strict") == 1
    assert mota(truth, clip(*[people(A, B)] * 3), "strict") == 1


def test_a_prediction_without_an_id_is_a_track_of_one_frame():
    frames = [people(A)] * 4
    nameless = clip(*[people(A, ids=[-1])] * 4)
    score = total(true(*frames), nameless, "strict")
    assert score.clear.switches.tolist() == [3] * N_JOINTS
    assert score.precision.ap.tolist() == [1.0] * N_JOINTS


def test_strict_goes_by_names_where_frames_are_missing():
    truth = true(*[people(A)] * 4)
    some = clip(people(A), people(A), names=("images/000003.png", "images/000001.png"))
    assert mota(truth, some, "strict") == pytest.approx(1 - 2 / 4)
    with pytest.raises(InputError, match="expected the 4 frames of the truth"):
        evaluate([(truth, some)], "poseval")


def test_other_frames_than_the_truths_are_refused():
    truth = true(*[people(A)] * 2)
    other = clip(*[people(A)] * 2, names=("000000.jpg", "000009.jpg"))
    for protocol in BOTH:
        with pytest.raises(InputError, match=r"frame 2.*000009.jpg"):
            evaluate([(truth, other)], protocol)
    twice = clip(*[people(A)] * 2, names=("000001.jpg", "000001.jpg"))
    with pytest.raises(InputError, match=r"frame 2.*expected a frame .* got it twice"):
        evaluate([(truth, twice)], "strict")


def test_frames_without_names_go_by_order():
    truth = true(*[people(A)] * 3)
    assert mota(truth, clip(*[people(A)] * 3, names=("", "", "")), "strict") == 1


def test_an_id_twice_in_a_frame_is_refused():
    truth = true(*[people(A, B)] * 2)
    double = clip(people(A, B), people(A, B, ids=[3, 3]))
    with pytest.raises(InputError, match=r"clip: frame 2 \(000001.jpg\): track id: .* got 3 twice"):
        evaluate([(truth, double)], "strict")


def test_ids_beyond_posevals_range_are_refused_by_poseval():
    truth = true(*[people(A)] * 2)
    high = clip(*[people(A, ids=[10_001])] * 2)
    with pytest.raises(
        InputError, match=r"track id: expected at most 10000 \(strict takes any\), got"
    ):
        evaluate([(truth, high)], "poseval")
    assert mota(truth, high, "strict") == 1


def test_a_person_without_a_head_is_refused_and_one_with_neck_and_top_is_not():
    frames = [people(A)] * 2
    truth = dataclasses.replace(true(*frames), head_boxes=(np.full((1, 4), np.nan),) * 2)
    assert mota(truth, clip(*frames), "strict") == 1
    keypoints = frames[0].keypoints.copy()
    keypoints[:, 12:] = np.nan  # neck, nose, head top
    headless = Poses.from_keypoints(keypoints, track_ids=[1])
    truth = dataclasses.replace(true(headless, headless), head_boxes=(np.full((1, 4), np.nan),) * 2)
    with pytest.raises(InputError, match=r"frame 1 .*expected a head box of some size"):
        evaluate([(truth, clip(*frames))], "strict")


def test_no_clips_at_all_are_refused():
    with pytest.raises(InputError, match="expected at least one sequence"):
        evaluate([])


@pytest.mark.parametrize("protocol", BOTH)
def test_nobody_anywhere_is_no_error(protocol):
    evaluation = evaluate([(true(people(), people()), clip(people(), people()))], protocol)
    assert evaluation.total.clear.objects.tolist() == [0] * N_JOINTS


def test_other_skeletons_go_by_the_names_of_their_joints():
    kind = skeleton("coco-17")
    points = np.arange(34.0).reshape(1, 17, 2) * 7 + 50
    poses = Poses.from_keypoints(points, np.full((1, 17), 0.9), [0.9], track_ids=[1])
    frames = (poses,) * 3
    predictions = Sequence(kind, frames, ("0.jpg", "1.jpg", "2.jpg"), name="clip")
    truth = Truth(predictions, (np.full((1, 4), np.nan),) * 3, ((),) * 3, np.ones(3, bool))
    score = total(truth, predictions, "strict")
    assert score.clear.mota.tolist() == [1.0] * N_JOINTS


def test_notes_say_where_the_protocols_differ():
    truth = true(people(A), people(), people(A), people(A))
    predictions = clip(people(A), people(FAR), people(), people(A))
    of_poseval = " ".join(evaluate([(truth, predictions)], "poseval").notes)
    assert "1 frame with nobody in the annotation, where 1 predicted pose cost" in of_poseval
    assert "Without predictions: 1 frame with people" in of_poseval
    of_strict = " ".join(evaluate([(truth, predictions)], "strict").notes)
    assert "1 predicted pose in 1 frame with nobody" in of_strict
