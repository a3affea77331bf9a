"""
Who goes next at a target: the gate, those in doubt, the stores in turn.

Nothing here reads a backlog: stores are found by skipping through an index
from one to the next, and of each store the heads are read in the order of
an index until there are enough.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bridge.journal import rows
from bridge.journal.protocol import Claim, Lane
from bridge.journal.rows import Row
from bridge.journal.session import Session, same_call
from bridge.model import Delivery, DeliveryState, Instant


def has_work(session: Session, target: str, now: Instant) -> bool:
    """
    Return whether a claim at *target* would find anything due.

    Reading alone: an idle worker asks many times a minute.
    """
    asked = {"target": target, "now": now}
    outlook = session.row("outlook", **asked)
    assert outlook is not None, "it has no table"
    if outlook["shut"]:
        return False
    return bool(outlook["doubts"] or session.rows("due_stores", **asked))


@dataclass(kw_only=True)
class Round:
    """
    One claim at one target.

    Args:
        claims: what was taken, in the order in which it was.
    """

    session: Session
    lane: Lane
    owner: str
    now: Instant
    lease_until: Instant
    claims: list[Claim] = field(default_factory=list)
    _probing: bool = False
    _room: int = 0
    _slots: list[int] = field(default_factory=list)

    def run(self) -> Sequence[Claim]:
        """Take what is due, as far as the gate, room and slots allow."""
        outlook = self._row("outlook")
        assert outlook is not None, "it has no table"
        if outlook["shut"]:
            return ()
        self._probing = bool(outlook["probing"])
        stores = self._rows("due_stores")
        if (stores or outlook["doubts"]) and self._make_room():
            if outlook["doubts"]:
                self._look_up()
            self._serve(stores)
        return self.claims

    def _make_room(self) -> bool:
        """Return whether anything can be taken at all."""
        self._room = (
            min(self.lane.room, 1) if self._probing else self.lane.room
        )
        if self.lane.slots:
            self._slots = self._free_slots()
            self._room = min(self._room, len(self._slots))
        return self._room > 0

    def _free_slots(self) -> list[int]:
        known = self._rows("slots", slots=self.lane.slots)
        missing = set(range(self.lane.slots)) - {row["n"] for row in known}
        for n in sorted(missing):
            self._run("add_slot", n=n)
        free = [row["n"] for row in known if row["free_at"] <= self.now]
        return free + sorted(missing)

    # -- who

    def _look_up(self) -> None:
        """What is in doubt blocks its lane, and may wait for a person."""
        for due in self._rows("due_lookups", room=self._room):
            self._take("claim_lookup", due["id"])

    def _serve(self, stores: Sequence[Row]) -> None:
        """
        Serve stores one by one, who was served longest ago first.

        A probe is better made with what may be repeated: its answer is the
        likeliest to be lost.
        """
        served: list[str] = []
        for statement in ("due_probes",) * self._probing + ("due_heads",):
            served += self._serve_in_turn(stores, statement)
        if len(stores) > 1:
            self._note_turns(stores[0]["latest"] or 0, served)

    def _serve_in_turn(
        self, stores: Sequence[Row], statement: str
    ) -> Iterator[str]:
        """Yield the store of each that was taken."""
        line = deque(
            (row["store"], self._heads(row["store"], statement))
            for row in stores
        )
        while line and self._room:
            store, heads = line.popleft()
            # One of an order that was just taken is not taken, too.
            if any(self._take("claim_delivery", head) for head in heads):
                yield store
                line.append((store, heads))

    def _heads(self, store: str, statement: str) -> Iterator[int]:
        for row in self._rows(statement, store=store, room=self._room):
            yield row["id"]

    def _note_turns(self, latest: int, served: Sequence[str]) -> None:
        turns = {store: latest + n for n, store in enumerate(served, 1)}
        for store, turn in turns.items():
            self._run("take_turn", store=store, turn=turn)

    # -- what

    def _take(self, statement: str, id: int) -> bool:
        row = self.session.row(
            statement,
            id=id,
            owner=self.owner,
            lease_until=self.lease_until,
            now=self.now,
        )
        if row is None:
            return False
        delivery = rows.delivery(row)
        self._room -= 1
        slot = self._take_slot(delivery) if self.lane.slots else None
        if self._probing:
            self._run("begin_probe", until=self.lease_until)
        self.claims.append(self._claim(delivery, slot))
        return True

    def _take_slot(self, delivery: Delivery) -> int:
        slot = self._slots.pop(0)
        self._run(
            "take_slot",
            n=slot,
            free_at=self.now + self.lane.slot_hold,
            delivery_id=delivery.id,
            fence=delivery.fence,
        )
        return slot

    def _claim(self, delivery: Delivery, slot: int | None) -> Claim:
        asked = delivery.state is DeliveryState.UNCERTAIN
        found = self.session.row(
            "order_to_send" if asked else "take_order", **same_call(delivery)
        )
        assert found is not None, "a foreign key says so"
        applied_hash = found.pop("applied_hash")
        links = self.session.rows(
            "links_at_target",
            store=delivery.store,
            order_id=delivery.order_id,
            target=delivery.target,
        )
        return Claim(
            delivery=delivery,
            order=rows.order(found),
            links={row["name"]: row["value"] for row in links},
            in_doubt=_in_doubt(self.session, delivery),
            applied_hash=applied_hash,
            slot=slot,
            probe=self._probing,
        )

    # -- statements about this target

    def _rows(self, name: str, **values: object) -> Sequence[Row]:
        return self.session.rows(
            name, target=self.lane.target, now=self.now, **values
        )

    def _row(self, name: str) -> Row | None:
        return self.session.row(name, target=self.lane.target, now=self.now)

    def _run(self, name: str, **values: object) -> None:
        self.session.run(name, target=self.lane.target, **values)


def _in_doubt(session: Session, delivery: Delivery) -> bool:
    """Return whether its last call may be applied, and nothing told since."""
    if delivery.state is DeliveryState.UNCERTAIN:
        return True
    if delivery.fence == 1:
        return False  # it was never held before
    doubt = session.row(
        "doubt",
        delivery_id=delivery.id,
        operation=delivery.operation,
        generation=delivery.generation,
    )
    return doubt is not None
