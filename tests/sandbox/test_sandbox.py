"""The sandbox through Flask's test client: a made-up clock and dice."""

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.model import Exchange, Instant, Maybe, Phase, Rejected
from bridge.sandbox.app import create_sandbox
from bridge.targets.contract import jwt_expiry
from bridge.targets.outcome import outcome_of
from bridge.targets.register import CONTRACTS
from tests.apis import example, problems

UNKNOWN = "00000000-0000-4000-8000-0000000000ff"
RAYO_ORDER = example("rayo", "POST", "/api/rest/orders")
EVERY_ORDER = example("every", "POST", "/v1/orders")
EVERY = {"Authorization": "Bearer sandbox-every-token"}
YUJU = {"Authorization": "sandbox-yuju-token"}
SHIPPED = {"id_order": "50001", "id_channel": 13, "status": "shipped"}


def said(answer: TestResponse) -> Any:
    """The JSON of *answer*."""
    return answer.json


@dataclass
class World:
    """The sandbox's clock, dice and patience, and a client."""

    time: int = 1_795_305_600_000
    waited: list[float] = field(default_factory=list)
    record: Path | None = None

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.client: FlaskClient = create_sandbox(
            now=lambda: Instant(self.time),
            random_uuid=lambda: (
                f"{next(numbers):08x}-0000-4000-8000-000000000000"
            ),
            record_path=self.record,
            wait=self._wait,
            monotonic=lambda: self.time / 1000,
        ).test_client()
        self.client.application.testing = True

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.time += round(seconds * 1000)

    def rayo(self) -> dict[str, str]:
        """A header with a token that Rayo just issued."""
        answer = self.client.post(
            "/rayo/api/rest/auth", headers={"x-api-key": "sandbox-rayo-key"}
        )
        token = said(answer)["AuthWithAPIkey"]["accessToken"]
        return {"Authorization": f"Bearer {token}"}

    def create(self, body: Any = RAYO_ORDER) -> TestResponse:
        """The answer to a create at Rayo."""
        return self.client.post(
            "/rayo/api/rest/orders", json=body, headers=self.rayo()
        )

    def ship(self, **change: Any) -> TestResponse:
        """The answer to a change of state at Yuju."""
        return self.client.put(
            "/yuju/orders/status", json={**SHIPPED, **change}, headers=YUJU
        )

    def fail(self, **fault: Any) -> None:
        """Tell it to fail."""
        answer = self.client.post("/sandbox/faults", json=fault)
        assert 201 == answer.status_code

    def story(self) -> Any:
        """What it has recorded."""
        return self.client.get("/sandbox/record").json

    def last(self) -> Any:
        """The newest arrival."""
        return self.story()["arrivals"][-1]


@pytest.fixture
def world() -> World:
    return World()


def test_rayo_takes_an_order_and_its_tracking(world: World) -> None:
    """
    An order is created, tracked and read back, in the vendor's shapes.
    """
    created = world.create()
    assert 200 == created.status_code
    assert [] == problems(
        created.json,
        api="rayo",
        method="POST",
        path="/api/rest/orders",
        status=200,
    )
    ref = said(created)["orden"]["ordenRef"]
    updated = world.client.patch(
        f"/rayo/api/rest/order/{ref}/delivery",
        json={"rastreo": {"rastreo_numero": "T-1"}},
        headers=world.rayo(),
    )
    assert {"orden": {"id": ref, "rastreo_numero": "T-1"}} == updated.json
    read = world.client.get(
        f"/rayo/api/rest/order/{ref}", headers=world.rayo()
    )
    assert [] == problems(
        read.json,
        api="rayo",
        method="GET",
        path="/api/rest/order/{rayoOrderId}",
        status=200,
    )
    assert "T-1" == said(read)["orden"]["rastreo_numero"]


def test_rayo_creates_a_second_one_when_asked_twice(world: World) -> None:
    """
    Two creates make two orders, whose arrivals carry the same hash.
    """
    first, second = world.create().json, world.create().json
    assert first != second
    creates = [
        arrival
        for arrival in world.story()["arrivals"]
        if arrival["operation"] == "create_order"
    ]
    assert [True, True] == [arrival["applied"] for arrival in creates]
    assert creates[0]["sha256"] == creates[1]["sha256"]
    assert {"skus": ["7500000000017"]} == creates[0]["keys"]
    assert 2 == len(world.story()["applied"]["rayo"]["orders"])


