from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.poses import Origin, Sequence
from poseflow.skeletons import skeleton
from poseflow.summary import summarise


def clip(ids: list[list[int]], places: list[list[float]]) -> Sequence:
    frames = [frame_of(*(person(x, 100) for x in xs)) for xs in places]
    sequence = Sequence(skeleton("coco-17"), frames, ("",) * len(frames))
    return sequence.with_track_ids(ids)


def test_people_gaps_and_speed():
    # Person 2 walks 3 pixels a frame and is not seen in frames 2 to 4; somebody else has no id.
    seen = clip([[2], [2, -1], [], [], [], [2]], [[0], [3, 90], [], [], [], [15]])
    summary = summarise(seen)
    assert (summary.frames, summary.poses, summary.without_id) == (6, 4, 1)
    (one,) = summary.people
    assert dataclasses.astuple(one) == (2, 3, 0, 5, 1, 3, 0, pytest.approx(3.0))
    assert summary.speed_unit == "pixels a frame"


def test_poses_that_no_estimator_made_are_counted():
    made = clip([[1, 2], [1], []], [[0, 90], [3], []])
    made = made.with_frames([*made.frames[:2], clip([[3]], [[7]]).frames[0]])
    origins = [[Origin.FUSED, Origin.PROPAGATED], [Origin.PROPAGATED], [Origin.FILLED]]
    frames = [
        dataclasses.replace(poses, origins=np.array(some, dtype=np.uint8))
        for poses, some in zip(made.frames, origins, strict=True)
    ]
    summary = summarise(made.with_frames(frames))
    assert (summary.fused, summary.propagated, summary.filled, summary.poses) == (1, 2, 1, 4)
    assert [(person.track_id, person.filled) for person in summary.people] == [
        (1, 0),
        (2, 0),
        (3, 1),
    ]


def test_speed_is_by_the_clock_where_there_is_one():
    timed = dataclasses.replace(clip([[1], [1]], [[0], [3]]), times=np.array([0.0, 0.5]))
    assert summarise(timed).people[0].speed == pytest.approx(6.0)
    assert summarise(timed).speed_unit == "pixels a second"


def test_nobody():
    assert summarise(clip([[], []], [[], []])).people == ()
    assert summarise(clip([], [])).frames == 0


def test_seen_once_has_no_speed():
    assert summarise(clip([[1]], [[5]])).people[0].speed is None
