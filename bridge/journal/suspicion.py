"""
When the disk failed under the database: who is told, and what is left.

Nobody knows then what is on the disk. The process that notices it says what
it acknowledged last, leaves a note beside the file, uses it no more, and is
to end. Whoever starts next finds the note.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bridge.errors import JournalBroken
from bridge.model import EventId
from bridge.observe import observe

DOUBTFUL_S = 60.0
"""What was acknowledged so short before may not be on the disk."""

MOST_REMEMBERED = 65_536


class Note(BaseModel):
    """
    What is left beside the file.

    Args:
        acknowledged: ids of events, as ranges with both ends.
    """

    error: str
    acknowledged: list[tuple[int, int]] = []


class Suspicion:
    """
    Whether the disk failed under the database, as far as we know.

    Args:
        path: of the database; the note stands beside it.
        broken: called once, when this process has noticed it.
    """

    def __init__(
        self,
        path: Path,
        broken: Callable[[], object],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._note = Path(f"{path}.suspect")
        self._broken = broken
        self._monotonic = monotonic
        self._error: str | None = None
        self._lock = threading.Lock()
        self._acknowledged: deque[tuple[float, EventId]] = deque(
            maxlen=MOST_REMEMBERED
        )

    def acknowledged(self, id: EventId) -> None:
        """Remember for a minute what is acknowledged."""
        now = self._monotonic()
        remembered = self._acknowledged
        remembered.append((now, id))
        if remembered[0][0] < now - DOUBTFUL_S:
            self._forget(now)

    def _forget(self, now: float) -> None:
        with self._lock:
            while self._acknowledged[0][0] < now - DOUBTFUL_S:
                self._acknowledged.popleft()

    def refuse(self) -> None:
        """
        Refuse everything once the disk has failed.

        Raises:
            JournalBroken: it has, in this process's eyes.
        """
        if self._error is not None:
            raise JournalBroken(self._error)

    def heed(self) -> None:
        """
        Take another process's word for it.

        Raises:
            JournalBroken: there is a note.
        """
        if self._note.exists():
            error = JournalBroken("another process found its disk failing")
            self.found(error)
            raise error

    def found(self, error: JournalBroken) -> None:
        """Say what is in doubt, leave the note, and let the process end."""
        with self._lock:
            if self._error is not None:
                return
            self._error = str(error)
        since = self._monotonic() - DOUBTFUL_S
        ids = [one for at, one in self._acknowledged.copy() if at >= since]
        doubtful = ranges(ids)
        observe(
            "journal.broken",
            level="error",
            error=str(error),
            acknowledged=_in_words(doubtful),
        )
        self._leave(Note(error=str(error), acknowledged=doubtful))
        self._broken()

    def note(self) -> Note | None:
        """Return what the note says, if there is one."""
        try:
            return Note.model_validate_json(self._note.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            return Note(error="the note can not be read")

    def dispel(self) -> None:
        """Take the note away: somebody has looked, and all is well."""
        self._note.unlink(missing_ok=True)

    def _leave(self, note: Note) -> None:
        """Leave the note, with what others have said there before."""
        before = self.note()
        if before is not None:
            ids = [*before.acknowledged, *note.acknowledged]
            note = Note(error=before.error, acknowledged=ids)
        try:
            file = os.open(
                self._note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600
            )
            try:
                os.write(file, note.model_dump_json().encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            observe(
                "journal.note_not_left",
                level="error",
                error=error.strerror,
            )


def ranges(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return ids as ranges, both ends included."""
    found: list[tuple[int, int]] = []
    for one in sorted({*ids}):
        if found and found[-1][1] == one - 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def _in_words(found: Sequence[tuple[int, int]]) -> str:
    return ", ".join(
        str(first) if first == last else f"{first}-{last}"
        for first, last in found
    )
