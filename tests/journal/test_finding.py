"""An order is found by whatever somebody remembers of it."""

import json
from typing import Any

import pytest

from bridge.journal.protocol import Journal
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DAY, SECOND, DeliveryState, Instant, Move
from tests.factories import NOW, keep, later, link
from tests.mapping.test_shipped import STORES
from tests.orders_of import event_of, take

SAMPLE = "shopify-mx-orders-fulfilled-two-shipments"
LATER = later(5 * SECOND)


def bring(journal: Journal, number: int, name: str, phone: str) -> None:
    """Bring a paid order of a customer."""

    def change(body: Any) -> Any:
        first, last = name.split(" ", 1)
        person = {
            "first_name": first, "last_name": last, "name": name,
            "phone": phone,
        }  # fmt: skip
        body |= {"id": 7000 + number, "name": f"#{number}", "phone": phone}
        for key in ("shipping_address", "billing_address"):
            body[key] = {**body[key], **person}
        body["customer"] = {**body["customer"], **person}
        body["customer"].pop("default_address", None)
        for nth, parcel in enumerate(body["fulfillments"]):
            parcel["tracking_number"] = f"GUIA-{number}-{nth}"
            parcel["tracking_numbers"] = [f"GUIA-{number}-{nth}"]
        return json.loads(json.dumps(body))

    take(journal, event_of(SAMPLE, STORES["cafe-mx"], change))


@pytest.fixture
def found_in(journal: Journal) -> Journal:
    """A journal with three orders that can be found."""
    bring(journal, 1001, "José Ángel Núñez-Pérez", "+52 55 5501 0123")
    bring(journal, 1002, "María Núñez Ortega", "+52 33 1234 0123")
    bring(journal, 2001, "Ana Ortega", "+52 81 9999 8888")
    keep(
        journal,
        order_id="8001",
        links=[link(order_id="8001", value="9095-ABC")],
        state=journal.dossier("cafe-mx", "8001").order.state,  # type: ignore[union-attr]
    )
    while journal.index_orders(LATER, 2):
        pass
    return journal


def names(
    journal: Journal, text: str, stores: set[str] | None = None
) -> list[str]:
    """Return the ids of what is found, without what they have in common."""
    found = journal.find_orders(text, stores=stores, limit=9)
    return [str(int(one.order_id) - 7000) for one in found]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("#1001", "1001"),
        ("1002", "1002"),
        ("jose", "1001"),
        ("JOSÉ ángel", "1001"),
        ("nuñez", "1002 1001"),
        ("Nun", "1002 1001"),
        ("ortega mar", "1002"),
        ("ana ortega", "2001"),
        ("ana nuñez", ""),
        ("núñez-pérez", "1001"),
        ("perez", "1001"),
        ("0123", "1002 1001"),
        ("12340123", "1002"),
        ("33 1234-0123", "1002"),
        ("+52 (81) 9999 8888", "2001"),
        ("123", ""),
        ("guia-2001-0", "2001"),
        ("GUIA20011", "2001"),
        ("9095-abc", "1001"),
        ("8001", "1001"),
        ("", ""),
        ("#", ""),
        ("%", ""),
        ("_____", ""),
        ("' OR 1=1 --", ""),
    ],
)
def test_finds(found_in: Journal, text: str, numbers: str) -> None:
    """By number, name, phone, guide, link or id; the newest first."""
    assert names(found_in, text) == numbers.split()


def test_finds_only_in_the_stores_that_are_asked(found_in: Journal) -> None:
    """Another store's orders are not shown."""
    assert names(found_in, "ortega", {"cafe-mx"}) == ["2001", "1002"]
    assert names(found_in, "ortega", {"another"}) == []


def test_finds_no_more_than_wanted(found_in: Journal) -> None:
    """The newest are shown."""
    found = found_in.find_orders("ortega", stores=None, limit=1)

    assert [one.order_id for one in found] == ["9001"]


def test_an_edited_order_is_found_by_what_it_says_now(
    journal: Journal,
) -> None:
    """And no longer by what it said before."""
    bring(journal, 1001, "José Núñez", "+52 55 5501 0123")
    while journal.index_orders(LATER, 9):
        pass
    order = journal.dossier("cafe-mx", "8001").order
    assert order is not None
    keep(
        journal,
        order_id="8001",
        state=order.state.replace("José", "Pedro"),
        now=later(SECOND),
    )
    assert names(journal, "pedro") == []

    while journal.index_orders(later(9 * SECOND), 9):
        pass

    assert names(journal, "pedro") == ["1001"]
    assert names(journal, "jose") == []


def test_what_is_pruned_is_found_by_its_number_alone(
    found_in: Journal,
) -> None:
    """Names and phones leave the words, too; the number stays."""
    assert names(found_in, "ortega")

    withdrawn(found_in)
    late = later(90 * DAY)
    while found_in.prune(late, before=later(60 * DAY), limit=9):
        pass

    assert names(found_in, "ortega") == []
    assert names(found_in, "0123") == []
    assert names(found_in, "1002") == ["1002"]
    assert isinstance(found_in, SQLiteJournal)
    with found_in.reading() as session:
        kept = session.rows(
            "beginning_with", least="", past="\U0010ffff", limit=99
        )
    words = " ".join(row["terms"] for row in kept)
    assert words
    assert not any(name in words for name in ("ortega", "nunez", "~"))


def withdrawn(journal: Journal) -> None:
    """End all deliveries, so that the orders are settled."""
    for order in ("8001", "8002", "9001"):
        dossier = journal.dossier("cafe-mx", order)
        assert dossier.order is not None
        keep(
            journal,
            order_id=order,
            state=dossier.order.state,
            moves=[
                Move(
                    id=one.id,
                    version=one.version,
                    state=DeliveryState.CANCELLED,
                )
                for one in dossier.deliveries
                if one.state in {"waiting", "pending", "held"}
            ],
        )


def test_says_since_when_a_change_can_not_be_found(journal: Journal) -> None:
    """None when all can be."""
    assert journal.unindexed_since(LATER) is None
    bring(journal, 1001, "José Núñez", "+52 55 5501 0123")
    assert journal.unindexed_since(LATER) == NOW

    while journal.index_orders(LATER, 9):
        pass

    assert journal.unindexed_since(LATER) is None


def test_goes_on_behind_a_clock_that_was_set_back(journal: Journal) -> None:
    """What changes then is found, too."""
    bring(journal, 1001, "José Núñez", "+52 55 5501 0123")
    while journal.index_orders(LATER, 9):
        pass
    order = journal.dossier("cafe-mx", "8001").order
    assert order is not None
    before = Instant(NOW - DAY)
    keep(
        journal,
        order_id="8001",
        state=order.state.replace("José", "Pedro"),
        now=before,
    )

    for seconds in (3, 6):
        journal.index_orders(Instant(before + seconds * SECOND), 9)

    assert names(journal, "pedro") == ["1001"]
