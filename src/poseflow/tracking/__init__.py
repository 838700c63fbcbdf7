"""Poses that know who they are: the tracker and its settings."""

from __future__ import annotations

from collections.abc import Callable

from .default import default
from .published import published
from .rule import Association, Rule
from .tracker import Tracker

RULES: dict[str, Callable[..., Rule]] = {"default": default, "published": published}
"""The settings by the names the command line knows them by."""

__all__ = ["RULES", "Association", "Rule", "Tracker", "default", "published"]
