"""What is old is taken away, and nothing happens twice for all that."""

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bridge.journal.packing import words_of
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import DAY, MINUTE, DeliveryState
from tests.end_to_end.rig import Rig, changed, sample

S = DeliveryState
STORE = "cafe-mx"
PAID = "shopify-mx-orders-paid-multiline"
SHIPPED = "shopify-mx-orders-fulfilled-two-shipments"
ORDER = str(sample(PAID)["id"])
PERSONAL = (
    "Núñez", "N\\u00fa", "jm.nunez", "5555010123", "Obregón", "Roma Norte",
    "vigilante", "203.0.113.24", "550123456",
)  # fmt: skip
"""Of the customer, as bodies, orders, requests and guides have it."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A bridge that keeps for a day what is settled."""
    rig = Rig(tmp_path, BRIDGE_RETENTION="1")
    yield rig
    rig.close()


def age(rig: Rig, milliseconds: int = 3 * DAY) -> None:
    """Let time pass, and the worker prune until nothing is left to do."""
    for span in (milliseconds, *[2 * MINUTE] * 3):
        rig.later(span)
        rig.settle()


def readable(path: Path) -> bytes:
    """Return a file's bytes, and all that is packed anywhere in it."""
    kept = path.read_bytes()
    found = [kept]
    for begin in re.finditer(rb"x[\x01\xbb]|h\xbf", kept):  # bodies, texts
        stream = kept[begin.start() :]
        unpacking = zlib.decompressobj(zdict=words_of(stream))
        with suppress(zlib.error):
            found.append(unpacking.decompress(stream))
    return b"".join(found)


def told(rig: Rig, name: str, nth: int, **changes: Any) -> None:
    """Let the shop tell of the order as it is so many hours later."""
    at = f"2026-11-25T{nth:02d}:00:00-06:00"
    body = changed(name, **{"updated_at": at, **changes})
    topic = "orders/cancelled" if "cancelled_at" in changes else None
    assert rig.send(STORE, name, body=body, topic=topic) == 200
    rig.settle()


def creates(rig: Rig) -> int:
    """Return how many creates reached the target."""
    return len(rig.arrivals("create_order"))


@pytest.fixture
def old(rig: Rig) -> Rig:
    """The same bridge, long after it delivered one order."""
    assert rig.send(STORE, SHIPPED) == 200
    rig.settle()
    assert set(rig.states().values()) == {"succeeded"}
    age(rig)
    return rig


def test_nothing_personal_is_left_in_the_file(
    old: Rig, tmp_path: Path
) -> None:
    """Once its time is over no byte of the customer is in the database."""
    path = tmp_path / "bridge.db"
    journal = SQLiteJournal(path)
    journal._connections.write_log_anew()  # noqa: SLF001  as at the end

    kept = readable(path) + readable(Path(f"{path}-wal"))

    for words in PERSONAL:
        assert words.encode() not in kept, words
    assert b"#1042" in kept
    assert journal.integrity() == []
    for event in old.events():
        assert (event.body, event.headers) == (b"", {})
        assert event.pruned_at
    assert all(one.pruned_at for one in old.deliveries())


