"""The verbs of the worker: claim, intend, record; and of lost leases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from typing_extensions import override

from bridge.errors import LeaseLost
from bridge.journal import rows
from bridge.journal.claiming import Round, has_work
from bridge.journal.protocol import (
    SETTLE,
    Claim,
    Lane,
    Result,
    Unwritten,
)
from bridge.journal.recording import keep_result
from bridge.journal.session import (
    Session,
    Verbs,
    because,
    forget_applied,
    open_attempt,
    save,
    touch_order,
)
from bridge.lifecycle import after_lost_lease
from bridge.model import (
    WHOLE,
    Delivery,
    DeliveryState,
    Instant,
    Millis,
    Part,
    Phase,
    Reason,
    Request,
)

_S = DeliveryState

_LOST: Mapping[DeliveryState, Reason] = {
    _S.PENDING: Reason(
        code="worker_lost", text="Its worker stopped before it was sent."
    ),
    _S.DEAD: Reason(
        code="poison",
        text="Three workers in a row stopped while they prepared it.",
    ),
    _S.SETTLING: Reason(
        code="worker_lost",
        text="Its worker stopped while it was sent; it is sent again.",
    ),
    _S.UNCERTAIN: Reason(
        code="worker_lost",
        text="Its worker stopped while it was sent; look at the target.",
    ),
}


class Sending(Verbs):
    """Hands out deliveries, and keeps what came of them."""

    @override
    def claim(
        self,
        lanes: Sequence[Lane],
        *,
        owner: str,
        now: Instant,
        lease: Millis,
    ) -> Sequence[Claim]:
        lease_until = Instant(now + lease)
        with self.reading() as session:
            busy = [
                lane for lane in lanes if has_work(session, lane.target, now)
            ]
        if not busy:
            return ()
        # What is claimed is claimed again: only an intent lets it be sent.
        with self.unflushed() as session:
            return [
                claim
                for lane in busy
                for claim in Round(
                    session=session,
                    lane=lane,
                    owner=owner,
                    now=now,
                    lease_until=lease_until,
                ).run()
            ]

    @override
    def intend(
        self,
        claim: Claim,
        request: Request,
        *,
        mapping_hash: str,
        now: Instant,
        then: Callable[[], None] | None = None,
    ) -> int:
        fenced = {
            "fence": claim.delivery.fence,
            "mapping_hash": mapping_hash,
            "request": rows.request_text(request),
        }

        def work(session: Session) -> int:
            if not session.run(
                "intend", id=claim.delivery.id, now=now, **fenced
            ):
                raise LeaseLost(_lost(claim))
            return open_attempt(
                session,
                delivery_id=claim.delivery.id,
                operation=request.operation,
                phase=Phase.WRITING.value,
                started_at=now,
                **fenced,
            )

        return self.written(work, then)

    @override
    def record(self, claim: Claim, result: Result, now: Instant) -> bool:
        kept = self.written(
            lambda session: keep_result(session, claim, result, now)
        )
        if not kept.settled:
            raise LeaseLost(_lost(claim))
        return kept.replans

    @override
    def reap(self, now: Instant, *, settle: Millis = SETTLE) -> int:
        with self.writing() as session:
            lost = session.rows("lost_leases", now=now)
            for row in lost:
                _lose(session, rows.delivery(row), now, settle)
        return len(lost)

    @override
    def take_over(
        self,
        owner: str,
        now: Instant,
        *,
        settle: Millis = SETTLE,
        unwritten: Unwritten = frozenset(),
    ) -> int:
        with self.writing() as session:
            lost = session.rows("leases_of", owner=owner)
            for row in lost:
                before = rows.delivery(row)
                is_unwritten = (before.id, before.fence) in unwritten
                if before.state is _S.SENDING and is_unwritten:
                    _lose_unwritten(session, before, now)
                else:
                    _lose(session, before, now, settle)
        return len(lost)

    @override
    def beat(
        self,
        worker: str,
        *,
        parts: frozenset[Part] = WHOLE,
        problems: Sequence[str],
        now: Instant,
    ) -> None:
        with self.writing() as session:
            session.run(
                "beat",
                worker=worker,
                plans=int(Part.PLANS in parts),
                sends=int(Part.SENDS in parts),
                problems=rows.pack(list(problems)),
                now=now,
            )

    @override
    def next_due(self, now: Instant) -> Instant | None:
        with self.reading() as session:
            (row,) = session.rows("next_due", now=now)
        return None if row["at"] is None else Instant(row["at"])


def _lost(claim: Claim) -> str:
    return (
        f"delivery {claim.delivery.id} is no longer held with fence"
        f" {claim.delivery.fence}"
    )


# ----------------------------------------------------------- lost leases


def _lose(
    session: Session, before: Delivery, now: Instant, settle: Millis
) -> None:
    claims = before.claims + (before.state is _S.CLAIMED)
    state = after_lost_lease(
        state=before.state, repeatable=before.repeatable, claims=claims
    )
    sent = before.state is _S.SENDING
    if sent:
        session.run("lose_attempts", delivery_id=before.id, now=now)
        forget_applied(session, before)
    wait = settle if sent else 0
    after = replace(
        because(before, _LOST[state]),
        state=state,
        fence=before.fence + 1,
        claims=claims,
        due_at=Instant(now + wait),
        request_hash=None if sent else before.request_hash,
    )
    touch_order(session, save(session, before, after, now), now)


def _lose_unwritten(session: Session, before: Delivery, now: Instant) -> None:
    """Its intent was kept, and nothing written: it is due as before."""
    session.run("unsend_attempts", delivery_id=before.id, now=now)
    after = replace(
        because(before, _LOST[_S.PENDING]),
        state=_S.PENDING,
        fence=before.fence + 1,
        due_at=now,
    )
    touch_order(session, save(session, before, after, now), now)
