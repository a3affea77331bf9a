"""The admin API: what it shows, what it refuses, what it does."""

from dataclasses import replace
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.errors import JournalUnavailable
from bridge.journal.protocol import Journal
from bridge.model import DeliveryState, EventState, Instant, Kind, Reason
from bridge.orders.order import (
    Address,
    Correction,
    OrderState,
    Snapshot,
    dump_state,
    load_state,
)
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    TARGET,
    keep,
    later,
    link,
    new_delivery,
    new_event,
)
from tests.journal.steps import send
from tests.web.doors import API, BEARER, OTHER_TOKEN, TOKEN, act, get, web

WHY = "looked at the vendor's page"
ISO = "2026-09-21T14:13:20.000Z"


def held(**changes: Any) -> Any:
    """Return a delivery that waits for a person."""
    reason = Reason(code="asked", text="Stop it.", where={"line": 3})
    values: dict[str, Any] = {
        "state": DeliveryState.HELD,
        "reason": reason,
        "due_at": None,
    }
    return new_delivery(**values | changes)


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return a problem's status and code, once its form is checked."""
    assert "application/problem+json" == answer.content_type
    body = answer.json
    assert body is not None
    assert {"title", "status", "code", "detail", "type"} <= body.keys()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def fields(answer: TestResponse) -> list[str]:
    """Return which fields a 422 names."""
    assert (422, "invalid") == problem(answer)
    body = cast(Any, answer.json)
    return [fault["field"] for fault in body["errors"]]


# ------------------------------------------------------------------ doors


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xf1\xe9",
        "Bearer " + "x" * 8_000,
    ],
)
def test_everybody_without_a_token_hears_the_same(
    client: FlaskClient, authorization: str | None
) -> None:
    """
    Whatever is wrong with the token, the 401 is the same, everywhere.
    """
    headers = {} if authorization is None else {"Authorization": authorization}
    answers = [
        client.get(f"{API}{path}", headers=headers)
        for path in ("/events", "/openapi.json", "/nowhere", "/deliveries/x")
    ]
    assert {(401, "unauthorized")} == {problem(one) for one in answers}
    assert 1 == len({one.data for one in answers})
    assert "Bearer" == answers[0].headers["WWW-Authenticate"]


def test_token_in_the_address_is_none(client: FlaskClient) -> None:
    """
    A token in the query is not looked at.
    """
    answer = client.get(f"{API}/events", query_string={"token": TOKEN})
    assert 401 == answer.status_code


def test_without_tokens_nobody_gets_in(journal: Journal) -> None:
    """
    Where no token is configured everyone is refused.
    """
    client = web(journal, admin_tokens={}).test_client()
    for token in ("", TOKEN, "None"):
        answer = client.get(
            f"{API}/events", headers={"Authorization": f"Bearer {token}"}
        )
        assert 401 == answer.status_code


def test_every_operator_has_a_token(client: FlaskClient) -> None:
    """
    Each configured token is good.
    """
    answer = client.get(
        f"{API}/events", headers={"Authorization": f"bearer {OTHER_TOKEN}"}
    )
    assert 200 == answer.status_code


def test_describes_itself(client: FlaskClient) -> None:
    """
    The OpenAPI names every path, the scheme, and each answer's shape.
    """
    spec = get(client, "/openapi.json")
    assert {
        f"{API}{path}"
        for path in (
            "/events", "/events/{id}", "/orders", "/orders/{store}/{order_id}",
            "/deliveries", "/deliveries/{id}", "/deliveries/{id}/redeliver",
            "/deliveries/{id}/resolve", "/redeliveries", "/targets",
            "/targets/{name}/pause", "/targets/{name}/resume", "/audit",
            "/orders/{store}/{order_id}/corrections",
            "/orders/{store}/{order_id}/links",
            "/orders/{store}/{order_id}/explain", "/mappings",
            "/mappings/{name}/diff", "/mappings/{name}/force",
        )
    } == spec["paths"].keys()  # fmt: skip
    assert "bearer" == spec["components"]["securitySchemes"]["token"]["scheme"]
    shown = spec["paths"][f"{API}/deliveries/{{id}}"]["get"]
    assert {"200", "401", "404", "422", "503"} == shown["responses"].keys()
    assert "Show one delivery" in shown["summary"]


