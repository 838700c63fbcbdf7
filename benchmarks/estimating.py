"""From a video alone: what everything but the network costs, and what following people saves.

Without data, a drawn film of 5 people at 1280×720 whose poses are known: an estimator that answers
at once leaves the cost of all the rest. With `--models DIR` (rtmdet-nano.onnx,
movenet-lightning.onnx, movenet-multipose.onnx) and `--video FILE`, the networks themselves; with
`--truth FILE` of its poses, or `--joints FILE` of joints marked by hand in some of its frames, as
well: following against looking in each frame.

Another estimator's poses are stand-in truth: they say what following loses against looking, not
how good either is. `benchmarks/truth/bedroom.json` was marked by eye, on six frames enlarged under
a grid: 96 joints in plain view, to some 5 pixels, and the length of each head from its top to the
chin, hair aside, which is 70 to 81. None of its frames is one that every third or tenth is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Sequence as Frames
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from poseflow import formats, results
from poseflow.appearance import colours
from poseflow.assignment import assign_allowed
from poseflow.correspondence import MATCHERS
from poseflow.estimation import estimate
from poseflow.estimators import Following
from poseflow.estimators.warping import letterboxed
from poseflow.files import whole_folder
from poseflow.geometry import areas, boxes_around
from poseflow.pipeline import on_video, track
from poseflow.poses import Poses, Sequence
from poseflow.similarity import oks
from poseflow.skeletons import DEFAULT_SIGMA, skeleton
from poseflow.summary import summarise
from poseflow.threads import shared
from poseflow.tracking import Tracker
from poseflow.video import Video, open_video, read_frames

from .film import make_film
from .measure import Figure, Outcome, in_turn

PEOPLE, MOST, LEAST = 5, 12.0, 0.85
EVERY, SURE = (1, 3, 10), 0.5
EXAMPLES = Path(__file__).parent.parent / "examples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--frames", type=int, default=150, help="of the film (150)")
    parser.add_argument("--models", type=Path, metavar="DIR", help="with the networks' ONNX files")
    parser.add_argument("--video", type=Path, metavar="FILE", help="of real people")
    parser.add_argument("--first", type=int, default=0, help="frame of the video (0)")
    parser.add_argument("--count", type=int, default=60, help="frames of the video (60)")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="its poses, of any format")
    parser.add_argument("--joints", type=Path, metavar="FILE", help="joints of some of its frames")


def run(
    rounds: int,
    frames: int,
    models: Path | None,
    video: Path | None,
    first: int,
    count: int,
    truth: Path | None,
    joints: Path | None,
) -> Outcome:
    figures = overhead(rounds, frames)
    if models is not None and video is not None:
        for variable, name in (
            ("MOVENET_MULTIPOSE", "movenet-multipose"),
            ("MOVENET_LIGHTNING", "movenet-lightning"),
            ("RTMDET", "rtmdet-nano"),
        ):
            os.environ[variable] = str(models / f"{name}.onnx")
        sys.path.insert(0, str(EXAMPLES))
        figures += end_to_end(rounds, video, count)
        if truth is not None or joints is not None:
            figures += following(video, first, count, truth, joints)
    return Outcome(figures)


class Known:
    """Answers with poses that are known already, after what every network needs: a small image."""

    def __init__(self, clip: Sequence) -> None:
        self.skeleton, self._poses = clip.skeleton, iter(clip.frames)

    def __call__(self, image: np.ndarray) -> Poses:
        """The poses of the next frame, whatever the image."""
        letterboxed(image, (512, 288))
        return next(self._poses)


def tracked(video: Video, estimator: Any, out: Path, looks: bool = True) -> None:
    """What `poseflow track VIDEO --out` does: one file, or the folder with the drawn video."""
    ours, theirs = shared(read_frames(video, color=True), 2) if looks else (None, None)
    clip = estimate(video, estimator, ours)
    tracker = Tracker(
        clip.skeleton,
        fps=video.fps or 25.0,
        matcher=MATCHERS["dis"](),
        appearance=colours(clip.skeleton) if looks else None,
    )
    frames = theirs if looks else read_frames(video, color=False)
    if out.suffix:
        results.save_file(out, track(clip, tracker, frames), None)
        return
    with whole_folder(out) as folder:
        film = partial(results.save_video, folder / "tracked.mp4", video, clip.skeleton)
        done = track(clip, tracker, frames, show=film)
        results.save_folder(folder, done, summarise(done))


def overhead(rounds: int, frames: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        film, poses = make_film(Path(name), frames, PEOPLE)
        video, clip = open_video(film), formats.load(poses)
        # Read before the clock starts.
        clip = clip.with_frames(clip.frames)
        cpu: dict[str, list[float]] = {}

        def ours(out: str) -> float:
            start, used = time.perf_counter(), time.process_time()
            tracked(video, Known(clip), Path(name) / out, looks=out != "plain.json")
            cpu.setdefault(out, []).append(1e3 * (time.process_time() - used) / frames)
            return 1e3 * (time.perf_counter() - start) / frames

        outs = {
            "plain.json": "to poses with ids, without colours",
            "tracked.json": "to poses with ids",
            "results": "to those and a drawn video",
        }
        took = in_turn({out: lambda out=out: ours(out) for out in outs}, rounds)
    found = []
    for out, what in outs.items():
        wall = median(took[out])
        all_but = f"all but the network, 720p, {PEOPLE} people, {what}"
        found.append(Figure(f"{all_but}, a frame", "ms", wall, f"< {MOST:g} ms", wall < MOST,
                            runs=rounds))  # fmt: skip
        found.append(Figure("its CPU time, all cores", "ms", median(cpu[out][1:]), runs=rounds))
    return found


def end_to_end(rounds: int, path: Path, count: int) -> list[Figure]:
    """MultiPose at 512: a video to poses with ids, against the network on the same images."""
    from movenet_multipose import estimator, session
    from poseflow.estimators.own import Own

    with tempfile.TemporaryDirectory() as name:
        short = shortened(path, count, Path(name) / "short.mp4")
        seen: list[dict[str, Any]] = []
        images = [frame.image for frame in read_frames(short, color=True)]

        class Noting:
            def run(self, outputs: Any, inputs: dict[str, Any]) -> Any:
                seen.append(inputs)
                return session.run(outputs, inputs)

        noting = sys.modules["movenet_multipose"]
        noting.session = Noting()  # type: ignore[attr-defined]
        for image in images:
            estimator(image)
        noting.session = session  # type: ignore[attr-defined]

        cpu: dict[str, list[float]] = {"network": [], "whole": []}

        def timed(which: str, run: Callable[[], Any]) -> float:
            start, used = time.perf_counter(), time.process_time()
            run()
            cpu[which].append(1e3 * (time.process_time() - used) / len(images))
            return 1e3 * (time.perf_counter() - start) / len(images)

        def network() -> float:
            return timed("network", lambda: [session.run(None, inputs) for inputs in seen])

        def whole() -> float:
            out = Path(name) / "tracked.json"
            return timed("whole", lambda: tracked(short, Own(estimator, "multipose"), out))

        took = in_turn({"network": network, "whole": whole}, rounds)
    share = median(n / w for n, w in zip(took["network"], took["whole"], strict=True))
    by_cpu = {name: median(of[1:]) for name, of in cpu.items()}
    return [
        Figure(f"from video to ids with MultiPose at 512, {path.stem}, a frame", "ms",
               median(took["whole"]), f"≥ {LEAST:.0%} of the network's speed", share >= LEAST,
               "the network alone", median(took["network"]), share, rounds),
        Figure("its CPU time, all cores", "ms", by_cpu["whole"], "", None, "the network alone",
               by_cpu["network"], by_cpu["network"] / by_cpu["whole"], rounds),
    ]  # fmt: skip


def shortened(path: Path, count: int, to: Path) -> Video:
    """A video's first frames as one of their own."""
    from poseflow.video import write_video

    video = open_video(path)
    frames = islice(read_frames(video, color=True), count)
    write_video(to, ((frame.image, frame.time) for frame in frames), fps=video.fps or 25.0)
    return open_video(to)