def test_rayo_answers_an_unknown_order_with_null(world: World) -> None:
    """
    An unknown id is a 200 with `orden: null`, which is a rejection.
    """
    answer = world.client.patch(
        f"/rayo/api/rest/order/{UNKNOWN}/delivery",
        json={"rastreo": {}},
        headers=world.rayo(),
    )
    assert {"orden": None} == answer.json
    assert not world.last()["applied"]
    exchange = Exchange(
        phase=Phase.ANSWERED, status=answer.status_code, answer=answer.data
    )
    contract = CONTRACTS["rayo"]
    outcome = outcome_of(
        contract,
        contract.operations["update_delivery"],
        exchange,
        now=Instant(world.time),
    )
    assert isinstance(outcome, Rejected)


def test_rayo_tells_products_apart(world: World) -> None:
    """
    A SKU that begins with UNKNOWN- is not found and can not be ordered.
    """
    path = "/rayo/api/rest/product/{}"
    found = world.client.get(path.format("A"), headers=world.rayo())
    missing = world.client.get(path.format("UNKNOWN-A"), headers=world.rayo())
    assert "A" == said(found)["producto"][0]["sku"]
    assert {"producto": []} == missing.json
    lines = [{"identificador": "UNKNOWN-A", "cantidad": 1}]
    refused = world.create({**RAYO_ORDER, "productos": lines})
    assert 400 == refused.status_code
    assert "constraint-violation" == said(refused)["code"]


def test_rayos_stock_is_asked_for_by_post(world: World) -> None:
    """
    The stock call takes no body.
    """
    answer = world.client.post(
        "/rayo/api/rest/inventory/stock", headers=world.rayo()
    )
    assert {"inventario": []} == answer.json


def test_rayos_token_ends(world: World) -> None:
    """
    A token says when it ends, and is refused from then on.
    """
    header = world.rayo()
    expiry = jwt_expiry(header["Authorization"].removeprefix("Bearer "))
    assert expiry is not None
    assert world.time + 30 * 60_000 == expiry * 1_000
    world.time = expiry * 1_000
    answer = world.client.post(
        "/rayo/api/rest/inventory/stock", headers=header
    )
    assert 400 == answer.status_code
    assert "invalid-jwt" == said(answer)["code"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/rayo/api/rest/auth", {"x-api-key": "guess"}, 400),
        ("POST", "/rayo/api/rest/orders", {}, 400),
        ("POST", "/rayo/api/rest/orders", {"Authorization": "Bearer x"}, 400),
        (
            "POST",
            "/rayo/api/rest/orders",
            {"Authorization": "Bearer e30.eyJleHAiOjk5OTk5OTk5OTl9.c2ln"},
            400,
        ),
        ("GET", "/every/v1/orders", {"Authorization": "Bearer x"}, 401),
        ("PUT", "/yuju/orders/status", {"Authorization": "Bearer x"}, 401),
    ],
)
def test_strangers_are_not_let_in(
    world: World, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """
    Without good credentials nothing is looked at.
    """
    answer = world.client.open(path, method=method, headers=headers)
    assert status == answer.status_code
    assert not world.last()["applied"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/every/v1/orders/1", {"order": {"status": "READY"}}),
        ("PATCH", "/every/v1/orders/1", {"order": {}, "updateMask": []}),
        ("POST", "/every/v1/orders", {"status": "READY"}),
        ("POST", "/every/v1/orders", ["no", "object"]),
        ("GET", "/every/v1/orders?pageSize=0", None),
        ("GET", "/every/v1/orders?pageSize=1001", None),
        ("GET", "/every/v1/orders?pageToken=guess", None),
        ("PUT", "/yuju/orders/status", {"id_order": "1"}),
        ("GET", "/yuju/orders/?id_order=1", None),
    ],
)
def test_what_does_not_fit_the_contract_is_refused(
    world: World, method: str, path: str, body: Any
) -> None:
    """
    A wrong body, path or query is a 400, and nothing is applied.
    """
    headers = EVERY if path.startswith("/every") else YUJU
    world.client.post("/sandbox/every/orders", json={})
    answer = world.client.open(path, method=method, json=body, headers=headers)
    assert 400 == answer.status_code
    assert not world.last()["applied"]


