"""From the setting `BRIDGE_DATABASE` to a journal."""

from collections.abc import Callable
from pathlib import Path

from bridge.errors import SettingsError
from bridge.journal.protocol import Journal
from bridge.journal.room import RESERVE


def open_journal(
    url: str,
    *,
    reserve: int = RESERVE,
    broken: Callable[[], object] = lambda: None,
    looked_after: bool = False,
) -> Journal:
    """
    Return the journal at *url*; nothing is opened or created yet.

    `sqlite:///data/bridge.db` is relative to the working directory,
    `sqlite:////var/lib/bridge.db` is absolute.

    Args:
        reserve: bytes of its volume that no event is taken into.
        broken: called once when the disk failed under it; the process is
            to end, without closing it.
        looked_after: whether somebody calls `shorten_log` a few times a
            second.

    Raises:
        SettingsError: the address is of no kind that is known.
        UnsafeSQLite: the SQLite in this process can lose commits.
    """
    scheme, _colon, path = url.partition(":///")
    match scheme:
        case "sqlite" if path:
            from bridge.journal.sqlite import SQLiteJournal

            return SQLiteJournal(
                Path(path),
                reserve=reserve,
                broken=broken,
                looked_after=looked_after,
            )
        case _:
            message = (
                f"BRIDGE_DATABASE is of no known kind ({scheme}): write"
                " sqlite:///data/bridge.db"
            )
            raise SettingsError(message)
