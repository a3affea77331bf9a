"""What a person does: redeliver, resolve, correct. Each is in the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from typing_extensions import override

from bridge.errors import (
    CorrectionUnread,
    ForceNeeded,
    InFlight,
    NotDecidable,
    NotFound,
    OnHold,
    Pruned,
    VersionMismatch,
)
from bridge.holds import (
    WAITS_FOR_A_WORD,
    hold_of,
    let_go,
    put_on_hold,
)
from bridge.journal import rows
from bridge.journal.planning import find_order
from bridge.journal.protocol import OrderRow
from bridge.journal.seeing import LOOK
from bridge.journal.session import (
    Session,
    Verbs,
    because,
    find,
    forget_applied,
    keep_links,
    release,
    save,
    touch_order,
)
from bridge.journal.taking import append_events
from bridge.model import (
    ATTENTION,
    IN_FLIGHT,
    RESTORED,
    Delivery,
    DeliveryId,
    DeliveryState,
    EventId,
    EventState,
    Instant,
    Kind,
    Link,
    NewEvent,
    Reason,
)
from bridge.orders.order import load_state

_S = DeliveryState


class Operating(Verbs):
    """Does what an operator decided."""

    @override
    def redeliver(
        self,
        id: DeliveryId,
        *,
        actor: str,
        reason: str,
        force: bool,
        if_version: int | None = None,
        now: Instant,
    ) -> Delivery:
        with self.writing() as session:
            before = _known(session, id)
            _check_version(before, if_version)
            _check_redelivery(session, before, force=force)
            after = save(session, before, _again(before, now), now)
            touch_order(session, after, now)
            _note(
                session,
                "redeliver",
                before,
                after,
                actor=actor,
                reason=reason,
                detail={"force": force},
            )
        return after

    @override
    def foresee_redelivery(self, id: DeliveryId, *, force: bool) -> None:
        with self.reading() as session:
            _check_redelivery(session, _known(session, id), force=force)

    @override
    def correct(
        self,
        event: NewEvent,
        *,
        order_id: str,
        fields: Sequence[str],
        actor: str,
        reason: str,
        if_revision: int | None,
        now: Instant,
    ) -> EventId:
        with self.writing() as session:
            order = find_order(session, event.store, order_id)
            if order is None:
                message = "Nothing was ever told of this order."
                raise NotFound(message)
            if if_revision is not None and if_revision != order.revision:
                message = "The order has changed since you looked: look again."
                raise VersionMismatch(message)
            if _is_pruned(order):
                message = (
                    "The order is pruned: save it in the shop once more, and"
                    " correct what it says then."
                )
                raise Pruned(message)
            (kept,) = append_events(session, [event])
            session.run("touch_order", store=order.store, order_id=order_id)
            session.run(
                "note_on_order",
                at=now,
                actor=actor,
                action="correct",
                store=order.store,
                order_id=order_id,
                reason=reason,
                detail=rows.pack({"event": kept.id, "fields": [*fields]}),
            )
        return kept.id

    @override
    def note_look(
        self,
        store: str,
        order_id: str,
        *,
        page: str,
        delivery_id: DeliveryId | None,
        actor: str,
        now: Instant,
    ) -> None:
        with self.writing() as session:
            session.run(
                "note_on_order",
                at=now,
                actor=actor,
                action=LOOK,
                store=store,
                order_id=order_id,
                reason="",
                detail=rows.pack({"page": page, "delivery": delivery_id}),
            )

    @override
    def teach(
        self, links: Sequence[Link], *, actor: str, reason: str, now: Instant
    ) -> Sequence[Link]:
        with self.writing() as session:
            news = [one for one in links if keep_links(session, [one], now)]
            for store, order_id, target in dict.fromkeys(
                (one.store, one.order_id, one.target) for one in news
            ):
                order = {"store": store, "order_id": order_id}
                for row in session.rows("dossier_deliveries", **order):
                    held = rows.delivery(row)
                    if held.target == target and _is_rendered_anew(held):
                        release(session, held, now)
            one = links[0] if len({*map(_order_of, links)}) == 1 else None
            session.run(
                "note_on_order",
                at=now,
                actor=actor,
                action="teach",
                store=one and one.store,
                order_id=one and one.order_id,
                reason=reason,
                detail=rows.pack(
                    {
                        "names": sorted({link.name for link in links}),
                        "targets": sorted({link.target for link in links}),
                        "links": len(links),
                        "news": len(news),
                    }
                ),
            )
        return news

    @override
    def resolve(
        self,
        id: DeliveryId,
        *,
        decision: str,
        links: Mapping[str, str],
        actor: str,
        reason: str,
        if_version: int | None,
        now: Instant,
        until: Instant | None = None,
    ) -> Delivery:
        with self.writing() as session:
            before = _known(session, id)
            _check_version(before, if_version)
            _check_decision(session, before, decision)
            if decision == "hold":
                after = _held(before, actor, until, now)
            else:
                after = _decided(before, decision, actor, now)
            after = save(session, before, after, now)
            if after.state is _S.SUCCEEDED:
                # Done, but nobody knows with which request.
                forget_applied(session, before)
            keep_links(session, _links(before, links, actor), now)
            touch_order(session, after, now)
            _note(
                session,
                "resolve",
                before,
                after,
                actor=actor,
                reason=reason,
                detail={"decision": decision, "links": dict(links)}
                | ({"until": until} if until else {}),
            )
        return after


def _is_pruned(order: OrderRow) -> bool:
    if order.pruned_at is None:
        return False
    snapshot = load_state(order.state).snapshot
    return snapshot is not None and snapshot.pruned


def _is_rendered_anew(held: Delivery) -> bool:
    """Return whether it is held for what a link may mend."""
    if held.state is not _S.HELD or held.kind is not Kind.CALL:
        return False
    return held.reason not in WAITS_FOR_A_WORD


def _order_of(link: Link) -> tuple[str, str]:
    return link.store, link.order_id


def _known(session: Session, id: DeliveryId) -> Delivery:
    delivery = find(session, id)
    if delivery is None:
        message = f"There is no delivery {id}."
        raise NotFound(message)
    return delivery


# ------------------------------------------------------ what may be done


def _check_version(before: Delivery, if_version: int | None) -> None:
    if if_version is not None and if_version != before.version:
        message = (
            f"Delivery {before.id} has changed since you looked: look again."
        )
        raise VersionMismatch(message)


def _check_redelivery(
    session: Session, before: Delivery, *, force: bool
) -> None:
    name = f"Delivery {before.id}"
    if before.pruned_at is not None:
        message = (
            f"{name} is pruned: what it said is gone. Save the order in the"
            " shop once more, and what it asks for now is sent."
        )
        raise Pruned(message)
    if newer := _replacement(session, before):
        message = f"{name} was replaced: redeliver {newer} instead."
        raise NotFound(message, why="replaced")
    if before.state in IN_FLIGHT | {_S.SETTLING}:
        message = f"{name} is {before.state}: try again in a moment."
        raise InFlight(message)
    if before.kind is not Kind.CALL:
        message = f"{name} is a question, not a call: resolve it instead."
        raise NotDecidable(message, why="question")
    _check_hold(before)
    if before.state is _S.UNCERTAIN:
        message = f"{name} may have been applied: resolve it instead."
        raise NotDecidable(message, why="maybe_applied")
    if not (force or before.repeatable) and _may_be_applied(session, before):
        message = (
            f"{name} was or may have been applied, and would make a second"
            " one: say `force` if that is wanted."
        )
        raise ForceNeeded(message)
    _check_corrections(session, before)


def _check_decision(session: Session, before: Delivery, decision: str) -> None:
    name = f"Delivery {before.id}"
    if before.state in IN_FLIGHT:
        message = f"{name} is {before.state}: try again in a moment."
        raise InFlight(message)
    if before.state not in ATTENTION:
        message = f"{name} is {before.state}: it waits for no decision."
        raise NotDecidable(message, why="no_decision_waits")
    if decision not in _DECISIONS:
        message = f"`{decision}` is no decision: say {', '.join(_DECISIONS)}."
        raise NotDecidable(message)
    if decision == "release" and hold_of(before) is None:
        message = f"{name} is not on hold: nothing is to be let go."
        raise NotDecidable(message)
    if decision == "resend":
        _check_resend(session, before)
    if decision == "release":
        _check_corrections(session, before)


def _check_resend(session: Session, before: Delivery) -> None:
    name = f"Delivery {before.id}"
    _check_hold(before)
    if before.kind is not Kind.CALL and before.reason != "came_back":
        message = f"{name} is a question: say `done` or `cancel`."
        raise NotDecidable(message, why="question")
    if newer := _replacement(session, before):
        message = f"{name} was replaced: redeliver {newer} instead."
        raise NotDecidable(message, why="replaced")
    _check_corrections(session, before)


def _check_hold(before: Delivery) -> None:
    hold = hold_of(before)
    if hold is not None:
        message = (
            f"{hold.by} holds delivery {before.id}: let it go first"
            " (`release`)."
        )
        raise OnHold(message)


def _check_corrections(session: Session, before: Delivery) -> None:
    """
    Refuse to send what would not say yet what a person corrected.

    Raises:
        CorrectionUnread: a correction of its order waits for its plan.
    """
    order = {"store": before.store, "order_id": before.order_id}
    for said in session.rows("corrections_of_order", **order):
        kept = rows.unpack(said["detail"])["event"]
        event = session.row("event_state", id=kept)
        if event is not None and event["state"] == EventState.STORED:
            message = (
                "What was corrected of this order is still being read: try"
                " again in a moment."
            )
            raise CorrectionUnread(message)


def _replacement(session: Session, before: Delivery) -> DeliveryId | None:
    (row,) = session.rows("newest_generation", effect_key=before.effect_key)
    if row["generation"] == before.generation:
        return None
    return DeliveryId(row["id"])


def _may_be_applied(session: Session, before: Delivery) -> bool:
    if before.state is _S.SUCCEEDED or before.reason == RESTORED:
        return True
    found = session.row("maybe_applied", effect_key=before.effect_key)
    return found is not None


# ------------------------------------------------------------ what is done


def _again(before: Delivery, now: Instant) -> Delivery:
    """Return the same delivery as a new generation, due now."""
    generation = before.generation + 1
    rest, _slash, _old = before.place.rpartition("/")
    return replace(
        because(before, None),
        generation=generation,
        place=f"{rest}/{generation:06d}",
        state=_S.PENDING,
        due_at=now,
        attempts=0,
        claims=0,
        forced=True,
        live_since=now,
    )


def _closed(before: Delivery, decision: str, actor: str) -> Delivery:
    state, text = _DECISIONS[decision]
    reason = Reason(
        code="operator",
        text=f"{text} {actor}.",
        where={"decision": decision, "actor": actor},
    )
    return replace(
        because(before, reason),
        state=state,
        forced=False,
        request_hash=None if state is _S.SUCCEEDED else before.request_hash,
    )


def _decided(
    before: Delivery, decision: str, actor: str, now: Instant
) -> Delivery:
    if decision == "resend":
        return _again(before, now)
    if decision == "release":
        return let_go(before, now)
    return _closed(before, decision, actor)


def _held(
    before: Delivery, actor: str, until: Instant | None, now: Instant
) -> Delivery:
    if until is not None and until <= now:
        message = "That time has passed: hold it until a later one."
        raise NotDecidable(message, why="past")
    return put_on_hold(before, by=actor, until=until)


_DECISIONS: Mapping[str, tuple[DeliveryState, str]] = {
    "exists": (_S.SUCCEEDED, "Found at the target by"),
    "done": (_S.SUCCEEDED, "Marked as done by"),
    "resend": (_S.PENDING, "Sent again by"),
    "cancel": (_S.CANCELLED, "Cancelled by"),
    "hold": (_S.HELD, "Held by"),
    "release": (_S.HELD, "Let go by"),
}


def _links(
    before: Delivery, links: Mapping[str, str], actor: str
) -> list[Link]:
    return [
        Link(
            store=before.store,
            order_id=before.order_id,
            target=before.target,
            name=name,
            value=value,
            source=f"operator:{actor}",
        )
        for name, value in links.items()
    ]


def _note(
    session: Session,
    action: str,
    before: Delivery,
    after: Delivery,
    *,
    actor: str,
    reason: str,
    detail: Mapping[str, object],
) -> None:
    session.run(
        "note",
        at=after.updated_at,
        actor=actor,
        action=action,
        delivery_id=after.id,
        target=after.target,
        reason=reason,
        detail=rows.pack(
            {**detail, "before": _gist(before), "after": _gist(after)}
        ),
    )


def _gist(delivery: Delivery) -> Mapping[str, object]:
    return {
        "state": delivery.state,
        "reason": delivery.reason,
        "generation": delivery.generation,
        "version": delivery.version,
    }
