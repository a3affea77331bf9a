"""
What a dead worker is known not to have begun to write.

An intent outlives a `kill -9` from the moment its commit begins, and the
first byte comes only when that has ended: in between, and for all that share
the commit, the journal alone says *maybe written*. So each worker keeps a
page in memory that outlives it. A call that is about to be intended stands
there as *ahead*, until just before its first byte. The next worker of the
same name reads the page: what still stands there as ahead was not written.

Only that is believed. Without a page, after the machine went down, or while
the one before may still live, all is in doubt as the journal has it.
"""

import fcntl
import hashlib
import mmap
import os
import stat
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from bridge.journal.protocol import Claim, Unwritten
from bridge.observe import observe

MEMORY = Path("/dev/shm")  # noqa: S108  a file that is not ours is refused
"""A folder in memory: it outlives processes, and not the machine."""

SLOTS = 128
"""So many calls are told of at once; of more than that nothing is known."""

_SLOT = struct.Struct("=QQ")  # delivery, fence
_STATE = struct.Struct("=I")
_SIZE = 24
_EMPTY, _AHEAD = 0, 1


class FirstBytes(Protocol):
    """Where it stands what was not written yet."""

    def ahead(self, claim: Claim) -> Callable[[], None]:
        """
        Note that the intent of *claim* is kept next, and nothing written.

        Returns what is to be called just before the first byte, or when it
        is sure that none comes.
        """
        ...

    def unwritten(self) -> Unwritten:
        """Return what the one before of this name had not begun to write."""
        ...

    def forget(self) -> None:
        """Forget what the one before left; no call is under way yet."""
        ...

    def close(self) -> None:
        """Leave nothing behind: all calls have ended."""
        ...


def _nothing() -> None:
    """Nothing is known of it, before and after."""


class _NothingKnown(FirstBytes):
    """Keeps nothing: what was intended is in doubt."""

    @override
    def ahead(self, claim: Claim) -> Callable[[], None]:
        return _nothing

    @override
    def unwritten(self) -> Unwritten:
        return frozenset()

    @override
    def forget(self) -> None:
        return

    @override
    def close(self) -> None:
        return


NOTHING_KNOWN = _NothingKnown()


class Page(FirstBytes):
    """
    A page of memory, locked while its worker lives.

    Args:
        file: descriptor of the page's file, which is owned from here on.
    """

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self._memory = mmap.mmap(file, SLOTS * _SIZE)
        self._lock = threading.Lock()
        self._free = [*range(0, SLOTS * _SIZE, _SIZE)]

    @override
    def ahead(self, claim: Claim) -> Callable[[], None]:
        with self._lock:
            if not self._free:
                return _nothing
            place = self._free.pop()
        delivery = claim.delivery
        _SLOT.pack_into(self._memory, place, delivery.id, delivery.fence)
        _STATE.pack_into(self._memory, place + _SLOT.size, _AHEAD)

        def begin() -> None:
            _STATE.pack_into(self._memory, place + _SLOT.size, _EMPTY)
            self._free.append(place)

        return begin

    @override
    def unwritten(self) -> Unwritten:
        return frozenset(
            _SLOT.unpack_from(self._memory, place)
            for place in range(0, SLOTS * _SIZE, _SIZE)
            if _STATE.unpack_from(self._memory, place + _SLOT.size)
            == (_AHEAD,)
        )

    @override
    def forget(self) -> None:
        self._memory[:] = bytes(SLOTS * _SIZE)

    @override
    def close(self) -> None:
        with suppress(OSError):
            self._path.unlink()
        self._memory.close()
        os.close(self._file)


def page_of(
    owner: str, database: Path, *, folder: Path = MEMORY
) -> FirstBytes:
    """
    Return the page of the workers of this name on this database.

    It is told from that of any other file that is put in the database's
    place.

    Args:
        owner: the name that a worker keeps over its restarts.
        folder: in memory; without it, nothing is known.
    """
    try:
        is_at = database.stat()
        told = f"{database.resolve()} {is_at.st_dev} {is_at.st_ino} {owner}"
        name = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
        path = folder / f"bridge-{name}"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(path, flags, 0o600)
    except OSError as error:
        return _without(error)
    try:
        _take(file)
        return Page(path, file)
    except OSError as error:
        os.close(file)
        return _without(error)


def _take(file: int) -> None:
    """
    Take the lock of a page that is ours, and give it its size.

    Raises:
        OSError: another one lives, or it is not ours.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    found = os.fstat(file)
    is_ours = found.st_uid == os.geteuid() and not found.st_mode & 0o077
    if not (is_ours and stat.S_ISREG(found.st_mode) and found.st_nlink):
        raise PermissionError
    if found.st_size != SLOTS * _SIZE:
        # Written, so that its memory is there when it is needed.
        os.ftruncate(file, 0)
        os.pwrite(file, bytes(SLOTS * _SIZE), 0)


def _without(error: OSError) -> FirstBytes:
    """Go on without: what a crash leaves is in doubt more often."""
    observe("worker.no_page", level="warning", error=type(error).__name__)
    return NOTHING_KNOWN
