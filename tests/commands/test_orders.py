"""`orders correct`: what an order should have said."""

import pytest

from bridge.journal.protocol import Journal
from bridge.model import Instant
from bridge.orders.order import Address, OrderState, Snapshot, dump_state
from tests.commands.conftest import Run
from tests.factories import ORDER, STORE, keep

STATE = OrderState(
    store=STORE,
    platform="shopify",
    id=ORDER,
    snapshot=Snapshot(
        id=ORDER,
        version=Instant(5),
        digest="a",
        name="#1042",
        created_at=Instant(1),
        ship_to=Address(address1="Secreta 12", country="MX"),
    ),
)


def correct(run: Run, *arguments: str) -> tuple[int, str]:
    result = run("orders", "correct", STORE, ORDER, *arguments,
                 "--reason", "she phoned")  # fmt: skip
    return result.exit_code, result.stdout + result.stderr


def test_order_is_corrected(run: Run, journal: Journal) -> None:
    """What a person says is kept as an event, to be planned."""
    keep(journal, state=dump_state(STATE))
    status, told = correct(
        run, "ship_to.street=Calle Hidalgo", "ship_to.interior_number="
    )

    (event,) = journal.unplanned(10)
    assert (status, told) == (
        0,
        f"event {event.id}: kept, and planned in a moment\n",
    )
    assert b'"ship_to.street":"Calle Hidalgo"' in event.body
    assert b'"ship_to.interior_number":null' in event.body


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ship_to.stret=X",), "`ship_to.stret` can not be corrected"),
        (("ship_to.street",), "FIELD=VALUE is expected"),
        (("ship_to.street=X", "--if-version", "99"), "has changed since"),
        (("ship_to.state=Texas",), "is no state of MX"),
    ],
)
def test_odd_corrections_are_refused(
    run: Run, journal: Journal, arguments: tuple[str, ...], words: str
) -> None:
    """What can not be is told, without the customer's data."""
    keep(journal, state=dump_state(STATE))
    status, told = correct(run, *arguments)

    assert status != 0
    assert words in told
    assert "Secreta" not in told
    assert journal.unplanned(10) == []


def test_unknown_order_is_told(run: Run, journal: Journal) -> None:
    """An order that nobody told of can not be corrected."""
    status, told = correct(run, "ship_to.street=X")

    assert status != 0
    assert "Nothing was ever told" in told
