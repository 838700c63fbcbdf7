"""Which pairs of a frame are compared at all, worked out by hand."""

from __future__ import annotations

import numpy as np

from poseflow.tracking.pairs import near


def compared(track: list[float], *poses: list[float]) -> set[tuple[str, int]]:
    """Who is compared with which pose: the track, or a pose; all by their boxes."""
    boxes = np.array([track, *poses])
    sides = (boxes * [-1, -1, 1, 1]).T.reshape(2, 2, -1)
    rows, columns = np.divmod(near(sides, sides[0] + sides[1], 1), len(poses))
    names = ["track", *(f"pose {n}" for n in range(len(poses)))]
    return {(names[row], int(column)) for row, column in zip(rows, columns, strict=True)}


def test_a_track_is_compared_with_poses_a_quarter_of_its_box_beside_it():
    # 40 wide, 80 tall: 10 pixels beside it, 20 above and below.
    track = [100.0, 100.0, 140.0, 180.0]
    for away, is_near in ((9.0, True), (11.0, False)):
        for pose in (
            [140 + away, 100, 180 + away, 180],
            [60 - away, 100, 100 - away, 180],
            [100, 180 + 2 * away, 140, 260 + 2 * away],
            [100, 20 - 2 * away, 140, 100 - 2 * away],
        ):
            assert (("track", 0) in compared(track, pose)) == is_near


def test_poses_are_twins_only_if_the_middle_of_one_is_in_the_other():
    far = [900.0, 900.0, 910.0, 910.0]
    one, half_over, mostly_over = [0, 0, 40, 80], [21, 0, 61, 80], [19, 0, 59, 80]
    assert compared(far, one, half_over) == set()
    assert compared(far, one, mostly_over) == {("pose 0", 1), ("pose 1", 0)}
    # A small one in the midst of a large one's arm: only the small one's middle is in the other.
    assert compared(far, [0, 0, 100, 100], [80, 0, 100, 20]) == {("pose 1", 0)}
