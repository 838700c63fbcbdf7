"""Multi-person pose tracking: who is who, in every frame, from any pose estimator's output.

import poseflow

sequence = poseflow.load("alphapose-results.json")
tracker = poseflow.Tracker(sequence.skeleton)
tracked = [tracker.update(poses) for poses in sequence.frames]
poseflow.save("tracked.json", sequence.with_frames(tracked))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import InputError, MissingExtra, PoseflowError
    from .evaluation import evaluate
    from .formats import load, load_truth, save
    from .frames import Correspondences, Frame
    from .poses import Origin, Poses, Sequence
    from .render import Renderer
    from .skeletons import Skeleton, skeleton
    from .tracking import FlowTracker, Tracker, default, paper, published

__version__ = "0.1.0"

# Where each public name lives. A room is imported when its first name is asked for, so that
# importing poseflow costs next to nothing.
_ROOMS = {
    "Correspondences": "frames",
    "FlowTracker": "tracking",
    "Frame": "frames",
    "InputError": "errors",
    "MissingExtra": "errors",
    "Origin": "poses",
    "Poses": "poses",
    "PoseflowError": "errors",
    "Renderer": "render",
    "Sequence": "poses",
    "Skeleton": "skeletons",
    "Tracker": "tracking",
    "default": "tracking",
    "evaluate": "evaluation",
    "load": "formats",
    "load_truth": "formats",
    "paper": "tracking",
    "published": "tracking",
    "save": "formats",
    "skeleton": "skeletons",
}

__all__ = [
    "Correspondences",
    "FlowTracker",
    "Frame",
    "InputError",
    "MissingExtra",
    "Origin",
    "PoseflowError",
    "Poses",
    "Renderer",
    "Sequence",
    "Skeleton",
    "Tracker",
    "default",
    "evaluate",
    "load",
    "load_truth",
    "paper",
    "published",
    "save",
    "skeleton",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'poseflow' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
