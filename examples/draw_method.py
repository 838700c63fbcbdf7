"""Draw the pictures of docs/method.md: one for each step of the paper's setting, on a real clip.

    python examples/draw_method.py docs/figures

The clip is the one of `poseflow demo`, which is fetched the first time, with the poses that come
with the package; what is drawn is what the tracker computed. Frames are counted from 0. The same
versions of OpenCV and NumPy give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import poseflow
from poseflow.correspondence import MATCHERS
from poseflow.demo import POSES, fetch_clip
from poseflow.files import whole_file
from poseflow.frames import Correspondences, ImageArray
from poseflow.pipeline import on_video
from poseflow.poses import Origin, Poses
from poseflow.tracking import FlowTracker, paper
from poseflow.tracking.distances import joint_squares
from poseflow.tracking.flows import fused
from poseflow.tracking.moments import Moment
from poseflow.video import open_video, read_frames
from svg_picture import FloatArray, Picture

Place = Callable[[FloatArray], FloatArray]
"""Points of the clip (..., 2) -> those of a picture."""

FIRST, LAST = 84, 196
"""The frames of the clip among which everything is drawn."""

LOW = 600.0
"""Pixels; the feet of the man on the hut are above, those of the woman who walks are below."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    clip = demo_clip()
    plain = followed(clip, clip.poses, paper())
    for name, picture in (
        ("candidates", candidates(plain)),
        ("carrying-over", carrying_over(clip)),
        ("pf-builder", pf_builder(plain)),
        ("pf-nms", pf_nms(plain, followed(clip, clip.poses, paper(patience=0)))),
        ("window", window(plain)),
    ):
        with whole_file(args.out / f"{name}.svg") as temporary:
            temporary.write_text(picture.text(), encoding="utf-8")


# ---------------------------------------------------------------- what is drawn


class Clip(NamedTuple):
    """Frames FIRST to LAST: their gray images and their poses."""

    images: list[ImageArray]
    poses: list[Poses]


class Run(NamedTuple):
    """What a tracker made of the frames: lists to be read by `of`.

    Attributes:
        moments: poses, those carried over among them, with flows and all distances.
        correspondences: from the frame before.
        final: poses with ids.
        tracker: that did it.
    """

    moments: list[Moment]
    correspondences: list[Correspondences | None]
    final: list[Poses]
    tracker: FlowTracker

    def of(self, frame: int) -> Moment:
        """What was known of a frame of the clip."""
        return self.moments[frame - FIRST]


def demo_clip() -> Clip:
    """Of `poseflow demo`."""
    video = open_video(fetch_clip())
    poses = on_video(poseflow.load(POSES), video).frames[FIRST : LAST + 1]
    frames = read_frames(video, color=False)
    images = [frame.image for frame in frames if FIRST <= frame.index <= LAST]
    return Clip(images, list(poses))


def followed(clip: Clip, poses: list[Poses], setting: paper) -> Run:
    """What the tracker makes of poses on the images of the clip."""
    tracker = FlowTracker(poseflow.skeleton("coco-17"), setting, matcher=MATCHERS["dis"]())
    run = Run([], [], [], tracker)
    final = []
    for image, some in zip(clip.images, poses, strict=True):
        final += tracker.update(some, image)
        # What is in the window concerns nobody but the tracker, and this picture of it.
        run.moments.append(tracker._moments[-1])
        run.correspondences.append(tracker.correspondences)
    run.final.extend(frame.poses for frame in final + tracker.finish())
    return run


def walker(moment: Moment) -> int:
    """Which pose is the woman's, who walks to the left on the grass: the lowest."""
    return int(moment.poses.boxes[:, 3].argmax())


def men(moment: Moment) -> list[int]:
    """Which poses are the man's on the hut, in the order of their flows: all of him is first."""
    on_hut = np.flatnonzero(moment.poses.boxes[:, 3] < LOW)
    return [int(i) for i in on_hut[np.argsort(moment.flows[on_hut], kind="stable")]]


def onto(middle: FloatArray, at: tuple[float, float], scale: float) -> Place:
    """So large that `scale` pixels are one of the clip, with `middle` at `at`."""
    return lambda points: np.asarray(at) + scale * (points - middle)


def on(at: Place, squares: FloatArray) -> FloatArray:
    """Squares (S, 4) of the clip -> those of a picture."""
    return at(squares.reshape(-1, 2)).reshape(-1, 4)


def middle_of(points: FloatArray) -> FloatArray:
    """(2,) of the box around points (N, 2)."""
    return np.asarray((points.min(axis=-2) + points.max(axis=-2)) / 2)