def test_body_that_is_not_called_json_is_refused(world: World) -> None:
    """
    The vendors' pages want application/json.
    """
    answer = world.client.put(
        "/yuju/orders/status", data=json.dumps(SHIPPED), headers=YUJU
    )
    assert 400 == answer.status_code


def test_unknown_address_is_recorded(world: World) -> None:
    """
    A call to an address that an API lacks is a 404, and is kept.
    """
    answer = world.client.delete("/rayo/api/rest/orders")
    assert 404 == answer.status_code
    last = world.last()
    assert (None, "DELETE") == (last["operation"], last["method"])
    assert 404 == world.client.get("/elsewhere").status_code


def test_every_patches_what_it_imported(world: World) -> None:
    """
    A seeded order is found in the list and changed under its mask.
    """
    seeded = world.client.post(
        "/sandbox/every/orders",
        json=[{"referenceId": "#1001", "referenceGid": "gid://1"}],
    )
    name = said(seeded)["orders"][0]["name"]
    listed = world.client.get("/every/v1/orders", headers=EVERY)
    assert [] == problems(
        listed.json, api="every", method="GET", path="/v1/orders", status=200
    )
    assert ["gid://1"] == [
        order["referenceGid"] for order in said(listed)["orders"]
    ]
    patched = world.client.patch(
        f"/every/v1/{name}",
        json={"order": {"status": "READY"}, "updateMask": ["status"]},
        headers=EVERY,
    )
    assert [] == problems(
        patched.json,
        api="every",
        method="PATCH",
        path="/v1/orders/{id}",
        status=200,
    )
    assert "READY" == said(patched)["status"]
    assert "READY" == world.last()["keys"]["status"]


def test_every_does_not_know_what_it_did_not_import(world: World) -> None:
    """
    A PATCH of an unknown id is a 404.
    """
    answer = world.client.patch(
        "/every/v1/orders/nobody",
        json={"order": {"status": "READY"}, "updateMask": ["status"]},
        headers=EVERY,
    )
    assert 404 == answer.status_code


def test_every_lists_the_newest_first_page_by_page(world: World) -> None:
    """
    The pages hold every order once, the newest first.
    """
    for number in range(5):
        body = {**EVERY_ORDER, "referenceId": str(number)}
        world.client.post("/every/v1/orders", json=body, headers=EVERY)
    seen, query = [], {"pageSize": "2"}
    for _ in range(3):
        page = world.client.get(
            "/every/v1/orders", query_string=query, headers=EVERY
        ).json
        assert page is not None
        seen.append([order["referenceId"] for order in page["orders"]])
        query["pageToken"] = page.get("nextPageToken", "end")
    assert [["4", "3"], ["2", "1"], ["0"]] == seen
    assert "end" == query["pageToken"]


def test_empty_every_has_an_empty_page(world: World) -> None:
    """
    Without orders there is one page with none.
    """
    answer = world.client.get("/every/v1/orders", headers=EVERY)
    assert {"orders": []} == answer.json


def test_yuju_moves_an_order(world: World) -> None:
    """
    A change of state is taken, and what is then allowed follows it.
    """
    moved = world.ship(carrier="ESTAFETA")
    assert {"ok": 1, "message": "ok"} == moved.json
    world.time += 1_000
    read = world.client.get(
        "/yuju/orders/",
        query_string={"id_channel": 13, "id_order": "50001"},
        headers=YUJU,
    )
    assert {
        "id_shop": 1,
        "id_channel": 13,
        "id_order": "50001",
        "status": "shipped",
        "actions": ["set_delivered"],
    } == read.json


def test_yuju_takes_a_move_back_and_marks_it(world: World) -> None:
    """
    A move that was not offered is applied and can be seen in the record.
    """
    world.ship()
    world.ship(status="ready_to_ship")
    order = world.story()["applied"]["yuju"]["orders"]["13/50001"]
    assert [True, False] == [move["offered"] for move in order["moves"]]
    assert "ready_to_ship" == order["status"]


