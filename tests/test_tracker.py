"""People on known paths: what the tracker must say of them is known."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import frame_of, person
from poseflow.errors import InputError
from poseflow.frames import Correspondences, follow_nothing
from poseflow.poses import Poses
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker, default, detect_and_track, published
from poseflow.tracking.rule import Told
from poseflow.tracking.tracks import Tracks

BOTH = [pytest.param(default, id="default"), pytest.param(published, id="published")]


def ids_of(frames, rule=None, **options) -> list[list[int]]:
    tracker = Tracker(skeleton("coco-17"), rule, **options)
    return [tracker.update(poses).track_ids.tolist() for poses in frames]


@pytest.mark.parametrize("rule", BOTH)
def test_two_people_walking_apart_keep_their_ids_whatever_their_order(rule):
    frames = [frame_of(person(100 + 5 * t, 200), person(400 - 2 * t, 200)) for t in range(20)]
    frames[1::2] = [poses[::-1] for poses in frames[1::2]]
    assert ids_of(frames, rule()) == [[1, 2], [2, 1]] * 10


def test_two_people_crossing_come_out_right():
    # They pass each other at 6 pixels a frame each; at the crossing one stands before the other.
    frames = [frame_of(person(100 + 6 * t, 200), person(340 - 6 * t, 230)) for t in range(40)]
    assert ids_of(frames) == [[1, 2]] * 40


@pytest.mark.parametrize("rule", BOTH)
def test_frames_without_anybody_are_ordinary(rule):
    walker = [frame_of(person(100 + 2 * t, 200)) for t in range(10)]
    frames = [frame_of(), *walker[:4], frame_of(), frame_of(), *walker[6:]]
    assert ids_of(frames, rule()) == [[], *[[1]] * 4, [], [], *[[1]] * 4]


@pytest.mark.parametrize(
    "rule",
    [*BOTH, pytest.param(lambda: default(people=3), id="people"), pytest.param(detect_and_track)],
)
def test_what_is_remembered_does_not_grow_with_the_clip(rule):
    # Every ten frames somebody new comes far from everybody before.
    tracker = Tracker(skeleton("coco-17"), rule())
    most = 0
    for t in range(1000):
        tracker.update(frame_of(person(500.0 * (t // 10 % 7), 300.0 * (t // 70 % 5))))
        assert tracker._tracks is not None
        most = max(most, len(tracker._tracks))
    # 100 frames are the longest that any of them remembers (`published`): ten people, and one here.
    assert most <= 11


def test_one_frame_and_no_frame():
    assert ids_of([frame_of(person(50, 50))]) == [[1]]
    assert ids_of([frame_of()]) == [[]]


def id_after_gap(rule, missed: int) -> int:
    seen = frame_of(person(100, 200))
    return ids_of([seen, *[frame_of()] * missed, seen], rule)[-1][0]


@pytest.mark.parametrize("memory", [0, 1, 5])
def test_a_track_is_kept_for_exactly_memory_missed_frames(memory):
    rule = default(memory=memory / 25)  # seconds, at 25 frames each
    assert id_after_gap(rule, missed=memory) == 1
    assert id_after_gap(rule, missed=memory + 1) == 2


@pytest.mark.parametrize("link", [1, 2, 6])
def test_the_2018_rule_links_poses_at_most_link_frames_apart(link):
    assert id_after_gap(published(link=link), missed=link - 1) == 1
    assert id_after_gap(published(link=link), missed=link) == 2


def test_a_person_far_from_where_anybody_was_is_somebody_new():
    assert ids_of([frame_of(person(100, 200)), frame_of(person(700, 200))]) == [[1], [2]]


def test_the_weaker_of_two_poses_of_one_person_gets_no_id():
    twice = frame_of(person(100, 200), person(101, 201), scores=[0.6, 0.9])
    assert ids_of([twice]) == [[-1, 1]]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(0.73, [1, 2], id="nearly-as-sure"),
        pytest.param(0.71, [1, -1], id="less-sure"),
        pytest.param(0.9, [1, -1], id="as-sure-which-tells-nothing"),
    ],
)
def test_the_weaker_of_two_poses_is_a_rival_by_its_share_of_the_score(second, expected):
    # 0.72 is 0.8 of 0.9.
    twice = frame_of(person(100, 200), person(101, 201), scores=[0.9, second])
    assert ids_of([twice] * 5, default(rival=0.8))[-1] == expected
    assert ids_of([twice] * 5)[-1] == [1, -1]


@pytest.mark.parametrize("weaker", [0, 1])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_two_poses_are_one_person_in_the_measure_of_either(order, weaker):
    people = [person(100, 200, 100), person(100, 200, 140)]
    squares = ((people[1] - people[0]) ** 2).sum(axis=1)
    rule = default(softness=1.0)
    by_small, by_large = (
        np.exp(-squares / (2 * np.ptp(p, axis=0).prod() * (2 * skeleton("coco-17").sigmas) ** 2))
        for p in people
    )
    between = (by_small.mean() + by_large.mean()) / 2
    assert by_small.mean() + 0.1 < by_large.mean()
    scores = [0.9, 0.9]
    scores[weaker] = 0.8
    twice = frame_of(*[people[n] for n in order], scores=[scores[n] for n in order])
    ids = ids_of([twice], dataclasses.replace(rule, duplicate=between))[0]
    assert ids[order.index(weaker)] == -1
    assert ids[order.index(1 - weaker)] == 1


def test_the_longer_somebody_is_unseen_the_farther_off_they_are_known_again():
    def reach(unseen: int, growth: float) -> int:
        """Pixels aside at which a person 100 pixels tall still keeps the id."""
        rule = default(growth=growth, staleness=0.0, nearby=1e-6, similar=0.6, keypoint_share=1.0)
        before = [frame_of(person(200, 200))] * 3 + [frame_of()] * unseen
        kept = [
            ids_of([*before, frame_of(person(200 + aside, 200))], rule)[-1] == [1]
            for aside in range(100)
        ]
        return kept.index(False)

    assert reach(5, 1.0) < reach(25, 1.0) < reach(50, 1.0)
    # The falloffs are twice as wide after a second, and so is what counts of a distance.
    assert reach(25, 1.0) == pytest.approx(2 * reach(0, 0.0), rel=0.25)
    assert reach(5, 0.0) == reach(50, 0.0)


def test_half_of_somebody_seen_once_more_is_nobody_new_at_once():
    # Of the second pose's box nine tenths lie in the walker's; its joints are others'.
    walker = person(100, 200)
    tall = np.ptp(walker[:, 1])
    half = walker[::-1].copy()
    half[:, 1] = walker[:, 1].max() - tall / 2 + (walker[:, 1] - walker[:, 1].min()) / 2 + tall / 20
    one, two = frame_of(walker), frame_of(walker, half)
    assert ids_of([one, two, one]) == [[1], [1, -1], [1]]
    assert ids_of([one, two, one], default(covered=0.95)) == [[1], [1, 2], [1]]
    assert ids_of([one, *[two] * 5], default(persist=5))[-1] == [1, 2]


def test_somebody_large_who_comes_before_somebody_small_is_new():
    # It is the newcomer's box that counts: a quarter of it lies in the small one's.
    far, near = person(500, 300, 50), person(500, 300, 100)
    assert ids_of([frame_of(far), frame_of(far, near)]) == [[1], [1, 2]]


def test_a_weak_pose_starts_nobody_and_continues_somebody():
    weak, sure = frame_of(person(100, 200), scores=0.3), frame_of(person(100, 200))
    assert ids_of([weak, sure, weak]) == [[-1], [1], [1]]


def test_a_weak_pose_that_goes_on_is_somebody_and_one_that_flickers_is_not():
    weak = frame_of(person(100, 200), scores=0.45)
    assert ids_of([frame_of(person(100, 200), scores=0.3)] * 5) == [[-1]] * 5
    assert ids_of([weak] * 5, default(persist=3)) == [[-1], [-1], [1], [1], [1]]
    flicker = [weak, weak, frame_of(), weak, weak, frame_of()]
    assert ids_of(flicker, default(persist=3)) == [[-1], [-1], [], [-1], [-1], []]


@pytest.mark.parametrize(
    ("score", "frame"),
    [(0.49, 0), (0.4899, 4), (0.4, 4), (0.3999, None)],
    ids=["birth", "below-birth", "trial", "below-trial"],
)
def test_who_is_believed_when(score, frame):
    # At once from `birth` on; from `trial` on when they were seen five frames in a row.
    seen = [frame_of(person(100, 200), scores=[score])] * 6
    ids = ids_of(seen)
    assert ids == ([[-1]] * 6 if frame is None else [[-1]] * frame + [[1]] * (6 - frame))


def test_estimators_without_scores_are_believed():
    poses = Poses.from_keypoints(person(100, 200)[None])
    assert ids_of([poses, poses]) == [[1], [1]]


@pytest.mark.parametrize("rule", BOTH)
def test_a_pose_without_a_keypoint_is_on_no_known_track(rule):
    nothing = Poses.from_keypoints(np.full((1, 17, 2), np.nan), scores=[0.0])
    seen = frame_of(person(100, 200))
    assert ids_of([seen, nothing, seen], rule())[2] == [1]


@pytest.mark.parametrize(
    "rule", [*BOTH, detect_and_track, pytest.param(lambda: default(people=2), id="people")]
)
@pytest.mark.parametrize("sure", [0.9, 0.0, np.nan])
def test_a_pose_of_nothing_is_nobody(rule, sure):
    points = np.stack([np.full((17, 2), np.nan), person(100, 200), np.full((17, 2), np.nan)])
    scores = [sure, 0.8, sure]
    both = Poses.from_keypoints(points, scores=scores)
    assert ids_of([both] * 8, rule()) == [[-1, 1, -1]] * 8
    assert ids_of([both[:1]] * 8, rule()) == [[-1]] * 8
    # Nor is it somebody who was lost, and it keeps nobody out.
    later = Poses.from_keypoints(points[:1], scores=[sure])
    seen = frame_of(person(100, 200), person(400, 200))
    assert ids_of([both, later, seen], rule())[1] == [-1]
    assert -1 not in ids_of([both, later, seen], rule())[2]


def test_a_detectors_box_without_keypoints_is_somebody():
    points = np.full((1, 17, 2), np.nan)
    frames = [
        Poses.from_keypoints(points, scores=[0.9], boxes=[[10 + t, 10, 50 + t, 90]])
        for t in range(5)
    ]
    assert ids_of(frames) == [[1]] * 5


@pytest.mark.parametrize("kept", [[9], [9, 10]])
def test_somebody_of_whom_little_is_seen_goes_on(kept):
    def seen(x: float, y: float) -> np.ndarray:
        points = np.full((17, 2), np.nan)
        points[kept] = [x, y]
        return points

    frames = [frame_of(seen(100 + 3 * t, 200 - 2 * t), seen(300, 200)) for t in range(8)]
    assert ids_of(frames) == [[1, 2]] * 8
    # Elsewhere is somebody else.
    assert ids_of([frame_of(seen(100, 200)), frame_of(seen(300, 200))]) == [[1], [2]]


def test_a_pose_of_one_keypoint_has_no_area_and_breaks_nothing():
    whole = person(100, 200)
    one = np.full_like(whole, np.nan)
    one[9] = whole[9]  # it lies within the box of the whole pose
    frames = [frame_of(whole, one), frame_of(one, whole), frame_of(one)]
    first, second, third = ids_of(frames)
    assert first[0] == second[1] == 1
    assert third[0] in (1, second[0])


def test_of_two_equal_poses_one_keeps_the_id():
    frames = [frame_of(person(100, 200), person(100, 200), person(400, 200))] * 3
    assert ids_of(frames) == [[1, -1, 2]] * 3


def test_missing_keypoints_do_not_break_a_track():
    frames = []
    for t in range(12):
        points = person(100 + 4 * t, 200)
        points[t % 17 :: 3] = np.nan
        frames.append(frame_of(points))
    assert ids_of(frames) == [[1]] * 12


def test_a_track_goes_on_where_its_velocity_leads():
    # Unseen for eight frames at 12 pixels a frame: it returns nearly a body length further on.
    seen = [frame_of(person(100 + 12 * t, 200)) for t in range(20)]
    frames = [poses if t < 10 or t >= 14 else frame_of() for t, poses in enumerate(seen)]
    assert ids_of(frames)[-1] == [1]


@pytest.mark.parametrize("fps", [10.0, 25.0, 100.0])
def test_nobody_unseen_gets_farther_than_a_moment_at_their_velocity(fps):
    # 200 pixels a second, of which all but 1/e is lost in 0.15 seconds: 30 pixels in all, and half
    # a frame's way because it is lost frame by frame.
    poses = frame_of(person(100, 200))
    walking = dataclasses.replace(
        Tracks.started(poses), velocity=np.array([[200 / fps, 0.0]]), missed=np.array([1000])
    )
    keypoints, boxes = default().predict(walking, Told((2 * skeleton("coco-17").sigmas) ** 2, fps))
    way = 30 + 100 / fps
    np.testing.assert_allclose(keypoints - poses.keypoints, [[[way, 0.0]] * 17], rtol=0.05)
    np.testing.assert_allclose(boxes - poses.boxes, [[way, 0.0, way, 0.0]], rtol=0.05)


def test_correspondences_carry_people_further_than_velocity():
    # The camera jerks by 80 pixels: boxes hardly overlap, the image tells where they went.
    tracker = Tracker(skeleton("coco-17"))
    before, jerk = person(200, 200), [80.0, 0.0]
    tracker.update(frame_of(before))
    grid = np.stack(np.meshgrid(np.arange(120, 280, 5), np.arange(130, 270, 5)), -1).reshape(-1, 2)
    moved = Correspondences(grid.astype(float), grid + jerk)
    with_images = tracker.update(frame_of(before + jerk), correspondences=moved)
    assert with_images.track_ids.tolist() == [1]
    assert ids_of([frame_of(before), frame_of(before + jerk)]) == [[1], [2]]


def test_wrong_matches_lose_nobody():
    # Descriptors find the like of a shirt anywhere in the picture, and that of most of the ground.
    rng = np.random.default_rng(5)
    ground = rng.uniform(400, 5000, (40, 2))
    tracker, ids = Tracker(skeleton("coco-17")), []
    for t in range(10):
        here = person(300 + 3 * t, 300)
        source = np.concatenate([here + rng.normal(0, 3, here.shape), ground])
        target = np.concatenate([rng.uniform(0, 5000, here.shape), ground])
        found = tracker.update(frame_of(here), correspondences=(source, target))
        ids.append(found.track_ids.tolist())
    assert ids == [[1]] * 10


def test_a_matcher_is_asked_about_people_and_its_answer_is_kept():
    asked = []

    def matcher(before, after):
        def follow(points):
            asked.append((before[0, 0], after[0, 0], len(points)))
            return Correspondences(points, points)

        return follow

    tracker = Tracker(skeleton("coco-17"), matcher=matcher)
    for value, poses in enumerate([frame_of(), frame_of(person(50, 60)), frame_of(person(50, 60))]):
        tracker.update(poses, np.full((120, 100), value, dtype=np.uint8))
    # Of the keypoints, a 3 by 3 grid, and one of 12 by 8 for the scene, of which the person covers
    # 4 columns and 6 rows; never of nobody.
    n = 17 + 9 + 12 * 8 - 4 * 6
    assert asked == [(1, 2, n)]
    assert tracker.correspondences is not None
    assert len(tracker.correspondences.source) == n


def test_the_callers_image_may_be_used_again():
    seen = []

    def matcher(before, after):
        seen.append((int(before[0, 0]), int(after[0, 0])))
        return follow_nothing

    tracker, camera = Tracker(matcher=matcher), np.zeros((20, 20), dtype=np.uint8)
    for value in range(3):
        camera[:] = value
        tracker.update(frame_of(person(9, 9)), camera)
    assert seen == [(0, 1), (1, 2)]


def test_trackers_share_nothing():
    one, other = Tracker(), Tracker()
    for tracker in (one, other):
        assert tracker.update(frame_of(person(100, 200))).track_ids.tolist() == [1]


def test_update_gives_a_new_object_and_leaves_its_argument():
    poses = frame_of(person(100, 200))
    tracked = Tracker().update(poses)
    assert poses.track_ids.tolist() == [-1]
    np.testing.assert_array_equal(tracked.keypoints, poses.keypoints)


def test_another_number_of_keypoints_is_refused():
    tracker = Tracker()
    tracker.update(frame_of())
    with pytest.raises(InputError, match="expected 17 keypoints as in the frames before, got 3"):
        tracker.update(Poses.empty(3))
    with pytest.raises(InputError, match="17 keypoints of coco-17, got 3"):
        Tracker(skeleton("coco-17")).update(Poses.empty(3))


def test_what_is_no_image_is_refused():
    with pytest.raises(InputError, match="uint8"):
        Tracker().update(frame_of(), np.zeros((4, 4)))


def crowd(seed: int, n_frames: int = 12) -> list[Poses]:
    """People who wander, are missed now and then, and are now and then unsure."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(50, 500, (rng.integers(0, 7), 2))
    frames = []
    for _ in range(n_frames):
        middles = middles + rng.normal(0, 6, middles.shape)
        seen = [person(*m) + rng.normal(0, 2, (17, 2)) for m in middles if rng.random() < 0.85]
        frames.append(frame_of(*seen, scores=rng.uniform(0.2, 1, len(seen)).tolist()))
    return frames


