"""
Group commit: whoever waits while the last commit runs shares the next one.

A commit costs one flush of the disk, however much it holds. Threads that
want to write take turns inside one transaction, each between two savepoints
of its own, and the last of them commits for all; none returns before that.
There is no timer: alone, a writer commits at once.

Between processes of a host two lock files decide. Who holds the first is
next in line for the second, so that a process that writes without pause can
not keep another one out.
"""

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from bridge.errors import JournalUnavailable
from bridge.journal.trouble import as_ours

LARGEST = 64
"""So many writers share a commit at most; then it is made."""

PATIENCE_S = 5.0
"""So long a process waits for the others of its host; then it is a 503."""

_FIRST_NAP_S, _LONGEST_NAP_S = 0.000_2, 0.005


class HostLock:
    """
    Held by one process of this host at a time, in turn.

    Args:
        path: two files beside it are made, with `.next` and `.lock`.
    """

    def __init__(self, path: Path) -> None:
        self._paths = (f"{path}.next", f"{path}.lock")
        self._files: tuple[int, int] | None = None

    def acquire(self) -> None:
        """
        Wait for the turn of this process.

        Raises:
            JournalUnavailable: another one holds on to it, or there is no
                place for the files.
        """
        try:
            if self._files is None:
                flags = os.O_RDWR | os.O_CREAT
                in_line, held = (os.open(p, flags, 0o600) for p in self._paths)
                self._files = (in_line, held)
                weakref.finalize(self, _close, self._files)
            in_line, held = self._files
            ends = time.monotonic() + PATIENCE_S
            _lock(in_line, ends)
            try:
                _lock(held, ends)
            finally:
                fcntl.flock(in_line, fcntl.LOCK_UN)
        except OSError as error:
            message = f"{self._paths[1]}: {error.strerror}"
            raise JournalUnavailable(message) from error

    def release(self) -> None:
        """Let the next process have its turn."""
        if self._files is not None:
            fcntl.flock(self._files[1], fcntl.LOCK_UN)


def _close(files: tuple[int, int]) -> None:
    for file in files:
        os.close(file)


def _lock(file: int, ends: float) -> None:
    nap = _FIRST_NAP_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                message = "another process holds the journal for too long"
                raise JournalUnavailable(message) from None
            time.sleep(nap)
            nap = min(nap * 2, _LONGEST_NAP_S)
        else:
            return


class _Batch:
    """Writers that share one commit."""

    def __init__(self) -> None:
        self.joined = 0
        self.left = 0
        self.begun = False
        self.closed = threading.Event()
        self.error: BaseException | None = None

    @property
    def is_last(self) -> bool:
        return self.joined == self.left


class GroupCommit:
    """
    The writers of one process.

    Args:
        database: gives the one connection that they write on; asked for by
            the first of a batch, and to be used by any thread.
        lock: keeps other processes out between begin and commit.
    """

    def __init__(
        self, database: Callable[[], Database], lock: HostLock
    ) -> None:
        self._database = database
        self._lock = lock
        self._turn = threading.Lock()
        self._joining = threading.Lock()
        self._batch = _Batch()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all other writers of this host out, without a transaction."""
        with self._turn:
            self._lock.acquire()
            try:
                yield
            finally:
                self._lock.release()

    @contextmanager
    def writer(self) -> Iterator[Database]:
        """
        Write in a transaction that is durable when the block has ended.

        What the block raises undoes its own changes alone.

        Raises:
            JournalUnavailable: it could not be begun, or made durable.
            JournalBroken: … and what was written before is in doubt.
        """
        batch = self._join()
        with self._turn:
            try:
                with self._inside(batch) as database:
                    yield database
            finally:
                self._leave(batch)
        batch.closed.wait()
        if batch.error is not None:
            raise as_ours(batch.error) from batch.error

    def _join(self) -> _Batch:
        with self._joining:
            if self._batch.joined >= LARGEST:
                self._batch = _Batch()
            batch = self._batch
            batch.joined += 1
            return batch

    @contextmanager
    def _inside(self, batch: _Batch) -> Iterator[Database]:
        if batch.error is not None:
            raise as_ours(batch.error)
        try:
            database = self._begun(batch)
            database.execute("SAVEPOINT one")
        except BaseException as error:
            self._spoil(batch, error)
            raise
        try:
            yield database
            database.execute("RELEASE one")
        except BaseException as error:
            self._undo(batch, database, error)
            raise

    def _undo(
        self, batch: _Batch, database: Database, error: BaseException
    ) -> None:
        """
        Undo one writer's changes, or give up the whole batch.

        A full disk or an I/O error ends SQLite's transaction by itself, and
        with it what the others of the batch wrote.
        """
        if database.conn.in_transaction:
            database.execute("ROLLBACK TO one")
            database.execute("RELEASE one")
        else:
            self._spoil(batch, error)

    def _begun(self, batch: _Batch) -> Database:
        if batch.begun:
            return self._database()
        database = self._database()
        self._lock.acquire()
        try:
            database.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise
        batch.begun = True
        return database

    def _leave(self, batch: _Batch) -> None:
        """Commit for all when nobody else of the batch is to come."""
        with self._joining:
            batch.left += 1
            if not batch.is_last:
                return
            if self._batch is batch:
                self._batch = _Batch()
        try:
            if batch.begun:
                self._commit(batch)
        finally:
            batch.closed.set()

    def _commit(self, batch: _Batch) -> None:
        database = self._database()
        try:
            if batch.error is None:
                database.execute("COMMIT")
            else:
                database.rollback()
        except Exception as error:  # noqa: BLE001  all of the batch are told
            batch.error = error
            database.rollback()
        finally:
            batch.begun = False
            self._lock.release()

    def _spoil(self, batch: _Batch, error: BaseException) -> None:
        """Nothing of this batch can be kept: its transaction is broken."""
        batch.error = batch.error or error
