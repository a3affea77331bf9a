"""The verbs of alerts: what came up, who tells of it, what came of that."""

from collections.abc import Collection, Mapping, Sequence

from typing_extensions import override

from bridge.journal.seeing import Alert
from bridge.journal.session import Verbs
from bridge.model import Instant


class Alerting(Verbs):
    """Keeps what is on, so that it is told once, by one worker."""

    @override
    def alerts(self) -> Sequence[Alert]:
        with self.reading() as session:
            return [Alert(**row) for row in session.rows("alerts")]

    @override
    def keep_alerts(
        self,
        begun: Mapping[str, int | None],
        ended: Collection[int],
        now: Instant,
    ) -> None:
        if not begun and not ended:
            return
        with self.writing() as session:
            for ended_id in ended:
                session.run("end_alert", id=ended_id, now=now)
            for cause, figure in begun.items():
                session.run("begin_alert", cause=cause, figure=figure, now=now)

    @override
    def claim_alert(self, one: Alert, *, until: Instant, now: Instant) -> bool:
        with self.writing() as session:
            taken = session.run(
                "claim_alert", id=one.id, tries=one.tries, until=until, now=now
            )
        return taken > 0

    @override
    def keep_told(
        self,
        one: Alert,
        *,
        problem: str | None,
        again_at: Instant,
        now: Instant,
    ) -> None:
        with self.writing() as session:
            if problem is None:
                is_over = one.over_at is not None
                session.run("told", id=one.id, is_over=int(is_over), now=now)
            else:
                session.run(
                    "not_told", id=one.id, problem=problem, again_at=again_at
                )
