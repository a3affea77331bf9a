"""
Ends a Chromium that stands still.

Twice in some twenty runs it did: nothing ran, and nothing was said. Most of
what is asked of a page has no deadline, so the tests would wait for ever. A
Chromium that is gone makes the one test fail that waited, where it waited;
the next gets another.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TypeAlias

from bench.processes import children_of, kill, name_of

Say: TypeAlias = Callable[[str], None]


@contextmanager
def patience(own: int, seconds: float, say: Say) -> Iterator[None]:
    """End every Chromium that process *own* began, if the block lasts."""
    timer = Timer(seconds, _end, (own, say))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _end(own: int, say: Say) -> None:
    say("Chromium stood still")
    for pid in _below(own):
        if name_of(pid) == "chromium":
            kill(pid)


def _below(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        yield child
        yield from _below(child)
