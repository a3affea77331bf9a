"""
The right to run the workers of one database, held by one `serve` at a time.

It is a lock on the file `<database>.serve`, which the children inherit: it
is free once the last of them has ended, so that no two workers of the same
name ever live.

A `serve` that was killed leaves orphans, which are told to end and do so in
good order. One that is stopped can not, nor can one that hangs: they are
killed by the next `serve`. Orphans are those that hold the lock, as the
system tells, while the `serve` that took it, and wrote its number into the
file, does not.
"""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import JournalUnavailable
from bridge.observe import observe

ANOTHER_ENDS_IN_S = 60.0
"""For the children of a killed `serve` to end, or to be ended."""

ORPHANS_END_IN_S = 45.0
"""Longer than a `serve` that lives lets its children take."""

LOOK_EVERY_S = 0.1

_NUMBERS = "bridge-metrics-"
_RECORD_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Hold:
    """
    A lock that is held; `descriptor` is what children inherit.

    In the file stand the number of the process that took it and the folder
    that is to be removed after it.
    """

    descriptor: int

    def left_behind(self) -> tuple[int | None, Path | None]:
        """Return who took the lock last, and the folder it left."""
        text = os.pread(self.descriptor, _RECORD_LIMIT, 0).decode()
        pid, _, folder = text.strip().partition("\n")
        return (
            int(pid) if pid.isdecimal() else None,
            Path(folder) if folder else None,
        )

    def sign(self, folder: Path | None = None) -> None:
        """Write down that this process has it, and its folder."""
        os.ftruncate(self.descriptor, 0)
        text = f"{os.getpid()}\n{folder or ''}"
        os.pwrite(self.descriptor, text.encode(), 0)


@contextmanager
def held_alone(
    database: str,
    *,
    monotonic: Callable[[], float],
    waiting: Callable[[], object] = lambda: None,
    wait_s: float = ANOTHER_ENDS_IN_S,
) -> Iterator[Hold | None]:
    """
    Hold the right to run workers on a SQLite file; None for another log.

    Args:
        waiting: called once when somebody else has it.

    Raises:
        JournalUnavailable: another `serve` runs, or does not end.
    """
    scheme, _colon, path = database.partition(":///")
    if scheme != "sqlite":
        yield None
        return
    file = Path(f"{path}.serve")
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    hold = Hold(descriptor)
    try:
        if not _is_taken(hold):
            waiting()
            _await(hold, path, monotonic=monotonic, wait_s=wait_s)
        _, folder = hold.left_behind()
        hold.sign()
        if folder is not None:
            _remove(folder)
        yield hold
    finally:
        os.close(descriptor)


@contextmanager
def folder_of_numbers(hold: Hold | None) -> Iterator[Path]:
    """
    Make the folder in which the processes of a `serve` share their numbers.

    Not beside the database: its files are mapped into memory, and on a full
    disk whoever counts in them would be killed. The next one to have *hold*
    removes it where we are killed.
    """
    folder = Path(tempfile.mkdtemp(prefix=_NUMBERS))
    if hold is not None:
        hold.sign(folder)
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder of numbers, and never any other."""
    if folder.name.startswith(_NUMBERS):
        shutil.rmtree(folder, ignore_errors=True)


def _is_taken(hold: Hold) -> bool:
    try:
        fcntl.flock(hold.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _await(
    hold: Hold, path: str, *, monotonic: Callable[[], float], wait_s: float
) -> None:
    began = monotonic()
    while not _is_taken(hold):
        waited = monotonic() - began
        if waited >= wait_s:
            message = f"another `serve` runs on {path}: stop that first"
            raise JournalUnavailable(message)
        for pid in _orphans(hold):
            if waited >= ORPHANS_END_IN_S or _is_stopped(pid):
                observe("orphan.killed", level="warning", pid=pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_EVERY_S)


def _orphans(hold: Hold) -> list[int]:
    """Return who holds the lock; nobody while he who took it does."""
    taker, _ = hold.left_behind()
    holders = _holders(os.fstat(hold.descriptor))
    return [] if taker is None or taker in holders else holders


def _holders(file: os.stat_result) -> list[int]:
    """
    Return the processes that hold a lock on *file*: not those that wait.

    Source: proc(5), /proc/pid/fdinfo, `lock:`, since Linux 4.1. Elsewhere,
    and of processes of other users, nothing is found.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended just now, or is not ours
            for opened in (process / "fd").iterdir():
                if not os.path.samestat(opened.stat(), file):
                    continue
                info = process / "fdinfo" / opened.name
                if "FLOCK" in info.read_text():
                    found.append(int(process.name))
    return found


def _is_stopped(pid: int) -> bool:
    """Source: proc(5), /proc/pid/stat, the third field."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/stat").read_text()
        return text.rpartition(")")[2].split()[0] == "T"
    return False