def test_every_reference_of_the_description_leads_somewhere(
    client: FlaskClient,
) -> None:
    """
    No `$ref` in the OpenAPI is dangling.
    """
    spec = get(client, "/openapi.json")
    known = spec["components"]["schemas"].keys()
    assert set() == {ref.rpartition("/")[2] for ref in _refs(spec)} - known


def _refs(part: Any) -> list[str]:
    if isinstance(part, list):
        return [ref for one in part for ref in _refs(one)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [ref for one in part.values() for ref in _refs(one)]


# --------------------------------------------------------------- problems


def test_problems_have_one_form(client: FlaskClient) -> None:
    """
    Unknown paths, methods, rows and names are problem+json.
    """
    for path, method, expected in (
        ("/nowhere", "GET", (404, "not_found")),
        ("/events", "DELETE", (405, "method_not_allowed")),
        ("/events/1", "GET", (404, "not_found")),
        ("/deliveries/1", "GET", (404, "not_found")),
        ("/orders/cafe-mx/1", "GET", (404, "not_found")),
    ):
        answer = client.open(f"{API}{path}", method=method, headers=BEARER)
        assert expected == problem(answer)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/events", {"limit": "0"}, "limit"),
        ("/events", {"limit": "201"}, "limit"),
        ("/events", {"limit": "1000000000"}, "limit"),
        ("/events", {"limit": "abc"}, "limit"),
        ("/events", {"colour": "red"}, "colour"),
        ("/events", {"offset": "5"}, "offset"),
        ("/events", {"state": "gone"}, "state"),
        ("/events", {"since": "yesterday"}, "since"),
        ("/events", {"cursor": "!!!"}, "cursor"),
        ("/events", {"cursor": "W251bGxd"}, "cursor"),
        ("/events", {"cursor": "WzEsMl0"}, "cursor"),
        ("/events", {"cursor": "é"}, "cursor"),
        ("/orders", {"cursor": "WzFd"}, "cursor"),
        ("/deliveries", {"attention": "perhaps"}, "attention"),
        ("/deliveries", {"state": "stored"}, "state"),
        ("/deliveries/x", {}, "id"),
        (f"/deliveries/{2**63}", {}, "id"),
        ("/events/1", {"body": "2"}, "body"),
        ("/audit", {}, "delivery"),
    ],
)
def test_wrong_query_names_the_field(
    client: FlaskClient, path: str, query: dict[str, str], field: str
) -> None:
    """
    What a query says wrongly is 422 and named, never taken for less.
    """
    answer = client.get(f"{API}{path}", headers=BEARER, query_string=query)
    assert [field] == [name.split(".")[0] for name in fields(answer)][:1]


def test_journal_away_is_503(journal: Journal) -> None:
    """
    Without a journal the answer is a problem that says when to come back.
    """

    class Away:
        def events(self, *_given: Any, **_more: Any) -> Any:
            raise JournalUnavailable("disk full at /secret/path")

    client = web(cast(Journal, Away())).test_client()
    answer = client.get(f"{API}/events", headers=BEARER)
    assert (503, "journal_unavailable") == problem(answer)
    assert "5" == answer.headers["Retry-After"]
    assert "secret" not in answer.text


def test_what_breaks_is_told_by_kind_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """
    An error of ours is a 500 and a line, without the error's text.
    """

    class Broken:
        def events(self, *_given: Any, **_more: Any) -> Any:
            raise ValueError("maria@example.mx")

    client = web(cast(Journal, Broken())).test_client()
    answer = client.get(f"{API}/events", headers=BEARER)
    assert (500, "internal_server_error") == problem(answer)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "maria" not in said + answer.text


# ----------------------------------------------------------------- events


def test_shows_events(client: FlaskClient, journal: Journal) -> None:
    """
    An event is shown with its state; its body only when it is asked for.
    """
    body = '{"note": "ñ"}\xff'.encode("latin-1")
    (kept,) = journal.append(
        [new_event(body=body, state=EventState.UNUSABLE, reason="json")]
    )
    (item,) = get(client, "/events")["items"]
    assert {
        "id": kept.id,
        "store": STORE,
        "platform": "shopify",
        "topic": "orders/paid",
        "order_id": None,
        "state": "unusable",
        "reason": "json",
        "received_at": ISO,
        "pruned_at": None,
    } == {name: item[name] for name in item if name != "sha256"}
    bare = get(client, f"/events/{kept.id}")
    assert bare["body"] is None
    assert "orders/paid" == bare["headers"]["X-Shopify-Topic"]
    whole = get(client, f"/events/{kept.id}", body="true")
    assert '{"note": "\\xf1"}\\xff' == whole["body"]


