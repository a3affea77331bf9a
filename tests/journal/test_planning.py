"""Plans: all or nothing, on what was seen or not at all."""

from dataclasses import replace

import pytest

from bridge.errors import LeaseLost
from bridge.journal.protocol import EventVerdict, Journal
from bridge.model import DeliveryState, EventState, Kind, Move, Reason
from tests.factories import (
    NOTHING_TOLD,
    NOW,
    ORDER,
    STORE,
    TARGET,
    keep,
    later,
    link,
    new_delivery,
    new_event,
    plan_for,
    plan_one,
    planned,
)
from tests.journal.steps import (
    claim_one,
    intend,
    result,
    row,
    send,
)

S = DeliveryState


def test_keeps_all_of_a_plan(journal: Journal) -> None:
    """A plan keeps the order, its deliveries, links and verdicts."""
    (kept,) = journal.append([new_event()])
    plan = plan_for(
        new_delivery(
            state=S.HELD,
            kind=Kind.ASK,
            reason=Reason(code="asked", text="Stop it.", where={"line": 7}),
            request={"n": [1, None, "é"]},
            mapping_hash="h1",
        ),
        state='{"name": "#1001"}',
        body_event=kept.id,
        plan_due=later(5),
        events=[planned(kept.id)],
        links=[link(source="attribute")],
    )

    assert plan_one(journal, plan, NOW)

    dossier = journal.dossier(STORE, ORDER)
    assert dossier.order is not None
    assert dossier.order.state == '{"name": "#1001"}'
    assert dossier.order.body_event == kept.id
    assert dossier.order.plan_due == later(5)
    assert dossier.links == {TARGET: {"rayo_order": "9095"}}
    (delivery,) = dossier.deliveries
    assert delivery.state is S.HELD
    assert delivery.attention
    assert (delivery.reason, delivery.where) == ("asked", {"line": 7})
    assert delivery.request == {"n": [1, None, "é"]}
    assert delivery.due_at is None
    event = journal.event(kept.id)
    assert event is not None
    assert (event.state, event.order_id) == (EventState.PLANNED, ORDER)


@pytest.mark.parametrize("seen", [None, 7])
def test_refuses_another_revision(journal: Journal, seen: int | None) -> None:
    """A plan made of what is no longer so is refused as a whole."""
    keep(journal)
    (kept,) = journal.append([new_event()])

    done = plan_one(
        journal,
        plan_for(
            new_delivery(),
            seen_revision=seen,
            state='{"other": 1}',
            events=[planned(kept.id)],
            links=[link()],
        ),
        NOW,
    )

    assert not done
    dossier = journal.dossier(STORE, ORDER)
    assert dossier.order is not None
    assert dossier.order.state == NOTHING_TOLD
    assert not dossier.deliveries
    assert not dossier.links
    assert journal.unplanned(9)


def test_refuses_a_revision_of_nothing(journal: Journal) -> None:
    """A plan for an order that is not there any more is refused."""
    assert not plan_one(journal, plan_for(seen_revision=1), NOW)


def test_effect_key_is_unique(journal: Journal) -> None:
    """What is there already under its key and generation is not added."""
    keep(journal, new_delivery())
    deliveries = keep(
        journal,
        new_delivery(rule="create", state=S.HELD),
        new_delivery(generation=2),
    )

    assert [(d.generation, d.state) for d in deliveries] == [
        (1, S.PENDING),
        (2, S.PENDING),
    ]


def test_moves_what_waits(journal: Journal) -> None:
    """A move changes state, reason and time, and raises the version."""
    (before,) = keep(journal, new_delivery())
    move = Move(
        id=before.id,
        version=before.version,
        state=S.SUPERSEDED,
        reason=Reason(code="newer"),
    )

    (after,) = keep(journal, moves=[move], now=later(1))

    assert (after.state, after.reason) == (S.SUPERSEDED, "newer")
    assert after.due_at is None
    assert after.version == before.version + 1
    assert after.updated_at == later(1)


def test_move_keeps_or_replaces_the_request(journal: Journal) -> None:
    """A question stays where it is when only its words change."""
    (before,) = keep(
        journal,
        new_delivery(state=S.HELD, kind=Kind.CHANGED, request={"was": 1}),
    )
    move = Move(id=before.id, version=before.version, state=S.HELD)

    (same,) = keep(journal, moves=[move])
    (other,) = keep(
        journal, moves=[replace(move, version=2, request={"was": 2})]
    )

    assert same.request == {"was": 1}
    assert other.request == {"was": 2}


