"""The journal in a SQLite file: one host, any number of processes."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlite_utils import Database
from typing_extensions import override

from bridge.errors import (
    JournalBroken,
    JournalError,
    JournalGone,
    JournalUnavailable,
    OlderCopy,
    SchemaMismatch,
    Suspect,
)
from bridge.journal import schema
from bridge.journal.alerting import Alerting
from bridge.journal.attention import Attending
from bridge.journal.bell import Bell
from bridge.journal.clock import Clocks
from bridge.journal.connection import (
    OF_THE_CALLER,
    Connections,
    refuse_unsafe,
    sqlite3,
    told_as_unavailable,
)
from bridge.journal.copies import Copies, seen
from bridge.journal.finding import Finding
from bridge.journal.following import Following
from bridge.journal.gates import Gates
from bridge.journal.history import Histories
from bridge.journal.leaving import Leaving
from bridge.journal.mark import (
    Seen,
    mark_of,
    read_mark,
    why_older,
    write_mark,
)
from bridge.journal.operating import Operating
from bridge.journal.planning import Planning
from bridge.journal.protocol import Appended, Ears, Room
from bridge.journal.pruning import Pruning
from bridge.journal.questions import Questions
from bridge.journal.room import RESERVE, Intake, log_looks, room_of
from bridge.journal.rows import Row
from bridge.journal.sending import Sending
from bridge.journal.session import Session
from bridge.journal.showing import Showing
from bridge.journal.sql import STATEMENTS, of_many
from bridge.journal.suspicion import Note, Suspicion
from bridge.journal.taking import Taking
from bridge.journal.texts import Texts
from bridge.journal.trouble import as_ours
from bridge.journal.waiting import Waiting
from bridge.model import Instant, NewEvent
from bridge.observe import observe

T = TypeVar("T")

_INCREMENTAL = 2
"""What `PRAGMA auto_vacuum` says of a file that can shrink by steps."""


class SQLiteSession(Session):
    """One open transaction on this thread's connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def rows(self, name: str, /, **values: object) -> Sequence[Row]:
        # All rows are fetched: a RETURNING that is not read to its end
        # keeps its statement open.
        return self._rows(STATEMENTS[name], values)

    @override
    def row(self, name: str, /, **values: object) -> Row | None:
        found = self.rows(name, **values)
        return found[0] if found else None

    @override
    def run(self, name: str, /, **values: object) -> int:
        return self._database.execute(STATEMENTS[name], values).rowcount

    @override
    def add(
        self, name: str, many: Sequence[Mapping[str, object]]
    ) -> Sequence[Row]:
        # Each statement lets other threads go on, and has to wait for them.
        if len(many) == 1:
            return self._rows(STATEMENTS[name], dict(many[0]))
        text, names = of_many(name, len(many))
        return self._rows(text, [row[name] for row in many for name in names])

    def _rows(
        self, text: str, values: dict[str, object] | Sequence[object]
    ) -> Sequence[Row]:
        cursor = self._database.execute(text, values)
        names = [column[0] for column in cursor.description or ()]
        return [
            dict(zip(names, row, strict=True)) for row in cursor.fetchall()
        ]

    def pragma(self, text: str) -> int | None:
        """Do what the pragma says; return the number that it tells."""
        told = self._database.execute(f"PRAGMA {text}").fetchall()
        return int(told[0][0]) if told and told[0] else None

    @override
    @contextmanager
    def part(self) -> Iterator[None]:
        self._database.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._database.conn.in_transaction:
                self._database.execute("ROLLBACK TO part")
                self._database.execute("RELEASE part")
            raise
        self._database.execute("RELEASE part")


class _Told:
    """
    Around every use of the database: trouble is told as ours.

    No generator, as it stands on the way of every webhook.
    """

    def __init__(self, suspicion: Suspicion) -> None:
        self._suspicion = suspicion

    def __enter__(self) -> None:
        self._suspicion.refuse()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        ours = error
        if isinstance(error, sqlite3.Error):
            if isinstance(error, OF_THE_CALLER):
                return
            ours = as_ours(error)
        if isinstance(ours, JournalBroken):
            self._suspicion.found(ours)
        if ours is not error and ours is not None:
            raise ours from error