# ---------------------------------------------------------------- the steps


def candidates(run: Run) -> Picture:
    """Correspondences in joint squares, and what they say of each pose of the next frame."""
    frame, joint, said = 102, 7, "left elbow"
    before, after = run.of(frame - 1), run.of(frame)
    p, q = walker(before), walker(after)
    from_p, *_ = joint_squares(before.poses[p], paper().square)
    to_q, *_ = joint_squares(after.poses[q], paper().square)
    found = run.correspondences[frame - FIRST]
    assert found is not None
    picture = Picture(800, 400, "Candidates: correspondences from joint squares to joint squares")

    at = onto(middle_of(before.poses.keypoints[p]), (140, 228), 0.74)
    picture.say(24, 34, "around each joint, a square", "ink big")
    picture.say(24, 54, f"P in frame {frame - 1}", "soft")
    picture.say(136, 54, f"Q in frame {frame}", "walker")
    picture.body(at(before.poses.keypoints[p]), "faint", 3)
    picture.squares(on(at, from_p), "soft", stroke_dasharray="3 2")
    picture.body(at(after.poses.keypoints[q]), "walker", 2.5)
    picture.squares(on(at, to_q), "walker")

    start = inside(found.source, from_p[joint])
    end = inside(found.target, to_q[joint])
    f, m = int(start.sum()), int((start & end).sum())
    both = np.concatenate([from_p[joint], to_q[joint]]).reshape(4, 2)
    large = onto(middle_of(both), (402, 200), 4.0)
    picture.say(290, 34, f"one of them: the {said}", "ink big")
    picture.box(286, 72, 232, 256, "pane")
    picture.squares(
        on(large, from_p[joint][None]), "soft", stroke_width=1.5, stroke_dasharray="5 3"
    )
    picture.squares(on(large, to_q[joint][None]), "walker", stroke_width=1.5)
    for i in np.flatnonzero(start).tolist():
        kind = "ink" if end[i] else "stop"
        picture.arrow(large(found.source[i]), large(found.target[i]), kind, 1.6, 7)
    picture.say(290, 352, f"f = {f} correspondences start in P's square;")
    picture.say(290, 371, f"m = {m} of them end in Q's.")

    shared = after.edges[p]
    full, half = men(after)[:2]
    picture.say(570, 34, "all 17: d_c = Σ m / f", "ink big")
    picture.say(570, 54, f"P and the poses of frame {frame}", "soft")
    most = 130 / before.poses.n_keypoints
    for n, (i, kind) in enumerate(((q, "walker"), (full, "man"), (half, "half"))):
        y = 124 + 96 * n
        points = after.poses.keypoints[i]
        picture.body(onto(middle_of(points), (598, y), 0.17)(points), kind, 2)
        picture.box(640, y - 6, 1, 12, "soft", 0)
        picture.box(640, y - 6, most * shared[i], 12, kind, 2)
        picture.say(664, y + 26, f"{'Q: ' if i == q else ''}d_c = {shared[i]:.1f}", kind)
    x = 640 + most * paper().candidate
    picture.line([[x, 84], [x, 344]], "stop", 1.2, stroke_dasharray="4 3")
    picture.say(x + 6, 90, f"ε = {paper().candidate:g}", "stop")
    assert np.flatnonzero(shared >= paper().candidate).tolist() == [q]
    picture.say(570, 371, "Only Q is beyond ε.")
    return picture


