"""
The judge: what the targets have, against what the shops said.

It has a small model of its own of what each target should end with, made
from the shops' facts and the shipped files' story, not from the bridge's
planning. Of the bridge it reads only what an operator sees: which
deliveries there are, and which wait for a person.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from bench.campaign.simulation.operators import Operator, Place
from bench.campaign.simulation.shops import Facts, Order
from bench.campaign.simulation.sites import Arrival, Site
from bench.campaign.simulation.world import World
from bench.campaign.verifier import Kind as Wrong
from bench.campaign.verifier import most_in_a_second
from bridge.journal.protocol import DeliveryFilter, EventFilter
from bridge.model import Delivery, DeliveryState, Event, Kind

S = DeliveryState

ENDED = frozenset({S.SUCCEEDED, S.CANCELLED, S.SUPERSEDED, S.UNCHANGED})
RANK = {"ready_to_ship": 1, "shipped": 2, "delivered": 3, "canceled": 4}
STATUS_OF_RULE = {
    "ready": "ready_to_ship",
    "shipped": "shipped",
    "delivered": "delivered",
    "cancelled": "canceled",
}
YUJU_LIMIT = 2  # requests in a second
MANY = 100_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: the verifier's word for it, and where."""

    code: str
    text: str

    @override
    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(slots=True, kw_only=True)
class Doubt:
    """
    How often a create was called uncertain, and how often for nothing.

    Args:
        unwritten: not a byte of it was written.
        lost: it was written, and the network lost it.
    """

    all: int = 0
    unwritten: int = 0
    lost: int = 0


@dataclass(slots=True, kw_only=True)
class Shown:
    """What an operator sees in the end."""

    events: Sequence[Event]
    deliveries: Sequence[Delivery]
    attention: set[Place] = field(init=False)

    def __post_init__(self) -> None:
        self.attention = {
            (d.target, d.order_id)
            for d in self.deliveries
            if d.attention and d.kind is Kind.CALL
        }

    def of(self, place: Place) -> list[Delivery]:
        """Return the deliveries of an order at a target."""
        return [d for d in self.deliveries if (d.target, d.order_id) == place]


def shown(world: World) -> Shown:
    """Return what the lists show."""
    return Shown(
        events=world.journal.events(EventFilter(), before=None, limit=MANY),
        deliveries=world.journal.deliveries(
            DeliveryFilter(), before=None, limit=MANY
        ),
    )


def is_at_rest(seen: Shown) -> bool:
    """Return whether nothing will happen any more by itself."""
    return not any(True for _ in _in_limbo(seen))


def judged(world: World, operator: Operator) -> list[Finding]:
    """Return all that must not be."""
    seen = shown(world)
    case = _Case(world=world, operator=operator, seen=seen)
    return [
        *_unkept(world, seen),
        *_in_limbo(seen),
        *_over_rate(world.sites["yuju-mx"]),
        *(f for order in world.orders for f in case.order(order)),
        *case.untrue(),
        *(Finding("stale", f"delivery {one}") for one in operator.taken_stale),
    ]


# ------------------------------------------------------- what all must keep


def _unkept(world: World, seen: Shown) -> Iterator[Finding]:
    kept = {event.sha256 for event in seen.events}
    for hook, at in world.acked:
        if hashlib.sha256(hook.body).hexdigest() not in kept:
            yield Finding(
                Wrong.LOST, f"event of {hook.order.key} acked at {at}"
            )
    for event in seen.events:
        if event.state.value == "unusable":
            yield Finding(Wrong.LOST, f"event {event.id}: {event.reason}")


def _in_limbo(seen: Shown) -> Iterator[Finding]:
    for event in seen.events:
        if event.state.value == "stored":
            yield Finding(Wrong.LIMBO, f"event {event.id} has no plan")
    for one in seen.deliveries:
        place = one.target, one.order_id
        waits = one.state in {S.PENDING, S.WAITING, S.SETTLING}
        blocked = waits and place in seen.attention
        if not (one.state in ENDED or one.attention or blocked):
            yield Finding(Wrong.LIMBO, f"{_named(one)} is {one.state}")


