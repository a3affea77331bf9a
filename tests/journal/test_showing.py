"""Lists by pages and filters, whole stories, counts."""

from typing import Any

import pytest

from bridge.journal.protocol import (
    Beat,
    DeliveryFilter,
    EventFilter,
    Journal,
    Lane,
)
from bridge.lifecycle import Gate
from bridge.model import DeliveryState, EventState, Part
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    TARGET,
    keep,
    later,
    link,
    new_delivery,
    new_event,
    planned,
)
from tests.journal.steps import because, claim, result, send

S = DeliveryState


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ({}, "edcba"),
        ({"store": "b"}, "b"),
        ({"topic": "orders/edited"}, "c"),
        ({"order": ORDER}, "a"),
        ({"order": ORDER, "state": "stored"}, ""),
        ({"state": "stored"}, "ecb"),
        ({"state": "stored", "store": STORE}, "ec"),
        ({"since": later(5)}, "e"),
        ({"until": later(5)}, "dcba"),
        ({"state": "unusable", "until": later(1)}, "d"),
    ],
)
def test_filters_events(
    journal: Journal, filter: dict[str, Any], keys: str
) -> None:
    """Each filter shows what it says, newest first."""
    first, *_rest = journal.append(
        [
            new_event("a"),
            new_event("b", store="b"),
            new_event("c", topic="orders/edited"),
            new_event("d", state=EventState.UNUSABLE),
            new_event("e", received_at=later(5)),
        ]
    )
    keep(journal, events=[planned(first.id)])

    found = journal.events(EventFilter(**filter), before=None, limit=9)

    assert "".join(event.dedupe_key for event in found) == keys


def test_pages_of_events(journal: Journal) -> None:
    """Pages go on below the last id shown, without gap or repetition."""
    journal.append([new_event(f"e{nth}") for nth in range(5)])
    everything = EventFilter()
    shown: list[str] = []
    before = None

    while page := journal.events(everything, before=before, limit=2):
        shown += [event.dedupe_key for event in page]
        before = page[-1].id

    assert shown == ["e4", "e3", "e2", "e1", "e0"]


def test_pages_of_orders(journal: Journal) -> None:
    """Orders come by version, the newest first, equal ones each once."""
    for order_id, version in [("1", 5), ("2", 9), ("3", 5), ("4", 5)]:
        keep(journal, order_id=order_id, version=later(version))
    keep(journal, order_id="1", store="b", version=later(5))
    shown: list[tuple[str, str]] = []
    before = None

    while page := journal.orders(store=None, before=before, limit=2):
        shown += [(order.store, order.order_id) for order in page]
        last = page[-1]
        before = (last.version, last.store, last.order_id)

    assert shown == [
        (STORE, "2"), (STORE, "4"), (STORE, "3"), (STORE, "1"), ("b", "1"),
    ]  # fmt: skip
    assert len(journal.orders(store="b", before=None, limit=9)) == 1


@pytest.mark.parametrize(
    ("filter", "ids"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"store": "b"}, [4]),
        ({"target": "every-co"}, [3]),
        ({"state": "pending"}, [4, 1]),
        ({"state": "cancelled"}, [5]),
        ({"attention": True}, [3, 2]),
        ({"attention": False}, [5, 4, 1]),
        ({"attention": True, "target": "every-co"}, [3]),
        ({"order": "2"}, [5, 4, 3]),
        ({"order": "2", "store": "b"}, [4]),
        ({"order": "2", "attention": True}, [3]),
        ({"since": later(5)}, [5, 4]),
        ({"until": later(5)}, [3, 2, 1]),
    ],
)
def test_filters_deliveries(
    journal: Journal, filter: dict[str, Any], ids: list[int]
) -> None:
    """Each filter shows what it says, newest first."""
    keep(journal, new_delivery())
    keep(journal, new_delivery("b", state=S.HELD))
    keep(journal, new_delivery(order_id="2", target="every-co", state=S.DEAD))
    keep(journal, new_delivery(order_id="2", store="b"), now=later(5))
    keep(journal, new_delivery(order_id="2", state=S.CANCELLED), now=later(9))

    found = journal.deliveries(DeliveryFilter(**filter), before=None, limit=9)

    assert [delivery.id for delivery in found] == ids


def test_pages_of_deliveries(journal: Journal) -> None:
    """Pages go on below the last id shown, under a filter too."""
    for nth in range(5):
        state = S.PENDING if nth % 2 else S.HELD
        keep(journal, new_delivery(order_id=str(nth), state=state))
    waiting = DeliveryFilter(attention=True)

    first = journal.deliveries(waiting, before=None, limit=2)
    rest = journal.deliveries(waiting, before=first[-1].id, limit=2)

    assert [d.order_id for d in [*first, *rest]] == ["4", "2", "0"]


def test_tells_the_whole_story(journal: Journal) -> None:
    """One order's events, deliveries, attempts, links and audit, oldest
    first, and nobody else's."""
    first, second, _other = journal.append(
        [new_event("a"), new_event("b"), new_event("c")]
    )
    keep(journal, new_delivery(order_id="other"))
    keep(
        journal,
        new_delivery(target="t"),
        events=[planned(first.id), planned(second.id)],
        links=[link()],
    )
    (delivery,) = journal.dossier(STORE, ORDER).deliveries
    journal.redeliver(
        delivery.id, actor="ana", reason="so", force=False, now=NOW
    )

    story = journal.story(STORE, ORDER)

    assert story is not None
    assert [event.dedupe_key for event in story.events] == ["a", "b"]
    assert [d.id for d in story.deliveries] == [delivery.id]
    assert story.links == [link()]
    assert story.attempts == []
    assert [entry.action for entry in story.audit] == ["redeliver"]
    assert journal.story(STORE, "nobody") is None


