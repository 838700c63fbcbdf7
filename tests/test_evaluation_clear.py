"""CLEAR MOT of joints: py-motmetrics' counts of each joint by itself, and examples by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judged import BODY, N_JOINTS, clip, crowd, people
from poseflow.evaluation.clear import clear
from poseflow.evaluation.clips import Clip
from poseflow.evaluation.scores import CORRECT_WITHIN, Clear

SEEDS = st.integers(0, 2**32 - 1)
MOTMETRICS = {
    "num_objects": "objects", "num_misses": "misses", "num_false_positives": "false_positives",
    "num_switches": "switches", "num_fragmentations": "fragmentations", "num_detections": "found",
}  # fmt: skip
TENTH = np.array([1.0, 0.0])
"""A tenth of a head to the right, in pixels."""


def counts(judged: Clip, *, untracked=(), dummies=()) -> Clear:
    n_frames = len(judged.frame_names)
    marked = (np.isin(np.arange(n_frames), frames) for frames in (untracked, dummies))
    return clear(judged, judged.distances(), *marked)


def accumulated(motmetrics, judged: Clip, joint: int):
    """What py-motmetrics makes of one joint, fed frame by frame."""
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in range(len(judged.frame_names)):
        sides = []
        for side in (judged.truth, judged.predictions):
            there = (side.frames == frame) & ~np.isnan(side.keypoints[:, joint, 0])
            sides.append((side.track_ids[there], side.keypoints[there, joint], there))
        (true_ids, true, here), (predicted_ids, predicted, _) = sides
        apart = np.linalg.norm(true[:, None] - predicted, axis=-1)
        apart /= judged.head_sizes[here][:, None]
        apart[apart > CORRECT_WITHIN] = np.nan
        accumulator.update(true_ids, predicted_ids, apart)
    return accumulator


# People so near one another that their joints are mistaken, and so far that nobody is.
@settings(max_examples=40)  # Each takes it a tenth of a second.
@given(seed=SEEDS, apart=st.sampled_from([3.0, 6.0, 40.0]), joint=st.integers(0, N_JOINTS - 1))
def test_each_joint_is_motmetrics(seed, apart, joint):
    motmetrics = pytest.importorskip("motmetrics")
    judged = crowd(seed, apart=apart, n_frames=8)
    accumulator = accumulated(motmetrics, judged, joint)
    theirs = motmetrics.metrics.create().compute(
        accumulator, metrics=list(MOTMETRICS), return_dataframe=False
    )
    counted = counts(judged)
    ours = {name: int(getattr(counted, field)[joint]) for name, field in MOTMETRICS.items()}
    assert ours == theirs
    events = accumulator.events
    found = events.D[events.Type.isin(["MATCH", "SWITCH"])].sum()
    assert counted.distance[joint] == pytest.approx(found, abs=1e-12)
    # Every row that it writes of a frame, be it of the very same pair.
    assert counted.doubled_distance[joint] == pytest.approx(events.D.sum(), abs=1e-12)


def two_people(*ids_of_frames: tuple[int, int]) -> Clip:
    """Two people far from each other, found in each frame under these ids, a tenth head away."""
    n_frames = len(ids_of_frames)
    frames = np.repeat(np.arange(n_frames), 2)
    bodies = np.tile([BODY, BODY + 500.0], (n_frames, 1, 1))
    truth = people(frames, bodies, np.tile([1, 2], n_frames))
    predictions = people(frames, bodies + TENTH, np.ravel(ids_of_frames))
    return clip(truth, predictions, n_frames)


@pytest.mark.parametrize(
    ("ids", "switches", "rows"),
    [
        # Each of four matches is written as a match and as a pair within reach.
        pytest.param([(5, 6), (5, 6)], 0, 8, id="nothing-changes"),
        # Two ids that nobody had: two rows more.
        pytest.param([(5, 6), (7, 8)], 2, 10, id="new-ids"),
        # Two ids that were the other's: two rows more.
        pytest.param([(5, 6), (6, 5)], 2, 10, id="a-swap"),
        # Back again, and in the first frame's hands: two rows more for each swap.
        pytest.param([(5, 6), (6, 5), (5, 6)], 4, 6 * 2 + 4, id="a-swap-and-back"),
    ],
)
def test_rows_that_make_up_the_doubled_distance(ids, switches, rows):
    counted = counts(two_people(*ids))
    assert counted.switches.tolist() == [switches] * N_JOINTS
    assert counted.distance == pytest.approx(np.full(N_JOINTS, 0.1 * 2 * len(ids)))
    assert counted.doubled_distance == pytest.approx(np.full(N_JOINTS, 0.1 * rows))


def test_an_id_taken_up_by_a_newcomer_is_written_twice_more():
    # Person 1 has id 5, leaves, and person 2, never seen before, is found as 5.
    bodies = np.stack([BODY, BODY + 500.0])
    truth = people([0, 1], bodies, [1, 2])
    counted = counts(clip(truth, people([0, 1], bodies + TENTH, [5, 5]), 2))
    assert not counted.switches.any()
    # Two matches, two pairs within reach, a TRANSFER and a MIGRATE.
    assert counted.doubled_distance == pytest.approx(np.full(N_JOINTS, 0.1 * 6))


def test_an_untracked_frame_is_as_if_it_were_not_there():
    judged = two_people((5, 6), (6, 5), (5, 6))
    without, never = counts(judged, untracked=[1]), counts(two_people((5, 6), (5, 6)))
    for field in dataclasses.fields(Clear):
        assert np.array_equal(getattr(without, field.name), getattr(never, field.name))


def test_a_dummy_frame_is_one_miss_and_one_made_up_whoever_is_there():
    counted = counts(two_people((5, 6), (6, 5), (5, 6)), dummies=[1])
    assert counted.objects.tolist() == [4 + 1] * N_JOINTS
    assert counted.misses.tolist() == counted.false_positives.tolist() == [1] * N_JOINTS
    assert not counted.switches.any()


def test_without_predictions_everything_is_a_miss():
    nobody = people([], np.empty((0, N_JOINTS, 2)), [])
    counted = counts(dataclasses.replace(two_people((5, 6)), predictions=nobody))
    assert counted.misses.tolist() == counted.objects.tolist() == [2] * N_JOINTS
    assert not counted.false_positives.any()
    assert counted.mota.tolist() == [0.0] * N_JOINTS
    assert np.isnan(counted.motp).all()
    assert counted.doubled_motp.tolist() == [0.0] * N_JOINTS


def test_without_people_everything_is_made_up():
    judged = two_people((5, 6))
    nobody = people([], np.empty((0, N_JOINTS, 2)), [])
    empty = dataclasses.replace(judged, truth=nobody, head_sizes=np.empty(0))
    counted = counts(empty)
    assert counted.false_positives.tolist() == [2] * N_JOINTS
    assert not counted.objects.any()
    assert np.isnan(counted.mota).all()


def test_lost_and_found_again_is_a_fragmentation_and_away_is_not():
    # Found, lost, found; then out of sight for a frame; then found and lost for good.
    there = np.array([0, 1, 2, 4, 5])
    bodies = np.tile(BODY, (5, 1, 1))
    truth = people(there, bodies, [1] * 5)
    found = np.array([0, 2, 4])
    counted = counts(clip(truth, people(found, bodies[:3], [7] * 3), 6))
    assert counted.fragmentations.tolist() == [1] * N_JOINTS
    assert counted.misses.tolist() == [2] * N_JOINTS


def test_counts_of_clips_add_up():
    one, other = counts(two_people((5, 6), (7, 8))), counts(two_people((5, 6)), dummies=[0])
    both = one + other
    assert both.objects.tolist() == [4 + 1] * N_JOINTS
    # Two switches, one miss and one made up, of five.
    assert both.mota == pytest.approx(np.full(N_JOINTS, 1 - 4 / 5))
    assert both.recall == pytest.approx(np.full(N_JOINTS, 4 / 5))
    assert both.precision == pytest.approx(np.full(N_JOINTS, 4 / 5))