def _over_rate(yuju: Site) -> Iterator[Finding]:
    most, began = most_in_a_second([one.at for one in yuju.arrivals])
    if most > YUJU_LIMIT:
        yield Finding(Wrong.OVER_RATE, f"{most} in the second from {began}")


def _named(one: Delivery) -> str:
    return f"{one.mapping}/{one.rule} of {one.order_id} ({one.id})"


# ------------------------------------------------------------ order by order


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    world: World
    operator: Operator
    seen: Shown

    def order(self, order: Order) -> Iterator[Finding]:
        """Return what is wrong with one order."""
        if order.store in {"cafe-mx", "artesanias-mx"}:
            yield from self._at_rayo(order)
            yield from self._at_yuju(order)
        else:
            yield from self._at_every(order)

    # -- Rayo

    def _at_rayo(self, order: Order) -> Iterator[Finding]:
        place = "rayo-mx", order.key
        site = self.world.sites["rayo-mx"]
        creates = site.applied("create_order", order.key)
        yield from self._created_once(order, place, len(creates))
        if place in self.operator.excused:
            return
        yield from self._rising(
            place, [len(guide) for guide in _guides(site, order)]
        )
        if place in self.seen.attention or not creates:
            return
        last = order.last
        if last.cancelled:
            yield from self._asked(place, "cancelled")
            return
        if last.guides and _guides(site, order)[-1:] != [_joined(last)]:
            yield Finding(
                Wrong.LOST,
                f"tracking of {order.key}: {_guides(site, order)}",
            )
        elif not _has_shipped(last):
            yield from self._told_of_change(order, place, creates)

    def _told_of_change(
        self, order: Order, place: Place, creates: Sequence[Arrival]
    ) -> Iterator[Finding]:
        sent = str(creates[-1].said["house"])
        asked = [d for d in self.seen.of(place) if d.kind is Kind.CHANGED]
        if sent != str(order.last.house) and not asked:
            yield Finding(Wrong.LOST, f"change of {order.key}: house {sent}")

    def _asked(self, place: Place, rule: str) -> Iterator[Finding]:
        asked = [d for d in self.seen.of(place) if d.rule == rule]
        if not any(d.attention or d.reason == "operator" for d in asked):
            states = [(d.state.value, d.reason) for d in asked]
            yield Finding(Wrong.LOST, f"question {rule} of {place}: {states}")

    # -- Yuju

    def _at_yuju(self, order: Order) -> Iterator[Finding]:
        place = "yuju-mx", order.key
        applied = self.world.sites["yuju-mx"].applied("set_status", order.key)
        statuses = [str(arrival.said["status"]) for arrival in applied]
        if place in self.operator.excused:
            return
        yield from self._rising(place, [RANK[s] for s in statuses])
        yield from self._ends_with(place, statuses, _yuju_status(order.last))

    # -- Every

    def _at_every(self, order: Order) -> Iterator[Finding]:
        place = "every-co", order.key
        site = self.world.sites["every-co"]
        if order.store == "fincas-co":
            creates = site.applied("create_order", order.key)
            yield from self._created_once(order, place, len(creates))
            if not creates:
                return
        if place in self.operator.excused:
            return
        applied = site.applied("update_order", order.key)
        statuses = [str(arrival.said.get("status")) for arrival in applied]
        expected = _every_status(order)
        yield from self._ends_with(place, statuses, expected)
        last = order.last
        asks = order.store != "fincas-co" and _all_shipped(order)
        if asks and not last.cancelled:
            yield from self._asked(place, "fulfilled")

    # -- what holds for several

    def _created_once(
        self, order: Order, place: Place, count: int
    ) -> Iterator[Finding]:
        allowed = 1 + self.operator.approved[place]
        if count > allowed:
            yield Finding(Wrong.DUPLICATED, f"{place}: {count} of {allowed}")
        excused = place in self.operator.excused
        if count and not order.was_ready and not excused:
            yield Finding(Wrong.UNEXPECTED, f"{place}: never asked for")
        wanted = order.last.paid and not order.last.cancelled
        waits = place in self.seen.attention
        if wanted and not count and not waits and not excused:
            yield Finding(
                Wrong.LOST, f"{place}: no create, and nobody is asked"
            )

    def _rising(self, place: Place, ranks: Sequence[int]) -> Iterator[Finding]:
        if list(ranks) != sorted(ranks):
            yield Finding(Wrong.OUT_OF_ORDER, f"{place}: {list(ranks)}")

    def _ends_with(
        self, place: Place, statuses: Sequence[str], expected: str | None
    ) -> Iterator[Finding]:
        if expected is None and statuses:
            yield Finding(Wrong.UNEXPECTED, f"{place}: {list(statuses)}")
        if expected is None or place in self.seen.attention:
            return
        if list(statuses[-1:]) != [expected]:
            code = Wrong.OUT_OF_ORDER if expected in statuses else Wrong.LOST
            yield Finding(code, f"{place}: {list(statuses)}, not {expected}")

    # -- what is said of deliveries

    def untrue(self) -> Iterator[Finding]:
        """Return deliveries that say what is not so."""
        for one in self.seen.deliveries:
            place = one.target, one.order_id
            if one.kind is not Kind.CALL or place in self.operator.excused:
                continue
            said = one.state is S.SUCCEEDED and one.reason != "operator"
            if said and not self._is_there(one):
                yield Finding(Wrong.UNTRUE, f"{_named(one)} is {one.state}")
            dead = one.state is S.DEAD and one.operation == "create_order"
            if dead and self._is_there(one):
                yield Finding(Wrong.UNTRUE, f"{_named(one)} is {one.state}")

    def _is_there(self, one: Delivery) -> bool:
        applied = self.world.sites[one.target].applied(
            one.operation, one.order_id
        )
        if one.operation != "set_status":
            return bool(applied)
        wanted = STATUS_OF_RULE[one.rule]
        return any(arrival.said["status"] == wanted for arrival in applied)


