"""Where ids were given by a narrow margin: worked out by hand, and told from end to end."""

from __future__ import annotations

import json

import numpy as np
import pytest

from poseflow import pipeline
from poseflow.cli import main
from poseflow.formats import save
from poseflow.poses import Doubt, Sequence
from poseflow.summary import Moment, summarise
from poseflow.tracking import Tracker, published
from poseflow.tracking.margins import margins
from standing import COCO, people_at


def test_margins_are_to_the_best_of_what_else_there_was():
    similarity = np.array([[0.9, 0.5, 0.0], [0.6, 0.7, 0.0], [0.0, 0.65, 0.0]])
    ids = np.array([4, 7, 9]), np.array([4, 7, 10])
    margin, rival = margins(similarity, np.array([[0, 0], [1, 1]]), *ids)
    # The first track: 0.9 against 0.6 of the second track for its pose, which went on as pose 1.
    # The second: 0.7 against 0.65 of the third track, which was not seen.
    np.testing.assert_allclose(margin, [0.3, 0.05])
    assert rival.tolist() == [7, 9]


def test_a_rival_may_be_a_pose_that_is_somebody_new():
    ids = np.array([4]), np.array([4, 5])
    margin, rival = margins(np.array([[0.9, 0.8]]), np.array([[0, 0]]), *ids)
    np.testing.assert_allclose(margin, [0.1])
    assert rival.tolist() == [5]


def test_without_rivals_the_margin_is_all():
    margin, rival = margins(np.array([[0.8]]), np.array([[0, 0]]), np.array([4]), np.array([4]))
    assert (margin.tolist(), rival.tolist()) == ([0.8], [-1])
    nobody = np.empty(0, dtype=np.int64), np.full(3, -1)
    margin, rival = margins(np.zeros((0, 3)), np.empty((0, 2), dtype=np.int64), *nobody)
    assert (len(margin), len(rival)) == (0, 0)


def crossing() -> Sequence:
    """Two people meet in frame 20, 10 pixels apart, and walk on; a third stands far away."""
    frames = tuple(people_at((100 + 6 * f, 200), (340 - 6 * f, 210), (800, 200)) for f in range(41))
    return Sequence(COCO, frames, ("",) * len(frames))


def test_a_crossing_is_where_to_look():
    tracked = pipeline.track(crossing(), Tracker(COCO))
    assert [poses.track_ids.tolist() for poses in tracked.frames] == [[1, 2, 3]] * 41
    assert {doubt.pose for doubt in tracked.doubts} == {0, 1}
    (moment,) = summarise(tracked).where_to_look
    assert 18 <= moment.frame <= 22
    assert {moment.track_id, moment.rival_id} == {1, 2}
    assert 0 < moment.margin < 0.3


def test_who_was_not_seen_is_a_little_less_surely_the_same():
    # At 25 frames a second, unseen for 0.6 seconds: half of the 1.2 over which 0.22 is lost.
    tracker = Tracker(COCO, fps=25.0)
    told = []
    for seen in [True] * 20 + [False] * 15 + [True]:
        tracker.update(people_at((100, 200)) if seen else people_at())
        told.append(tracker.doubts(np.inf)[2].tolist())
    assert told[19] == pytest.approx([1.0])
    assert told[35] == pytest.approx([1.0 - 0.22 / 2])


def test_who_is_seen_twice_is_no_rival_of_oneself():
    frames = tuple(people_at((100 + f, 200), (101 + f, 200)) for f in range(10))
    tracked = pipeline.track(Sequence(COCO, frames, ("",) * 10), Tracker(COCO))
    assert tracked.doubts == ()


def test_somebody_lost_is_a_rival_by_id():
    # The second is seen no more from frame 5 on, and the first walks to where they were.
    frames = [people_at((100, 200), (130, 200))] * 5
    frames += [people_at((100 + 6 * f, 200)) for f in range(6)]
    tracked = pipeline.track(Sequence(COCO, tuple(frames), ("",) * 11), Tracker(COCO))
    assert {poses.track_ids[0] for poses in tracked.frames} == {1}
    late = [doubt for doubt in tracked.doubts if doubt.frame > 7]
    assert late
    assert {doubt.rival for doubt in late} == {2}


def test_a_rule_that_tells_no_similarity_has_no_doubts():
    assert pipeline.track(crossing(), Tracker(COCO, published())).doubts == ()


def test_of_one_meeting_the_narrowest_frame_is_told_and_later_meetings_too():
    ids = (people_at((0, 0), (9, 0)).with_track_ids([4, 7]),) * 60
    doubts = (Doubt(10, 0, 7, 0.05), Doubt(11, 1, 4, 0.02), Doubt(50, 0, -1, 0.04))
    clip = Sequence(COCO, ids, ("",) * 60, doubts=doubts)
    assert summarise(clip).where_to_look == (Moment(11, 7, 4, 0.02), Moment(50, 4, None, 0.04))


def test_meetings_are_apart_by_seconds_where_times_are_known():
    ids = (people_at((0, 0), (9, 0)).with_track_ids([4, 7]),) * 60
    doubts = (Doubt(10, 0, 7, 0.05), Doubt(20, 0, 7, 0.06))
    for fps, told in ((25.0, 1), (5.0, 2)):
        clip = Sequence(COCO, ids, ("",) * 60, times=np.arange(60) / fps, doubts=doubts)
        assert len(summarise(clip).where_to_look) == told


def test_the_command_says_where_to_look(tmp_path, capsys):
    save(tmp_path / "poses.json", crossing(), format="alphapose")
    out = tmp_path / "out"
    assert main(["track", "--poses", str(tmp_path / "poses.json"), "--out", str(out)]) == 0
    assert "look first at frames" in capsys.readouterr().out
    told = json.loads((out / "summary.json").read_text())["where_to_look"]
    assert {told[0]["track_id"], told[0]["rival_id"]} == {1, 2}
