"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from poseflow.poses import Poses

# The same examples on every run; a loaded machine is no failure.
settings.register_profile("poseflow", deadline=None, derandomize=True, database=None)
settings.load_profile("poseflow")

REPOSITORY = Path(__file__).resolve().parent.parent


def shared(*parts: str) -> Path:
    """A file or folder of the reference data that is too large, or not ours, to ship; else skip."""
    root = Path(os.environ.get("POSEFLOW_SHARED", REPOSITORY.parent / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"reference data is not on this machine: {'/'.join(parts)}")
    return path


BODY = 100.0 * np.array(
    [
        [0.0, -0.45], [0.03, -0.48], [-0.03, -0.48], [0.06, -0.46], [-0.06, -0.46],
        [0.12, -0.30], [-0.12, -0.30], [0.17, -0.12], [-0.17, -0.12], [0.18, 0.04],
        [-0.18, 0.04], [0.08, 0.05], [-0.08, 0.05], [0.09, 0.28], [-0.09, 0.28],
        [0.09, 0.5], [-0.09, 0.5],
    ]
)  # fmt: skip
"""A standing person of COCO's 17 keypoints, 100 pixels tall, about its own middle."""


def person(x: float, y: float, height: float = 100.0) -> np.ndarray:
    """(17, 2) a standing person whose middle is at (x, y)."""
    return BODY * (height / 100.0) + [x, y]


def frame_of(*people: np.ndarray, scores: float | list[float] = 0.9) -> Poses:
    """The poses of one frame, every keypoint as sure as its person."""
    if not people:
        return Poses.empty(17)
    sure = np.broadcast_to(scores, len(people))
    return Poses.from_keypoints(np.stack(people), np.repeat(sure[:, None], 17, axis=1), sure)
