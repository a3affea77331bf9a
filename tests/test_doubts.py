"""What a look-up says of a call whose answer was lost, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic_core import to_json

from bridge.calls import SLACK, Calls, lease_of
from bridge.doubts import doubt_about, look
from bridge.journal.protocol import Claim, OrderRow
from bridge.looking_up import Unread
from bridge.model import (
    SECOND,
    Delivery,
    DeliveryState,
    Exchange,
    Finding,
    Instant,
    Kind,
    Maybe,
    Millis,
    NotProcessed,
    Outcome,
    Phase,
    Reason,
    Rejected,
    Request,
    Urgency,
)
from bridge.sender import Called, TooLate
from bridge.targets.account import Target
from bridge.targets.contract import Limit, Operation
from bridge.targets.outcome import outcome_of
from bridge.targets.register import CONTRACTS
from tests.factories import NOW, ORDER, STORE

FOUND, ABSENT, UNCLEAR = Finding.FOUND, Finding.ABSENT, Finding.UNCLEAR
EVERY = CONTRACTS["every"]
CREATE = Request(
    operation="create_order",
    method="POST",
    path="/v1/orders",
    body={"referenceId": "77"},
)
OURS = {"name": "orders/ours", "referenceId": "77"}
OTHER = {"name": "orders/other", "referenceId": "78"}


def target(**changes: Any) -> Target:
    """Return an account at Every."""
    values: dict[str, Any] = {
        "name": "every-co",
        "contract": EVERY,
        "base_url": "https://every.example",
        "credentials": {"token": "t"},
        "authorization": "{token}",
    }
    return Target(**values | changes)


def delivery(**changes: Any) -> Delivery:
    """Return a create that is claimed."""
    values: dict[str, Any] = {
        "id": 1,
        "effect_key": "x",
        "generation": 1,
        "kind": Kind.CALL,
        "store": STORE,
        "order_id": ORDER,
        "target": "every-co",
        "lane": "x",
        "place": "x",
        "mapping": "x",
        "rule": "create",
        "operation": "create_order",
        "repeatable": False,
        "urgency": Urgency.CREATE,
        "blocks": True,
        "skips_dead": False,
        "state": DeliveryState.CLAIMED,
        "reason": None,
        "reason_text": "",
        "where": {},
        "fence": 1,
        "owner": "me",
        "lease_until": NOW,
        "due_at": NOW,
        "wait_until": None,
        "attempts": 1,
        "claims": 0,
        "version": 1,
        "mapping_hash": None,
        "request": None,
        "request_hash": None,
        "forced": False,
        "live_since": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Delivery(**values | changes)


ROW = OrderRow(
    store=STORE, order_id=ORDER, state="{}", version=NOW, revision=1
)


@dataclass
class Desk:
    """
    A clock, and a target that answers with *pages* one after the other.

    Args:
        takes: milliseconds that each call takes.
        connects: milliseconds until its connection stands.
        rests: how long was rested before each call.
    """

    pages: Sequence[Any]
    target: Target = field(default_factory=target)
    takes: int = 0
    connects: int = 0
    now: int = NOW
    paths: list[str] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)

    def call(
        self,
        operation: Operation,
        request: Request,
        *,
        headers: Any = None,
        before_first_byte: Callable[[Callable[[], None]], object],
    ) -> Called:
        """Answer as the target would; stands in for `Sender`."""
        self.now += self.connects
        before_first_byte(lambda: None)
        self.now += self.takes
        page = self.pages[len(self.paths)]
        self.paths.append(request.path)
        if isinstance(page, Outcome):
            return Called(outcome=page, exchange=Exchange(phase=Phase.WRITING))
        exchange = Exchange(
            phase=Phase.ANSWERED, status=200, answer=to_json(page)
        )
        told = outcome_of(EVERY, operation, exchange, now=Instant(self.now))
        return Called(outcome=told, exchange=exchange)

    def calls(self, *, slot: int | None = None) -> Calls:
        """Return the calls of one claim."""
        return Calls(
            Claim(delivery=delivery(), order=ROW, links={}, slot=slot),
            self,  # type: ignore[arg-type]
            claimed_at=NOW / 1000,
            now=lambda: Instant(self.now),
            monotonic=lambda: self.now / 1000,
            wait=self._rest,
        )

    def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += round(seconds * 1000)

    def finding(self, **how: Any) -> Finding:
        """Look the create up."""
        doubt = doubt_about(CREATE, self.target.contract)
        assert doubt is not None
        return look(self.calls(**how), doubt).finding


def page(*items: Any, more: str | None = None) -> dict[str, Any]:
    """Return a page of Every's list."""
    return {"orders": [*items], **({"nextPageToken": more} if more else {})}


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([page()], ABSENT),
        ([page(OTHER)], ABSENT),
        ([page(OTHER, OURS)], FOUND),
        ([page(OTHER, more="2"), page(OURS)], FOUND),
        ([page(OTHER, more="2"), page(OTHER)], ABSENT),
        ([page(more="2"), page(more="3"), page(OURS, more="4")], FOUND),
        ([page(more="2"), page(more="3"), page(OTHER)], ABSENT),
        ([page(more="2"), page(more="3"), page(OTHER, more="4")], UNCLEAR),
        ([{}], UNCLEAR),
        ([page(OTHER, more="2"), {}], UNCLEAR),
        ([{"error": "x"}], UNCLEAR),
        ([[]], UNCLEAR),
        ([page({"referenceId": "77"})], UNCLEAR),
        ([page("odd")], UNCLEAR),
    ],
)
def test_list_is_looked_through(pages: list[Any], expected: Finding) -> None:
    """
    What is found wins; it is absent only when all there is was seen, and
    unclear when it is there without its id.
    """
    assert expected is Desk(pages).finding()


