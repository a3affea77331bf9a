"""What a redelivery would meet, said without doing it."""

from collections.abc import Mapping

from bridge.errors import (
    Conflict,
    ForceNeeded,
    InFlight,
    NotDecidable,
    NotFound,
)
from bridge.journal.protocol import Journal
from bridge.model import IN_FLIGHT, Delivery, DeliveryState, Kind

_MAYBE_APPLIED = frozenset({None, "applied", "maybe"})
"""Outcomes after which a repeat may make a second one."""


class Foresight:
    """
    Foretells, for one batch, what the journal would refuse.

    The journal alone decides, when it is done; this is for a look before.
    Each order is read once.
    """

    def __init__(self, journal: Journal, *, force: bool) -> None:
        self._journal = journal
        self._force = force
        self._newest: dict[tuple[str, str], Mapping[str, int]] = {}

    def obstacle(self, delivery: Delivery) -> Conflict | None:
        """Return what would stand in the way of redelivering, if anything."""
        if self._newest_generation(delivery) > delivery.generation:
            return NotFound("A newer generation replaced it.")
        if delivery.state in IN_FLIGHT | {DeliveryState.SETTLING}:
            return InFlight("A worker is at it.")
        uncertain = delivery.state is DeliveryState.UNCERTAIN
        if uncertain or delivery.kind is not Kind.CALL:
            return NotDecidable("It waits for a decision: resolve it.")
        free = self._force or delivery.repeatable
        if not free and self._may_exist(delivery):
            return ForceNeeded("It would make a second one.")
        return None

    def _newest_generation(self, delivery: Delivery) -> int:
        key = (delivery.store, delivery.order_id)
        if key not in self._newest:
            deliveries = self._journal.dossier(*key).deliveries
            ordered = sorted(deliveries, key=lambda one: one.generation)
            self._newest[key] = {
                one.effect_key: one.generation for one in ordered
            }
        return self._newest[key].get(delivery.effect_key, 0)

    def _may_exist(self, delivery: Delivery) -> bool:
        return delivery.state is DeliveryState.SUCCEEDED or any(
            attempt.outcome in _MAYBE_APPLIED
            for attempt in self._journal.attempts(delivery.id)
        )