def _has_shipped(facts: Facts) -> bool:
    return bool(facts.guides) or facts.fulfilled


def _all_shipped(order: Order) -> bool:
    return order.last.fulfilled


def _joined(facts: Facts) -> str:
    return ", ".join(facts.guides)


def _guides(site: Site, order: Order) -> list[str]:
    applied = site.applied("update_delivery", order.key)
    return [str(arrival.said["guide"]) for arrival in applied]


def _yuju_status(facts: Facts) -> str | None:
    if facts.cancelled:
        return "canceled"
    if facts.delivered:
        return "delivered"
    if _has_shipped(facts):
        return "shipped"
    return "ready_to_ship" if facts.paid else None


def _every_status(order: Order) -> str | None:
    facts = order.last
    if facts.cancelled:
        return "CANCELLED"
    if order.store == "fincas-co" or not facts.paid:
        return None
    return "CONFIRMED"


# ------------------------------------------------------------------ figures


def doubt(world: World, seen: Shown) -> Doubt:
    """Return how often a create was called uncertain, and for nothing."""
    found = Doubt()
    for one in seen.deliveries:
        if one.operation != "create_order":
            continue
        for attempt in world.journal.attempts(one.id):
            if attempt.outcome != "maybe":
                continue
            found.all += 1
            strand = world.intents.get((one.id, attempt.number), -1)
            site = world.sites[one.target]
            written = site.written & set(world.sent.get(strand, ()))
            if not written:
                found.unwritten += 1
            elif not any(site.knows(number) for number in written):
                found.lost += 1
    return found


def counted(findings: Sequence[Finding]) -> Mapping[str, int]:
    """Return how many findings there are of each code."""
    return Counter(finding.code for finding in findings)