def test_move_of_another_version_refuses_the_plan(journal: Journal) -> None:
    """
    A claimed delivery of which the call has begun since takes the whole
    plan down.
    """
    keep(journal, new_delivery())
    held = claim_one(journal)
    move = Move(
        id=held.delivery.id, version=held.delivery.version, state=S.CANCELLED
    )
    intend(journal, held)

    done = plan_one(
        journal,
        plan_for(
            new_delivery("other"),
            seen_revision=held.order.revision,
            moves=[move],
        ),
        NOW,
    )

    assert not done
    (after,) = journal.dossier(STORE, ORDER).deliveries
    assert after.state is S.SENDING


def test_moving_a_claimed_one_shuts_its_worker_out(journal: Journal) -> None:
    """What the plan takes from a worker, the worker can not write to."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    move = Move(id=held.delivery.id, version=2, state=S.CANCELLED)

    (after,) = keep(journal, moves=[move])

    assert after.state is S.CANCELLED
    assert after.fence == held.delivery.fence + 1
    assert (after.owner, after.lease_until) == (None, None)
    with pytest.raises(LeaseLost):
        intend(journal, held)
    with pytest.raises(LeaseLost):
        journal.record(held, result(S.PENDING), NOW)
    assert row(journal, after) == after


@pytest.mark.parametrize(
    ("reached", "wanted"),
    [
        (S.SETTLING, S.PENDING),
        (S.UNCERTAIN, S.CANCELLED),
        (S.SUCCEEDED, S.PENDING),
    ],
)
def test_can_not_move_what_may_have_been_sent(
    journal: Journal, reached: S, wanted: S
) -> None:
    """What may be under way, or was applied, is not the plan's to move."""
    keep(journal, new_delivery())
    after = send(journal, reached)
    move = Move(id=after.id, version=after.version, state=wanted)

    with pytest.raises(ValueError, match="can not move"):
        keep(journal, moves=[move])

    assert row(journal, after) == after


def test_revived_one_lives_anew(journal: Journal) -> None:
    """A withdrawn delivery that is planned again has its time before it."""
    (before,) = keep(journal, new_delivery(state=S.CANCELLED))
    move = Move(id=before.id, version=before.version, state=S.PENDING)

    (after,) = keep(journal, moves=[move], now=later(9))

    assert (after.due_at, after.live_since) == (later(9), later(9))


def test_attribute_does_not_replace_an_answer(journal: Journal) -> None:
    """What the order says of itself yields to what a target answered."""
    keep(journal, links=[link(value="1", source="attribute")])
    keep(journal, links=[link(value="2", source="attribute")])
    keep(journal, links=[link(value="3", source="answer")])
    keep(journal, links=[link(value="4", source="attribute")])

    assert journal.dossier(STORE, ORDER).links == {TARGET: {"rayo_order": "3"}}


def test_set_aside_closes_stored_events_only(journal: Journal) -> None:
    """An event is judged once."""
    (kept,) = journal.append([new_event()])
    journal.set_aside(
        [EventVerdict(id=kept.id, state=EventState.IGNORED, reason="test")]
    )
    journal.set_aside([EventVerdict(id=kept.id, state=EventState.UNUSABLE)])

    event = journal.event(kept.id)
    assert event is not None
    assert (event.state, event.reason) == (EventState.IGNORED, "test")


def test_orders_come_due(journal: Journal) -> None:
    """An order is due for planning from its time on, or when asked for."""
    keep(journal, plan_due=later(10))
    keep(journal, order_id="other")

    assert journal.orders_due(later(9), 9) == []
    assert journal.orders_due(later(10), 9) == [(STORE, ORDER)]

    journal.replan(STORE, "other", later(1))
    assert journal.orders_due(later(10), 9) == [
        (STORE, "other"),
        (STORE, ORDER),
    ]


def test_replan_refuses_the_plan_under_way(journal: Journal) -> None:
    """A plan does not wipe out the wish to plan again."""
    keep(journal)
    journal.replan(STORE, ORDER, NOW)

    assert not plan_one(journal, plan_for(seen_revision=1), NOW)
