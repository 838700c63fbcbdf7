"""Whole poses and their ids: py-motmetrics' and TrackEval's counts, and examples by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judged import BODY, N_JOINTS, World, chance, clip, crowd, one_person, people
from poseflow.evaluation.identity import Identity, identity, pose_similarity
from poseflow.skeletons import skeleton

SEEDS = st.integers(0, 2**32 - 1)
MOTMETRICS = {
    "num_switches": "switches", "num_misses": "misses", "num_false_positives": "false_positives",
    "num_fragmentations": "fragmentations", "mostly_tracked": "mostly_tracked",
    "partially_tracked": "partially_tracked", "mostly_lost": "mostly_lost",
    "num_unique_objects": "people", "idtp": "id_true_positives", "idfn": "id_false_negatives",
    "idfp": "id_false_positives", "idf1": "idf1", "idp": "idp", "idr": "idr",
}  # fmt: skip


def judge(world: World, **options):
    frames, ids, _, predicted_ids, *pairs, similarity = world.arrays
    return identity(frames, ids, predicted_ids, *pairs, similarity, **options)


def switches_of(tracked) -> list[tuple[int, ...]]:
    """Frame, true id, predicted id before and now."""
    return [dataclasses.astuple(switch) for switch in tracked.switches]


def accumulated(motmetrics, world: World, threshold: float = 0.5):
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    rows = world.true_ids, world.predicted_ids, world.similarities
    for true_ids, predicted_ids, alike in zip(*rows, strict=True):
        distances = np.where(alike >= threshold, 1.0 - alike, np.nan)
        accumulator.update(true_ids, predicted_ids, distances)
    return accumulator


@settings(max_examples=30)  # Each takes it a tenth of a second.
@given(seed=SEEDS, threshold=st.sampled_from([0.1, 0.5, 0.9]))
def test_counts_are_motmetrics(seed, threshold):
    motmetrics = pytest.importorskip("motmetrics")
    world = chance(seed)
    tracked = judge(world, threshold=threshold)
    if not tracked.identity.people or not tracked.identity.tracks:
        return  # It has no answer, or nan.
    events = accumulated(motmetrics, world, threshold)
    theirs = motmetrics.metrics.create().compute(events, metrics=list(MOTMETRICS)).iloc[0]
    ours = {name: getattr(tracked.identity, field) for name, field in MOTMETRICS.items()}
    assert ours == pytest.approx(theirs.to_dict(), abs=1e-12)


@given(seed=SEEDS)
def test_matches_and_switches_are_motmetrics(seed):
    motmetrics = pytest.importorskip("motmetrics")
    world = chance(seed)
    tracked = judge(world)
    frames, true_ids, _, predicted_ids, *_ = world.arrays
    events = accumulated(motmetrics, world).mot_events.reset_index()
    found = events[events.Type.isin(["MATCH", "SWITCH"])]
    rows = np.flatnonzero(tracked.matched >= 0)
    ours = zip(frames[rows], true_ids[rows], predicted_ids[tracked.matched[rows]], strict=True)
    assert set(ours) == set(zip(found.FrameId, found.OId, found.HId, strict=True))
    switched = events[events.Type == "SWITCH"]
    assert {(s.frame, s.track_id, s.after) for s in tracked.switches} == set(
        zip(switched.FrameId, switched.OId, switched.HId, strict=True)
    )


@given(seed=SEEDS, found=st.sampled_from([0.1, 0.8]))
def test_idf1_is_trackevals(seed, found):
    metric = pytest.importorskip("trackeval.metrics").Identity({"PRINT_CONFIG": False})
    world = chance(seed, found=found)
    theirs = metric.eval_sequence(world.trackeval)
    ours = judge(world).identity
    assert (ours.id_true_positives, ours.id_false_negatives, ours.id_false_positives) == (
        theirs["IDTP"],
        theirs["IDFN"],
        theirs["IDFP"],
    )
    assert [ours.idf1, ours.idp, ours.idr] == pytest.approx(
        [theirs[k] for k in ("IDF1", "IDP", "IDR")]
    )


def test_five_frames_by_hand():
    # Found under id 1, missed, found under 1 again, then under 2, then too unlike.
    tracked = judge(one_person((1, 0.9), None, (1, 0.5), (2, 0.9), (2, 0.49)))
    assert tracked.matched.tolist() == [0, -1, 1, 2, -1]
    assert switches_of(tracked) == [(3, 7, 1, 2)]
    # The person is given id 1: two poses of five, and two of the four predictions.
    assert tracked.identity == Identity(
        id_true_positives=2,
        id_false_negatives=3,
        id_false_positives=2,
        misses=2,
        false_positives=1,
        switches=1,
        fragmentations=1,
        mostly_tracked=0,
        partially_tracked=1,
        mostly_lost=0,
        people=1,
        tracks=2,
    )
    assert tracked.identity.idr == pytest.approx(2 / 5)
    assert tracked.identity.idp == pytest.approx(2 / 4)
    assert tracked.identity.idf1 == pytest.approx(2 * 2 / (5 + 4))


def test_ids_are_given_for_the_whole_clip():
    # Two people change ids for good after three of five frames: 3 + 3 rows against 2 + 2.
    ids = [np.array([1, 2])] * 5
    straight, crosswise = np.eye(2), np.eye(2)[::-1]
    tracked = judge(World(ids, ids, [straight] * 3 + [crosswise] * 2))
    assert tracked.identity.id_true_positives == 6
    assert tracked.identity.idf1 == pytest.approx(6 / 10)
    assert switches_of(tracked) == [(3, 1, 1, 2), (3, 2, 2, 1)]


def test_who_was_found_stays_with_its_id():
    # Id 2 is more like person 1 in the second frame, but person 1 is still found as id 1.
    ids = [np.array([1]), np.array([1])], [np.array([1]), np.array([1, 2])]
    tracked = judge(World(*ids, [np.array([[0.9]]), np.array([[0.6, 0.95]])]))
    assert tracked.matched.tolist() == [0, 1]
    assert tracked.switches == ()


def test_an_id_is_remembered_for_ever():
    tracked = judge(one_person((1, 0.9), *[None] * 50, (2, 0.9)))
    assert switches_of(tracked) == [(51, 7, 1, 2)]


def test_as_many_as_possible_are_found():
    # Person 1 and id 1 are the most alike by far; but then person 2 would not be found.
    ids = [np.array([1, 2])]
    world = World(ids, ids, [np.array([[1.0, 0.2], [0.2, 0.0]])])
    assert judge(world, threshold=0.1).matched.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("n_found", "kind"),
    [
        pytest.param(0, "mostly_lost", id="none"),
        pytest.param(1, "partially_tracked", id="a-fifth"),
        pytest.param(3, "partially_tracked", id="three-fifths"),
        pytest.param(4, "mostly_tracked", id="four-fifths"),
    ],
)
def test_shares_of_a_life(n_found, kind):
    counts = judge(one_person(*[(1, 1.0)] * n_found, *[None] * (5 - n_found))).identity
    kinds = ("mostly_lost", "partially_tracked", "mostly_tracked")
    assert {k: getattr(counts, k) for k in kinds} == {k: int(k == kind) for k in kinds}
    assert counts.fragmentations == 0


def test_clips_add_up():
    # 3 of 4 poses of one clip, 1 of 2 of the other: 4 of 6, not the mean of 6 / 7 and 2 / 3.
    clips = [
        judge(one_person((1, 1.0), (1, 1.0), (1, 1.0), None)).identity,
        judge(one_person((1, 1.0), None)).identity,
    ]
    total = clips[0] + clips[1]
    assert (total.people, total.tracks, total.misses) == (2, 2, 2)
    assert total.idf1 == pytest.approx(2 * 4 / (6 + 4))


@pytest.mark.parametrize(
    ("n_true", "n_predicted"),
    [
        pytest.param(3, 0, id="no-predictions"),
        pytest.param(0, 2, id="no-truth"),
        pytest.param(0, 0, id="nobody"),
    ],
)
def test_nothing_to_find(n_true, n_predicted):
    world = World([np.arange(n_true)], [np.arange(n_predicted)], [np.empty((n_true, n_predicted))])
    tracked = judge(world)
    counts = tracked.identity
    assert (counts.misses, counts.false_positives, counts.mostly_lost) == (
        n_true,
        n_predicted,
        n_true,
    )
    assert (counts.id_false_negatives, counts.id_false_positives) == (n_true, n_predicted)
    assert (counts.idf1, counts.idp, counts.idr) == (0, 0, 0)
    assert tracked.matched.tolist() == [-1] * n_true


def similarity_of(true, predicted, head_size=0.6):
    judged = clip(people([0], [true], [1]), people([0], [predicted], [1]), 1, head_size)
    return pose_similarity(judged)[0]


def box_of_joints() -> np.ndarray:
    """(15, 2) joints in a box of 40 by 100 pixels."""
    joints = np.full((N_JOINTS, 2), 20.0)
    joints[0], joints[1] = (0.0, 0.0), (40.0, 100.0)
    return joints


def test_a_pose_is_like_itself():
    assert similarity_of(BODY, BODY) == 1.0


def test_similarity_is_oks_in_the_box_of_the_joints():
    true = box_of_joints()
    moved = true.copy()
    moved[13] += [3.0, 4.0]
    # The nose is off by 5 pixels, sigma 0.026, area 40 · 100.
    nose = np.exp(-(5.0**2) / (2 * 4000 * (2 * 0.026) ** 2))
    assert similarity_of(true, moved) == pytest.approx((14 + nose) / 15)


def test_a_joint_that_is_not_predicted_counts_nothing():
    partly = box_of_joints()
    partly[[3, 4, 5]] = np.nan
    assert similarity_of(box_of_joints(), partly) == pytest.approx(12 / 15)


def test_a_joint_that_is_not_annotated_does_not_count():
    partly = box_of_joints()
    partly[[3, 4, 5]] = np.nan
    assert similarity_of(partly, box_of_joints()) == pytest.approx(1.0)


def test_nobody_is_smaller_than_the_own_head():
    # Neck, nose and head top in a line have no area; the head box is 20 by 20, its diagonal
    # 20 · √2, and the unit of distance 0.6 of this.
    line = np.full((N_JOINTS, 2), np.nan)
    line[12:] = [[0.0, 20.0], [0.0, 10.0], [0.0, 0.0]]
    neck, nose, top = (
        np.exp(-9 / (2 * 400 * (2 * s) ** 2)) for s in skeleton("posetrack-15").sigmas[12:]
    )
    assert similarity_of(line, line + np.array([3.0, 0.0]), 0.6 * 20 * 2**0.5) == pytest.approx(
        (neck + nose + top) / 3
    )


def test_a_single_joint_of_a_headless_person():
    dot = np.full((N_JOINTS, 2), np.nan)
    dot[4] = [5.0, 5.0]
    assert similarity_of(dot, dot, np.nan) == 1.0
    assert similarity_of(dot, dot + 1, np.nan) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_similarity_of_all_pairs(seed):
    judged = crowd(seed)
    similarity = pose_similarity(judged)
    assert similarity.shape == judged.pairs()[0].shape
    assert ((similarity >= 0) & (similarity <= 1)).all()
