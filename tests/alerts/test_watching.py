"""From what is in the journal to one request, and one more when it is over."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.alert_settings import AlertSettings
from bridge.alerts.causes import FIRST_AGAIN
from bridge.alerts.telling import teller
from bridge.alerts.watching import EVERY, Watch, token_ends
from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.lifecycle import Gate
from bridge.model import DAY, HOUR, MINUTE, SECOND, DeliveryState
from tests.alerts.inbox import Inbox, inbox
from tests.factories import NOW, keep, later, new_delivery, new_event
from tests.mapping.test_shipped import STORES, TARGETS

S = DeliveryState
WEEK = 7 * DAY


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal that knows its targets."""
    journal = open_journal(f"sqlite:///{tmp_path / 'bridge.db'}")
    journal.migrate()
    for name in TARGETS:
        journal.pin_target(name, "there")
    return journal


@pytest.fixture
def there() -> Any:
    """Who is told."""
    with inbox() as there:
        yield there


def watch(journal: Journal, there: Inbox, **changes: Any) -> Watch:
    """Return what looks at *journal* and tells *there*."""
    settings = AlertSettings(url=there.url, disk=1, **changes)
    return Watch(
        journal,
        settings,
        stores=lambda: STORES,
        targets=lambda: TARGETS,
        tell=teller(settings),
    )


def told(there: Inbox) -> list[tuple[str, str]]:
    """Return what came: what it is, and of what."""
    return [(one["event"], one["kind"]) for one in there.came]


def pause(journal: Journal, gate: Gate | None) -> None:
    """Pause a target, or open it."""
    journal.set_gate("yuju-mx", gate, actor="ana", reason="x", now=NOW)


def test_tells_once_and_once_that_it_is_over(
    journal: Journal, there: Inbox
) -> None:
    """And again when it comes back."""
    one = watch(journal, there)
    assert one.step(NOW) == EVERY
    assert told(there) == []

    pause(journal, Gate(pause="operator"))
    for seconds in range(5):
        one.step(later(seconds * EVERY))
    assert told(there) == [("alert", "paused")]

    pause(journal, None)
    for seconds in range(5):
        one.step(later(MINUTE + seconds * EVERY))
    assert told(there)[1:] == [("resolved", "paused")]
    assert journal.alerts() == []

    pause(journal, Gate(pause="operator"))
    one.step(later(2 * MINUTE))
    assert told(there)[2:] == [("alert", "paused")]


def test_two_workers_tell_once(journal: Journal, there: Inbox) -> None:
    """Whoever claims it tells; the other looks on."""
    pause(journal, Gate(pause="operator"))
    first, second = watch(journal, there), watch(journal, there)

    def tell_late(notice: Any) -> str | None:
        second.step(NOW)
        return first_tell(notice)

    first_tell, first.tell = first.tell, tell_late
    first.step(NOW)
    second.step(NOW)

    assert told(there) == [("alert", "paused")]


def test_tries_again_until_somebody_is_told(
    journal: Journal, there: Inbox
) -> None:
    """Later and later; what went wrong is kept meanwhile."""
    one = watch(journal, there)
    pause(journal, Gate(pause="operator"))
    there.status = 500
    one.step(NOW)
    (alert,) = journal.alerts()
    assert alert.problem == "it answered 500"
    one.step(later(FIRST_AGAIN - 1))
    assert len(there.came) == 1

    there.status = 200
    one.step(later(FIRST_AGAIN))

    assert len(there.came) == 2
    (alert,) = journal.alerts()
    assert (alert.problem, alert.told_at) == (None, later(FIRST_AGAIN))
    one.step(later(HOUR))
    assert len(there.came) == 2


def test_what_is_over_before_it_was_told_is_told_to_nobody(
    journal: Journal, there: Inbox
) -> None:
    """It would only trouble somebody."""
    one = watch(journal, there)
    there.status = 500
    pause(journal, Gate(pause="operator"))
    one.step(NOW)
    pause(journal, None)
    there.status, there.came = 200, []

    one.step(later(HOUR))

    assert told(there) == []
    assert journal.alerts() == []


def test_keeps_what_is_on_where_nobody_is_told(
    journal: Journal, there: Inbox
) -> None:
    """The console shows it all the same."""
    pause(journal, Gate(pause="operator"))
    one = watch(journal, there)
    one.settings = replace(one.settings, url=None)

    one.step(NOW)

    assert [alert.cause for alert in journal.alerts()] == ["paused:yuju-mx"]
    assert told(there) == []


def test_tells_of_attention_and_backlog(
    journal: Journal, there: Inbox
) -> None:
    """What waits for a person too long, and what waits in too long a line."""
    keep(journal, new_delivery("held", lane="h", state=S.HELD))
    keep(journal, new_delivery("a", lane="a"), new_delivery("b", lane="b"))
    one = watch(journal, there, backlog=1)

    one.step(later(29 * MINUTE))
    assert told(there) == [("alert", "backlog")]
    one.step(later(30 * MINUTE))
    assert told(there)[1:] == [("alert", "attention")]
    assert there.came[1]["url"].endswith("/console/attention?target=rayo-mx")


def test_tells_of_a_silent_store(journal: Journal, there: Inbox) -> None:
    """One that usually sells at this hour, until it is heard again."""
    for week in (1, 2, 3):
        journal.append(
            [
                new_event(f"{week}-{n}", received_at=later(n - week * WEEK))
                for n in range(20)
            ]
        )
    journal.append([new_event("last", received_at=later(-30 * MINUTE))])
    while journal.tally(NOW, 1000):
        pass
    one = watch(journal, there)

    one.step(later(MINUTE))
    assert told(there) == [("alert", "silent")]
    assert there.came[0]["subject"] == "cafe-mx"

    journal.append([new_event("again", received_at=later(2 * MINUTE))])
    while journal.tally(later(3 * MINUTE), 1000):
        pass
    one.step(later(3 * MINUTE))
    assert told(there)[1:] == [("resolved", "silent")]


def test_knows_when_tokens_end_that_say_so() -> None:
    """Of the others nothing is told."""
    claims = json.dumps({"exp": NOW // SECOND}).encode()
    token = f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"
    target = replace(TARGETS["every-co"], credentials={"token": token})

    found = token_ends({"every-co": target, "rayo-mx": TARGETS["rayo-mx"]})

    assert found == {"every-co": NOW}