def test_filters_events(client: FlaskClient, journal: Journal) -> None:
    """
    Events are found by store, topic, state and time.
    """
    journal.append(
        [
            new_event("a"),
            new_event("b", topic="orders/create"),
            new_event("c", store="other", received_at=later(60_000)),
            new_event("d", state=EventState.IGNORED, reason="topic"),
        ]
    )
    for query, expected in (
        ({"store": "other"}, [3]),
        ({"topic": "orders/create"}, [2]),
        ({"state": "ignored"}, [4]),
        ({"since": "2026-09-21T14:14:00Z"}, [3]),
        ({"since": "2026-09-21T08:14:00-06:00"}, [3]),
        ({"until": "2026-09-21T14:14:00Z"}, [4, 2, 1]),
        ({"since": "2026-09-22"}, []),
    ):
        items = get(client, "/events", **query)["items"]
        assert expected == [item["id"] for item in items]


def test_pages_by_key(client: FlaskClient, journal: Journal) -> None:
    """
    Pages join without a gap or a repetition, also when rows come in between.
    """
    journal.append([new_event(str(n)) for n in range(5)])
    first = get(client, "/events", limit=2)
    journal.append([new_event("late")])
    second = get(client, "/events", limit=2, cursor=first["next"])
    third = get(client, "/events", limit=2, cursor=second["next"])
    pages = [
        [item["id"] for item in page["items"]]
        for page in (first, second, third)
    ]
    assert [[5, 4], [3, 2], [1]] == pages
    assert third["next"] is None


