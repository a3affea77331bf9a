"""
How much room there is, and when there is too little to take more in.

An event that was taken in costs more room later: its plan, its calls, their
outcomes. So no more are taken while there is still room for those.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from bridge.errors import JournalUnavailable
from bridge.journal.protocol import Room

MIB = 1024 * 1024

RESERVE = 64 * MIB
"""Bytes of the volume that are left for outcomes, by default."""

SHARE = 8
"""Of a small volume, one part in so many is enough of a reserve."""

LARGEST_WAL = 1024 * MIB
"""SQLite's log grows under a long read, and slows everything down."""

LOOK_EVERY_S = 0.25
"""How old what is known of the volume may be."""


def room_of(path: Path, reserve: int) -> Room:
    """
    Return the room that the database at *path* has now.

    Args:
        reserve: bytes; less on a volume that is small.

    Raises:
        JournalUnavailable: its volume can not be asked.
    """
    try:
        volume = os.statvfs(path.parent)
    except OSError as error:
        message = f"{path.parent}: {error.strerror}"
        raise JournalUnavailable(message) from error
    size = volume.f_blocks * volume.f_frsize
    return Room(
        place=str(path),
        free=volume.f_bavail * volume.f_frsize,
        reserve=min(reserve, size // SHARE),
        wal=_size(Path(f"{path}-wal")),
        largest_wal=LARGEST_WAL,
    )


def log_looks(path: Path) -> tuple[int, int]:
    """Return what tells SQLite's log from what it was before a commit."""
    try:
        stat = Path(f"{path}-wal").stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class Intake:
    """
    Says whether events may be taken in; cheap enough to ask for each.

    Args:
        look: what there is now.
    """

    def __init__(
        self,
        look: Callable[[], Room],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._monotonic = monotonic
        self._next_look = float("-inf")
        self._lacks: str | None = None

    def check(self) -> None:
        """
        Refuse to take anything in while there is too little room.

        Raises:
            JournalUnavailable: saying how much there is, and what to do.
        """
        now = self._monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY_S
            self._lacks = self._look().lacks
        if self._lacks is not None:
            raise JournalUnavailable(self._lacks)