def carrying_over(clip: Clip) -> Picture:
    """The walker kept from the tracker in two frames, and what it puts there."""
    first, hidden = 100, (101, 102)
    poses = list(clip.poses)
    for frame in hidden:
        some = poses[frame - FIRST]
        poses[frame - FIRST] = some[some.boxes[:, 3] < LOW]
    run = followed(clip, poses, paper())
    middle = middle_of(clip.poses[hidden[0] - FIRST].keypoints[0])
    picture = Picture(800, 400, "Carrying over: where correspondences say that a missed person is")
    picture.say(24, 34, "The tracker was not shown the walker in frames 101 and 102", "ink big")
    picture.say(24, 54, "gray: where the estimator had found her", "soft")
    picture.say(310, 54, "dashed: where correspondences carried her", "walker")
    for n, frame in enumerate(range(first, first + 4)):
        moment, x = run.of(frame), 115 + 190 * n
        i, at = walker(moment), onto(middle, (115.0 + 190 * n, 180.0), 0.44)
        carried = moment.poses.origins[i] == Origin.PROPAGATED
        picture.box(x - 85, 70, 170, 220, "pane")
        picture.say(x - 76, 88, f"frame {frame}", "soft")
        if carried:
            truth = clip.poses[frame - FIRST]
            picture.body(at(truth.keypoints[truth.boxes[:, 3] >= LOW][0]), "faint", 5)
            picture.arrow((x - 107, 180), (x - 83, 180), "soft", 2, 7)
            picture.say(x - 97, 170, f"× {paper().fading:g}", "soft small middle")
        dashes = {"stroke_dasharray": "5 4"} if carried else {}
        picture.body(at(moment.poses.keypoints[i]), "walker", 2.4, **dashes)
        said = "carried over" if carried else "found again" if n else "found"
        picture.say(x, 282, f"{said}: s = {moment.worth[i]:.2f}", "walker middle")
    for x, told, end in (
        (30, "found again: the poses between stay", "●"),
        (430, "never again: they go", ""),
    ):
        picture.line([[x + 8, 332], [x + 128, 332]], "faint", 2)
        for n in range(6):
            found = n < 2 or (end and n > 3)
            more = (
                {}
                if found
                else {"fill": "none", "stroke": "currentColor", "stroke_dasharray": "3 2.5"}
            )
            picture.dot((x + 8 + 24 * n, 332), 7, "card")
            picture.dot((x + 8 + 24 * n, 332), 6, "walker", **more)
            if n > 1 and not end:
                picture.line([[x + 2 + 24 * n, 338], [x + 14 + 24 * n, 326]], "stop", 1.6)
        picture.say(x, 368, told)
    return picture


def pf_builder(run: Run) -> Picture:
    """The path that gathers most, and where one ends."""
    picture = Picture(800, 400, "PF-Builder: the path that gathers most, and the stop rule")
    _choice(picture, run, 121)
    picture.line([[486, 24], [486, 376]], "faint", 1)
    _stop(picture, run, 183)
    return picture


def _choice(picture: Picture, run: Run, frame: int) -> None:
    """Two candidates over the frames ahead, at the left."""
    ahead = [run.of(frame + n) for n in range(1, paper().ahead + 1)]
    tip, *_ = men(run.of(frame))
    picture.say(24, 34, f"Which candidate? Look r = {len(ahead)} frames ahead", "ink big")
    picture.say(24, 54, "numbers at arrows: shared points d_c", "soft")
    places = [[(62.0, 200.0)], *([(186.0 + 118 * n, y) for y in (132.0, 268.0)] for n in range(3))]
    columns = [[tip], *(men(moment)[:2] for moment in ahead)]
    for n, moment in enumerate(ahead):
        for i, start in zip(columns[n], places[n], strict=True):
            for j, end in zip(columns[n + 1], places[n + 1], strict=True):
                best = end[1] == 132.0 and start[1] <= 200.0
                a, b = np.array([start[0] + 33, start[1]]), np.array([end[0] - 33, end[1]])
                picture.arrow(
                    a, b, "man" if best else "faint", 4 if best else 1.5, 10 if best else 6
                )
                x, y = a + 0.36 * (b - a)
                picture.say(x - 6, y - 6, f"{moment.edges[i, j]:.0f}", "soft small middle")
    for moment, column, where in zip([run.of(frame), *ahead], columns, places, strict=True):
        for i, (x, y), kind in zip(column, where, ("man", "half")[: len(column)], strict=False):
            points = moment.poses.keypoints[i]
            picture.box(x - 32, y - 52, 64, 104, "pane")
            picture.body(onto(middle_of(points), (x, y - 8), 0.19)(points), kind, 2)
            picture.say(x, y + 47, f"s = {moment.worth[i]:.1f}", f"{kind} small middle")
        picture.say(where[0][0], 346, f"frame {moment.index + FIRST}", "soft small middle")
    sums = run.tracker._sums(ahead)[tip]
    upper, lower = sums[columns[1]].tolist()
    assert upper > lower
    picture.say(24, 378, f"By the upper pose it can gather {upper:.1f}, by the lower {lower:.1f}.")


