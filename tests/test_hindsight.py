"""What mappings make of the orders in the journal, looked at afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import NotFound
from bridge.hindsight import (
    case_in,
    compared,
    objection_text,
    orders_of,
    past_of,
    versions_of,
    weighed,
)
from bridge.journal.opening import open_journal
from bridge.journal.protocol import (
    DeliveryFilter,
    Journal,
    Lane,
    Result,
)
from bridge.lifecycle import Step
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping
from bridge.mapping.explain import Verdict, explain
from bridge.mapping.preview import foresee
from bridge.model import (
    Delivery,
    DeliveryState,
    Millis,
    Phase,
)
from bridge.settings import surroundings
from tests.factories import NOW, later
from tests.mapping import CREATED
from tests.mapping.test_shipped import CATALOG, STORES, TARGETS
from tests.orders_of import event_of, take

AROUND = surroundings(STORES, TARGETS)
NAME = "cafe-mx-rayo"
ORDER = "6301458923713"
CAFE = STORES["cafe-mx"]
PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"
THEN = CATALOG.mappings[NAME]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal that the shipped texts are in force in."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    for name, mapping in CATALOG.mappings.items():
        journal.put_in_force(name, mapping.hash, mapping.text, NOW)
    yield journal
    journal.close()


def edited(*changes: tuple[str, str]) -> Mapping:
    """Return the shipped text with its words changed."""
    text = THEN.text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return compile_mapping(NAME, text, file=f"{NAME}.yaml", around=AROUND)


def sent(journal: Journal) -> Delivery:
    """Send the create, by the text in force, and return its delivery."""
    lanes = [Lane(target="rayo-mx", room=1)]
    (claim,) = journal.claim(lanes, owner="w", now=NOW, lease=Millis(60_000))
    case = case_in(
        journal, THEN, ORDER, version=versions_of(journal, AROUND), now=NOW
    )
    (foreseen, *_) = foresee(THEN, case.state)
    assert foreseen.request is not None
    number = journal.intend(
        claim, foreseen.request, mapping_hash=THEN.hash, now=NOW
    )
    journal.record(
        claim,
        Result(
            step=Step(state=DeliveryState.SUCCEEDED),
            number=number,
            phase=Phase.ANSWERED,
            status=201,
            outcome="applied",
            mapping_hash=THEN.hash,
            request={
                "method": foreseen.request.method,
                "path": foreseen.request.path,
                "body": foreseen.request.body,
            },
        ),
        later(1),
    )
    found = journal.delivery(claim.delivery.id)
    assert found is not None
    return found


def looked_back(
    journal: Journal, delivery: Delivery, today: Mapping | None = THEN
):
    """Return how *delivery* came by its request, by the text of today."""
    return past_of(
        journal,
        delivery.id,
        store=STORES.get,
        version=versions_of(journal, AROUND),
        today=lambda _name: today,
    )


def test_an_order_in_the_journal_is_explained(journal: Journal) -> None:
    """
    With its deliveries: what is planned already is under way.
    """
    take(journal, event_of(PAID, CAFE))

    found = explain(
        case_in(journal, THEN, ORDER, version=lambda _hash: None, now=NOW)
    )

    create = found.rule("create")
    assert create is not None
    assert Verdict.UNDER_WAY is create.verdict
    assert create.request is not None


def test_an_order_that_nobody_told_of(journal: Journal) -> None:
    """
    It is not there, and that is said.
    """
    with pytest.raises(NotFound):
        case_in(journal, THEN, "1", version=lambda _hash: None, now=NOW)


def test_yesterdays_request_is_explained_by_the_text_of_then(
    journal: Journal,
) -> None:
    """
    Also when the order has moved on since: it is folded up to that time.
    """
    take(journal, event_of(PAID, CAFE))
    create = sent(journal)
    take(
        journal,
        event_of(
            SHIPPED,
            CAFE,
            lambda body: {
                **body,
                "shipping_address": {
                    **body["shipping_address"],
                    "name": "Somebody Else",
                    "first_name": "Somebody",
                    "last_name": "Else",
                },
            },
            at=later(60_000),
        ),
    )

    past = looked_back(journal, create)

    assert past.exact
    assert past.in_force
    assert () == past.today
    assert past.sent is not None
    told = past.explanation.rule("create")
    assert told is not None
    assert told.request is not None
    assert past.sent.body == told.request.body
    values = {one.value for one in told.fields if isinstance(one.value, str)}
    assert "José María Núñez Ávila" in values


def test_what_todays_text_would_send_otherwise(journal: Journal) -> None:
    """
    Field by field, or why it would send nothing.
    """
    take(journal, event_of(PAID, CAFE))
    create = sent(journal)

    other = looked_back(
        journal, create, edited(("servicio_rayo: NACIONAL",
                                 "servicio_rayo: EXPRESS"))
    )  # fmt: skip
    lame = looked_back(
        journal, create, edited(("nombre: = ship_to.name", ("nombre: = note"
                                 " && ship_to.company")))
    )  # fmt: skip
    gone = looked_back(journal, create, None)

    assert not other.in_force
    assert [("body.servicio_rayo", "NACIONAL", "EXPRESS")] == [
        (one.place, one.before, one.after) for one in other.today
    ]
    assert lame.today_reason.startswith("value_missing: ")
    assert "no longer in the file" in gone.today_reason


def test_a_delivery_that_never_was_sent_is_explained_too(
    journal: Journal,
) -> None:
    """
    By the text that planned it; there is nothing it sent.
    """
    take(journal, event_of(PAID, CAFE))
    (one,) = [
        one
        for one in journal.deliveries(DeliveryFilter(), before=None, limit=9)
        if one.rule == "create"
    ]

    past = looked_back(journal, one)

    other = looked_back(
        journal, one, edited(("servicio_rayo: NACIONAL",
                              "servicio_rayo: EXPRESS"))
    )  # fmt: skip

    assert (None, None, True) == (past.attempt, past.sent, past.exact)
    assert ["body.servicio_rayo"] == [field.place for field in other.today]


def test_many_orders_are_compared_page_by_page(journal: Journal) -> None:
    """
    Each order once, the newest first, as many as were asked for.
    """
    for n in range(7):
        take(
            journal,
            event_of(
                PAID,
                CAFE,
                lambda body, n=n: {**body, "id": 1000 + n, "name": f"#{n}"},
            ),
        )
    seen = [
        one.order.order_id for one in orders_of(journal, "cafe-mx", last=5)
    ]
    report = compared(
        journal,
        THEN,
        edited(("servicio_rayo: NACIONAL", "servicio_rayo: EXPRESS")),
        last=5,
    )

    assert ["1006", "1005", "1004", "1003", "1002"] == seen
    assert (5, 5) == (report.orders, report.differing)
    assert 5 == report.groups[0].count


def test_a_look_back_ends_when_its_time_is_over(journal: Journal) -> None:
    """
    What was seen until then is told.
    """
    take(journal, event_of(PAID, CAFE))

    report = compared(journal, THEN, edited(), last=5, go_on=lambda: False)

    assert 0 == report.orders


def test_an_objection_names_no_customer(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Counts, rules, fields and codes; the log has counts alone.
    """
    take(journal, event_of(PAID, CAFE))
    after = edited(("nombre: = ship_to.name", "nombre: = ship_to.company"))

    report = weighed(journal, THEN, after, last=9, go_on=lambda: True)

    text = objection_text(report)
    logged = capsys.readouterr().err
    assert '"breaks": 1' in logged
    assert "1 requests of the last 1 orders" in text
    assert "create: value_missing: " in text
    for value in ("José", "Obregón", "5555010123"):
        assert value not in text
        assert value not in logged
    assert CREATED not in text
