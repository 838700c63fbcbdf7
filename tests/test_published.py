"""The 2018 rule: equal to what that program gave, and to its definition worked out pair by pair."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conftest import frame_of, person, shared
from poseflow.frames import Correspondences
from poseflow.poses import Poses
from poseflow.tracking import Tracker, published
from poseflow.tracking.tracks import Tracks

SIZES = {"bedroom": (960, 540), "treadmill": (1088, 1920), "vtest": (768, 576)}


@pytest.mark.golden
@pytest.mark.parametrize("clip", SIZES)
def test_ids_equal_those_of_the_2018_program(clip):
    folder = shared("golden", "published", clip)
    rows = json.loads((folder / "alphapose-results.json").read_text())
    expected = json.loads((folder / "expected_ids.json").read_text())
    width, height = SIZES[clip]
    tracker, before = Tracker(None, published()), ""
    with np.load(folder / "correspondences.npz") as pairs:
        for name in sorted(expected, key=lambda n: int(n.removesuffix(".jpg"))):
            people = [r["keypoints"] for r in rows if r["image_id"] == name]
            table = np.array(people, float).reshape(len(people), 17, 3)
            poses = Poses.from_keypoints(table[..., :2], table[..., 2])
            pair = f"{before}_{name}".replace(".jpg", "")
            known = pairs[pair].astype(float) if before else np.empty((0, 4))
            tracked = tracker.update(
                poses,
                np.zeros((height, width), np.uint8),
                correspondences=(known[:, :2], known[:, 2:]),
            )
            assert tracked.track_ids.tolist() == expected[name], name
            before = name


def boxes_by_definition(pose: np.ndarray, width: int, height: int) -> tuple[int, int, int, int]:
    """x0, x1, y0, y1 of the 2018 program, one pose at a time."""
    x, y = pose[~np.isnan(pose[:, 0])].T
    dx, dy = 0.1 * (x.max() - x.min()), 0.1 * (y.max() - y.min())
    return (
        int(max(x.min() - dx, 0)),
        int(min(x.max() + dx, width)),
        int(max(y.min() - dy, 0)),
        int(min(y.max() + dy, height)),
    )


def grade_by_definition(a, b, source, target, size, just_seen, reach=30.0, joints=7):
    """The four cues of one pair of poses, in loops."""

    def inside(point, box):
        return box[0] <= point[0] <= box[1] and box[2] <= point[1] <= box[3]

    def iou(p, q):
        w, h = min(p[1], q[1]) - max(p[0], q[0]), min(p[3], q[3]) - max(p[2], q[2])
        if w <= 0 or h <= 0:
            return 0.0
        area = [(r[1] - r[0] + 1) * (r[3] - r[2] + 1) for r in (p, q)]
        return (w + 1) * (h + 1) / (sum(area) - (w + 1) * (h + 1))

    def joined(p, q):
        held = [(inside(s, p), inside(t, q)) for s, t in zip(source, target, strict=True)]
        return sum(x and y for x, y in held) / (sum(x or y for x, y in held) + 1e-5)

    def best(cue):
        values = []
        for p, q in zip(a, b, strict=True):
            if np.isnan(p[0]) or np.isnan(q[0]):
                values.append(0.0)
                continue
            squares = [(c[0] - reach, c[0] + reach, c[1] - reach, c[1] + reach) for c in (p, q)]
            values.append(cue(*squares))
        return np.mean(sorted(values)[-joints:])

    whole = boxes_by_definition(a, *size), boxes_by_definition(b, *size)
    cues = [joined(*whole), iou(*whole), best(joined), best(iou)]
    return float(np.dot([1, 2, 1, 2] if just_seen else [0, 1, 0, 1], cues))


def test_grades_are_those_of_the_definition():
    rng = np.random.default_rng(5)
    size = (400, 300)
    before = [person(*rng.uniform(40, 260, 2)) + rng.normal(0, 3, (17, 2)) for _ in range(4)]
    now = [p + rng.normal(0, 12, (17, 2)) for p in before[1:]] + [person(-5, 295)]
    now[0][3] = before[2][5] = np.nan
    source = rng.uniform(0, 300, (300, 2))
    target = source + rng.normal(0, 8, source.shape)
    tracks = Tracks.started(frame_of(*before))
    tracks.missed[2] = 4
    grades = published().grades(tracks, frame_of(*now), Correspondences(source, target), size)
    expected = [
        [grade_by_definition(a, b, source, target, size, tracks.missed[i] == 0) for b in now]
        for i, a in enumerate(before)
    ]
    np.testing.assert_allclose(grades, expected, atol=1e-6)
    assert np.count_nonzero(expected) >= 6  # the test would be empty if nobody overlapped


@pytest.mark.parametrize(
    ("start", "apart", "expected"),
    [
        pytest.param(100.0, 59.0, 2 * 61 / (2 * 61**2 - 2 * 61), id="by-a-pixel"),
        pytest.param(100.0, 60.0, 0.0, id="not"),
        # 34.1 + 30 is 94.1 - 30, but 94.1 - 34.1 is less than 60; its last pixel belongs to each
        pytest.param(34.1, 60.0, 61 / (2 * 61**2 - 61), id="by-a-rounding-error"),
    ],
)
def test_only_squares_overlap(start, apart, expected):
    before, now = (np.tile([x, 50.0], (17, 1)) for x in (start, start + apart))
    grades = published().grades(Tracks.started(frame_of(before)), frame_of(now), None, None)
    np.testing.assert_allclose(grades, [[2 * expected]], rtol=1e-12)


def test_without_an_image_nothing_is_clipped():
    outside = frame_of(person(-200, -200))
    tracker = Tracker(None, published())
    assert [tracker.update(outside).track_ids.tolist() for _ in range(2)] == [[1], [1]]