def following(
    path: Path, first: int, count: int, poses: Path | None, joints: Path | None
) -> list[Figure]:
    import rtmdet_lightning as example

    video = open_video(path)
    images = [f.image for f in islice(read_frames(video, color=True), first, first + count)]
    truth = None
    if poses is not None:
        truth = on_video(formats.load(poses), video).frames[first : first + count]
    marked = [] if joints is None else json.loads(joints.read_text())
    contenders: dict[str, Any] = {"each frame by itself": example.estimator}
    contenders |= {f"detect every {n}": Following(example.estimator, n) for n in EVERY}
    found, before = [], 0.0
    for name, estimator in contenders.items():
        start, used = time.perf_counter(), time.process_time()
        answers = [estimator(image) for image in images]
        cpu = 1e3 * (time.process_time() - used) / count
        wall = 1e3 * (time.perf_counter() - start) / count
        before = before or cpu
        name = f"{path.stem}, {name}"
        looks = getattr(estimator, "looks", count)
        found += [
            Figure(f"{name}: CPU time a frame, {looks} looks", "ms", cpu, ratio=before / cpu),
            Figure(f"{name}: by the clock", "ms", wall),
        ]
        if truth is not None:
            recall, precision, near = against(truth, answers)
            found += [
                Figure(f"{name}: recall", "", recall),
                Figure(f"{name}: precision", "", precision),
                Figure(f"{name}: keypoints within a tenth of the size", "", near),
            ]
        if marked:
            right, people = by_hand(marked, first, answers)
            found += [
                Figure(f"{name}: PCKh of {right.size} joints marked by hand", "", right.mean()),
                Figure(f"{name}: recall of {len(people)} people marked", "", people.mean()),
            ]
    return found


