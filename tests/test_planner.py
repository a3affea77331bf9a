from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.mapping.catalog import Catalog
from bridge.model import Delivery, DeliveryState
from bridge.planner import RECHECK, Live, Planner
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    keep,
    later,
    new_delivery,
    new_event,
    plan_for,
    plan_one,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    found.migrate()
    yield found
    found.close()


def test_order_that_can_not_be_planned_is_put_off(journal: Journal) -> None:
    """
    An order that no plan can be made of, by a fault of ours, is looked at
    again after a while, and not without pause.
    """
    assert plan_one(
        journal, plan_for(state="no state of ours", plan_due=NOW), NOW
    )
    planner = Planner(
        journal,
        live=lambda: Live(stores={}, catalog=Catalog()),
        version=lambda _hash: None,
        now=lambda: later(1),
    )

    planner.run_once()

    assert journal.orders_due(later(2), 9) == []
    assert journal.orders_due(later(1 + RECHECK), 9) == [(STORE, ORDER)]


def planner_at(journal: Journal, milliseconds: int) -> Planner:
    """Return a planner that knows no store, at that moment."""
    return Planner(
        journal,
        live=lambda: Live(stores={}, catalog=Catalog()),
        version=lambda _hash: None,
        now=lambda: later(milliseconds),
    )


def held_until(journal: Journal, milliseconds: int) -> Delivery:
    """Return a refused delivery that ana holds until then."""
    (kept,) = keep(journal, new_delivery(state=DeliveryState.DEAD))
    return journal.resolve(
        kept.id,
        decision="hold",
        links={},
        actor="ana",
        reason="she asks",
        if_version=None,
        until=later(milliseconds),
        now=NOW,
    )


def test_what_is_held_is_let_go_when_its_time_has_come(
    journal: Journal,
) -> None:
    """
    The order is looked at just then, and the audit tells who let go.
    """
    kept = held_until(journal, 60_000)
    planner_at(journal, 1).run_once()

    assert journal.delivery(kept.id) == kept
    assert journal.orders_due(later(59_999), 9) == []
    planner_at(journal, 60_000).run_once()
    after = journal.delivery(kept.id)
    assert after is not None
    assert (after.state, after.reason) == (DeliveryState.DEAD, None)
    last = journal.audit(kept.id)[-1]
    assert (last.actor, last.detail["decision"]) == ("bridge", "release")
    planner_at(journal, 60_001).run_once()
    assert journal.orders_due(later(10_000_000), 9) == []


def test_what_came_in_is_understood_before_anything_is_let_go(
    journal: Journal,
) -> None:
    """
    An order that waits for a correction is not sent as it was before.
    """
    kept = held_until(journal, 60_000)
    journal.correct(
        new_event("c", platform="operator", topic="orders/corrected"),
        order_id=ORDER,
        fields=["ship_to.street"],
        actor="ana",
        reason="she phoned",
        if_revision=None,
        now=NOW,
    )
    planner = planner_at(journal, 60_000)
    planner.run_once()
    planner.run_once()
    assert journal.unplanned(9) == []
    after = journal.delivery(kept.id)
    assert after is not None
    assert after.reason is None
