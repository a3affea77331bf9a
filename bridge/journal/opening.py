"""From the setting `BRIDGE_DATABASE` to a journal."""

from pathlib import Path

from bridge.errors import SettingsError
from bridge.journal.protocol import Journal


def open_journal(url: str) -> Journal:
    """
    Return the journal at *url*; nothing is opened or created yet.

    `sqlite:///data/bridge.db` is relative to the working directory,
    `sqlite:////var/lib/bridge.db` is absolute.

    Raises:
        SettingsError: the address is of no kind that is known.
        UnsafeSQLite: the SQLite in this process can lose commits.
    """
    scheme, _colon, path = url.partition(":///")
    match scheme:
        case "sqlite" if path:
            from bridge.journal.sqlite import SQLiteJournal

            return SQLiteJournal(Path(path))
        case _:
            message = (
                f"BRIDGE_DATABASE is of no known kind ({scheme}): write"
                " sqlite:///data/bridge.db"
            )
            raise SettingsError(message)