def _stop(picture: Picture, run: Run, frame: int) -> None:
    """A flow whose person is not found any more, at the right."""
    before, born, after = (set(run.of(frame + n).flows.tolist()) for n in (-1, 0, 1))
    # Of those that begin, the one that goes on.
    (flow,), options = born & after - before, paper()
    picture.say(510, 34, "When does a flow end?", "ink big")
    left, floor, tall = 536.0, 316.0, 120.0
    worth: list[float] = []
    bring, hurdle = [], []
    while flow in run.of(frame + len(worth)).flows:
        moment, x = run.of(frame + len(worth)), left + 26.0 * len(worth)
        i = int(np.flatnonzero(moment.flows == flow)[0])
        height = tall * float(moment.worth[i])
        seen = moment.poses.origins[i] == Origin.DETECTED
        worth.append(float(moment.worth[i]))
        if seen:
            picture.box(x - 9, floor - height, 18, height, "man", 2)
        else:
            top = floor - height
            corners = [[x - 9, floor], [x - 9, top], [x + 9, top], [x + 9, floor]]
            picture.line(corners, "man", 1.3, stroke_dasharray="3 2.5")
        ahead = [run.of(frame + len(worth) + n) for n in range(options.ahead)]
        shared = ahead[0].edges[i]
        others = (ahead[0].flows >= 0) & (ahead[0].flows != flow)
        sums = run.tracker._sums(ahead)[i]
        best = sums[(shared >= options.candidate) & ~others].max(initial=0.0)
        bring.append([x + 26.0, floor - tall * float(best) / options.ahead])
        hurdle.append([x + 26.0, floor - tall * options.gain * float(np.mean(worth))])
    end = left + 26.0 * len(worth)
    picture.line([[left - 16, floor], [end + 16, floor]], "soft", 1)
    picture.line(bring, "ink", 2)
    for at in bring:
        picture.dot(at, 3, "ink")
    picture.line(hurdle, "stop", 2, stroke_dasharray="5 3")
    picture.dot(bring[-1], 8, "stop", fill="none", stroke="currentColor", stroke_width=2)
    for x, said in ((left, frame), (end, frame + len(worth))):
        picture.say(x, floor + 18, f"{said}", "soft small middle")
    picture.say(510, 60, "bars: its s; dashed: carried over", "man")
    picture.say(510, 80, f"what each of the next {options.ahead} frames can bring")
    picture.say(510, 100, f"γ = {options.gain:g} of its own mean s so far", "stop")
    picture.say(510, 362, f"From frame {frame + len(worth)} on they would bring")
    picture.say(510, 380, "less than that: it ends.")


def pf_nms(run: Run, pieces: Run) -> Picture:
    """Flows that are one person."""
    picture = Picture(800, 400, "PF-NMS: flows that are one person, fused and joined")
    _fusing(picture, run, 110)
    picture.line([[396, 24], [396, 376]], "faint", 1)
    _joining(picture, pieces, (86, 139))
    return picture


def _fusing(picture: Picture, run: Run, frame: int) -> None:
    """Two poses of one frame, at the left."""
    moment, joint, said = run.of(frame), 9, "left wrist"
    a, b = men(moment)[:2]
    both = moment.poses[[a, b]]
    one = fused(both)
    at = onto(middle_of(both.keypoints[0]), (104, 214), 0.68)
    picture.say(24, 34, "Two poses of one man are one", "ink big")
    apart = f"d_f = {moment.apart[a, b]:.2f}, less than {paper().distance:g}"
    picture.say(24, 54, f"frame {frame}: {apart}", "soft")
    picture.body(at(both.keypoints[0]), "man", 6, opacity=0.45)
    picture.body(at(both.keypoints[1]), "half", 3.2, opacity=0.75)
    picture.body(at(one.keypoints[0]), "fused", 2)
    picture.box(206, 92, 168, 168, "pane")
    spots = np.concatenate([both.keypoints[:, joint], one.keypoints[:, joint]])
    large = onto(middle_of(spots[:2]), (290, 180), 60 / float(np.hypot(*np.ptp(spots, axis=0))))
    (xa, ya), (xb, yb), (x, y) = large(spots).tolist()
    picture.line([[xa, ya], [xb, yb]], "faint", 2)
    for (u, v), i, kind in (((xa, ya), 0, "man"), ((xb, yb), 1, "half")):
        weight = float(both.keypoint_scores[i, joint])
        picture.dot((u, v), 14 * weight, kind, opacity=0.75)
        picture.say(u, v + (28 if v > y else -18), f"score {weight:.2f}", f"{kind} small middle")
    picture.dot((x, y), 5, "fused")
    picture.say(214, 110, said, "soft")
    picture.say(206, 288, "Each joint goes to the mean", "fused")
    picture.say(206, 306, "of the two, weighted", "fused")
    picture.say(206, 324, "by powers of scores.", "fused")


