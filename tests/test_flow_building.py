"""PF-Builder's rules in figures: when a flow ends, when it is believed, and where it goes."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.frames import Correspondences
from poseflow.tracking.default import default
from poseflow.tracking.flows import FlowTracker, paper
from test_flows import ids_of


@pytest.mark.parametrize(("gain", "end"), [(0.0, 40), (0.1, 40), (0.3, 15), (0.5, 14), (0.75, 13)])
def test_a_flow_ends_where_the_frames_ahead_bring_less_than_its_share(gain, end):
    # A pose is worth 3 · .9 = 2.7 and from frame 15 on 3 · .1 = .3; the flow's mean is 2.7 until
    # then. Three frames from 13, 14 and 15 on bring 5.7, 3.3 and .9, where γ · 3 · 2.7 are asked:
    # .81, 2.43, 4.05 and 6.08. After that, the mean falls, and .9 are always enough.
    frames = [frame_of(person(100 + 2 * t, 200), scores=0.9 if t < 15 else 0.1) for t in range(40)]
    alone = default(similar=1.0)  # Nobody is taken for one who was lost.
    ids = ids_of(frames, paper(gain=gain, believed=0, least=1, relink=alone))
    assert [one for (one,) in ids].count(1) == end
    assert ids[:end] == [[1]] * end


@pytest.mark.parametrize(("believed", "named"), [(0.8, 2), (1.2, 1), (1.6, 0)])
def test_a_flow_gets_an_id_if_it_is_believed(believed, named):
    # Worth 3 · .5 = 1.5 and 3 · .3 = .9.
    frames = [
        frame_of(person(100 + t, 200), person(300 + t, 200), scores=[0.5, 0.3]) for t in range(25)
    ]
    expected = [[1, 2], [1, -1], [-1, -1]][2 - named]
    assert ids_of(frames, paper(believed=believed)) == [expected] * 25


@pytest.mark.parametrize(
    ("closeness", "follows"),
    # Worth 3 · .5 = 1.5 with all of the points, and 3 · .9 = 2.7 with a third of them: times
    # 1 / 3 that is .9, times its root 1.56.
    [(0.0, "sure"), (0.5, "sure"), (1.0, "close")],
)
def test_a_step_is_worth_less_to_a_pose_that_shares_fewer_points(closeness, follows):
    tracker, final = FlowTracker(setting=paper(closeness=closeness)), []
    here = person(100, 200)
    side = 0.1 * np.ptp(here[:, 1])
    # Of the points in a square, at 1/6, 3/6 and 5/6 of its side, the last lie in one 2/3 beside.
    beside = here + np.array([2 / 3 * side, 0])
    frames = [frame_of(here)] * 12 + [frame_of(here, beside, scores=[0.5, 0.9])]
    for poses in frames:
        final += tracker.update(poses, correspondences=lambda at: Correspondences(at, at))
    last = (final + tracker.finish())[-1].poses
    assert last.keypoints[last.track_ids == 1].tolist() == [
        (here if follows == "close" else beside).tolist()
    ]
