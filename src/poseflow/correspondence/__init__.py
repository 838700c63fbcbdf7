"""Correspondences: which point of one frame is which point of the next.

A matcher is a function, `poseflow.frames.Matcher`. It keeps nothing between calls, and its answer
is the same for any number of threads. Those that look at images are here by name; correspondences
that others wrote to files are read by `poseflow.correspondence.files`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..frames import Matcher
from .deepmatching import deepmatching
from .flow import dis, lucas_kanade
from .orb import orb, orb_exact

__all__ = ["MATCHERS", "deepmatching", "dis", "lucas_kanade", "orb", "orb_exact"]

MATCHERS: dict[str, Callable[[], Matcher]] = {
    "dis": dis,
    "lk": lucas_kanade,
    "orb": orb,
    "orb-exact": orb_exact,
    "deepmatching": deepmatching,
}
"""The matchers by the names under which the command line knows them; the first is its default."""
