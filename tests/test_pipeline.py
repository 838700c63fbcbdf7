"""A run through a clip: the same as frame after frame, and nothing left behind, however it ends."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.correspondence import MATCHERS
from poseflow.errors import InputError
from poseflow.frames import Correspondences, Frame, follow_nothing
from poseflow.pipeline import track
from poseflow.poses import Sequence
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker

N = 12


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def clip(n: int = N, empty: tuple[int, ...] = ()) -> Sequence:
    poses = [frame_of() if t in empty else frame_of(person(60 + 3 * t, 90)) for t in range(n)]
    names = tuple(f"{t}.png" for t in range(n))
    return Sequence(skeleton("coco-17"), tuple(poses), image_names=names)


def images(n: int = N) -> list[Frame]:
    """Noise that moves 3 pixels a frame to the right, as the person of `clip` does."""
    ground = np.random.default_rng(0).integers(0, 256, (180, 200), dtype=np.uint8)
    return [Frame(t, t / 25, "", np.roll(ground, 3 * t, axis=1)) for t in range(n)]


def a_matcher(before, after):
    """Tells which images it saw, frame t of `numbered` having the value t."""
    told = float(before[0, 0]), float(after[0, 0])
    return lambda points: Correspondences(np.full((1, 2), told[0]), np.full((1, 2), told[1]))


def numbered(n: int = N) -> list[Frame]:
    return [Frame(t, t / 25, "", np.full((40, 50), t, dtype=np.uint8)) for t in range(n)]


@pytest.mark.parametrize("name", MATCHERS)
def test_a_clip_is_tracked_as_frame_after_frame_would_be(name):
    sequence, found = clip(empty=(4, 5)), []
    tracked = track(
        sequence,
        Tracker(matcher=MATCHERS[name]()),
        images(),
        recorders=[lambda *pair: found.append(pair)],
    )

    tracker, expected = Tracker(matcher=MATCHERS[name]()), []
    for t, (poses, frame) in enumerate(zip(sequence.frames, images(), strict=True)):
        ids = tracker.update(poses, frame.image).track_ids
        assert tracked.frames[t].track_ids.tolist() == ids.tolist()
        if t:
            expected.append((f"{t - 1}.png", f"{t}.png", tracker.correspondences))
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
    for (*_, got), (*_, wanted) in zip(found, expected, strict=True):
        for mine, theirs in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_allclose(tracked.times, np.arange(N) / 25)


def test_each_frame_is_told_of_its_own_pair():
    found = []
    track(
        clip(), Tracker(matcher=a_matcher), numbered(), recorders=[lambda *pair: found.append(pair)]
    )

    assert [(c.source[0, 0], c.target[0, 0]) for *_, c in found] == [(t, t + 1) for t in range(11)]


def test_images_are_compared_from_the_first_person_on():
    asked = []

    def matcher(before, after):
        asked.append(int(before[0, 0]))
        return follow_nothing

    track(clip(empty=(0, 3, 4)), Tracker(matcher=matcher), numbered())

    # Also in frames without people: the camera may move while they are remembered.
    assert sorted(asked) == list(range(1, 11))


def test_correspondences_at_hand_are_taken_and_none_looked_for():
    def matcher(before, after):
        raise AssertionError("asked")

    found, known = [], Correspondences(np.ones((2, 2)), np.zeros((2, 2)))
    track(
        clip(),
        Tracker(matcher=matcher),
        numbered(),
        find_correspondences=lambda before, after: known,
        recorders=[lambda *pair: found.append(pair)],
    )

    assert len(found) == N - 1


def test_only_a_few_frames_are_fetched_ahead():
    fetched, most = 0, 0

    def fetching():
        nonlocal fetched
        for frame in numbered():
            fetched += 1
            yield frame

    def record(before, after, found):
        nonlocal most
        most = max(most, fetched - int(after.removesuffix(".png")) - 1)

    track(clip(), Tracker(matcher=a_matcher), fetching(), recorders=[record])

    assert 0 < most <= 3


def test_what_fails_in_a_matcher_fails_in_the_run():
    def matcher(before, after):
        if before[0, 0] == 5:
            raise MemoryError("of the matcher")
        return follow_nothing

    with pytest.raises(MemoryError, match="of the matcher"):
        track(clip(), Tracker(matcher=matcher), numbered())


def test_a_run_that_is_broken_off_leaves_no_thread():
    def record(before, after, found):
        if after == "5.png":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        track(clip(), Tracker(matcher=a_matcher), numbered(), recorders=[record])


@pytest.mark.parametrize("matcher", [None, a_matcher])
def test_images_that_end_too_soon_are_refused(matcher):
    with pytest.raises(InputError, match="poses for 12 frames, but the video ended after 9"):
        track(clip(), Tracker(matcher=matcher), numbered(9))
