"""The schema of a SQLite journal: bring it up to date, or refuse it."""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources

from sqlite_utils import Database, Migrations

from bridge.errors import SchemaMismatch

APPLICATION_ID = 0x62726467
"""`brdg`, in the header of the file; `0001_journal.sql` puts it there."""


def _scripts() -> Mapping[str, str]:
    """Return the numbered files of `migrations/sqlite`, by their stems."""
    folder = resources.files("bridge.journal").joinpath("migrations/sqlite")
    return {
        file.name.removesuffix(".sql"): file.read_text("utf8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    }


def _migrations(scripts: Mapping[str, str]) -> Migrations:
    steps = Migrations("bridge")
    for name, text in scripts.items():
        steps(name=name)(_step(text))
    return steps


def _step(text: str) -> Callable[[Database], None]:
    def step(db: Database, /) -> None:
        db.executescript(text)

    return step


def migrate(database: Database) -> Sequence[str]:
    """
    Take the steps that were not taken; return their names.

    Each is one transaction. The caller sees to it that nobody else migrates.

    Raises:
        SchemaMismatch: the file is another program's, or a newer bridge's.
    """
    steps = _steps_for(database)
    pending = [step.name for step in steps.pending(database)]
    if pending:
        steps.apply(database)
    return pending


def check(database: Database) -> None:
    """
    Refuse a schema that is not this program's.

    Raises:
        SchemaMismatch: saying which of the two is newer.
    """
    steps = _steps_for(database)
    if pending := steps.pending(database):
        message = (
            f"the database is older than this program (it lacks"
            f" {pending[0].name}): run `python -m bridge migrate`"
        )
        raise SchemaMismatch(message)


def _steps_for(database: Database) -> Migrations:
    """Return all steps, if the database is one that they are for."""
    scripts = _scripts()
    steps = _migrations(scripts)
    _refuse_foreign(database)
    taken = [step.name for step in steps.applied(database)]
    if unknown := [name for name in taken if name not in scripts]:
        message = (
            f"the database is newer than this program (it has"
            f" {unknown[0]}): update the program"
        )
        raise SchemaMismatch(message)
    return steps


def _refuse_foreign(database: Database) -> None:
    (marked,) = database.execute("PRAGMA application_id").fetchone()
    tables = {*database.table_names()} - {Migrations.migrations_table}
    if marked == APPLICATION_ID or not (marked or tables):
        return
    message = "the file is a database, but not a bridge's: name another one"
    raise SchemaMismatch(message)
