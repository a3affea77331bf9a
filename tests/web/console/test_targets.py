"""Targets and stores: how they stand, and what is unusual."""

from dataclasses import replace

from flask.testing import FlaskClient

from bridge.journal.protocol import Journal, Lane
from bridge.model import DAY, MINUTE, DeliveryState, Millis
from bridge.targets.contract import Limit
from bridge.web.console.flow import LATELY
from tests.factories import NOW, STORE, keep, later, new_delivery, new_event
from tests.journal.steps import claim, send
from tests.web.console.test_inbox import browser_of
from tests.web.doors import TARGETS, TOKEN, web

WEEK = 7 * DAY
TARGETS_PAGE = "/console/targets"


def test_tells_what_went_wrong_lately(journal: Journal) -> None:
    """
    In words, with the way to the delivery.
    """
    journal.pin_target("rayo-mx", "rayo.example")
    (kept,) = keep(journal, new_delivery())
    send(journal, DeliveryState.DEAD, status=422)
    text = browser_of(journal).get(TARGETS_PAGE).text
    lately = text.partition("Went wrong lately")[2].partition("</ul>")[0]
    assert f'href="/console/deliveries/{kept.id}"' in lately
    assert "refused by the target" in lately
    assert "HTTP 422" in lately
    assert 1 == text.count("Went wrong lately")


def test_tells_how_much_of_the_limit_is_used(journal: Journal) -> None:
    """
    Of the last minutes, as the start page counts them.
    """
    for order in "123456":
        keep(journal, new_delivery(order_id=order, target="yuju-mx"))
    for held in claim(journal, Lane(target="yuju-mx", room=6)):
        send(journal, DeliveryState.SUCCEEDED, claimed=held)
    journal.tally(NOW, 1_000)
    limit = Limit(requests=2, window=Millis(60_000))
    yuju = replace(TARGETS["yuju-mx"], limit=limit)
    at = later(LATELY * MINUTE - 1, NOW - NOW % MINUTE)
    client = web(
        journal, targets={"yuju-mx": yuju}, now=lambda: at
    ).test_client()
    client.post("/console/login", data={"token": TOKEN})
    share = round(100 * 6 / (2 * LATELY))
    assert f"{share} % of it used" in client.get(TARGETS_PAGE).text


def test_tells_how_long_a_token_lives(journal: Journal) -> None:
    """
    A token that has ended, or will, is told with the time that is left.
    """
    # A JWT that ends at 1_790_086_400 s: a day after NOW.
    token = "e30.eyJleHAiOjE3OTAwODY0MDB9.e30"
    yuju = replace(TARGETS["yuju-mx"], credentials={"token": token})
    client = web(journal, targets={"yuju-mx": yuju}).test_client()
    client.post("/console/login", data={"token": TOKEN})
    assert "(in 24 hr)" in client.get(TARGETS_PAGE).text.replace(
        "1 day", "24 hr"
    )


def test_unusual_silence_is_told_at_the_store(journal: Journal) -> None:
    """
    A shop that usually sends at this hour, and has not, is told of.
    """
    client = quiet_shop(journal, silent_for=60 * MINUTE)
    text = client.get("/console/stores").text
    assert "Silent, which is unusual" in text
    assert 1 == text.count("Silent, which is unusual")


def test_usual_silence_is_not(journal: Journal) -> None:
    """
    A few minutes without a webhook say nothing.
    """
    client = quiet_shop(journal, silent_for=5 * MINUTE)
    assert "Silent" not in client.get("/console/stores").text


def quiet_shop(journal: Journal, *, silent_for: int) -> FlaskClient:
    """Return the console of a shop that was busy in the weeks before."""
    times = [
        later(-week * WEEK - minute * MINUTE)
        for week in (3, 2, 1)
        for minute in range(60, 0, -2)
    ]
    for at in [*times, later(-silent_for)]:
        journal.append([new_event(str(at), received_at=at, store=STORE)])
    journal.tally(NOW, 10_000)
    return browser_of(journal)
