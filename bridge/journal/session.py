"""
What every dialect supplies and every verb is written against.

A verb is a method of one of the classes in `taking`, `planning`, `sending`,
`targets`, `texts`, `showing` and `operating`; a dialect inherits them all
and supplies `writing` and `reading`.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from bridge.errors import LeaseLost
from bridge.journal import rows
from bridge.journal.protocol import Journal
from bridge.journal.rows import Row
from bridge.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Instant,
    Link,
    Reason,
)

T = TypeVar("T")

STILL_MOVING = frozenset(
    {
        DeliveryState.WAITING,
        DeliveryState.PENDING,
        DeliveryState.CLAIMED,
        DeliveryState.SENDING,
        DeliveryState.SETTLING,
    }
)
"""The states that go on by themselves; in any other, planning looks again."""

ON_THE_WAY = STILL_MOVING - {DeliveryState.CLAIMED, DeliveryState.SENDING}
"""The states that need a due time."""


class Session(Protocol):
    """One open transaction. Statements are named as in `queries.sql`."""

    def rows(self, name: str, /, **values: object) -> Sequence[Row]:
        """Run a statement and return all its rows."""
        ...

    def row(self, name: str, /, **values: object) -> Row | None:
        """Run a statement and return its first row, if it has one."""
        ...

    def run(self, name: str, /, **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        ...

    def add(
        self, name: str, many: Sequence[Mapping[str, object]]
    ) -> Sequence[Row]:
        """Insert *many* rows with a statement for one; return its rows."""
        ...

    def part(self) -> AbstractContextManager[None]:
        """Open a part of it that is undone when the block raises."""
        ...


class Verbs(Journal):
    """What a group of verbs stands on."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Session]:
        """
        Open a transaction that writes.

        It is committed at the end of the block, and rolled back when the
        block raises.

        Raises:
            JournalUnavailable: it could not be begun, or made durable.
        """

    def unflushed(self) -> AbstractContextManager[Session]:
        """
        Open a transaction that writes what can be made again.

        It outlives the process. A loss of power may undo it, unless
        something was written since that it does not undo.

        Raises:
            JournalUnavailable: it could not be begun, or kept.
        """
        return self.writing()

    @abstractmethod
    def written(
        self,
        work: Callable[[Session], T],
        then: Callable[[], None] | None = None,
    ) -> T:
        """
        Do *work* in a transaction that others of this process may share.

        It returns once it is durable; what it raises undoes its own changes
        alone. For verbs that many threads call at once: another one of them
        may do it, and *then*, which follows at once when it is durable and
        raises nothing.

        Raises:
            JournalUnavailable: it could not be begun, or made durable.
        """

    @abstractmethod
    def zeroing(self) -> AbstractContextManager[Session]:
        """
        Open a transaction that writes, and overwrites what it frees.

        Raises:
            JournalUnavailable: it could not be begun, or made durable.
        """

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """
        Open a transaction that reads one state of the log.

        Raises:
            JournalUnavailable: it can not be read now.
        """


# ------------------------------------------- what several verbs have to do


def find(session: Session, id: DeliveryId) -> Delivery | None:
    """Return a delivery, if there is one by that number."""
    row = session.row("delivery", id=id)
    return None if row is None else rows.delivery(row)


def save(
    session: Session, before: Delivery, after: Delivery, now: Instant
) -> Delivery:
    """
    Keep *after* in place of *before*, and raise its version.

    Not for `claimed` and `sending`: the owner and the lease end here. Of
    the other states only those that go on by themselves have a due time;
    without one they are due now. An uncertain one that has a due time is
    looked up then.
    """
    due_at = after.due_at
    if after.state in ON_THE_WAY and due_at is None:
        due_at = now
    waits = after.state in ON_THE_WAY | {DeliveryState.UNCERTAIN}
    waiting = after.state is DeliveryState.WAITING
    after = replace(
        after,
        version=before.version + 1,
        owner=None,
        lease_until=None,
        due_at=due_at if waits else None,
        wait_until=after.wait_until if waiting else None,
        updated_at=now,
    )
    changed = session.run(
        "save_delivery",
        seen_version=before.version,
        **rows.delivery_values(
            after,
            request=None if after.request is before.request else after.request,
        ),
    )
    if not changed:
        message = f"delivery {before.id} was changed meanwhile"
        raise LeaseLost(message)
    return after


def because(after: Delivery, reason: Reason | None) -> Delivery:
    """Return *after* with this reason and no other."""
    return replace(after, **reasoned(reason))


def reasoned(reason: Reason | None) -> dict[str, Any]:
    """Return the fields of a delivery that tell its reason."""
    if reason is None:
        return {"reason": None, "reason_text": "", "where": {}}
    return {
        "reason": reason.code,
        "reason_text": reason.text,
        "where": reason.where,
    }


def forget_applied(session: Session, delivery: Delivery) -> None:
    """
    Forget which request of this operation the target has of the order.

    At most one delivery of a lane and operation knows it: the one that was
    applied last.
    """
    session.run("forget_applied", **same_call(delivery))


def open_attempt(session: Session, **values: object) -> int:
    """Begin an attempt; return its number, from 1."""
    (row,) = session.rows("open_attempt", **values)
    number: int = row["number"]
    return number


def same_call(delivery: Delivery) -> dict[str, str]:
    """Return what all calls of one operation about one order share."""
    return {
        "order_id": delivery.order_id,
        "store": delivery.store,
        "target": delivery.target,
        "operation": delivery.operation,
    }


def touch_order(
    session: Session, after: Delivery, now: Instant, *, replan: bool = True
) -> bool:
    """
    Raise the order's revision; plan it when *after* came to rest.

    Return whether it is to be planned.

    Args:
        replan: whether another look can find anything new.
    """
    order = {"store": after.store, "order_id": after.order_id}
    plans = replan and after.state not in STILL_MOVING
    if plans:
        session.run("replan_order", **order, now=now)
    else:
        session.run("touch_order", **order)
    return plans


def release(session: Session, before: Delivery, now: Instant) -> None:
    """Let a held call be rendered anew."""
    after = replace(
        because(before, None),
        state=DeliveryState.PENDING,
        due_at=now,
        live_since=now,
    )
    touch_order(session, save(session, before, after, now), now)


def keep_links(session: Session, links: Sequence[Link], now: Instant) -> bool:
    """
    Keep what was learned, and wake the deliveries that may wait for it.

    Return whether it was news.

    What an order's attribute says never replaces what a target answered,
    a look-up found or an operator said.
    """
    learned = [
        link
        for link in links
        if session.run("keep_link", **rows.link_values(link))
    ]
    for store, order_id, target in dict.fromkeys(
        (link.store, link.order_id, link.target) for link in learned
    ):
        session.run(
            "wake_waiting",
            store=store,
            order_id=order_id,
            target=target,
            now=now,
        )
    return bool(learned)
