"""What a live run has done so far, in memory that does not grow."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Latencies from a tenth of a millisecond to beyond a quarter of an hour, each within 1 % of what is
# told of it.
_LEAST, _STEP, _BINS = 1e-4, 1.02, 810


class Latencies:
    """How long frames took, counted in bins: any number of them in the same memory."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, dtype=np.int64)

    def add(self, seconds: float) -> None:
        """One more."""
        place = int(math.log(max(seconds, _LEAST) / _LEAST, _STEP))
        self._counts[min(place, _BINS - 1)] += 1

    def quantile(self, share: float) -> float:
        """Seconds that a share of them, in (0, 1], do not exceed, within 1 %; nan of none."""
        upto = self._counts.cumsum()
        if not upto[-1]:
            return math.nan
        place = int(upto.searchsorted(math.ceil(share * upto[-1])))
        return float(_LEAST * _STEP ** (place + 0.5))


@dataclass
class Counts:
    """A live run in numbers.

    Attributes:
        grabbed: frames the source gave.
        tracked: of them, those whose people got ids and were shown.
        overtaken: those dropped because a newer one came while others were being worked on.
        late: those dropped because they were older than allowed when their turn came.
        reconnects: how often the source failed and was opened again.
        unfilmed: pictures that a film lacks because its encoder had no time for them.
        people: ids given so far.
        latencies: from grabbing a frame until everyone who looks on had it.
    """

    grabbed: int = 0
    tracked: int = 0
    overtaken: int = 0
    late: int = 0
    reconnects: int = 0
    unfilmed: int = 0
    people: int = 0
    latencies: Latencies = field(default_factory=Latencies)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; latencies as `p50` and `p95` in seconds, None where none was measured."""
        plain = {k: v for k, v in vars(self).items() if k != "latencies"}
        p50, p95 = (self.latencies.quantile(share) for share in (0.5, 0.95))
        told = {"p50": p50, "p95": p95} if self.tracked else {"p50": None, "p95": None}
        return plain | {"latency": told}