class SQLiteJournal(
    Taking,
    Planning,
    Sending,
    Gates,
    Clocks,
    Texts,
    Showing,
    Waiting,
    Histories,
    Operating,
    Copies,
    Pruning,
    Attending,
    Following,
    Finding,
    Alerting,
    Leaving,
    Questions,
):
    """
    The idempotency log in one SQLite file.

    Args:
        reserve: bytes of its volume that no event is taken into.
        broken: called once when the disk failed under it.
        look: how much room there is; asked a few times a second at most.
        looked_after: whether somebody calls `shorten_log` a few times a
            second; else commits do as much, and take longer.

    Raises:
        UnsafeSQLite: the library in this process can lose commits.
    """

    def __init__(
        self,
        path: Path,
        *,
        reserve: int = RESERVE,
        broken: Callable[[], object] = lambda: None,
        look: Callable[[Path, int], Room] = room_of,
        looked_after: bool = False,
    ) -> None:
        refuse_unsafe(sqlite3.sqlite_version_info)
        self._path = path
        self._reserve = reserve
        self._look = look
        self._connections = Connections(path, looked_after=looked_after)
        self._suspicion = Suspicion(path, broken)
        self._told = _Told(self._suspicion)
        self._intake = Intake(self._looked)
        self._marked: Seen | None = None
        self._short_log: tuple[int, int] | None = None
        """How SQLite's log looked when there was nothing to do about it."""
        self._bell = Bell(Path(f"{path}.bell"))
        self._listens = False

    # -- transactions

    @override
    def writing(self) -> AbstractContextManager[SQLiteSession]:
        return self._writing(flushed=True)

    @override
    def unflushed(self) -> AbstractContextManager[SQLiteSession]:
        return self._writing(flushed=False)

    @contextmanager
    def _writing(self, *, flushed: bool) -> Iterator[SQLiteSession]:
        with (
            self._told,
            self._connections.writers.writer(flushed=flushed) as database,
        ):
            yield SQLiteSession(database)
        self._ring()

    @override
    def written(
        self,
        work: Callable[[Session], T],
        then: Callable[[], None] | None = None,
    ) -> T:
        with self._told:
            result = self._connections.writers.write(
                lambda database: work(SQLiteSession(database)), then
            )
        self._ring()
        return result

    @override
    @contextmanager
    def zeroing(self) -> Iterator[Session]:
        with self.writing() as session:
            # Else a freed page keeps what stood on it until it is used.
            session.pragma("secure_delete = ON")
            try:
                yield session
            finally:
                session.pragma("secure_delete = FAST")

    @override
    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._told:
            database = self._connections.database()
            database.execute("BEGIN")
            try:
                yield SQLiteSession(database)
            finally:
                database.rollback()

    @override
    def listen(self, name: str) -> Ears:
        self._listens = True
        return self._bell.listen(name)

    @override
    def ring(self) -> None:
        self._bell.ring()

    def _ring(self) -> None:
        """Tell others; who listens looks for itself after its own commits."""
        if not self._listens:
            self._bell.ring()

    # -- taking

    @override
    def append(self, events: Sequence[NewEvent]) -> Sequence[Appended]:
        self._intake.check()
        kept = super().append(events)
        for one in kept:
            self._suspicion.acknowledged(one.id)
        return kept

    def _looked(self) -> Room:
        self._suspicion.heed()
        return self._look(self._path, self._reserve)

    @override
    def room(self) -> Room | None:
        return self._look(self._path, self._reserve)

    @override
    def shorten_log(self) -> bool:
        self._suspicion.refuse()
        looks = log_looks(self._path)
        if looks == self._short_log:
            return False
        is_short = self._connections.move_log()
        room = self._look(self._path, self._reserve)
        if room.wal > room.largest_wal:
            is_short = False
            self._connections.shorten_log()
        self._short_log = looks if is_short else None
        return True

    # -- the file

    @override
    def give_back(self, pages: int) -> int:
        if not self.shrinks() or not self._told_by_pragma("freelist_count"):
            return 0
        with self.writing() as session:
            session.pragma(f"incremental_vacuum({pages})")
            return session.pragma("freelist_count") or 0

    @override
    def shrinks(self) -> bool:
        return self._told_by_pragma("auto_vacuum") == _INCREMENTAL

    def _told_by_pragma(self, name: str) -> int | None:
        with self._told:
            return SQLiteSession(self._connections.database()).pragma(name)

    @override
    def compact(self) -> None:
        with self._told, self._connections.writers.alone():
            database = self._connections.database()
            database.execute("PRAGMA auto_vacuum = INCREMENTAL").fetchall()
            database.execute("VACUUM")

    @override
    def migrate(self) -> Sequence[str]:
        self._refuse_suspect()
        mark = read_mark(self._path)
        if mark is not None:
            self._refuse_gone()
        self._connections.create()
        with self._told, self._connections.writers.alone():
            database = self._connections.database()
            self._refuse_older(mark, database)
            steps = schema.migrate(database)
        self.keep_mark()
        return steps

    @override
    def check(self) -> None:
        self._refuse_suspect()
        # Read before the database is, which only ever goes on from there.
        mark = read_mark(self._path)
        if mark is not None:
            self._refuse_gone()
        if not self._path.exists():
            message = (
                f"there is no database {self._path}:"
                " run `python -m bridge migrate`"
            )
            raise SchemaMismatch(message)
        with self._told:
            database = self._connections.database()
            self._refuse_older(mark, database)
            schema.check(database)

    def _refuse_suspect(self) -> None:
        note = self._suspicion.note()
        if note is not None:
            raise Suspect(_in_doubt(self._path, note))

    def _refuse_gone(self) -> None:
        if not self._path.exists():
            message = (
                f"{self._path} is gone, and it was here: put it back, with"
                f" its -wal, or a backup; to begin anew without what it knew,"
                f" take {mark_of(self._path)} away"
            )
            raise JournalGone(message)

    def _refuse_older(self, mark: Seen | None, database: Database) -> None:
        if mark is None:
            return
        why = why_older(self._path, mark, _seen(database))
        if why is not None:
            raise OlderCopy(why)

    @override
    def recheck(self) -> None:
        note = self._suspicion.note()
        if note is None or not self._path.exists():
            return
        wrong = self.integrity() or self._not_written_anew()
        if wrong:
            raise Suspect(_in_doubt(self._path, note, wrong[0]))
        self._mark_acknowledged(note)
        self._suspicion.dispel()
        observe("journal.sound", level="warning", after=note.error)

    def _not_written_anew(self) -> Sequence[str]:
        """
        Write what the log has once more; return why that is not possible.

        What a failed fsync did not write is clean in the system's eyes, and
        would not be written by the next one.
        """
        try:
            if not self._connections.write_log_anew():
                return ["another process has it open: end that first"]
            _sync(self._path)
        except (JournalUnavailable, OSError) as error:
            return [str(error)]
        return []

    def _mark_acknowledged(self, note: Note) -> None:
        """Let `check` miss what was acknowledged and is not there."""
        last = max((last for _first, last in note.acknowledged), default=0)
        with self.reading() as session:
            now = seen(session)
        mark = read_mark(self._path) or now
        if last > mark.event:
            mark = mark.model_copy(update={"event": last})
            write_mark(self._path, mark)

    @override
    def keep_mark(self) -> None:
        self._suspicion.heed()
        with self.reading() as session:
            now = seen(session)
        if now != self._marked and self._sees_to_the_disk():
            write_mark(self._path, now)
            self._marked = now

    def _sees_to_the_disk(self) -> bool:
        """
        Flush what was committed without; a mark must not know more.

        Return False if that fails: SQLite is told so, too, when it flushes
        next, and says what follows from that.
        """
        try:
            _sync(Path(f"{self._path}-wal"))
        except FileNotFoundError:  # all of it is in the database
            return True
        except OSError:
            return False
        return True

    @override
    def accept_copy(self, *, actor: str, now: Instant) -> int:
        self._refuse_suspect()
        with self._told, self._connections.writers.alone():
            schema.migrate(self._connections.database())
        moved = super().accept_copy(actor=actor, now=now)
        self.keep_mark()
        return moved

    @override
    def close(self) -> None:
        self._connections.close()
        self._bell.close()

    @override
    def backup(self, path: str) -> None:
        whole, part = Path(path), Path(f"{path}.part")
        if whole.exists():
            message = f"{path} is there already: name another file"
            raise JournalError(message)
        try:
            with self._told:
                _copy(self._connections.database(), part)
            part.rename(whole)
            _sync(whole.parent)
        except OSError as error:
            message = f"{path}: {error.strerror}"
            raise JournalUnavailable(message) from error
        finally:
            part.unlink(missing_ok=True)

    @override
    def integrity(self) -> Sequence[str]:
        # Asked by a person, or by `recheck`: what is found is an answer.
        try:
            with told_as_unavailable():
                database = self._connections.database()
                checks = database.execute("PRAGMA quick_check").fetchall()
                keys = database.execute("PRAGMA foreign_key_check").fetchall()
        except JournalBroken as error:
            return [str(error)]
        wrong = [text for (text,) in checks if text != "ok"] + [
            f"{table}, row {row}: its row in {parent} is missing"
            for table, row, parent, _key in keys
        ]
        if wrong or "history" not in database.table_names():
            return wrong
        return self.replay()


def _seen(database: Database) -> Seen:
    """Return how much a database of whatever schema has seen."""
    if not {"identity", "events", "history"} <= {*database.table_names()}:
        return Seen()
    return seen(SQLiteSession(database))


def _in_doubt(path: Path, note: Note, wrong: str = "") -> str:
    """Return what happened to the file, and what is to be done."""
    if not wrong:
        return (
            f"the disk failed under {path} ({note.error}): `python -m bridge"
            " serve` looks at it before it starts, `doctor` says what is"
            " wrong"
        )
    return (
        f"the disk failed under {path} ({note.error}), and it is not sound:"
        f" {wrong}; copy it aside with its -wal and -shm, see `python -m"
        " bridge doctor`, put back a backup in their place, and"
        " say `python -m bridge restore`"
    )


def _copy(database: Database, path: Path) -> None:
    """Write a whole copy, on disk when this returns, in one file."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(str(path), isolation_level=None)) as copy:
        database.conn.backup(copy)
        # Else its readers would need a -wal and a -shm beside it.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        (told, *_more) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if told != "ok":
        message = f"the file is damaged where nobody had read it: {told}"
        raise JournalBroken(message)
    _sync(path)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