def test_page_that_ends_the_list_has_no_next(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A list of exactly one page has no second one.
    """
    journal.append([new_event("a"), new_event("b")])
    page = get(client, "/events", limit=2)
    assert (2, None) == (len(page["items"]), page["next"])


# ----------------------------------------------------------------- orders


def test_lists_orders(client: FlaskClient, journal: Journal) -> None:
    """
    Orders are listed by store, newest change first, in pages.
    """
    for n, store in enumerate(("a", "b", "a", "a")):
        order_id = str(n)
        keep(
            journal,
            new_delivery(store=store, order_id=order_id),
            version=later(n),
        )
    first = get(client, "/orders", store="a", limit=2)
    second = get(client, "/orders", store="a", limit=2, cursor=first["next"])
    assert ["3", "2"] == [item["order_id"] for item in first["items"]]
    assert ["0"] == [item["order_id"] for item in second["items"]]


def test_tells_the_whole_story(client: FlaskClient, journal: Journal) -> None:
    """
    An order's story has the folded order, links, deliveries and attempts.
    """
    state = OrderState(store=STORE, platform="shopify", id=ORDER)
    keep(
        journal,
        new_delivery(),
        state=dump_state(state),
        links=[link(source="attribute")],
    )
    send(journal, DeliveryState.SUCCEEDED)
    story = get(client, f"/orders/{STORE}/{ORDER}")
    assert (ORDER, False) == (story["order"]["id"], story["order"]["paid"])
    assert [("rayo_order", "9095")] == [
        (one["name"], one["value"]) for one in story["links"]
    ]
    assert ["succeeded"] == [one["state"] for one in story["deliveries"]]
    assert [(1, "applied")] == [
        (one["number"], one["outcome"]) for one in story["attempts"]
    ]
    assert [] == story["events"] == story["audit"]


def test_shows_an_order_that_is_not_to_be_read(
    client: FlaskClient, journal: Journal
) -> None:
    """
    One odd order breaks neither its own story nor the list.
    """
    keep(journal, new_delivery(), state="{}")
    assert get(client, f"/orders/{STORE}/{ORDER}")["order"] is None
    assert 1 == len(get(client, "/orders")["items"])


# ------------------------------------------------------------- deliveries


def test_shows_a_delivery(client: FlaskClient, journal: Journal) -> None:
    """
    A delivery has all that the interface promises, and its version as ETag.
    """
    (kept,) = keep(journal, held())
    (item,) = get(client, "/deliveries")["items"]
    expected = {
        "id": kept.id, "store": STORE, "order_id": ORDER,
        "mapping": "cafe-mx-rayo", "rule": "create", "target": TARGET,
        "operation": "create_order", "kind": "call", "generation": 1,
        "state": "held", "reason": "asked", "reason_text": "Stop it.",
        "where": {"line": 3}, "attention": True, "attempts": 0,
        "lookups": 0, "estimated_at": None, "estimate": "",
        "due_at": None, "version": kept.version,
        "created_at": ISO, "updated_at": ISO,
        "pruned_at": None,
    }  # fmt: skip
    assert expected == item
    answer = client.get(f"{API}/deliveries/{kept.id}", headers=BEARER)
    assert f'"{kept.version}"' == answer.headers["ETag"]
    whole = cast(Any, answer.json)
    assert expected == {name: whole[name] for name in expected}
    assert ([], []) == (whole["tries"], whole["audit"])


def test_filters_deliveries(client: FlaskClient, journal: Journal) -> None:
    """
    Deliveries are found by state, attention, order, store, target and time.
    """
    keep(journal, new_delivery("a"), held(rule="b", position=2))
    keep(journal, new_delivery(order_id="77", target="yuju-mx"))
    keep(journal, new_delivery(store="other", order_id=ORDER))
    for query, expected in (
        ({}, [4, 3, 2, 1]),
        ({"state": "held"}, [2]),
        ({"attention": "true"}, [2]),
        ({"attention": "false"}, [4, 3, 1]),
        ({"order": "77"}, [3]),
        ({"order": ORDER, "store": STORE}, [2, 1]),
        ({"target": "yuju-mx"}, [3]),
        ({"target": "yuju-mx", "attention": "true"}, []),
        ({"since": "2026-09-22T00:00:00Z"}, []),
    ):
        items = get(client, "/deliveries", **query)["items"]
        assert expected == [item["id"] for item in items]


def test_redelivers(client: FlaskClient, journal: Journal) -> None:
    """
    A delivery is made due again, under the operator's name and reason.
    """
    (kept,) = keep(journal, held())
    answer = act(client, f"/deliveries/{kept.id}/redeliver", reason=WHY)
    after = cast(Any, answer.json)
    assert (200, "pending", 2) == (
        answer.status_code, after["state"], after["generation"],
    )  # fmt: skip
    assert f'"{after["version"]}"' == answer.headers["ETag"]
    (entry,) = get(client, "/audit", delivery=kept.id)["items"]
    assert ("ana", "redeliver", WHY) == (
        entry["actor"], entry["action"], entry["reason"],
    )  # fmt: skip


def test_second_create_needs_force(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A create that succeeded is sent again only when that is said.
    """
    (kept,) = keep(journal, new_delivery())
    send(journal, DeliveryState.SUCCEEDED)
    path = f"/deliveries/{kept.id}/redeliver"
    assert (409, "force_needed") == problem(act(client, path, reason=WHY))
    assert 200 == act(client, path, reason=WHY, force=True).status_code


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"reason": "\ud800"}, "reason"),
        ({"reason": WHY, "state": "succeeded"}, "state"),
        ({"reason": WHY, "fence": 1}, "fence"),
    ],
)
def test_redelivery_says_why_and_no_more(
    client: FlaskClient, journal: Journal, body: dict[str, Any], field: str
) -> None:
    """
    A reason is needed, and nothing else may be set.
    """
    (kept,) = keep(journal, held())
    answer = act(client, f"/deliveries/{kept.id}/redeliver", **body)
    assert [field] == fields(answer)
    assert kept == journal.delivery(kept.id)


@pytest.mark.parametrize("data", [b"", b"[]", b"nonsense", b'"text"', b"1"])
def test_body_that_is_no_object_is_422(
    client: FlaskClient, journal: Journal, data: bytes
) -> None:
    """
    A body that is not a JSON object is refused as such.
    """
    (kept,) = keep(journal, held())
    answer = client.post(
        f"{API}/deliveries/{kept.id}/redeliver",
        data=data,
        headers=BEARER,
        content_type="application/json",
    )
    assert (422, "invalid") == problem(answer)


