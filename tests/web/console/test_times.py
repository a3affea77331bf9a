"""Times in filters: as the shop's clocks show them, kept with their zone."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from bridge.journal.protocol import Journal
from bridge.model import Instant
from tests.factories import STORE, new_event
from tests.web.console.test_pages import logged_in, page
from tests.web.doors import web

NINE = "2026-11-20T21:00"
"""In Mexico; three in the morning of the next day in UTC."""


def at(text: str) -> Instant:
    """Return an instant of UTC."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Instant(int(moment.timestamp() * 1000))


@pytest.fixture
def ana(journal: Journal) -> FlaskClient:
    """Ana's browser, and a webhook before and one after nine."""
    journal.append(
        [
            new_event("before", received_at=at("2026-11-21T02:59:59")),
            new_event("after", received_at=at("2026-11-21T03:00:00")),
        ]
    )
    return logged_in(web(journal))


@pytest.mark.parametrize("what", ["events", "deliveries", "events.csv"])
def test_a_time_is_of_the_shop_and_its_address_says_so(
    ana: FlaskClient, what: str
) -> None:
    """
    What is filled in leads to an address that means the same to anybody.
    """
    answer = ana.get(
        f"/console/{what}", query_string={"since": NINE, "store": STORE}
    )
    assert 302 == answer.status_code
    said = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert [f"{NINE}-06:00"] == said["since"]
    assert [STORE] == said["store"]
    assert 200 == ana.get(answer.headers["Location"]).status_code


def test_filters_by_the_time_of_the_shop(ana: FlaskClient) -> None:
    """
    The list has what came from then on, and the field shows that time.
    """
    answer = ana.get(
        "/console/events", query_string={"since": NINE}, follow_redirects=True
    )
    numbers = re.findall(r"/console/events/(\d+)", answer.text)
    assert ["2"] == numbers
    assert 'type="datetime-local" name="since"' in answer.text
    assert f'value="{NINE}"' in answer.text


def test_takes_any_zone(ana: FlaskClient) -> None:
    """
    An address with a zone is taken as it is, and shown in the shop's.
    """
    text = page(ana, "/events", since="2026-11-21T03:00:00Z")
    assert ["2"] == re.findall(r"/console/events/(\d+)", text)
    assert f'value="{NINE}"' in text
    text = page(ana, "/events", until="2026-11-20T22:00:00.500-05:00")
    assert f'value="{NINE}:00.500' in text


@pytest.mark.parametrize(
    "wrong", ["2026-02-30T10:00", "yesterday", "10:00", "12026-01-01T10:00"]
)
def test_says_what_is_wrong_with_a_time(ana: FlaskClient, wrong: str) -> None:
    """
    A date that there is not is refused, in words, with the field's name.
    """
    answer = ana.get(
        "/console/deliveries",
        query_string={"until": wrong},
        follow_redirects=True,
    )
    assert 422 == answer.status_code
    assert "Until: is no date and time that there is" in answer.text


@pytest.mark.parametrize("odd", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_takes_the_first_and_the_last_day(ana: FlaskClient, odd: str) -> None:
    """
    Nothing fails at the ends of the calendar.
    """
    answer = ana.get(
        "/console/events", query_string={"until": odd}, follow_redirects=True
    )
    assert answer.status_code in {200, 422}