def test_pages_are_asked_for_by_token() -> None:
    """
    Each page names the next one; the search ends where they end.
    """
    desk = Desk([page(more="a b"), page()])
    desk.finding()

    assert [
        "/v1/orders?pageSize=200",
        "/v1/orders?pageSize=200&pageToken=a+b",
    ] == desk.paths


@pytest.mark.parametrize(
    "outcome",
    [
        Maybe(reason=Reason(code="timeout")),
        NotProcessed(reason=Reason(code="rate_limited")),
    ],
)
def test_page_that_can_not_be_read(outcome: Outcome) -> None:
    """
    A look-up that fails midway says nothing at all.
    """
    with pytest.raises(Unread):
        Desk([page(OTHER, more="2"), outcome]).finding()


def test_look_up_that_is_refused() -> None:
    """
    A target that refuses to be asked leaves it unclear.
    """
    refused = Rejected(reason=Reason(code="http_404"))

    assert UNCLEAR is Desk([refused]).finding()


def test_something_that_was_there_before() -> None:
    """
    The caller may tell that what looks like it is another one.
    """
    doubt = doubt_about(CREATE, EVERY)
    assert doubt is not None
    new = {**OURS, "name": "orders/new"}

    def told_apart(item: Any) -> Finding:
        return FOUND if item["name"] == new["name"] else ABSENT

    for items, expected in (((OURS,), ABSENT), ((OURS, new), FOUND)):
        desk = Desk([page(*items)])
        found = look(desk.calls(), doubt, told_apart=told_apart)
        assert expected is found.finding


@pytest.mark.parametrize(
    "request_",
    [
        replace(CREATE, body={"status": "NEW"}),
        replace(CREATE, path="/v2/orders"),
        replace(CREATE, operation="update_order", path="/v1/orders/1"),
        replace(CREATE, operation="gone"),
    ],
)
def test_nobody_can_be_asked(request_: Request) -> None:
    """
    Without a reference, at another path, or where no look-up is declared,
    only a person can tell.
    """
    assert doubt_about(request_, EVERY) is None


# -------------------------------------------------------------- time, turn


def test_pages_keep_to_the_limit() -> None:
    """
    Each page waits until the claim's slot is free again after the answer.
    """
    limit = Limit(requests=2, window=SECOND)
    desk = Desk([page(more="2"), page(more="3"), page()], target(limit=limit))
    finding = desk.finding(slot=0)

    assert ABSENT is finding
    assert [1.01, 1.01] == desk.rests


def test_slot_is_free_a_window_after_the_last_answer() -> None:
    """
    What is recorded counts from the last of several requests.
    """
    limit = Limit(requests=2, window=SECOND)
    desk = Desk([page()], target(limit=limit), takes=300)
    calls = desk.calls(slot=0)
    doubt = doubt_about(CREATE, EVERY)
    assert doubt is not None
    look(calls, doubt)
    step: Any = None

    assert NOW + 300 + 1010 == calls.result(step).slot_free_at


def test_limit_too_narrow_for_another_page() -> None:
    """
    Where the next page would have to wait for too long, it is not read.
    """
    limit = Limit(requests=1, window=Millis(60 * SECOND))
    desk = Desk([page(OTHER, more="2")], target(limit=limit))

    assert UNCLEAR is desk.finding(slot=0)
    assert [] == desk.rests


def test_pages_end_with_the_lease() -> None:
    """
    No page is begun that could end after the lease.
    """
    desk = Desk([page(OTHER, more="2")] * 3, takes=19 * SECOND)

    assert UNCLEAR is desk.finding()
    assert 2 == len(desk.paths)
    assert desk.now <= NOW + lease_of(desk.target)


def test_worker_that_comes_too_late_asks_nothing() -> None:
    """
    Once its time to begin is over, a claim makes no call.
    """
    desk = Desk([page()])
    desk.now += SLACK + 1

    with pytest.raises(TooLate):
        desk.finding()
    assert [] == desk.paths


def test_connection_that_stands_too_late() -> None:
    """
    The time is looked at once more just before the first byte.
    """
    desk = Desk([page()], connects=SLACK + 1)

    with pytest.raises(TooLate):
        desk.finding()
    assert [] == desk.paths
