"""When what waits will probably be sent, at every door."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient

from bridge.estimate import Remark
from bridge.journal.protocol import Journal
from bridge.lifecycle import Gate
from bridge.model import Delivery, DeliveryState, Reason
from bridge.targets.register import CONTRACTS
from bridge.web.console.expecting import REMARKS
from bridge.web.shapes import iso
from tests.factories import NOW, ORDER, STORE, keep, later, new_delivery
from tests.web.doors import TARGETS, get, web

YUJU = "yuju-mx"
LIMITED = replace(TARGETS[YUJU], limit=CONTRACTS["yuju"].limit)


def line(journal: Journal, count: int) -> Sequence[Delivery]:
    """Let so many orders wait at Yuju, a millisecond apart."""
    return [
        keep(
            journal,
            new_delivery(
                target=YUJU, order_id=str(nth), due_at=later(nth - 999)
            ),
        )[0]
        for nth in range(count)
    ]


def told(item: Mapping[str, Any]) -> tuple[str | None, str]:
    return item["estimated_at"], item["estimate"]


def test_delivery_has_its_time(journal: Journal) -> None:
    """
    At Yuju two go in a second and the time of an answer.
    """
    client = web(journal, targets={YUJU: LIMITED}).test_client()
    waiting = line(journal, 5)
    items = get(client, "/deliveries")["items"]

    assert [told(item) for item in items] == [
        told(get(client, f"/deliveries/{one.id}")) for one in waiting[::-1]
    ]
    assert told(items[-1]) == (iso(NOW), "")
    # 1 s, a margin of 10 ms, and 300 ms for an answer as none was seen yet
    assert told(items[0]) == (iso(later(4 * 1_310 // 2)), "4 go before it")


def test_story_has_them_too(client: FlaskClient, journal: Journal) -> None:
    """
    In an order's story each delivery that waits has its time or its reason.
    """
    first, _second, _done = keep(
        journal,
        new_delivery(
            state=DeliveryState.HELD, due_at=None, reason=Reason(code="x")
        ),
        new_delivery("two", position=2),
        new_delivery("three", position=3, state=DeliveryState.UNCHANGED),
    )
    story = get(client, f"/orders/{STORE}/{ORDER}")

    assert [told(item) for item in story["deliveries"]] == [
        (None, ""),
        (None, f"waits for delivery {first.id}, which needs a person"),
        (None, ""),
    ]


def test_paused_target(client: FlaskClient, journal: Journal) -> None:
    """
    While a target is paused there is a reason, and no time.
    """
    (only,) = line(journal, 1)
    journal.pin_target(YUJU, "yuju.example")
    journal.set_gate(
        YUJU, Gate(pause="operator"), actor="ana", reason="so", now=NOW
    )

    assert told(get(client, f"/deliveries/{only.id}")) == (
        None,
        "yuju-mx is paused: operator",
    )


def test_target_that_no_file_names(journal: Journal) -> None:
    """
    What waits at a target that is gone from the files is said to.
    """
    (only,) = line(journal, 1)
    client = web(journal, targets={}).test_client()

    assert told(get(client, f"/deliveries/{only.id}")) == (
        None,
        "no file names yuju-mx",
    )


def test_calls_saved(client: FlaskClient, journal: Journal) -> None:
    """
    Calls that turned out to be needless are counted for each target.
    """
    for nth, state in enumerate(("superseded", "unchanged", "unchanged")):
        keep(
            journal,
            new_delivery(
                target=YUJU, order_id=str(nth), state=DeliveryState(state)
            ),
        )
    items = get(client, "/targets")["items"]
    lines = client.get("/metrics").text.splitlines()

    assert {one["name"]: one["calls_saved"] for one in items} == {
        "rayo-mx": 0,
        YUJU: 3,
    }
    assert 'bridge_calls_saved{target="yuju-mx",why="unchanged"} 2.0' in lines
    assert 'bridge_calls_saved{target="yuju-mx",why="superseded"} 1.0' in lines


def test_console_has_words_for_every_remark() -> None:
    """What can be said of an estimate can be said on a page."""
    assert set(REMARKS) == set(Remark)
