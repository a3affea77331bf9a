"""
A sign of life, from a child to its supervisor, over a pipe that they share.

The child writes a byte whenever it gets on; a child that is stopped, or
hangs, writes none. The supervisor reads them at its own pace.
"""

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress

PULSE = "BRIDGE_PULSE"
"""Names the pipe's descriptor to the child that inherits it."""

_MUCH = 65_536  # what a pipe holds


class Pulse:
    """
    The supervisor's end of one child's pipe.

    `inherited` is the child's end, to be passed on and then let go.
    """

    def __init__(self) -> None:
        self._read, self.inherited = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self.inherited, False)

    def pass_on(self) -> None:
        """Let go of the child's end, once the child has it."""
        os.close(self.inherited)

    def felt(self) -> bool:
        """Tell whether there was a sign of life since the last look."""
        with suppress(BlockingIOError):
            return bool(os.read(self._read, _MUCH))
        return False

    def close(self) -> None:
        """Look no more."""
        os.close(self._read)


def pulse_of(environ: Mapping[str, str]) -> Callable[[], None]:
    """
    Return what a child calls whenever it gets on.

    For one that nobody watches it does nothing.
    """
    named = environ.get(PULSE, "")
    descriptor = int(named) if named.isdecimal() else -1
    if not _is_pipe(descriptor):
        return _unwatched

    def beat() -> None:
        # a full pipe: nobody looks just now; a broken one: nobody is left
        with suppress(OSError):
            os.write(descriptor, b".")

    return beat


def _unwatched() -> None:
    """Tell nobody."""


def _is_pipe(descriptor: int) -> bool:
    """Never write into what happens to have the number: it may be a file."""
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, OverflowError):
        return False
