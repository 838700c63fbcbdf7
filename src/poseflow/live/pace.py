"""How many frames a second are tracked, as they come: the tracker reckons seconds by it."""

from __future__ import annotations

from collections import deque
from statistics import fmean, median

_REMEMBERED, _LEAST = 30, 5
"""Intervals that are averaged, a second or three; and of which there must be so many."""

_PAUSE = 4.0
"""Medians: an interval longer than this is an outage and says nothing of the rate."""


class Pace:
    """The rate of the frames that reach the tracker, those that were dropped not counted.

    Args:
        nominal: frames a second, what the rate is until some have come.
    """

    def __init__(self, nominal: float) -> None:
        self._nominal = nominal
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)

    def at(self, when: float) -> float:
        """The rate, now that another frame is tracked that was grabbed at this second."""
        if self._last is not None and when > self._last:
            self._intervals.append(when - self._last)
        self._last = when
        if len(self._intervals) < _LEAST:
            return self._nominal
        longest = _PAUSE * median(self._intervals)
        return 1.0 / fmean(interval for interval in self._intervals if interval <= longest)
