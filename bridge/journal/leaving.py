"""The verbs of sessions: who has left the console before time."""

from typing_extensions import override

from bridge.journal.session import Verbs
from bridge.model import Instant


class Leaving(Verbs):
    """Keeps only sessions that were ended, until they would end anyway."""

    @override
    def end_session(self, id: str, *, until: Instant, now: Instant) -> None:
        with self.writing() as session:
            session.run("forget_sessions", now=now)
            session.run("end_session", id=id, until=until)

    @override
    def is_ended(self, id: str) -> bool:
        with self.reading() as session:
            return session.row("ended_session", id=id) is not None
