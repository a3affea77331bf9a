"""
A note beside the database of how much it has seen.

It is written after the fact, by whoever has nothing better to do, and never
says more than what was durable before. A database that has seen less is not
the one that was here: somebody has put an older copy in its place, or taken
its `-wal` away.
"""

import os
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bridge.model import Instant
from bridge.orders.document import iso


class Seen(BaseModel, frozen=True):
    """
    How much a database has seen.

    Args:
        journal: names the database, wherever it lies; empty without one.
        event: highest id of an event.
        change: highest id in the deliveries' history.
        at: when the last of them was.
    """

    journal: str = ""
    event: int = 0
    change: int = 0
    at: Instant = Instant(0)


def mark_of(path: Path) -> Path:
    """Return where the mark of the database at *path* lies."""
    return Path(f"{path}.mark")


def read_mark(path: Path) -> Seen | None:
    """Return what the mark says; one that can not be read says nothing."""
    with suppress(OSError, ValidationError):
        return Seen.model_validate_json(mark_of(path).read_bytes())
    return None


def write_mark(path: Path, seen: Seen) -> None:
    """
    Replace the mark, whole or not at all.

    It is not synced: after a power loss an older one does no harm. Where it
    can not be written the one from before stays, for the same reason.
    """
    part = Path(f"{mark_of(path)}.{os.getpid()}")
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, seen.model_dump_json().encode())
        finally:
            os.close(file)
        part.replace(mark_of(path))
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def why_older(path: Path, mark: Seen, seen: Seen) -> str | None:
    """Return in words what the database lacks; None when it lacks nothing."""
    if mark.journal != seen.journal:
        return (
            f"{path} is another database than the one that was here until"
            f" {_when(mark.at)}: {_WAY_OUT}"
        )
    if mark.event <= seen.event and mark.change <= seen.change:
        return None
    lacks = (
        f"{max(0, mark.event - seen.event)} events and"
        f" {max(0, mark.change - seen.change)} changes of deliveries"
    )
    return (
        f"{path} is an older copy: it ends at {_when(seen.at)}, and the"
        f" database that was here went on to {_when(mark.at)} ({lacks} more)."
        f" What was created since would be created twice: {_WAY_OUT}"
    )


_WAY_OUT = (
    "put the right file back, with its -wal, or say `python -m bridge"
    " restore` to go on with this one"
)


def _when(at: Instant) -> str:
    return (iso(at) if at else None) or "its beginning"