@given(st.integers(0, 10_000), st.sampled_from([default, published, detect_and_track]))
def test_ids_are_unique_in_a_frame_and_positive(seed, rule):
    for ids in ids_of(crowd(seed), rule()):
        given_ids = [i for i in ids if i != -1]
        assert len(set(given_ids)) == len(given_ids)
        assert all(i >= 1 for i in given_ids)


@given(
    st.integers(0, 10_000),
    st.integers(1, 11),
    st.sampled_from([default, published, detect_and_track]),
)
def test_no_frame_knows_the_future(seed, cut, rule):
    frames = crowd(seed)
    assert ids_of(frames[:cut], rule()) == ids_of(frames, rule())[:cut]


def twins(seed: int, scores: float | None) -> list[Poses]:
    """People each seen two or three times, all as sure, or by an estimator that gives no scores."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(50, 500, (rng.integers(1, 4), 2))
    frames = []
    for _ in range(12):
        seen = [
            person(*(m + rng.normal(0, 3, 2))) + rng.normal(0, 1, (17, 2))
            for m in middles
            for _ in range(rng.integers(2, 4))
        ]
        sure = None if scores is None else np.full(len(seen), scores)
        frames.append(Poses.from_keypoints(np.array(seen), scores=sure))
    return frames


@given(
    st.integers(0, 10_000),
    st.sampled_from([default, published, detect_and_track, partial(default, people=2)]),
    st.sampled_from([crowd, partial(twins, scores=0.9), partial(twins, scores=None)]),
)
def test_the_order_of_people_in_a_frame_does_not_matter(seed, rule, world):
    frames = world(seed)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(poses)) for poses in frames]
    straight = ids_of(frames, rule())
    shuffled = ids_of([p[o] for p, o in zip(frames, orders, strict=True)], rule())
    # Ids may be named differently; who is together may not be different.
    names: dict[int, int] = {-1: -1}
    for ids, others, order in zip(straight, shuffled, orders, strict=True):
        for mine, theirs in zip(np.array(ids)[order].tolist() if ids else [], others, strict=True):
            assert names.setdefault(mine, theirs) == theirs
