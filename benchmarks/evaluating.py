"""mAP and MOTA of made-up sequences in PoseTrack's JSON, from the start of Python to the figures.

50 sequences of 60 frames with 8 people of 15 joints, truth and predictions, are some 64 MB. The
reference evaluator took 41 s and 640 MB for as much, measured once and not here, on another
machine of two cores: compare with care. Ten times the data tells whether the cost is linear.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import orjson

from .measure import Figure, Launched, Outcome, launch

FRAMES, PEOPLE, JOINTS = 60, 8, 15
REFERENCE_SECONDS, REFERENCE_MEMORY = 41.0, 640.0

EVALUATE = """
import resource, sys
from functools import partial
from itertools import chain
from pathlib import Path
from poseflow.cli.evaluate import examined
from poseflow.cli.pairing import Reading, paired
from poseflow.evaluation import together
from poseflow.workers import in_order
root, workers = Path(sys.argv[1]), int(sys.argv[2])
pairs = paired(root / "truth", root / "predicted", Reading())
work = partial(examined, reading=Reading(), identities=False)
together(chain.from_iterable(in_order(work, pairs, workers)))
whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
peak = sum(resource.getrusage(who).ru_maxrss for who in whose)
(root / "peak").write_text(str(peak / 1024))
"""
PARSE = """
import gc, sys
from pathlib import Path
import orjson
gc.disable()
for file in sorted(Path(sys.argv[1]).glob("*/*.json")):
    orjson.loads(file.read_bytes())
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--sequences", type=int, default=50, help="of the smaller set (50)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")


def run(rounds: int, sequences: int, workers: int) -> Outcome:
    runs: dict[str, list[Launched]] = {"one": [], "shared": [], "parse": []}
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        some, many = Path(name) / "some", Path(name) / "many"
        make(some, sequences)
        make(many, 10 * sequences)
        for _ in range(rounds + 1):
            runs["parse"].append(launch([sys.executable, "-c", PARSE, str(some)]))
            runs["one"].append(launch([sys.executable, "-c", EVALUATE, str(some), "1"]))
            runs["shared"].append(launch([sys.executable, "-c", EVALUATE, str(some), str(workers)]))
            peaks.append(float((some / "peak").read_text()))
        longest = launch([sys.executable, "-c", EVALUATE, str(many), str(workers)])
    one, seconds, parsing = (
        median(r.wall for r in runs[kind][1:]) for kind in ("one", "shared", "parse")
    )
    memory = median(peaks[1:])
    longer = longest.wall / seconds
    most, least = REFERENCE_SECONDS / 20, REFERENCE_MEMORY / 4
    return Outcome(
        [
            Figure(f"mAP and MOTA, {sequences} sequences, {workers} processes", "s", seconds,
                   f"≤ {most:.2f} s", seconds <= most, "orjson alone", parsing, parsing / seconds,
                   rounds),
            Figure("in one process", "s", one, peer="orjson alone", theirs=parsing,
                   ratio=parsing / one, runs=rounds),
            Figure(f"peak memory of {workers} processes together", "MB", memory,
                   f"≤ {least:.0f} MB", memory <= least, runs=rounds),
            Figure("ten times the sequences take", "times as long", longer, "≤ 11", longer <= 11),
        ],
        details={"cpu_seconds": median(r.cpu for r in runs["shared"][1:])},
    )  # fmt: skip


def make(folder: Path, sequences: int) -> None:
    """Write the truth and what an estimator might make of it."""
    for kind in ("truth", "predicted"):
        (folder / kind).mkdir(parents=True)
    for i in range(sequences):
        rng = np.random.default_rng([0, i])
        start = rng.uniform(100, 1000, (PEOPLE, 1, 2))
        body = start + rng.uniform(-60, 60, (PEOPLE, JOINTS, 2))
        way = rng.normal(0, 2, (PEOPLE, 1, 2)) * np.arange(FRAMES)[:, None, None, None]
        true = body + way
        for kind, places in (("truth", true), ("predicted", true + rng.normal(0, 6, true.shape))):
            scored = kind == "predicted"
            seen = rng.random(true.shape[:2]) < (0.9 if scored else 1.1)
            scores = rng.random(true.shape[:3])
            frames = [
                {
                    "image": [{"name": f"images/made/{i:06d}/{t:08d}.jpg"}],
                    "is_labeled": [1],
                    "annorect": [
                        person(places[t, p], scores[t, p] if scored else None, p)
                        for p in np.flatnonzero(seen[t]).tolist()
                    ],
                }
                for t in range(FRAMES)
            ]
            text = orjson.dumps({"annolist": frames})
            (folder / kind / f"{i:06d}.json").write_bytes(text)


def person(places: np.ndarray, scores: np.ndarray | None, track_id: int) -> dict[str, object]:
    """One entry of `annorect`; the truth has no scores."""
    x, y = places[-1].tolist()
    points = [{"id": [j], "x": [a], "y": [b]} for j, (a, b) in enumerate(places.tolist())]
    if scores is not None:
        points = [q | {"score": [s]} for q, s in zip(points, scores.tolist(), strict=True)]
    head = {"x1": [x], "y1": [y], "x2": [x + 30], "y2": [y + 40]}
    return head | {"track_id": [track_id], "annopoints": [{"point": points}]}