def by_hand(
    marked: list[dict[str, Any]], first: int, answers: list[Poses]
) -> tuple[np.ndarray, np.ndarray]:
    """(J,) which of the marked joints are right, and (P,) of which people at least half are.

    Right is within half a head (PCKh, Andriluka et al., CVPR 2014, by the head's length) in the one
    pose that has the most of a person's joints right; of people who were not found none is.
    """
    names = list(skeleton("coco-17").keypoints)
    joints, people = [], []
    for frame in sorted({row["frame"] for row in marked}):
        rows = [row for row in marked if row["frame"] == frame]
        points = answers[frame - first].keypoints
        hits = []
        for row in rows:
            wanted = np.array(list(row["joints"].values()), dtype=float)
            seen = points[:, [names.index(name) for name in row["joints"]]]
            hits.append(np.linalg.norm(seen - wanted, axis=2) <= 0.5 * row["head"])
        counts = np.array([hit.sum(axis=1) for hit in hits]).reshape(len(rows), len(points))
        taken = dict(assign_allowed(counts.astype(float), counts > 0).tolist())
        for n, hit in enumerate(hits):
            right = hit[taken[n]] if n in taken else np.zeros(hit.shape[1], dtype=bool)
            joints.append(right)
            people.append(right.mean() >= 0.5)
    return np.concatenate(joints), np.array(people)


def against(truth: Frames[Poses], answers: list[Poses]) -> tuple[float, float, float]:
    """Recall and precision at OKS 0.5, and of those found the share of keypoints that are near.

    Recall is of the true poses of at least `SURE`, precision of the answers of at least that: what
    the networks themselves hardly believe in (a bollard) has another pose in every box. Near is
    within a tenth of the square root of the area around the true keypoints.
    """
    recalled = [found(t[t.scores >= SURE], a) for t, a in zip(truth, answers, strict=True)]
    right = [found(a[a.scores >= SURE], t) for t, a in zip(truth, answers, strict=True)]
    wanted, given = (sum((p.scores >= SURE).sum() for p in all_) for all_ in (truth, answers))
    return (
        sum(map(len, recalled)) / max(int(wanted), 1),
        sum(map(len, right)) / max(int(given), 1),
        float(np.concatenate(recalled).mean()),
    )


def found(wanted: Poses, among: Poses) -> np.ndarray:
    """(P, K) of the wanted poses that are among the others, which keypoints are near."""
    size = areas(boxes_around(wanted.keypoints))
    shape = (len(wanted), len(among), wanted.n_keypoints)
    variances = np.broadcast_to(size[:, None, None] * (2 * DEFAULT_SIGMA) ** 2, shape)
    alike = oks(wanted.keypoints[:, None], among.keypoints[None], variances, np.ones(shape))
    a, b = assign_allowed(alike, alike >= 0.5).T
    apart = np.linalg.norm(wanted.keypoints[a] - among.keypoints[b], axis=2)
    return np.asarray(apart < 0.1 * np.sqrt(size[a])[:, None])
