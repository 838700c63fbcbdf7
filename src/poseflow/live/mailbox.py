"""Where one thread leaves things for another, and never waits for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Room for so many things; one more pushes out the oldest.

    Args:
        room: how many may wait.
    """

    def __init__(self, room: int) -> None:
        self._waiting: deque[Item] = deque(maxlen=room)
        self._changed = threading.Condition()
        self._closed = False
        self._lost = 0

    @property
    def lost(self) -> int:
        """How many were pushed out."""
        return self._lost

    @property
    def ended(self) -> bool:
        """Whether it is empty and will stay so."""
        with self._changed:
            return self._closed and not self._waiting

    def put(self, item: Item) -> None:
        """Leave a thing; this never waits."""
        with self._changed:
            self._lost += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(item)
            self._changed.notify()

    def close(self) -> None:
        """No more will come; what waits is still taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, seconds: float | None = None) -> Item | None:
        """The oldest thing, waited for at most so long (None = until the end); None = none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, seconds)
            return self._waiting.popleft() if self._waiting else None

    def __iter__(self) -> Iterator[Item]:
        """All there is and will be, until it is closed."""
        while (item := self.take()) is not None:
            yield item
