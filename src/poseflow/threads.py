"""Things made one after another by a thread, ahead of whoever uses them, or for several users."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")


def ahead(made: Generator[Item], count: int, name: str) -> Generator[Item]:
    """The same things, made by a thread that ends when this generator does, however it ends.

    Args:
        made: of things that are not None.
        count: how many may wait for who uses them; 0 = each is made when it is asked for.
        name: of the thread, behind "poseflow-".
    """
    if count == 0:
        yield from made
        return
    pool = ThreadPoolExecutor(1, thread_name_prefix=f"poseflow-{name}")
    waiting: deque[Future[Item | None]] = deque()
    try:
        waiting.extend(pool.submit(next, made, None) for _ in range(count))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, made, None))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)
        made.close()


def shared(made: Iterable[Item], count: int) -> list[Iterator[Item]]:
    """The same things for several, each in a thread of its own, made once.

    A thing waits until the last of them has taken it: they must not be far apart. Whatever ends
    the making ends it for all.

    Args:
        made: of things that are not None.
        count: of users.
    """
    source, lock = iter(made), Lock()
    waiting: list[deque[Item | None]] = [deque() for _ in range(count)]
    failures: list[BaseException] = []

    def make() -> None:
        try:
            item = next(source, None)
        except BaseException as error:
            failures.append(error)
            item = None
        for one in waiting:
            one.append(item)

    def taken(mine: deque[Item | None]) -> Iterator[Item]:
        while True:
            if not mine:
                with lock:
                    if not mine:
                        make()
            if (item := mine.popleft()) is None:
                break
            yield item
        if failures:
            raise failures[0]

    return [taken(one) for one in waiting]