def test_it_was_there_before(rig: Rig, tmp_path: Path) -> None:
    """The search above would find it: an order that is not old is whole."""
    rig.send(STORE, SHIPPED)
    rig.settle()
    age(rig, DAY // 2)

    story = rig.journal.story(STORE, ORDER)

    kept = readable(tmp_path / "bridge.db")
    kept += readable(tmp_path / "bridge.db-wal")
    assert all(words.encode() in kept for words in PERSONAL)
    assert story is not None
    assert not any(one.pruned_at for one in story.deliveries)
    create = next(d for d in story.deliveries if d.rule == "create")
    assert create.request == story.attempts[0].request
    assert "Obreg" in json.dumps(create.request)


@pytest.mark.parametrize("late", ["same", "older", "newer", "fresh id"])
def test_late_webhooks_do_no_harm(old: Rig, late: str) -> None:
    """A late or repeated webhook creates nothing and asks nobody."""
    before = len(old.record()["arrivals"])
    match late:
        case "same":
            assert old.send(STORE, SHIPPED) == 200
        case "older":
            old.send(STORE, PAID)
        case "fresh id":
            old.send(STORE, SHIPPED, webhook_id="another")
        case _:
            told(old, SHIPPED, 9)
    old.settle()

    assert len(old.record()["arrivals"]) == before
    assert set(old.states().values()) <= {"succeeded", "unchanged"}
    age(old)
    assert all(event.pruned_at for event in old.events())


def test_late_news_are_told(old: Rig) -> None:
    """What an old order says anew is sent where it may be repeated."""
    parcels = sample(SHIPPED)["fulfillments"]
    parcels[0]["tracking_numbers"] = ["NEW-1"]
    parcels[0]["tracking_number"] = "NEW-1"
    parcels[0]["updated_at"] = "2026-11-25T09:00:00-06:00"
    before = creates(old)

    told(old, SHIPPED, 9, fulfillments=parcels)

    assert creates(old) == before
    told_anew = [one for one in old.deliveries() if not one.pruned_at]
    assert ["NEW-1" in json.dumps(one.request) for one in told_anew] == [True]
    assert {one.state for one in told_anew} == {S.SUCCEEDED}


def test_a_late_cancel_is_told_to_a_person(old: Rig) -> None:
    """A cancel that comes when all is pruned asks as it always does."""
    before = creates(old)

    told(
        old,
        SHIPPED,
        9,
        cancelled_at="2026-11-25T09:00:00-06:00",
        cancel_reason="customer",
    )

    assert creates(old) == before
    assert old.states()["cafe-mx-rayo/cancelled"] == "held:asked"


def test_a_change_after_the_create_is_known_by_its_hash(rig: Rig) -> None:
    """What was sent is gone; that it would be another one today is not."""
    rig.send(STORE, PAID)
    rig.settle()
    age(rig)

    told(rig, PAID, 9)
    assert "held" not in {one.state for one in rig.deliveries()}

    address = {**sample(PAID)["shipping_address"], "address1": "Otra 5"}
    told(rig, PAID, 10, shipping_address=address)

    (asked,) = [one for one in rig.deliveries() if one.state is S.HELD]
    assert asked.reason == "changed"
    assert "pruned" in asked.reason_text
    assert creates(rig) == 1


def test_what_waits_for_a_person_stays_whole(rig: Rig) -> None:
    """An order with a question open is not pruned, however old it is."""
    rig.send(STORE, PAID)
    rig.settle()
    told(
        rig, PAID, 9, cancelled_at="2026-11-25T09:00:00-06:00",
        cancel_reason="customer",
    )  # fmt: skip
    (asked,) = [one for one in rig.deliveries() if one.state is S.HELD]

    age(rig, 40 * DAY)

    assert not any(event.pruned_at for event in rig.events())
    said = {"decision": "done", "reason": "so"}
    path = f"/deliveries/{asked.id}/resolve"
    assert rig.admin("POST", path, **said)[0] == 200
    rig.settle()
    age(rig)
    assert all(event.pruned_at for event in rig.events())


def test_operators_are_told_that_it_is_pruned(old: Rig) -> None:
    """Redelivering, explaining and reading say `pruned`, with a 409."""
    create = next(one for one in old.deliveries() if one.rule == "create")
    (event,) = old.events()

    asked = [
        old.admin(
            "POST", f"/deliveries/{create.id}/redeliver", reason="x",
            force=True,
        ),
        old.admin("GET", f"/events/{event.id}?body=true"),
        old.admin("GET", f"/orders/{STORE}/{ORDER}/explain?delivery="
                  f"{create.id}"),
        old.admin("GET", f"/orders/{STORE}/{ORDER}/explain?"
                  "mapping=cafe-mx-rayo"),
        old.admin(
            "POST", f"/orders/{STORE}/{ORDER}/corrections", reason="x",
            fields={"ship_to.street": "Otra"},
        ),
    ]  # fmt: skip

    assert [(status, told["code"]) for status, told in asked] == [
        (409, "pruned")
    ] * len(asked)
    status, shown = old.admin("GET", f"/orders/{STORE}/{ORDER}")
    assert status == 200
    assert shown["order"]["name"] == "#1042"
    assert old.journal.replay() == []