def test_yuju_sees_no_third_request_within_a_second(world: World) -> None:
    """
    The third within a second is a 429 and a violation; later ones pass.
    """
    statuses = []
    for wait in (0, 0, 999, 1, 1_000):
        world.time += wait
        statuses.append(world.ship().status_code)
    assert [200, 200, 429, 200, 200] == statuses
    assert [429] == [seen["status"] for seen in world.story()["violations"]]


@pytest.mark.parametrize(
    ("fault", "status", "applied"),
    [
        ({"fault": "refuse"}, 400, False),
        ({"fault": "refuse", "status": 422}, 422, False),
        ({"fault": "error"}, 503, False),
        ({"fault": "error", "status": 500}, 500, False),
        ({"fault": "rate_limit", "seconds": 2}, 429, False),
        ({"fault": "wrong_token"}, 401, False),
        ({"fault": "expired_token"}, 401, False),
        ({"fault": "delay", "seconds": 0.5}, 200, True),
        ({"fault": "error_after_apply"}, 500, True),
        ({"fault": "error_after_apply", "status": 502}, 502, True),
        ({"fault": "broken_json"}, 200, True),
    ],
)
def test_fault_strikes_once(
    world: World, fault: dict[str, Any], status: int, *, applied: bool
) -> None:
    """
    A fault does what it says to one request; the next one passes.
    """
    world.fail(api="yuju", **fault)
    struck = world.ship()
    last = world.last()
    assert status == struck.status_code
    assert (applied, fault["fault"]) == (last["applied"], last["fault"])
    assert [] == world.story()["violations"]
    assert 200 == world.ship().status_code


def test_rate_limit_says_when_to_come_back(world: World) -> None:
    """
    The 429 has a Retry-After, and nobody is made to wait for it.
    """
    world.fail(api="yuju", fault="rate_limit", seconds=2)
    assert "2" == world.ship().headers["Retry-After"]
    assert [0.0] == world.waited


def test_delay_waits(world: World) -> None:
    """
    The answer is held back for so many seconds.
    """
    world.fail(api="yuju", fault="delay", seconds=1.5)
    world.ship()
    assert [1.5] == world.waited


def test_late_request_arrives_late(world: World) -> None:
    """
    A request that is held back on its way arrives, and counts, later.
    """
    world.fail(api="yuju", fault="late", seconds=7)
    begun = world.time
    with pytest.raises(ConnectionAbortedError):
        world.ship()

    assert [7, 0] == world.waited
    assert (begun + 7_000, True, None) == (
        world.last()["at"],
        world.last()["applied"],
        world.last()["status"],
    )


def test_reading_counts_against_the_limit(world: World) -> None:
    """
    At Yuju a look-up is a request like any other.
    """
    query = {"id_channel": 13, "id_order": "50001"}
    statuses = [
        world.client.get(
            "/yuju/orders/", query_string=query, headers=YUJU
        ).status_code
        for _ in range(2)
    ]

    assert [200, 200] == statuses
    assert 429 == world.ship().status_code


def test_senders_own_key_is_kept(world: World) -> None:
    """
    An Idempotency-Key is not looked at, but recorded.
    """
    for _ in range(2):
        world.client.post(
            "/every/v1/orders",
            json=EVERY_ORDER,
            headers={**EVERY, "Idempotency-Key": "k"},
        )

    arrivals = world.story()["arrivals"]
    assert ["k", "k"] == [a["keys"]["idempotency_key"] for a in arrivals]
    assert arrivals[0]["made"] != arrivals[1]["made"]


def test_broken_json_is_no_json(world: World) -> None:
    """
    Half of the answer comes as if it were all.
    """
    world.fail(api="yuju", fault="broken_json")
    with pytest.raises(ValueError, match=r"JSON|delimiter|Unterminated"):
        json.loads(world.ship().data)


