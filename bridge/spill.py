"""
Outcomes that the journal could not take, kept until it can.

A call was made, its answer is here, and the disk is full: without the
outcome a create would be uncertain. So it goes, as one line and at once,
into a file that has had its room since the worker started, and into the
journal when that takes writes again.

Each worker has a file, named after it and locked while it lives. One whose
owner is dead is read by whoever comes by.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from bridge.errors import LeaseLost
from bridge.journal.protocol import Claim, Journal, Result
from bridge.model import Instant
from bridge.observe import observe

SIZE = 1024 * 1024
"""Bytes of each worker's file; an outcome has a few thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spilled:
    """One outcome that waits for the journal."""

    at: Instant
    claim: Claim
    result: Result


_FORM = TypeAdapter(Spilled)


def to_line(spilled: Spilled) -> bytes:
    """
    Return one line of JSON, with its end.

    Left out is what recording does not look at, and much of which is the
    customer's: the order, and the request of an earlier try.
    """
    claim = spilled.claim
    slim = replace(
        spilled,
        claim=replace(
            claim,
            order=replace(claim.order, state="{}"),
            delivery=replace(claim.delivery, request=None),
        ),
    )
    return _FORM.dump_json(slim) + b"\n"


def from_lines(text: bytes) -> Iterator[Spilled]:
    """Yield what was spilled; a line that was torn is passed over."""
    for line in text.split(b"\n"):
        told = line.strip(b"\0")
        if not told:
            continue
        try:
            yield _FORM.validate_json(told)
        except ValidationError:
            observe("spill.torn", level="error", size=len(told))


class Spill(Protocol):
    """Where outcomes wait."""

    def keep(self, claim: Claim, result: Result, now: Instant) -> bool:
        """Keep an outcome, on disk on return; return whether it could be."""
        ...

    def bring_back(self, journal: Journal, now: Instant) -> int:
        """
        Record what waits, this worker's and that of dead ones.

        Cheap when nothing waits. Returns how many there were.

        Raises:
            JournalUnavailable: not yet; they go on waiting.
        """
        ...

    def close(self) -> None:
        """Let go of the file; what waits in it goes on waiting."""
        ...


class _NoSpill(Spill):
    """Keeps nothing: what the journal does not take is uncertain."""

    @override
    def keep(self, claim: Claim, result: Result, now: Instant) -> bool:
        return False

    @override
    def bring_back(self, journal: Journal, now: Instant) -> int:
        return 0

    @override
    def close(self) -> None:
        return


NO_SPILL = _NoSpill()


class SpillFolder(Spill):
    """
    A folder with a file per worker.

    Args:
        owner: of this worker; no other living one has it.
    """

    def __init__(self, folder: Path, owner: str, *, size: int = SIZE) -> None:
        self._folder = folder
        self._path = folder / quote(owner, safe="")
        self._size = size
        self._lock = threading.Lock()
        self._file: int | None = None
        self._end = self._room = 0
        with suppress(OSError):  # else it is tried when it is needed
            self._opened()

    @override
    def keep(self, claim: Claim, result: Result, now: Instant) -> bool:
        line = to_line(Spilled(at=now, claim=claim, result=result))
        try:
            with self._lock:
                self._append(line)
        except OSError as error:
            observe(
                "delivery.not_spilled",
                level="error",
                delivery_id=claim.delivery.id,
                error=error.strerror,
            )
            return False
        observe(
            "delivery.spilled",
            level="warning",
            delivery_id=claim.delivery.id,
            attempt=result.number,
        )
        return True

    def _append(self, line: bytes) -> None:
        file = self._opened()
        if self._end + len(line) > self._room:
            raise OSError(errno.ENOSPC, "the spill file is full")
        _write(file, line, self._end)
        self._end += len(line)

    @override
    def bring_back(self, journal: Journal, now: Instant) -> int:
        return self._own(journal, now) + self._of_the_dead(journal, now)

    def _own(self, journal: Journal, now: Instant) -> int:
        if not self._end:
            return 0
        with self._lock:
            file = self._opened()
            found = _record_all(os.pread(file, self._end, 0), journal, now)
            _write(file, bytes(self._end), 0)
            self._end = 0
        return found

    def _of_the_dead(self, journal: Journal, now: Instant) -> int:
        return sum(
            _adopt(path, journal, now)
            for path in waiting_files(self._folder)
            if path != self._path
        )

    @override
    def close(self) -> None:
        with self._lock:
            if self._file is None:
                return
            if not self._end:
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        """Return this worker's file, with its room, locked."""
        if self._file is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path, self._file = _open_own(self._path)
            with suppress(OSError):  # a full disk: there is less room then
                _take_room(self._file, self._size)
            text = os.pread(self._file, os.fstat(self._file).st_size, 0)
            self._end, self._room = len(text.rstrip(b"\0")), len(text)
        return self._file


