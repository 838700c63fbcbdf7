"""Clips whose people are known, tracked from both ends."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseflow import pipeline
from poseflow.errors import InputError
from poseflow.frames import Correspondences
from poseflow.offline.linking import Costs
from poseflow.offline.tracklets import agreed, tracklets
from poseflow.offline.usual import drifts, usual
from poseflow.poses import NO_ID, Poses, Sequence
from poseflow.relinking import Remembered, counted, relink
from poseflow.tracking import Tracker, default, published
from standing import COCO, people_at


def clip(frames: list[Poses]) -> Sequence:
    return Sequence(COCO, tuple(frames), ("",) * len(frames))


def tracked(frames: list[Poses]) -> Sequence:
    tracker = Tracker(COCO)
    return clip([tracker.update(poses) for poses in frames])


def ids_of(sequence: Sequence) -> list[list[int]]:
    return [poses.track_ids.tolist() for poses in sequence.frames]


def relinked(frames: list[Poses], people: int | None = None) -> list[list[int]]:
    return ids_of(relink(tracked(frames), Tracker(COCO), people=people))


def test_tracklets_end_where_the_directions_disagree():
    # Two people; forwards takes them for each other from the third frame on, backwards does not.
    forwards = [[1, 2], [1, 2], [2, 1], [2, 1]]
    backwards = [[7, 5], [7, 5], [7, 5], [7, 5]]
    ids = np.stack([np.ravel(forwards), np.ravel(backwards)], axis=1)
    assert agreed(ids, np.repeat(np.arange(4), 2), 3).reshape(4, 2).tolist() == [
        [0, 1],
        [0, 1],
        [2, 3],
        [2, 3],
    ]


def test_a_direction_that_knows_nothing_of_a_pose_does_not_contradict():
    # Forwards gives its id late (on trial till then), backwards gives up early.
    ids = np.array([[NO_ID, 4], [NO_ID, 4], [1, 4], [1, 4], [1, NO_ID]])
    assert agreed(ids, np.arange(5), 3).tolist() == [0, 0, 0, 0, 0]


def test_poses_without_id_in_either_direction_are_on_no_tracklet():
    assert agreed(np.array([[1, 1], [NO_ID, NO_ID], [1, 1]]), np.arange(3), 3).tolist() == [
        0,
        -1,
        0,
    ]


@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=30).map(
        lambda pairs: np.array(pairs, dtype=np.int64).reshape(-1, 2)
    )
)
def test_no_direction_takes_neighbours_on_a_tracklet_for_two_people(ids):
    number = agreed(ids, np.arange(len(ids)), 3)
    for t in range(number.max(initial=-1) + 1):
        for direction in ids[number == t].T:
            named = direction[:-1][(direction[:-1] != NO_ID) & (direction[1:] != NO_ID)]
            followers = direction[1:][(direction[:-1] != NO_ID) & (direction[1:] != NO_ID)]
            assert (named == followers).all()
    assert ((number < 0) == (ids == NO_ID).all(axis=1)).all()


def test_somebody_away_longer_than_the_trackers_memory_is_linked():
    there = [people_at((100 + 2 * f, 200)) for f in range(30)]
    away = [people_at() for _ in range(100)]
    back = [people_at((160 + 2 * f, 200)) for f in range(30)]
    frames = there + away + back
    assert sorted({i for ids in ids_of(tracked(frames)) for i in ids}) == [1, 2]
    assert sorted({i for ids in relinked(frames) for i in ids}) == [1]


def test_somebody_away_for_longer_than_is_bridged_is_somebody_else_unless_people_are_counted():
    frames = [
        *(people_at((100, 200)) for _ in range(20)),
        *(people_at() for _ in range(300)),
        *(people_at((110, 200)) for _ in range(20)),
    ]
    assert sorted({i for ids in relinked(frames) for i in ids}) == [1, 2]
    assert sorted({i for ids in relinked(frames, people=1) for i in ids}) == [1]


def test_two_who_swap_places_while_unseen_are_told_by_their_motion():
    # They walk towards each other, cross while both are hidden, and walk on.
    def at(f: int) -> Poses:
        left, right = (100 + 6 * f, 200), (400 - 6 * f, 210)
        return people_at() if 22 <= f <= 28 else people_at(left, right)

    ids = relinked([at(f) for f in range(50)])
    assert ids[0] == ids[-1] == [1, 2]


def test_two_who_come_back_in_each_others_place_are_told_by_what_they_wear():
    # By place alone, who is first on the left is so at last; by looks, it is the other.
    there = [people_at((100, 200), (300, 200)) for _ in range(10)]
    frames = [*there, *(people_at() for _ in range(100)), *there]
    before = tracked(frames)
    remembered = Remembered()
    look = remembered.looking(lambda image, poses: np.array([[1.0, 0.0], [0.0, 1.0]])[: len(poses)])
    turned = remembered.looking(
        lambda image, poses: np.array([[0.0, 1.0], [1.0, 0.0]])[: len(poses)]
    )
    nothing = np.zeros((4, 4), dtype=np.uint8)
    for index, poses in enumerate(frames):
        (look if index < 50 else turned)(nothing, poses)
    assert ids_of(relink(before, Tracker(COCO)))[-1] == [1, 2]
    assert ids_of(relink(before, Tracker(COCO), remembered))[-1] == [2, 1]


def test_no_more_ids_than_people_and_the_surest_keep_them():
    # Two people all along, and for ten frames a weaker third who is nobody.
    frames = [people_at((100, 200), (400, 200)) for _ in range(40)]
    ghost = people_at((250, 200), score=0.6)
    for f in range(15, 25):
        both = frames[f]
        frames[f] = Poses.from_keypoints(
            np.concatenate([both.keypoints, ghost.keypoints]),
            np.concatenate([both.keypoint_scores, ghost.keypoint_scores]),
            np.concatenate([both.scores, ghost.scores]),
        )
    free, counted = relinked(frames), relinked(frames, people=2)
    assert free[20] == [1, 2, 3]
    assert counted[20] == [1, 2, NO_ID]
    assert counted[0] == counted[-1] == [1, 2]


@pytest.mark.parametrize(
    ("second", "seen"),
    [pytest.param(0.85, [1, 2], id="seen-well"), pytest.param(0.6, [1], id="seen-twice")],
)
def test_of_two_people_in_one_place_none_is_left_out_if_both_are_seen_well(second, seen):
    # One walks past another who stands, and for a frame they are a pixel apart.
    frames = [_scored(people_at((100, 200), (100 + 9 * f + 1, 200)), second) for f in range(-9, 10)]

    def met(rule: default) -> list[int]:
        there = Tracker(COCO, rule)
        sequence = clip([there.update(poses) for poses in frames])
        return sorted(i for i in ids_of(relink(sequence, Tracker(COCO), people=2))[9] if i > 0)

    assert met(counted(default())) == seen
    assert met(default()) == [1]


def _scored(poses: Poses, second: float) -> Poses:
    return dataclasses.replace(poses, scores=np.array([0.9, second]))


def test_rules_without_rivals_are_counted_as_they_are():
    assert counted(published()) == published()
    assert counted(default(memory=1.0)) == default(memory=1.0, rival=0.8)
    assert counted(default(rival=0.5)).rival == 0.5


def test_ids_only_are_changed_and_counted_from_one_in_order_of_appearance():
    frames = [people_at((100, 200)), *(people_at((300, 200), (100, 200)) for _ in range(9))]
    before = tracked(frames)
    after = relink(before, Tracker(COCO))
    assert ids_of(after) == [[1], *[[2, 1]] * 9]
    for one, other in zip(before.frames, after.frames, strict=True):
        assert one.keypoints.tobytes() == other.keypoints.tobytes()


def hidden_side_by_side(apart: float) -> list[Poses]:
    """Two stand so far from each other, are hidden for a second, and stand a little nearer."""
    left, right = (300 - apart / 2, 200), (300 + apart / 2, 200)
    nearer = (305 - apart / 2, 200), (295 + apart / 2, 200)
    return [people_at(left, right)] * 10 + [people_at()] * 25 + [people_at(*nearer[::-1])] * 10


def test_who_may_have_changed_places_is_told_with_who_else_it_may_be():
    linked = relink(tracked(hidden_side_by_side(20)), Tracker(COCO))
    assert ids_of(linked)[0] == [1, 2]
    assert ids_of(linked)[-1] == [2, 1]
    assert [(d.frame, d.pose, d.rival) for d in linked.doubts] == [(35, 0, 1), (35, 1, 2)]
    one, other = (doubt.margin for doubt in linked.doubts)
    # The other way round they would both be somebody else.
    assert one == pytest.approx(other)
    assert 0 < one < 0.9
    apart = relink(tracked(hidden_side_by_side(60)), Tracker(COCO)).doubts
    assert all(doubt.margin > one for doubt in apart)
    assert relink(tracked(hidden_side_by_side(300)), Tracker(COCO)).doubts == ()


@pytest.mark.parametrize("fps", [25.0, 50.0])
def test_who_is_unseen_for_an_instant_is_not_doubted(fps):
    # For 0.12 seconds, whatever the rate, nobody else is thought of, however cheap they are.
    bridged = int(0.12 * fps)
    costs = Costs(surprise=0.0, vote=0.0, newcomer=2.0)

    def doubts(unseen: int) -> int:
        frames = [people_at((300, 200))] * 10 + [people_at()] * unseen + [people_at((300, 200))]
        tracker = Tracker(COCO, fps=fps)
        online = clip([tracker.update(poses) for poses in frames])
        return len(relink(online, Tracker(COCO, fps=fps), costs=costs).doubts)

    assert doubts(bridged) == 0
    assert doubts(bridged + 1) == 1


def test_the_margin_of_a_link_is_what_it_is_likelier_by():
    # Somebody stands still, unseen for 24 frames: three nats for somebody new, less what time
    # costs, at two nats for odds of e to 1.
    costs = Costs(surprise=0.0, vote=0.0, newcomer=3.0)
    frames = [people_at((300, 200))] * 10 + [people_at()] * 24 + [people_at((300, 200))] * 10
    linked = relink(tracked(frames), Tracker(COCO), costs=costs)
    (doubt,) = linked.doubts
    assert (doubt.frame, doubt.pose, doubt.rival) == (34, 0, NO_ID)
    odds = np.exp((3.0 - 1.5 * np.log(1 + 3.5 * 24 / 25)) / 2)
    assert doubt.margin == pytest.approx((odds - 1) / (odds + 1), rel=1e-5)


def test_moments_of_the_tracker_give_way_to_those_of_the_links():
    # Two cross in view: both directions agree, and there is nothing left to doubt.
    before = Tracker(COCO)
    frames = [people_at((100 + 6 * f, 200), (340 - 6 * f, 210)) for f in range(41)]
    online = pipeline.track(clip(frames), before)
    assert online.doubts
    assert relink(online, Tracker(COCO)).doubts == ()


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([], id="no-frames"),
        pytest.param([people_at()] * 3, id="nobody"),
        pytest.param([people_at((100, 100))], id="one-frame"),
    ],
)
@pytest.mark.parametrize("people", [None, 2])
def test_empty_clips_are_clips(frames, people):
    assert relinked(frames, people) == [[1] * len(poses) for poses in frames]


def test_nobody_cannot_be_counted():
    with pytest.raises(InputError, match="people: expected at least 1, got 0"):
        relink(tracked([people_at()]), Tracker(COCO), people=0)


def test_missing_keypoints_and_scores_do_not_break_paths():
    half = people_at((100, 200)).keypoints.copy()
    half[:, 11:] = np.nan
    frames = [Poses.from_keypoints(half + np.array([2.0 * f, 0])) for f in range(10)]
    frames += [people_at() for _ in range(70)]
    frames += [people_at((130 + 2.0 * f, 200)) for f in range(10)]
    assert {i for ids in relinked(frames) for i in ids} == {1}


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_people_is_a_limit_at_once_and_in_all(seed, people):
    rng = np.random.default_rng(seed)
    frames = [
        people_at(*rng.uniform(0, 600, (rng.integers(0, 5), 2))) for _ in range(rng.integers(1, 12))
    ]
    ids = relinked(frames, people)
    named = [i for of_frame in ids for i in of_frame if i != NO_ID]
    assert set(named) <= set(range(1, people + 1))
    assert all(len({i for i in f if i != NO_ID}) == sum(i != NO_ID for i in f) for f in ids)


def test_correspondences_are_turned_on_the_way_back():
    remembered = Remembered()
    remembered("a", "b", Correspondences(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])))
    back = remembered.backwards("b", "a")
    assert back is not None
    assert (back.source.tolist(), back.target.tolist()) == ([[3.0, 4.0]], [[1.0, 2.0]])
    assert remembered.backwards("a", "b") is None


def shuffled_alike(frames, rng) -> bool:
    """Whether the same people are together if the people of each frame come in another order."""
    orders = [rng.permutation(len(poses)) for poses in frames]
    straight = relinked(frames)
    shuffled = relinked([p[o] for p, o in zip(frames, orders, strict=True)])
    # Ids may be named differently; who is together may not be different.
    pairs = {
        (mine, theirs)
        for ids, others, order in zip(straight, shuffled, orders, strict=True)
        for mine, theirs in zip([ids[i] for i in order], others, strict=True)
    }
    return all(len(set(side)) == len(pairs) for side in zip(*pairs, strict=True))


def wanderers(rng, n_frames: int, n: int, step: float) -> list[Poses]:
    """People who turn where they like, and are missed in one frame of five."""
    ways = np.cumsum(rng.normal(0, step, (n_frames, n, 2)), axis=0) + rng.uniform(100, 300, (n, 2))
    scores = rng.uniform(0.5, 1.0, (n_frames, n))
    return [
        dataclasses.replace(people_at(*at[seen]), scores=score[seen])
        for at, score, seen in zip(ways, scores, rng.random((n_frames, n)) < 0.8, strict=True)
    ]


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_order_of_people_in_a_frame_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    assert shuffled_alike(wanderers(rng, 25, 4, 12), rng)


def test_nor_does_it_in_what_is_usual_where_there_is_more_than_is_asked():
    rng = np.random.default_rng(0)
    frames = wanderers(rng, 200, 6, 6)
    told = []
    for order in (np.arange(6), np.arange(6)[::-1]):
        some = [p[order[order < len(p)]] for p in frames]
        ids = [np.array(ids) for ids in relinked(some)]
        clip_ = tracklets(some, ids, ids, 17, 3)
        told.append(usual(clip_, drifts(clip_), 25.0))
    for one, other in zip(*map(dataclasses.astuple, told), strict=True):
        np.testing.assert_array_equal(one, other)