def test_too_large_a_body_is_413(client: FlaskClient) -> None:
    """
    Nobody needs more than a few lines to say why.
    """
    answer = act(client, "/deliveries/1/redeliver", reason="x" * 100_000)
    assert 413 == problem(answer)[0]


def test_nothing_to_redeliver_is_404(client: FlaskClient) -> None:
    """
    A number without a delivery is not found.
    """
    answer = act(client, "/deliveries/77/redeliver", reason=WHY)
    assert (404, "not_found") == problem(answer)


# ------------------------------------------------------------ corrections

CORRECTIONS = f"/orders/{STORE}/{ORDER}/corrections"


def told(journal: Journal) -> int:
    """Let the journal have an order of one line; return its revision."""
    state = OrderState(
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
    keep(journal, held(), state=dump_state(state))
    row = journal.dossier(STORE, ORDER).order
    assert row is not None
    return row.revision


def test_corrects_an_order(client: FlaskClient, journal: Journal) -> None:
    """
    What a person says is kept as an event, and in the audit with her name.
    """
    told(journal)
    shown = client.get(f"{API}/orders/{STORE}/{ORDER}", headers=BEARER)
    answer = act(
        client,
        CORRECTIONS,
        {"If-Match": shown.headers["ETag"]},
        fields={"ship_to.street": "Secreta", "ship_to.interior_number": None},
        reason=WHY,
    )
    (event,) = journal.unplanned(10)
    (entry,) = get(client, f"/orders/{STORE}/{ORDER}")["audit"]

    assert (200, {"event_id": event.id}) == (answer.status_code, answer.json)
    assert (event.platform, event.store) == ("operator", STORE)
    assert ("ana", "correct", WHY) == (
        entry["actor"],
        entry["action"],
        entry["reason"],
    )


def test_nothing_is_sent_again_before_its_correction_is_planned(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A program is told by a code of its own, for one and for many.
    """
    told(journal)
    (kept,) = journal.dossier(STORE, ORDER).deliveries
    words = {"fields": {"ship_to.street": "Secreta"}, "reason": WHY}
    act(client, CORRECTIONS, {"If-Match": "*"}, **words)

    again = act(client, f"/deliveries/{kept.id}/redeliver", reason=WHY)
    decided = act(
        client,
        f"/deliveries/{kept.id}/resolve",
        decision="resend",
        reason=WHY,
    )
    many = act(client, "/redeliveries", reason=WHY, dry_run=True)
    assert (409, "correction_unread") == problem(again)
    assert (409, "correction_unread") == problem(decided)
    assert many.json is not None
    assert {"left_out": 1} == many.json["counts"]
    assert "correction_unread" == many.json["items"][0]["code"]


def test_story_shows_corrections(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A story tells what was corrected, by whom, and whether it stands.
    """
    told(journal)
    row = journal.dossier(STORE, ORDER).order
    assert row is not None
    state = load_state(row.state)
    one = Correction(
        path="ship_to.street",
        value="X",
        basis="other words",
        at=Instant(0),
        by="ana",
    )
    keep(journal, state=dump_state(replace(state, corrections=(one,))))

    (shown,) = get(client, f"/orders/{STORE}/{ORDER}")["corrections"]
    assert shown == {
        "path": "ship_to.street",
        "value": "X",
        "by": "ana",
        "at": "1970-01-01T00:00:00.000Z",
        "stands": False,
    }


@pytest.mark.parametrize(
    ("fields", "if_match", "status"),
    [
        ({"ship_to.street": "X"}, '"999"', 412),
        ({"ship_to.stret": "X"}, "*", 422),
        ({}, "*", 422),
        ({"ship_to.street": "x" * 501}, "*", 422),
        ({"ship_to.street": 5}, "*", 422),
    ],
)
def test_refuses_a_correction(
    client: FlaskClient,
    journal: Journal,
    fields: dict[str, Any],
    if_match: str,
    status: int,
) -> None:
    """
    What can not be is refused in words that show no value, and not kept.
    """
    told(journal)
    answer = act(
        client, CORRECTIONS, {"If-Match": if_match}, fields=fields, reason=WHY
    )

    assert status == answer.status_code
    assert "Secreta" not in answer.text
    assert journal.unplanned(10) == []


def test_refuses_a_correction_of_nothing(client: FlaskClient) -> None:
    """
    An order that nobody told of can not be corrected.
    """
    answer = act(
        client, CORRECTIONS, fields={"ship_to.street": "X"}, reason=WHY
    )
    assert (404, "not_found") == problem(answer)


# ------------------------------------------------------------------ links


def test_links_an_order(client: FlaskClient, journal: Journal) -> None:
    """
    What a target calls an order is kept under who said so.
    """
    told(journal)
    answer = act(
        client,
        f"/orders/{STORE}/{ORDER}/links",
        target=TARGET,
        links={"rayo_order": " 9095 "},
        reason=WHY,
    )
    shown = get(client, f"/orders/{STORE}/{ORDER}")

    assert (200, {"news": 1}) == (answer.status_code, answer.json)
    assert [("9095", "operator:ana")] == [
        (one["value"], one["source"]) for one in shown["links"]
    ]
    assert ["teach"] == [one["action"] for one in shown["audit"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"target": "nowhere", "links": {"a": "1"}}, 404),
        ({"target": TARGET, "links": {}}, 422),
        ({"target": TARGET, "links": {"a b": "1"}}, 422),
        ({"target": TARGET, "links": {"a": " "}}, 422),
        ({"links": {"a": "1"}}, 422),
    ],
)
def test_refuses_a_link(
    client: FlaskClient, body: dict[str, Any], status: int
) -> None:
    """
    A target that there is not, a name that no file could write.
    """
    answer = act(client, f"/orders/{STORE}/{ORDER}/links", reason=WHY, **body)
    assert status == answer.status_code