def test_story_has_every_attempt(journal: Journal) -> None:
    """The attempts of all deliveries of an order are in its story."""
    keep(journal, new_delivery())
    send(journal, S.PENDING, due_at=NOW)
    after = send(journal, S.SUCCEEDED)

    story = journal.story(STORE, ORDER)

    assert story is not None
    assert list(story.attempts) == list(journal.attempts(after.id))
    assert len(story.attempts) == 2


def test_counts(journal: Journal) -> None:
    """Everything is counted by its state; of what waits, the oldest is
    told."""
    journal.append(
        [
            new_event("a", received_at=later(3)),
            new_event("b", received_at=later(4)),
            new_event("c", state=EventState.IGNORED),
        ]
    )
    keep(journal, new_delivery(due_at=later(2)))
    keep(journal, new_delivery("later", position=2, due_at=later(1)))
    keep(journal, new_delivery(order_id="2", state=S.DEAD))

    counts = journal.counts(later(10))

    assert counts.events == {"stored": 2, "ignored": 1}
    assert counts.deliveries == {(TARGET, "pending"): 2, (TARGET, "dead"): 1}
    assert counts.attention == 1
    assert counts.oldest_stored_at == later(3)
    assert counts.oldest_due_at == later(2)
    bare = journal.counts(None)
    assert (bare.deliveries, bare.attention) == (counts.deliveries, 1)
    assert (bare.oldest_stored_at, bare.oldest_due_at) == (None, None)


def test_counts_no_lag_behind_a_shut_gate(journal: Journal) -> None:
    """What can not be sent now is not late."""
    journal.pin_target(TARGET, "rayo.example")
    keep(journal, new_delivery())
    assert journal.counts(NOW).oldest_due_at == NOW

    journal.set_gate(
        TARGET, Gate(pause="operator"), actor="ana", reason="", now=NOW
    )

    assert journal.counts(NOW).oldest_due_at is None


def test_counts_of_nothing(journal: Journal) -> None:
    """An empty journal has nothing that is old."""
    counts = journal.counts(NOW)

    assert (counts.events, counts.deliveries) == ({}, {})
    assert (counts.oldest_stored_at, counts.oldest_due_at) == (None, None)


def test_signs_of_life(journal: Journal) -> None:
    """The last sign of life of each worker is told."""
    journal.beat("b", problems=[], now=NOW)
    journal.beat("a", problems=["x.yaml:1: é"], now=later(1))
    journal.beat("b", problems=[], now=later(2))

    assert journal.beats() == [
        Beat(worker="a", at=later(1), problems=["x.yaml:1: é"]),
        Beat(worker="b", at=later(2), problems=[]),
    ]


def test_signs_of_life_say_what_a_process_does(journal: Journal) -> None:
    """One that does a part of the work says so; what it said last counts."""
    journal.beat("one", problems=[], now=NOW)
    journal.beat("one", parts=frozenset({Part.SENDS}), problems=[], now=NOW)
    journal.beat("two", parts=frozenset({Part.PLANS}), problems=[], now=NOW)

    assert {beat.worker: beat.parts for beat in journal.beats()} == {
        "one": {Part.SENDS},
        "two": {Part.PLANS},
    }


def test_orders_are_seen_with_their_links_and_bodies(
    journal: Journal,
) -> None:
    """A page of one store's orders; bodies only where they are wanted."""
    (kept,) = journal.append([new_event()])
    keep(journal, new_delivery(), body_event=kept.id, links=[link()])
    keep(journal, new_delivery(store="other", order_id="9"))

    (bare,) = journal.orders_seen(STORE, before=None, limit=9, bodies=False)
    (whole,) = journal.orders_seen(STORE, before=None, limit=9, bodies=True)

    assert (ORDER, {TARGET: {"rayo_order": "9095"}}) == (
        bare.order.order_id, bare.links,
    )  # fmt: skip
    assert bare.body is None
    assert new_event().body == whole.body
    place = (bare.order.version, STORE, ORDER)
    assert [] == list(
        journal.orders_seen(STORE, before=place, limit=9, bodies=False)
    )


def test_what_went_wrong_lately(journal: Journal) -> None:
    """The newest first, so many of each target, and nothing that went well."""
    for order in "123":
        keep(journal, new_delivery(order_id=order))
        send(journal, S.DEAD, status=422)
    keep(journal, new_delivery(order_id="4"))
    send(journal, S.SUCCEEDED)
    other = {"target": "yuju-mx", "order_id": "5", "repeatable": True}
    keep(journal, new_delivery(**other))
    (held,) = claim(journal, Lane(target="yuju-mx", room=1))
    unsent = result(
        S.PENDING, outcome="notsent", due_at=later(9), reason=because(S.DEAD)
    )
    journal.record(held, unsent, later(5))

    found = journal.failed_lately(most=2)
    assert {"rayo-mx", "yuju-mx"} == found.keys()
    assert [one.status for one in found["rayo-mx"]] == [422, 422]
    (refused,) = found["yuju-mx"]
    assert (refused.outcome, refused.reason) == ("notsent", "because")
    assert refused.delivery_id == held.delivery.id
