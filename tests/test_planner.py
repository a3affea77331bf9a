from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.mapping.catalog import Catalog
from bridge.planner import RECHECK, Live, Planner
from tests.factories import NOW, ORDER, STORE, later, plan_for, plan_one


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