@pytest.mark.parametrize(
    "fault",
    ["drop_before_apply", "drop_answer_after_apply", "late", "truncated"],
)
def test_no_connection_can_be_dropped_in_the_test_client(
    world: World, fault: str
) -> None:
    """
    Where there is no socket the fault is an error, and is recorded.
    """
    world.fail(api="yuju", fault=fault)
    with pytest.raises(ConnectionAbortedError):
        world.ship()
    assert (fault != "drop_before_apply") == world.last()["applied"]
    assert (fault == "truncated") == (world.last()["status"] is not None)


def test_fault_waits_for_its_match(world: World) -> None:
    """
    A fault with a match lets all else pass, also by one of a list.
    """
    match = {"skus": "7500000000017"}
    world.fail(
        api="rayo", operation="create_order", fault="error", match=match
    )
    lines = [{"identificador": "B", "cantidad": 1}]
    other = {**RAYO_ORDER, "productos": lines}
    assert 200 == world.create(other).status_code
    assert 503 == world.create().status_code


def test_faults_strike_as_often_as_told(world: World) -> None:
    """
    Times counts down; null goes on until the faults are withdrawn.
    """
    world.fail(api="rayo", operation="create_order", fault="error", times=2)
    assert [503, 503, 200] == [world.create().status_code for _ in range(3)]
    world.fail(api="rayo", operation="create_order", fault="error", times=None)
    assert [503, 503, 503] == [world.create().status_code for _ in range(3)]
    faults = said(world.client.get("/sandbox/faults"))["faults"]
    assert [None] == [fault["times"] for fault in faults]
    assert {"faults": []} == world.client.delete("/sandbox/faults").json
    assert 200 == world.create().status_code


def test_rayos_lost_answer_is_maybe(world: World) -> None:
    """
    A create that failed inside after it was done reads as nobody knows.
    """
    world.fail(api="rayo", operation="create_order", fault="error_after_apply")
    answer = world.create()
    contract = CONTRACTS["rayo"]
    outcome = outcome_of(
        contract,
        contract.operations["create_order"],
        Exchange(
            phase=Phase.ANSWERED,
            status=answer.status_code,
            answer=answer.data,
        ),
        now=Instant(world.time),
    )
    assert isinstance(outcome, Maybe)
    assert world.last()["applied"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/faults", {"api": "rayo", "fault": "explode"}),
        ("/sandbox/faults", {"api": "rayo", "fault": "error", "time": 1}),
        ("/sandbox/every/orders", {"referenceID": "1"}),
    ],
)
def test_what_it_can_not_be_told_is_said(
    world: World, path: str, body: Any
) -> None:
    """
    A typo in what the sandbox is told is a 400 with the problems.
    """
    answer = world.client.post(path, json=body)
    assert 400 == answer.status_code
    assert said(answer)["problems"]


def test_reset_forgets_all(world: World) -> None:
    """
    After a reset nothing arrived, nothing is held and nothing will fail.
    """
    world.create()
    world.ship()
    world.client.post("/sandbox/every/orders", json={})
    world.fail(api="rayo", fault="error")
    world.client.post("/sandbox/reset")
    nothing: dict[str, Any] = {"orders": {}}
    assert {
        "arrivals": [],
        "violations": [],
        "applied": {"rayo": nothing, "every": nothing, "yuju": nothing},
    } == world.story()
    assert 200 == world.create().status_code


def test_record_has_lines_without_persons(tmp_path: Path) -> None:
    """
    The file has one JSON line per arrival, and no customer in it.
    """
    world = World(record=tmp_path / "record.jsonl")
    world.create()
    text = (tmp_path / "record.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert ["auth", "create_order"] == [line["operation"] for line in lines]
    assert world.story()["arrivals"] == lines
    assert "Ana" not in text


def test_page_says_what_it_is(world: World) -> None:
    """
    The first page says SANDBOX, what is and is not done, and links on.
    """
    page = world.client.get("/").text
    for text in (
        "SANDBOX",
        "/api/rest/orders",
        "sandbox-rayo-key",
        "What it does not do",
        'href="/sandbox/record"',
        "drop_answer_after_apply",
    ):
        assert text in page


def test_world_is_what_the_sandbox_is_given() -> None:
    """
    Two sandboxes with the same clock and dice tell the same story.
    """
    first, second = World(), World()
    for world in (first, second):
        world.create()
        world.ship()
    assert first.story() == second.story()
