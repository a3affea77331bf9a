"""What an error of SQLite means for whoever wanted something of it."""

from bridge.errors import JournalBroken, JournalUnavailable

_OF_THE_MOMENT = frozenset(
    {
        "SQLITE_IOERR_ACCESS",
        "SQLITE_IOERR_BLOCKED",
        "SQLITE_IOERR_CHECKRESERVEDLOCK",
        "SQLITE_IOERR_GETTEMPPATH",
        "SQLITE_IOERR_LOCK",
        "SQLITE_IOERR_NOMEM",
        "SQLITE_IOERR_RDLOCK",
        "SQLITE_IOERR_SHMLOCK",
        "SQLITE_IOERR_SHMMAP",
        "SQLITE_IOERR_SHMOPEN",
        "SQLITE_IOERR_SHMSIZE",  # a full disk, too: the index has no room
        "SQLITE_IOERR_UNLOCK",
    }
)
"""I/O errors that touched neither the database nor its log."""

_BREAKING = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")


def as_ours(error: BaseException) -> JournalUnavailable:
    """
    Return our error for one that a database raised.

    `JournalBroken` when what was written may be lost or damaged: after a
    failed fsync the next one succeeds, and the data is not on the disk.
    Locked, full, read-only and the like pass by themselves.

    Source: https://sqlite.org/rescode.html, 2026-11
    """
    if isinstance(error, JournalUnavailable):
        return error
    code = getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR"
    kind = JournalBroken if _is_breaking(code) else JournalUnavailable
    return kind(f"{error} ({code})")


def _is_breaking(code: str) -> bool:
    return code.startswith(_BREAKING) and code not in _OF_THE_MOMENT