# ---------------------------------------------------------------- resolve


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ("exists", "succeeded"),
        ("done", "succeeded"),
        ("cancel", "cancelled"),
        ("resend", "pending"),
        ("hold", "held"),
    ],
)
def test_resolves(
    client: FlaskClient, journal: Journal, decision: str, state: str
) -> None:
    """
    Each decision leads where it should.
    """
    (kept,) = keep(journal, held())
    answer = act(
        client,
        f"/deliveries/{kept.id}/resolve",
        {"If-Match": f'"{kept.version}"'},
        decision=decision,
        reason=WHY,
    )
    assert (200, state) == (
        answer.status_code,
        cast(Any, answer.json)["state"],
    )


def test_holds_until_a_time(client: FlaskClient, journal: Journal) -> None:
    """
    It tells who holds it and until when, and refuses to be sent by a code.
    """
    (kept,) = keep(journal, held())
    path = f"/deliveries/{kept.id}/resolve"
    until = "2026-11-28T09:30:00-06:00"
    answer = act(client, path, decision="hold", until=until, reason=WHY)
    shown = cast(Any, answer.json)
    assert ("on_hold", True) == (shown["reason"], shown["attention"])
    assert ("ana", 1_795_879_800_000) == (
        shown["where"]["by"],
        shown["where"]["until"],
    )
    again = act(client, f"/deliveries/{kept.id}/redeliver", reason=WHY)
    assert (409, "on_hold") == problem(again)
    assert 200 == act(client, path, decision="release", reason=WHY).status_code


def test_resolving_keeps_links(client: FlaskClient, journal: Journal) -> None:
    """
    What the operator found at the target is kept under its name.
    """
    (kept,) = keep(journal, held())
    act(
        client,
        f"/deliveries/{kept.id}/resolve",
        decision="exists",
        reason=WHY,
        links={"rayo_order": " 9095 "},
    )
    (found,) = get(client, f"/orders/{STORE}/{ORDER}")["links"]
    assert ("9095", "operator:ana") == (found["value"], found["source"])


@pytest.mark.parametrize(
    "action", [{"resolve": {"decision": "done"}}, {"redeliver": {}}]
)
@pytest.mark.parametrize("if_match", ['"99"', "99", "nonsense", 'W/"1"', ""])
def test_stale_version_is_412(
    client: FlaskClient,
    journal: Journal,
    if_match: str,
    action: dict[str, dict[str, str]],
) -> None:
    """
    What is decided about what has changed meanwhile is refused.
    """
    (kept,) = keep(journal, held())
    ((verb, body),) = action.items()
    answer = act(
        client,
        f"/deliveries/{kept.id}/{verb}",
        {"If-Match": if_match},
        **body,
        reason=WHY,
    )
    assert (412, "version_mismatch") == problem(answer)
    assert kept == journal.delivery(kept.id)


