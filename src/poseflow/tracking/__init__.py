"""Poses that know who they are: the trackers and their settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..frames import Matcher
from ..poses import Appearance
from ..skeletons import Skeleton
from .default import default
from .detect_and_track import detect_and_track
from .flows import FlowFrame, FlowTracker, paper
from .published import published
from .rule import Association, Rule
from .tracker import Tracker

SETTINGS: dict[str, Callable[..., Rule | paper]] = {
    "default": default,
    "published": published,
    "detect-and-track": detect_and_track,
    "paper": paper,
}
"""The settings by the names the command line knows them by; `paper` is a `FlowTracker`'s."""

__all__ = [
    "SETTINGS",
    "Association",
    "FlowFrame",
    "FlowTracker",
    "Rule",
    "Tracker",
    "default",
    "detect_and_track",
    "paper",
    "published",
    "tracker_for",
]


def tracker_for(
    skeleton: Skeleton | None,
    setting: Rule | paper,
    matcher: Matcher | None = None,
    appearance: Appearance | None = None,
    fps: float | None = None,
) -> Tracker | FlowTracker:
    """The tracker that a setting is for; only `default` asks what people look like."""
    rate: dict[str, Any] = {} if fps is None else {"fps": fps}
    if isinstance(setting, paper):
        return FlowTracker(skeleton, setting, matcher=matcher, **rate)
    return Tracker(skeleton, setting, matcher=matcher, appearance=appearance, **rate)