def waiting_files(folder: Path) -> list[Path]:
    """Return the workers' files."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def count_waiting(folder: Path) -> int:
    """Return how many outcomes wait; for whoever only looks."""
    waiting = 0
    for path in waiting_files(folder):
        with suppress(OSError):
            waiting += sum(1 for _ in from_lines(path.read_bytes()))
    return waiting


def _adopt(path: Path, journal: Journal, now: Instant) -> int:
    """Record what a dead worker left, and remove its file."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # another one was faster
        return 0
    try:
        if not _is_locked(file):
            return 0
        text = os.pread(file, os.fstat(file).st_size, 0)
        found = _record_all(text, journal, now)
        with suppress(OSError):
            path.unlink()
        return found
    finally:
        os.close(file)


def _record_all(text: bytes, journal: Journal, now: Instant) -> int:
    waiting = [*from_lines(text)]
    for spilled in waiting:
        _record(spilled, journal, now)
    return len(waiting)


def _record(spilled: Spilled, journal: Journal, now: Instant) -> None:
    """Record an outcome, unless that was done before a crash."""
    claim, result = spilled.claim, spilled.result
    if _is_known(spilled, journal):
        return
    what_came = "recorded"
    try:
        if not _is_of_this_journal(claim, journal):
            what_came = "foreign"
        else:
            journal.record(claim, result, now)
    except LeaseLost:
        what_came = "late"
    except ValueError:  # a fault of ours must not hold up the others
        what_came = "refused"
    observe(
        "delivery.brought_back",
        level="error" if what_came in {"refused", "foreign"} else "info",
        delivery_id=claim.delivery.id,
        attempt=result.number,
        what_came=what_came,
    )


def _is_of_this_journal(claim: Claim, journal: Journal) -> bool:
    """Numbers are given anew once an older copy was put back."""
    found = journal.delivery(claim.delivery.id)
    return found is not None and found.effect_key == claim.delivery.effect_key


def _is_known(spilled: Spilled, journal: Journal) -> bool:
    result = spilled.result
    return any(
        attempt.number == result.number
        and attempt.ended_at is not None
        and attempt.outcome == result.outcome
        for attempt in journal.attempts(spilled.claim.delivery.id)
    )


def _open_own(path: Path) -> tuple[Path, int]:
    """Open a file that nobody else holds, at *path* or beside it."""
    for place in chain([path], (Path(f"{path}~{n}") for n in count(2))):
        file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(FileNotFoundError):
            # Its last reader may be about to remove it.
            if _is_locked(file) and _is_at(file, place):
                return place, file
        os.close(file)
    raise AssertionError  # there is always another number


def _is_at(file: int, path: Path) -> bool:
    return os.fstat(file).st_ino == path.stat().st_ino


def _take_room(file: int, size: int) -> None:
    """Write the file to its full length, so that it has its room for good."""
    missing = size - os.fstat(file).st_size
    if missing > 0:
        _write(file, bytes(missing), size - missing)


def _is_locked(file: int) -> bool:
    """Take the file's lock, if nobody holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: int, text: bytes, place: int) -> None:
    """Write over what stands at *place*, on disk on return."""
    written = 0
    while written < len(text):
        written += os.pwrite(file, text[written:], place + written)
    os.fsync(file)