def _joining(picture: Picture, run: Run, span: tuple[int, int]) -> None:
    """Flows through the frames, at the right."""
    frames = range(*span)
    left, step = 420.0, 356.0 / len(frames)
    on_hut = {frame: [int(run.of(frame).flows[i]) for i in men(run.of(frame))] for frame in frames}
    numbers = sorted({number for numbers in on_hut.values() for number in numbers})
    long, *others = numbers
    picture.say(420, 34, "A flow joins the pieces beside it", "ink big")
    picture.say(420, 54, "one stroke a frame; nobody carried over", "soft")

    def bars(y: float, among: list[int], kind: Callable[[int], str]) -> None:
        for n, frame in enumerate(frames):
            if set(among) & set(on_hut[frame]):
                picture.box(left + step * n, y, step - 1.2, 20, kind(frame), 1)

    bars(110, [long], lambda _: "man")
    picture.say(420, 102, "the whole man", "man")
    bars(166, others, lambda _: "half")
    picture.say(420, 206, f"half of him: {len(others)} pieces, which never meet", "half")
    for number in others:
        mine = [frame for frame in frames if number in on_hut[frame]]
        for frame in (mine[0], mine[-1]):
            x = left + step * (frame - span[0] + 0.5)
            picture.line([[x, 132], [x, 164]], "faint", 1.2)
    picture.arrow((598, 224), (598, 252), "soft", 2, 8)
    final = {frame: run.final[frame - FIRST] for frame in frames}
    final = {frame: poses[poses.boxes[:, 3] < LOW] for frame, poses in final.items()}
    assert len({tuple(poses.track_ids.tolist()) for poses in final.values()}) == 1
    bars(262, numbers, lambda n: "fused" if Origin.FUSED in final[n].origins else "man")
    picture.say(420, 302, "one person, one id", "man")
    picture.say(556, 302, "(where both: fused)", "fused")
    picture.say(420, 344, "Each piece is close to the long flow while")
    picture.say(420, 362, "it lasts: median d_f over the window ≤ 1.")
    picture.say(left, 84, f"frame {span[0]}", "soft small")
    picture.say(left + 355, 84, f"frame {span[1] - 1}", "soft small end")


def window(run: Run) -> Picture:
    """What is final when frame `now` comes in."""
    now, options = 120, paper()
    oldest, built = now - options.window, now - options.ahead + 1
    picture = Picture(800, 340, "The sliding window: a frame is final when L later ones have come")
    picture.say(24, 34, f"Frame {now} comes in: frame {oldest} goes out, final", "ink big")
    picture.say(24, 54, "some of the frames; time goes to the right", "soft")
    places: dict[int, float] = {}
    for n, frame in enumerate(
        (96, oldest, oldest + 1, 106, 111, 115, built, built + 1, now, now + 1)
    ):
        places[frame] = x = 62.0 + 75.2 * n
        kind = "walker" if frame <= oldest else "fused" if frame <= built else "soft"
        moment = run.of(frame)
        points = moment.poses.keypoints[walker(moment)]
        picture.box(x - 33, 74, 66, 124, "pane")
        picture.say(x, 90, f"{frame}", "soft small middle")
        small = onto(middle_of(points), (x, 136.0), 0.2)(points)
        picture.body(small, "faint" if frame > now else kind, 2)
        if frame <= oldest:
            picture.dot((x + 18, 184), 9, "walker")
            final = run.final[frame - FIRST]
            track_id = int(final.track_ids[final.boxes[:, 3].argmax()])
            picture.say(x + 18, 188, f"{track_id}", "card small middle")
    for first, last, y, kind, *lines in (
        (96, oldest, 208, "walker", "given out,", "with ids"),
        (
            *(oldest + 1, now, 208, "fused", f"the window, L = {options.window} frames:"),
            "flows are compared, fused and joined",
        ),
        (built + 1, now, 268, "soft", "only looked at:", "not on flows yet"),
        (now + 1, now + 1, 208, "soft", "to come"),
    ):
        x0, x1 = places[first] - 31, places[last] + 31
        picture.line([[x0, y], [x0, y + 8], [x1, y + 8], [x1, y]], kind, 1.5)
        for n, said in enumerate(lines):
            picture.say((x0 + x1) / 2, y + 28 + 18 * n, said, f"{kind} middle")
    late = f"{options.window} frames late: {options.window / 30:.1f} s at 30 frames a second."
    picture.say(24, 314, f"Answers come {late}")
    return picture


def inside(points: FloatArray, square: FloatArray) -> NDArray[np.bool_]:
    """(N,) whether points lie in a square x0 y0 x1 y1."""
    return np.asarray(((points >= square[:2]) & (points <= square[2:])).all(axis=1))


if __name__ == "__main__":
    main()
