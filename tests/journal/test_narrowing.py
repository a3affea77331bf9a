"""Any filter shows what reading all rows would show, noted or not."""

import random
from itertools import product
from typing import Any

import pytest

from bridge.journal.protocol import (
    DeliveryFilter,
    EventFilter,
    Journal,
)
from bridge.model import ATTENTION, DeliveryState, EventState, Instant, Reason
from tests.factories import NOW, keep, later, new_delivery, new_event
from tests.journal.steps import claim, send

S = DeliveryState
STORES, TARGETS = ("a", "b", "c"), ("rayo-mx", "every-co")
TOPICS = ("orders/paid", "orders/edited")
MANY = 700
"""More than two blocks."""


SOME = 90
"""So many combinations are tried of all, other ones for each test."""


def some_of(steps: int | None, *values: Any) -> list[Any]:
    """Return some of all combinations of *values*, and the first."""
    every = list(product(*values))
    return [every[0], *random.Random(steps or 9).sample(every, SOME)]


def one_of(dice: random.Random, many: Any, rare: float = 0.05) -> Any:
    """Return the last of *many* rarely, else one of the others."""
    if dice.random() < rare:
        return many[-1]
    return dice.choice(many[:-1])


@pytest.fixture
def full(journal: Journal) -> Journal:
    """A journal of some blocks, in which few are rare."""
    dice = random.Random(7)
    for first in range(0, MANY, 100):
        journal.append(
            [
                new_event(
                    str(n),
                    store=one_of(dice, STORES),
                    topic=one_of(dice, TOPICS),
                    received_at=later(n),
                    state=one_of(
                        dice, (EventState.IGNORED, EventState.UNUSABLE)
                    ),
                )
                for n in range(first, first + 100)
            ]
        )
    states = (S.SUCCEEDED, S.SUPERSEDED, S.HELD, S.PENDING, S.CANCELLED)
    for n in range(MANY):
        state = one_of(dice, states)
        code = one_of(dice, ("asked", "sku_unknown", "operator"))
        keep(
            journal,
            new_delivery(
                order_id=str(n % 50),
                effect_key=str(n),
                lane=str(n),
                store=one_of(dice, STORES),
                target=one_of(dice, TARGETS),
                state=S.PENDING if state is S.SUCCEEDED else state,
                reason=None
                if state is S.SUCCEEDED
                else Reason(code=code, text="", where={}),
            ),
            now=later(n),
        )
    while claims := claim(journal, room=50):
        for claimed in claims[:40]:
            send(journal, S.SUCCEEDED, claimed=claimed)
        if len(claims) < 50:
            break
    return journal


def tally(journal: Journal, steps: int | None) -> None:
    """Count some steps, or all there is."""
    while steps is None or steps > 0:
        if not journal.tally(later(10**9), 300):
            return
        steps = None if steps is None else steps - 1


@pytest.mark.parametrize("steps", [0, 1, 3, None])
def test_events(full: Journal, steps: int | None) -> None:
    """Any combination, by pages, whatever was noted of it so far."""
    tally(full, steps)
    everything = full.events(EventFilter(), before=None, limit=MANY)
    looked = 0
    for store, topic, state, since, until in some_of(
        steps,
        (None, "a", "c", "nobody"),
        (None, *TOPICS),
        (None, "ignored", "unusable", "planned", "stored"),
        (None, later(300)),
        (None, later(400), later(-1)),
    ):
        wanted_of = EventFilter(
            store=store, topic=topic, state=state, since=since, until=until
        )
        wanted = [
            event.id
            for event in everything
            if store in {None, event.store}
            and topic in {None, event.topic}
            and state in {None, event.state}
            and is_between(event.received_at, since, until)
        ]
        for limit in (3, MANY):
            page = full.events(wanted_of, before=None, limit=limit)
            assert [event.id for event in page] == wanted[:limit], wanted_of
            looked += 1
        if len(wanted) > 3:
            page = full.events(wanted_of, before=wanted[2], limit=3)
            assert [event.id for event in page] == wanted[3:6], wanted_of
    assert looked >= SOME


@pytest.mark.parametrize("steps", [0, 1, 3, None])
def test_deliveries(full: Journal, steps: int | None) -> None:
    """Any combination, by pages, whatever was noted of it so far."""
    tally(full, steps)
    everything = full.deliveries(DeliveryFilter(), before=None, limit=MANY)
    assert len(everything) == MANY
    full.resolve(
        next(one.id for one in everything if one.state is S.HELD),
        decision="cancel",
        links={},
        actor="ana",
        reason="x",
        if_version=None,
        now=NOW,
    )
    everything = full.deliveries(DeliveryFilter(), before=None, limit=MANY)
    for store, target, state, reason, attention, since, until in some_of(
        steps,
        (None, "a", "c"),
        (None, "every-co"),
        (None, "succeeded", "cancelled", "held", "pending"),
        (None, "asked", "operator"),
        (None, True, False),
        (None, later(300)),
        (None, later(400)),
    ):
        wanted_of = DeliveryFilter(
            store=store, target=target, state=state, reason=reason,
            attention=attention, since=since, until=until,
        )  # fmt: skip
        wanted = [
            one.id
            for one in everything
            if store in {None, one.store}
            and target in {None, one.target}
            and state in {None, one.state}
            and reason in {None, one.reason}
            and attention in {None, one.state in ATTENTION}
            and is_between(one.created_at, since, until)
        ]
        page = full.deliveries(wanted_of, before=None, limit=4)
        assert [one.id for one in page] == wanted[:4], wanted_of
        if len(wanted) > 4:
            page = full.deliveries(wanted_of, before=wanted[3], limit=MANY)
            assert [one.id for one in page] == wanted[4:], wanted_of


def is_between(
    at: Instant, since: Instant | None, until: Instant | None
) -> bool:
    """Return whether *at* lies between the two, as far as they are given."""
    return (since is None or at >= since) and (until is None or at < until)


@pytest.mark.parametrize(
    "filter",
    [
        {},
        {"store": "c"},
        {"target": "every-co", "reason": "asked"},
        {"since": later(100), "until": later(500)},
        {"state": "dead"},
        {"order": "7"},
    ],
)
def test_attention_oldest_first(full: Journal, filter: dict[str, Any]) -> None:
    """What waits for a person comes by pages, in the order it came to wait."""
    held = DeliveryFilter(attention=True, **filter)
    wanted = [
        one.id
        for one in reversed(full.deliveries(held, before=None, limit=MANY))
    ]
    found, after = [], None
    while page := full.attention_list(
        DeliveryFilter(**filter), after=after, limit=7
    ):
        found += page
        after = page[-1].place
    assert [item.delivery.id for item in found] == wanted
    assert all(item.since == item.delivery.created_at for item in found)


def test_attention_by_groups(full: Journal) -> None:
    """Each reason at each target, the one that waits longest first."""
    items = full.attention_list(DeliveryFilter(), after=None, limit=MANY)
    groups = full.attention_groups()

    assert sum(group.count for group in groups) == len(items)
    assert [group.since for group in groups] == sorted(
        group.since for group in groups
    )
    first = items[0].delivery
    assert groups[0].oldest == first.id
    assert (groups[0].state, groups[0].reason, groups[0].target) == (
        first.state,
        first.reason,
        first.target,
    )
