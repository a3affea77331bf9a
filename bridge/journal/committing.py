"""
Group commit: whoever waits while the last commit runs shares the next one.

A commit costs one flush of the disk, however much it holds. Threads that
want to write stand in line; the first leads: it begins a transaction, does
its own work in it and then that of the others that stand there, commits for
all, and lets the next one lead. None returns before its commit. There is no
timer: alone, a writer commits at once.

What can be made again is committed without a flush (`flushed=False`): it
outlives the process, and is on the disk with the next commit that is flushed.

Between processes of a host two lock files decide. Who holds the first is
next in line for the second, so that a process that writes without pause can
not keep another one out.
"""

import fcntl
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from bridge.errors import JournalUnavailable
from bridge.journal.trouble import as_ours

T = TypeVar("T")

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


class _Writer:
    """
    One that wants to write, and what came of it.

    Args:
        work: what another one may do for it; None for one that has to lead.
        then: what is to be done at once when that is durable.
    """

    __slots__ = ("_turn", "error", "leads", "result", "then", "work")

    def __init__(
        self,
        work: Callable[[Database], Any] | None,
        then: Callable[[], None] | None = None,
    ) -> None:
        self.work = work
        self.then = then
        self.leads = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._turn = threading.Lock()
        self._turn.acquire()

    def wait(self) -> None:
        """Return once its work is done, or it is to lead."""
        self._turn.acquire()

    def go_on(self) -> None:
        """Let it return."""
        self._turn.release()


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
        self._joining = threading.Lock()
        self._line: deque[_Writer] = deque()
        self._is_led = False
        self._flushes = True

    def write(
        self,
        work: Callable[[Database], T],
        then: Callable[[], None] | None = None,
    ) -> T:
        """
        Do *work* in a transaction; return once it is durable.

        It may be done in another thread. What it raises undoes its own
        changes alone.

        Args:
            then: done at once when it is durable, before any thread is
                woken; must raise nothing and not write here.

        Raises:
            JournalUnavailable: it could not be begun, or made durable.
            JournalBroken: … and what was written before is in doubt.
        """
        mine = self._joined(work, then)

        def do_mine(database: Database) -> None:
            mine.result = work(database)

        if mine.leads:
            with self._leading(then, again=do_mine) as database:
                do_mine(database)
        elif mine.error is not None:
            raise mine.error
        result: T = mine.result
        return result

    @contextmanager
    def writer(self, *, flushed: bool = True) -> Iterator[Database]:
        """
        Write in a transaction that is durable when the block has ended.

        What the block raises undoes its own changes alone.

        Args:
            flushed: without, a loss of power may undo it, and nobody else
                shares the commit.

        Raises:
            JournalUnavailable: it could not be begun, or made durable.
            JournalBroken: … and what was written before is in doubt.
        """
        mine = self._joined(None)
        if mine.error is not None:
            raise mine.error
        with self._leading(flushed=flushed) as database:
            yield database

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all other writers of this host out, without a transaction."""
        mine = self._joined(None)
        if mine.error is not None:
            raise mine.error
        try:
            self._lock.acquire()
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._let_next_lead()

    # -- the line

    def _joined(
        self,
        work: Callable[[Database], Any] | None,
        then: Callable[[], None] | None = None,
    ) -> _Writer:
        """Stand in line; return when done, or first in it."""
        mine = _Writer(work, then)
        with self._joining:
            mine.leads = not self._is_led
            self._is_led = True
            if not mine.leads:
                self._line.append(mine)
        if not mine.leads:
            mine.wait()
        return mine

    def _next_to_do(self) -> _Writer | None:
        """Take the next in line, if its work can be done for it."""
        with self._joining:
            if self._line and self._line[0].work is not None:
                return self._line.popleft()
        return None

    def _let_next_lead(self) -> None:
        with self._joining:
            self._is_led = bool(self._line)
            if not self._line:
                return
            following = self._line.popleft()
        following.leads = True
        following.go_on()

    def _tell_line(self, error: BaseException) -> None:
        """Nobody who stands in line now can write."""
        with self._joining:
            told = [*self._line]
            self._line.clear()
        for writer in told:
            writer.error = as_ours(error)
            writer.go_on()

    # -- the batch

    @contextmanager
    def _leading(
        self,
        then: Callable[[], None] | None = None,
        *,
        flushed: bool = True,
        again: Callable[[Database], None] | None = None,
    ) -> Iterator[Database]:
        """
        Lead one batch: the block is the work of the one that leads.

        Args:
            again: does that work once more; without, it can not be.
        """
        done: list[_Writer] = []
        try:
            database = self._begun(flushed=flushed)
            try:
                yield database
                if flushed:
                    self._do_for_others(database, done, again)
                _commit(database)
            except BaseException as error:
                if database.conn.in_transaction:
                    database.rollback()
                for writer in done:  # nothing of this batch is kept
                    writer.error = writer.error or as_ours(error)
                raise
            finally:
                self._lock.release()
            _follow(then, done)
        finally:
            for writer in done:
                writer.go_on()
            self._let_next_lead()

    def _begun(self, *, flushed: bool) -> Database:
        try:
            database = self._database()
            self._lock.acquire()
        except BaseException as error:
            self._tell_line(error)
            raise
        try:
            self._set_flushing(database, flushed=flushed)
            database.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._lock.release()
            self._tell_line(error)
            if not isinstance(error, Exception):
                raise  # it ends this thread, and is nobody's trouble else
            raise as_ours(error) from error
        return database

    def _set_flushing(self, database: Database, *, flushed: bool) -> None:
        """SQLite knows it of a connection, and not of a commit."""
        if self._flushes != flushed:
            level = "FULL" if flushed else "NORMAL"
            database.execute(f"PRAGMA synchronous = {level}")
            self._flushes = flushed

    def _do_for_others(
        self,
        database: Database,
        done: list[_Writer],
        again: Callable[[Database], None] | None,
    ) -> None:
        """
        Do the work of those in line.

        Hardly any of it ever fails, and a part of its own costs each two
        statements: so all of it is one part at first. When one fails, all
        is undone and done again, from there on each in its own.
        """
        apart = again is None
        while len(done) < LARGEST - 1 and (writer := self._next_to_do()):
            done.append(writer)
            if apart:
                _do_apart(database, writer)
                continue
            _do(database, writer)
            if writer.error is not None:
                assert again is not None
                database.rollback()
                database.execute("BEGIN IMMEDIATE")
                again(database)
                for one in done:
                    _do_apart(database, one)
                apart = True


def _do(database: Database, writer: _Writer) -> None:
    """
    Do one writer's work; what it raises is its error.

    A full disk or an I/O error ends SQLite's transaction by itself, and
    with it what the others of the batch wrote: that is raised.
    """
    assert writer.work is not None
    writer.error = None
    try:
        writer.result = writer.work(database)
    except BaseException as error:
        writer.error = error
        if not database.conn.in_transaction:
            raise as_ours(error) from error
        if not isinstance(error, Exception):
            raise


def _do_apart(database: Database, writer: _Writer) -> None:
    """Do one writer's work in a part that is undone when it fails."""
    database.execute("SAVEPOINT one")
    _do(database, writer)
    if writer.error is not None:
        database.execute("ROLLBACK TO one")
    database.execute("RELEASE one")


def _follow(then: Callable[[], None] | None, done: list[_Writer]) -> None:
    """Do what is to follow a commit at once, before anybody is woken."""
    if then is not None:
        then()
    for writer in done:
        if writer.then is not None and writer.error is None:
            writer.then()


def _commit(database: Database) -> None:
    try:
        database.execute("COMMIT")
    except Exception as error:
        raise as_ours(error) from error
