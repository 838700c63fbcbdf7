"""Tracklets that are linked for reasons worked out by hand, and what else there was."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.offline.cheapest import Chosen, Counted, Links, cheapest
from poseflow.offline.linking import Costs, Paths, paths
from poseflow.offline.rivals import rivals
from poseflow.offline.tracklets import Tracklets, tracklets
from poseflow.poses import NO_ID, Poses
from standing import COCO, people_at

FPS = 25.0
ALONE = Costs(surprise=0.0, vote=0.0)
"""Place and time only."""

Stretch = tuple[range, tuple[float, float], tuple[float, float]]
"""Frames, where somebody is in the first of them, and pixels a frame."""


def stretches(*seen: Stretch, forwards=None, scores=None) -> Tracklets:
    """A tracklet for each stretch of somebody's way; nobody knows which are one person's.

    Args:
        seen: the stretches.
        forwards: ids that tracking forwards gave them; None = each another.
        scores: of the poses on each; None = all alike.
    """
    named = range(1, len(seen) + 1) if forwards is None else forwards
    frames: list[Poses] = []
    ids: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for f in range(max(when.stop for when, _, _ in seen)):
        here = [n for n, (when, _, _) in enumerate(seen) if f in when]
        ways = [(f - seen[n][0].start, *seen[n][1:]) for n in here]
        at = [(x + steps * u, y + steps * v) for steps, (x, y), (u, v) in ways]
        poses = people_at(*at)
        if scores is not None:
            given_ = np.array([scores[n] for n in here])
            poses = Poses.from_keypoints(poses.keypoints, poses.keypoint_scores, given_)
        frames.append(poses)
        ids[0].append(np.array([named[n] for n in here], dtype=np.int64))
        ids[1].append(np.array([n + 1 for n in here], dtype=np.int64))
    found = tracklets(frames, *ids, len(COCO), gap=3)
    assert len(found) == len(seen)
    return found


def linked(clip: Tracklets, people: int | None = None, costs: Costs | None = None) -> Paths:
    return paths(clip, (2 * COCO.sigmas) ** 2, FPS, people, costs)


STILL = (0.0, 0.0)


def test_what_a_link_costs_is_a_newcomer_less_its_margin():
    # Somebody stands still, unseen for 19 frames: but for the time nothing speaks against it.
    clip = stretches((range(10), (100, 200), STILL), (range(29, 40), (100, 200), STILL))
    found = linked(clip, costs=ALONE)
    assert found.path.tolist() == [0, 0]
    assert found.margin[0] == np.inf
    unseen = 19 / FPS
    assert found.margin[1] == pytest.approx(14 - 1.5 * np.log(1 + 3.5 * unseen), rel=1e-5)
    assert found.rival.tolist() == [-1, -1]


@pytest.mark.parametrize("ids", [[1, 1], [1, 2], [NO_ID, NO_ID]])
def test_a_direction_that_gave_both_one_id_votes_for_them(ids):
    seen = (range(10), (100, 200), STILL), (range(29, 40), (100, 200), STILL)
    with_votes, without = (
        linked(stretches(*seen, forwards=ids), costs=Costs(surprise=0.0, vote=vote)).margin[1]
        for vote in (0.6, 0.0)
    )
    assert with_votes - without == pytest.approx(0.6 if ids == [1, 1] else 0.0)


def test_the_vote_decides_between_equals():
    # One is lost; two come back, as far away on either side.
    seen = [
        (range(10), (100, 200), STILL),
        (range(20, 30), (90, 200), STILL),
        (range(20, 30), (110, 200), STILL),
    ]
    for winner in (1, 2):
        ids = [1, 2, 3]
        ids[winner] = 1
        assert linked(stretches(*seen, forwards=ids)).path[winner] == 0


def test_farther_away_costs_what_oks_says():
    clip = stretches((range(10), (100, 200), STILL), (range(29, 40), (112, 200), STILL))
    near = stretches((range(10), (100, 200), STILL), (range(29, 40), (100, 200), STILL))
    far = linked(near, costs=ALONE).margin[1] - linked(clip, costs=ALONE).margin[1]
    # OKS by its definition, both ways alike: 12 pixels, falloffs wider by softness and growth.
    area = np.prod(np.ptp(people_at((0, 0)).keypoints[0], axis=0))
    spread = (1.9 * (1 + 3.5 * 19 / FPS)) ** 2 * area * (2 * COCO.sigmas) ** 2
    alike = np.exp(-(12.0**2) / (2 * spread)).mean()
    assert far == pytest.approx(-2.0 * np.log(alike), rel=1e-5)


def test_a_glimpse_moves_as_the_path_it_is_on():
    # A walker is seen once in the midst of an absence; somebody stands where that was, later, and
    # the walker is where they would have got to. A single pose has no velocity of its own: only
    # the path it is on has.
    way = (8.0, 0.0)
    seen = (
        (range(20), (100, 200), way),
        (range(22, 23), (276, 200), way),
        (range(32, 50), (276, 200), STILL),
        (range(32, 50), (340, 200), way),
    )
    clip = stretches(*seen)
    assert linked(clip, costs=ALONE).path.tolist() == [0, 0, 2, 0]
    once = Costs(surprise=0.0, vote=0.0, rounds=1)
    assert linked(clip, costs=once).path.tolist() == [0, 0, 0, 3]


def test_who_is_left_out_is_the_one_with_the_least_evidence():
    seen = [(range(20), (x, 200.0), STILL) for x in (100, 300, 500)]
    for weak in range(3):
        scores = [0.9] * 3
        scores[weak] = 0.5
        path = linked(stretches(*seen, scores=scores), people=2).path
        assert np.flatnonzero(path < 0).tolist() == [weak]


def test_a_person_of_whom_little_is_seen_is_a_person_where_nobody_counts():
    seen = [(range(20), (100.0, 200.0), STILL), (range(5, 9), (400.0, 200.0), STILL)]
    assert linked(stretches(*seen, scores=[0.9, 0.2])).path.tolist() == [0, 1]


def test_two_who_may_have_changed_places_have_each_other_for_a_rival():
    # Two stand side by side, are hidden, and stand side by side again, a little nearer.
    seen = (
        (range(10), (100, 200), STILL),
        (range(10), (130, 200), STILL),
        (range(20, 30), (110, 200), STILL),
        (range(20, 30), (120, 200), STILL),
    )
    found = linked(stretches(*seen))
    assert found.path.tolist() == [0, 1, 0, 1]
    assert found.rival.tolist() == [-1, -1, 1, 0]
    # One exchange, which is the same for both of them.
    assert found.margin[2] == pytest.approx(found.margin[3])
    apart = [(when, (x + 60 * (x > 115), y), v) for when, (x, y), v in seen]
    assert found.margin[2] < linked(stretches(*apart)).margin[2]


def test_somebody_new_has_for_a_rival_who_went_on_as_another():
    # One is hidden; two come out, the second a little farther away.
    seen = (
        (range(10), (100, 200), STILL),
        (range(20, 30), (102, 200), STILL),
        (range(20, 30), (92, 200), STILL),
    )
    found = linked(stretches(*seen))
    # Tracklets are in order of where they are; the one farther left comes first.
    assert sorted(found.path.tolist()) == [0, 0, 1]
    new = int(np.flatnonzero(found.path == 1)[0])
    assert found.rival[new] == 0
    assert found.rival[3 - new] == -1
    assert found.margin[1] == pytest.approx(found.margin[2])


def test_nobody_is_ones_own_rival():
    # The second stretch is a step aside: without it the third would come after the first.
    found = linked(
        stretches(
            (range(10), (100, 200), STILL),
            (range(15, 20), (130, 200), STILL),
            (range(25, 40), (100, 200), STILL),
        )
    )
    assert found.path.tolist() == [0, 0, 0]
    assert found.margin[1] == found.margin[2] < np.inf
    assert found.rival.tolist() == [-1, -1, -1]


def test_where_people_are_counted_no_path_can_be_cut():
    clip = stretches((range(10), (100, 200), STILL), (range(29, 40), (100, 200), STILL))
    assert np.isinf(linked(clip, people=1).margin).all()


def cost_of(following, prices, newcomer) -> float:
    """What paths cost in all, by the definition."""
    total = 0.0
    for i, j in enumerate(following):
        total += 0.0 if j < 0 else prices[i, j]
    begun = len(following) - sum(j >= 0 for j in following)
    return total + newcomer * begun


def every_set_of_paths(n):
    """(following, …) of n tracklets, each later than the one before."""
    for following in itertools.product(*[[-1, *range(i + 1, n)] for i in range(n)]):
        taken = [j for j in following if j >= 0]
        if len(taken) == len(set(taken)):
            yield following


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_margins_bound_what_the_best_of_all_else_would_cost(seed, n):
    rng = np.random.default_rng(seed)
    newcomer = 10.0
    prices = np.where(np.triu(np.ones((n, n)), 1) > 0, rng.uniform(-2, newcomer, (n, n)), np.inf)
    best = min(every_set_of_paths(n), key=lambda paths_: cost_of(paths_, prices, newcomer))
    i, j = np.nonzero(np.isfinite(prices))
    paid = [prices[i, j] if j >= 0 else 0.0 for i, j in enumerate(best)]
    chosen = Chosen(np.array(best, dtype=np.int64), np.array(paid))
    margin, rival = rivals(chosen, Links(i, j, prices[i, j]), newcomer)
    least = cost_of(best, prices, newcomer)

    def comes_after(paths_, t) -> int:
        return paths_.index(t) if t in paths_ else -1

    for t in range(n):
        others = [p for p in every_set_of_paths(n) if comes_after(p, t) != comes_after(best, t)]
        dearer = min((cost_of(p, prices, newcomer) for p in others), default=np.inf) - least
        assert margin[t] >= dearer - 1e-9
        # What is said to be the best exchange is one that can be made.
        if np.isfinite(margin[t]):
            same = [p for p in others if comes_after(p, t) == rival[t]]
            costs = [cost_of(p, prices, newcomer) - least for p in same]
            assert any(abs(cost - margin[t]) < 1e-9 for cost in costs)
        if n <= 3:
            # Among so few there is nothing else.
            assert margin[t] == pytest.approx(dearer)


def test_a_path_is_taken_for_the_sum_of_its_costs_not_step_by_step():
    # The first is nearest to where one comes back whom only the second can be.
    seen = (
        (range(10), (100, 200), STILL),
        (range(10), (160, 200), STILL),
        (range(20, 30), (70, 200), STILL),
        (range(20, 30), (110, 200), STILL),
    )
    assert linked(stretches(*seen)).path.tolist() == [0, 1, 0, 1]


def test_nobody_has_no_paths():
    found = linked(tracklets([people_at()], [np.empty(0, int)], [np.empty(0, int)], 17, 3))
    assert (len(found.path), len(found.margin), len(found.rival)) == (0, 0, 0)


NEWCOMER = 10.0
COUNTED = Counted(people=2, reach=4, anybody=9.0, perforce=11.0)


def every_way(n, frames, links, counted):
    """Every set of paths, each (price, following), by the definition; itself = left out."""
    options = []
    for i in range(n):
        mine = [(0.0, -1), (OMISSION[i], i)]
        for j in range(n):
            gap = frames[j][0] - frames[i][1]
            if gap > 0 and (i, j) in links:
                mine.append((links[i, j], j))
            if gap > 0 and counted is not None:
                mine.append((counted.perforce if gap <= counted.reach else counted.anybody, j))
        options.append(mine)
    for ways in itertools.product(*options):
        following = [j for _, j in ways]
        gone_on = [j for j in following if j >= 0]
        if len(set(gone_on)) < len(gone_on):
            continue
        begun = n - len(gone_on)
        if counted is None or begun <= counted.people:
            yield sum(price for price, _ in ways) + NEWCOMER * begun, following


OMISSION = [40.0, 12.0, 25.0, 3.0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([None, 1, 2, 3]))
def test_of_all_sets_of_paths_the_cheapest_is_chosen(seed, n, people):
    rng = np.random.default_rng(seed)
    first = np.sort(rng.integers(0, 12, n))
    frames = np.stack([first, first + rng.integers(0, 4, n)], axis=1)
    later = [(i, j) for i in range(n) for j in range(n) if frames[j, 0] > frames[i, 1]]
    links = {pair: rng.uniform(-1, NEWCOMER) for pair in later if rng.random() < 0.7}
    i, j = np.array(list(links), dtype=np.int64).reshape(-1, 2).T
    counted = None if people is None else dataclasses.replace(COUNTED, people=people)
    chosen = cheapest(
        Links(i, j, np.array(list(links.values()))),
        NEWCOMER,
        np.array(OMISSION[:n]),
        frames,
        counted,
    )
    following, own = chosen.following, np.arange(n)
    best = min(price for price, _ in every_way(n, frames, links, counted))
    begun = n - (following >= 0).sum()
    left_out = np.array(OMISSION[:n])[following == own].sum()
    assert chosen.price.sum() + left_out + NEWCOMER * begun == pytest.approx(best)
    # It is one of them: each price is that of a link or a gap that there is.
    assert people is None or begun <= people
    for t in own[(following >= 0) & (following != own)]:
        gap = frames[following[t], 0] - frames[t, 1]
        assert gap > 0
        told = {links.get((t, following[t])), COUNTED.anybody if gap > 4 else COUNTED.perforce}
        assert chosen.price[t] in (told if people else {links[t, following[t]]})


def test_whoever_has_to_be_somebody_is_who_was_lost_before():
    # Two people, lost in frames 0 and 9. Who comes in frame 6, after a longer gap than is bridged,
    # can only be the first; who comes in frame 11 is then the second, perforce.
    spans = np.array([[0, 0], [9, 9], [6, 20], [11, 20]])
    nothing = Links(np.empty(0, int), np.empty(0, int), np.empty(0))
    chosen = cheapest(nothing, NEWCOMER, np.full(4, 100.0), spans, COUNTED)
    assert chosen.following.tolist() == [2, 3, -1, -1]
    assert chosen.price.tolist() == [9.0, 11.0, 0.0, 0.0]


def test_a_number_above_those_who_are_there_makes_nobody_more():
    # Two people, one of them away for longer than is bridged, and a place nobody takes.
    frames = [people_at((100, 200), (400, 200)) for _ in range(20)]
    frames += [people_at((100, 200)) for _ in range(300)]
    frames += [people_at((100, 200), (420, 200)) for _ in range(20)]
    ids = [np.arange(1, len(poses) + 1) for poses in frames]
    ids[-20:] = [np.array([1, 3])] * 20
    clip = tracklets(frames, ids, ids, len(COCO), gap=3)
    assert len(clip) == 3
    for people in (2, 3, 10):
        path = linked(clip, people=people).path
        assert len(set(path.tolist())) == 2
    assert len(set(linked(clip).path.tolist())) == 3


def test_somebody_new_is_not_somebody_elsewhere_while_there_may_be_more():
    # One is lost, and at once there is one at the other end of the picture.
    seen = (range(20), (100.0, 200.0), STILL), (range(21, 40), (900.0, 200.0), STILL)
    assert linked(stretches(*seen), people=2).path.tolist() == [0, 1]
    assert linked(stretches(*seen), people=1).path.tolist() == [0, 0]


def test_hundreds_of_tracklets_are_linked():
    # Six people who stand there for four minutes, and are hidden every two seconds.
    places = [(100.0 + 90 * p, 200.0) for p in range(6)]
    seen = [
        (range(50 * k + 8 * p, 50 * k + 8 * p + 3), place, STILL)
        for k in range(120)
        for p, place in enumerate(places)
    ]
    clip = stretches(*seen)
    for people in (None, 6, 9):
        path = linked(clip, people=people).path
        assert len(set(path.tolist())) == 6
        assert all(
            len({float(x) for x in clip.keypoints[clip.firsts[path == p], 0, 0]}) == 1
            for p in set(path.tolist())
        )