def test_redelivers_the_version_that_was_seen(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A redelivery that names today's version is done.
    """
    (kept,) = keep(journal, held())
    answer = act(
        client,
        f"/deliveries/{kept.id}/redeliver",
        {"If-Match": f'"{kept.version}"'},
        reason=WHY,
    )
    assert 200 == answer.status_code


@pytest.mark.parametrize("if_match", ["*", None])
def test_any_version_may_be_meant(
    client: FlaskClient, journal: Journal, if_match: str | None
) -> None:
    """
    `If-Match` may be left out, or say any.
    """
    (kept,) = keep(journal, held())
    answer = act(
        client,
        f"/deliveries/{kept.id}/resolve",
        {"If-Match": if_match} if if_match else {},
        decision="done",
        reason=WHY,
    )
    assert 200 == answer.status_code


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"decision": "done", "links": {"a": "1"}}, "links"),
        ({"decision": "done", "until": "2030-01-01T00:00:00Z"}, "until"),
        ({"decision": "hold", "until": "soon"}, "until"),
        ({"decision": "exists", "links": {"a": ""}}, "links.a"),
        ({"decision": "exists", "links": {"a": 1}}, "links.a"),
        ({"decision": "exists", "links": {"not ok": "1"}}, "links.not ok"),
    ],
)
def test_decision_must_make_sense(
    client: FlaskClient, journal: Journal, body: dict[str, Any], field: str
) -> None:
    """
    Unknown decisions and odd links are refused.
    """
    (kept,) = keep(journal, held())
    path = f"/deliveries/{kept.id}/resolve"
    (named,) = fields(act(client, path, reason=WHY, **body))
    assert named.startswith(field)


def test_undecidable_is_409(client: FlaskClient, journal: Journal) -> None:
    """
    A delivery that waits for nobody can not be resolved.
    """
    (kept,) = keep(journal, new_delivery())
    answer = act(
        client,
        f"/deliveries/{kept.id}/resolve",
        decision="done",
        reason=WHY,
    )
    assert (409, "not_decidable") == problem(answer)


# ---------------------------------------------------------------- batches


def some_of_each(journal: Journal) -> None:
    """Keep a create that succeeded, a held call, a question, a PATCH."""
    keep(journal, new_delivery(order_id="1"))
    send(journal, DeliveryState.SUCCEEDED)
    keep(journal, held(order_id="2"))
    keep(journal, held(order_id="3", kind=Kind.ASK))
    keep(journal, new_delivery(order_id="4", repeatable=True))
    send(journal, DeliveryState.SUCCEEDED)


RESULTS = {
    4: ("redelivered", None),
    3: ("left_out", "not_decidable"),
    2: ("redelivered", None),
    1: ("left_out", "force_needed"),
}


def test_dry_run_foretells_the_batch(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A dry run says what would happen, does nothing, and is right.
    """
    some_of_each(journal)
    before = get(client, "/deliveries")
    foretold = act(client, "/redeliveries", reason=WHY, dry_run=True)
    assert before == get(client, "/deliveries")
    done = act(client, "/redeliveries", reason=WHY, target=TARGET)
    assert RESULTS == results(done)
    assert {
        number: (result.replace("redelivered", "would_redeliver"), code)
        for number, (result, code) in RESULTS.items()
    } == results(foretold)
    assert {"redelivered": 2, "left_out": 2} == cast(Any, done.json)["counts"]
    assert cast(Any, foretold.json)["dry_run"]


def results(answer: TestResponse) -> dict[int, tuple[str, str | None]]:
    """Return what a batch says per delivery."""
    assert 200 == answer.status_code, answer.text
    items = cast(Any, answer.json)["items"]
    return {item["id"]: (item["result"], item["code"]) for item in items}


def test_batch_with_force_takes_creates(
    client: FlaskClient, journal: Journal
) -> None:
    """
    With `force` a create that succeeded is sent again too.
    """
    some_of_each(journal)
    for dry_run, result in (
        (True, "would_redeliver"), (False, "redelivered"),
    ):  # fmt: skip
        answer = act(
            client,
            "/redeliveries",
            reason=WHY,
            order="1",
            force=True,
            dry_run=dry_run,
        )
        assert {1: (result, None)} == results(answer)


def test_batch_needs_a_filter(client: FlaskClient, journal: Journal) -> None:
    """
    Everything at once is only ever a dry run.
    """
    some_of_each(journal)
    assert ["dry_run"] == fields(act(client, "/redeliveries", reason=WHY))


def test_foresight_knows_what_was_replaced(
    client: FlaskClient, journal: Journal
) -> None:
    """
    Of two generations of one effect only the newer would be sent.
    """
    key = {"effect_key": "one", "repeatable": True}
    keep(
        journal,
        held(**key),
        held(**key, generation=2, position=2),
    )
    query: dict[str, Any] = {"reason": WHY, "order": ORDER}
    foretold = act(client, "/redeliveries", **query, dry_run=True)
    done = act(client, "/redeliveries", **query)
    assert {
        2: ("would_redeliver", None), 1: ("left_out", "not_found"),
    } == results(foretold)  # fmt: skip
    assert {
        2: ("redelivered", None), 1: ("left_out", "not_found"),
    } == results(done)  # fmt: skip


def test_batch_has_an_end(client: FlaskClient, journal: Journal) -> None:
    """
    A batch takes 500 at most; a cursor leads on to the rest.
    """
    keep(journal, *(held(rule=f"r{n}", position=n) for n in range(501)))
    query: dict[str, Any] = {
        "reason": WHY,
        "attention": True,
        "dry_run": True,
    }
    first = cast(Any, act(client, "/redeliveries", **query).json)
    rest = cast(
        Any,
        act(client, "/redeliveries", **query, cursor=first["next"]).json,
    )
    assert (500, 1) == (len(first["items"]), len(rest["items"]))
    assert rest["next"] is None


# ---------------------------------------------------------------- targets


def test_pauses_and_resumes(client: FlaskClient, journal: Journal) -> None:
    """
    A target is paused and opened again by name.
    """
    journal.pin_target(TARGET, "rayo.example")
    paused = act(client, f"/targets/{TARGET}/pause", reason=WHY)
    assert ("operator", ISO) == (
        cast(Any, paused.json)["paused"], cast(Any, paused.json)["paused_at"],
    )  # fmt: skip
    shown = {item["name"]: item for item in get(client, "/targets")["items"]}
    assert ("operator", None) == (
        shown[TARGET]["paused"], shown["yuju-mx"]["paused"],
    )  # fmt: skip
    resumed = act(client, f"/targets/{TARGET}/resume", reason=WHY)
    assert cast(Any, resumed.json)["paused"] is None


def test_shows_targets_without_their_secrets(
    client: FlaskClient, journal: Journal
) -> None:
    """
    A target is shown with its API, host and number of deliveries.
    """
    keep(journal, new_delivery())
    answer = client.get(f"{API}/targets", headers=BEARER)
    rayo, yuju = cast(Any, answer.json)["items"]
    assert ("rayo", "rayo.example", False) == (
        rayo["api"], rayo["host"], rayo["sandbox"],
    )  # fmt: skip
    assert ({"pending": 1}, {}) == (rayo["deliveries"], yuju["deliveries"])
    assert "secret" not in answer.text


def test_pausing_what_is_not_there_is_404(client: FlaskClient) -> None:
    """
    An unknown target is not found, and a reason is needed all the same.
    """
    answer = act(client, "/targets/nobody/pause", reason=WHY)
    assert (404, "not_found") == problem(answer)
    assert ["reason"] == fields(act(client, f"/targets/{TARGET}/pause"))


def test_answers_are_not_to_be_kept(client: FlaskClient) -> None:
    """
    No cache keeps what the API says.
    """
    answer = client.get(f"{API}/events", headers=BEARER)
    assert "no-store" == answer.headers["Cache-Control"]
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert "same-origin" == answer.headers["Referrer-Policy"]


def test_moment_of_the_tests_is_what_it_says() -> None:
    """
    `ISO` is `NOW`.
    """
    assert 1_790_000_000_000 == NOW
