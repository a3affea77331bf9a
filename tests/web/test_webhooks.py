"""The stores' door."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge.errors import JournalUnavailable
from bridge.journal.protocol import EventFilter, Journal
from bridge.model import Event, EventState
from tests.factories import NOW, STORE
from tests.web.doors import post, signed, web

WOO = "artesanias-mx"
PING = {"Content-Type": "application/x-www-form-urlencoded"}


def kept(journal: Journal) -> list[Event]:
    """All events, newest first."""
    listed = journal.events(EventFilter(), before=None, limit=200)
    found = [journal.event(event.id) for event in listed]
    return [event for event in found if event is not None]


def test_keeps_what_is_signed(client: FlaskClient, journal: Journal) -> None:
    """
    A signed webhook is kept byte for byte, and answered 200.
    """
    body = b'{"id": 5678,  "note": "\xc3\xb1"}'
    answer = post(client, body)
    assert (200, {"status": "stored"}) == (answer.status_code, answer.json)
    (event,) = kept(journal)
    assert body == event.body
    assert (STORE, "shopify", "orders/paid") == (
        event.store, event.platform, event.topic,
    )  # fmt: skip
    assert (EventState.STORED, NOW) == (event.state, event.received_at)


def test_answers_a_repetition_the_same(
    client: FlaskClient, journal: Journal
) -> None:
    """
    The second arrival of an event is answered 200 and not kept again.
    """
    post(client)
    answer = post(client)
    assert (200, {"status": "repeated"}) == (answer.status_code, answer.json)
    assert 1 == len(kept(journal))


@pytest.mark.parametrize("secret", ["old-secret", "new-secret"])
def test_takes_each_secret(client: FlaskClient, secret: str) -> None:
    """
    While a secret is rotated both are good.
    """
    answer = post(client, headers=signed(b"{}", secret=secret))
    assert 200 == answer.status_code


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "AAAA",
        "\xf1\xe9",
        "x" * 8_000,
        "é=,é=",
        "a\x00b",
        signed(b"other")["X-Shopify-Hmac-Sha256"],
        signed(b"{}", secret="wrong")["X-Shopify-Hmac-Sha256"],
        signed(b"{}")["X-Shopify-Hmac-Sha256"].rstrip("="),
        signed(b"{}")["X-Shopify-Hmac-Sha256"] + ",AAAA",
    ],
)
def test_refuses_a_wrong_signature(
    journal: Journal, signature: str | None
) -> None:
    """
    What is not signed is answered 401 in the same words; nothing is kept.
    """
    headers = signed(b"{}") | {"X-Shopify-Hmac-Sha256": signature or ""}
    if signature is None:
        del headers["X-Shopify-Hmac-Sha256"]
    answer = raw_post(web(journal), headers)
    assert ("401 UNAUTHORIZED", b'{"status":"signature"}') == answer
    assert [] == kept(journal)


def raw_post(app: Flask, headers: dict[str, str]) -> tuple[str, bytes]:
    """Bring `{}` with headers as a server hands them over: Latin-1."""
    environ = app.test_client()
    given = {
        f"HTTP_{name.upper().replace('-', '_')}": value.encode().decode(
            "latin-1"
        )
        for name, value in headers.items()
    }
    answer = environ.post(
        f"/webhooks/{STORE}", data=b"{}", environ_overrides=given
    )
    return answer.status, answer.data


def test_signature_in_the_address_is_none(client: FlaskClient) -> None:
    """
    Only the header counts.
    """
    headers = signed(b"{}")
    query = {"hmac": headers.pop("X-Shopify-Hmac-Sha256")}
    answer = client.post(
        f"/webhooks/{STORE}", data=b"{}", headers=headers, query_string=query
    )
    assert 401 == answer.status_code


@pytest.mark.parametrize(
    "name",
    [
        "elsewhere",
        "Cafe-mx",
        "..",
        "%2e%2e%2fx",
        "a%2fb",
        "cafe-mx%00",
        "cafe-mx%0a",
        "ｃafe-mx",
        "x" * 300,
        "",
    ],
)
def test_unknown_store_is_404(
    client: FlaskClient, journal: Journal, name: str
) -> None:
    """
    A name that is no store's is answered 404, without an echo.
    """
    answer = client.post(
        f"/webhooks/{name}", data=b"{}", headers=signed(b"{}")
    )
    assert 404 == answer.status_code
    assert [] == kept(journal)
    assert answer.json in (
        {"status": "unknown_store"},
        {"status": "not_found"},
    )


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
)
def test_only_post(client: FlaskClient, method: str) -> None:
    """
    Other methods are answered 405 and nothing of them is reflected.
    """
    answer = client.open(f"/webhooks/{STORE}", method=method, data=b"<x>")
    assert 405 == answer.status_code
    assert b"<x>" not in answer.data
    assert "POST" == answer.headers["Allow"]


def test_is_never_sent_elsewhere(client: FlaskClient) -> None:
    """
    Odd slashes are 404, never a redirection.
    """
    for path in (f"//webhooks/{STORE}", f"/webhooks/{STORE}/"):
        answer = client.post(path, headers=signed(b""))
        assert 404 == answer.status_code


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"\xff\xfe\x00", b'{"a":1}garbage']
)
def test_keeps_what_it_can_not_read(
    client: FlaskClient, journal: Journal, body: bytes
) -> None:
    """
    A signed body is kept whatever it is: the web parses nothing.
    """
    assert 200 == post(client, body).status_code
    (event,) = kept(journal)
    assert (body, EventState.STORED) == (event.body, event.state)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "multipart/form-data", "application/json; charset=x"],
)
def test_content_type_does_not_matter(
    client: FlaskClient, journal: Journal, content_type: str
) -> None:
    """
    Only the signature decides.
    """
    headers = signed(b"{}") | {"Content-Type": content_type}
    assert 200 == post(client, headers=headers).status_code
    assert b"{}" == kept(journal)[0].body


@pytest.mark.parametrize(
    ("store", "changes"),
    [
        (STORE, {"X-Shopify-Shop-Domain": "another.myshopify.com"}),
        (WOO, {"X-WC-Webhook-Source": "https://another.example/"}),
    ],
)
def test_other_shop_is_kept_as_unusable(
    client: FlaskClient,
    journal: Journal,
    store: str,
    changes: dict[str, str],
) -> None:
    """
    One secret can serve many shops: another's webhook is 200 and set aside.
    """
    answer = post(
        client, store=store, headers=signed(b"{}", store=store) | changes
    )
    assert (200, {"status": "unusable"}) == (answer.status_code, answer.json)
    (event,) = kept(journal)
    assert (EventState.UNUSABLE, "other_shop") == (event.state, event.reason)


def test_ping_is_answered_and_not_kept(
    client: FlaskClient, journal: Journal
) -> None:
    """
    WooCommerce's unsigned greeting gets exactly 200.
    """
    answer = post(client, b"webhook_id=12", store=WOO, headers=PING)
    assert 200 == answer.status_code
    assert [] == kept(journal)


def test_ping_is_woocommerces_alone(client: FlaskClient) -> None:
    """
    At a Shopify store the same body is an unsigned one.
    """
    assert 401 == post(client, b"webhook_id=12", headers=PING).status_code


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "identity, gzip"])
def test_compressed_is_415(
    client: FlaskClient, journal: Journal, encoding: str
) -> None:
    """
    Compressed bodies are refused, never inflated.
    """
    headers = signed(b"{}") | {"Content-Encoding": encoding}
    assert 415 == post(client, headers=headers).status_code
    assert [] == kept(journal)


def test_identity_is_no_compression(client: FlaskClient) -> None:
    """
    `Content-Encoding: identity` says nothing.
    """
    headers = signed(b"{}") | {"Content-Encoding": "identity"}
    assert 200 == post(client, headers=headers).status_code


def test_limit_is_a_limit(journal: Journal) -> None:
    """
    A body of the limit is taken, one byte more is 413.
    """
    client = web(journal, body_limit=100).test_client()
    assert 200 == post(client, b"x" * 100).status_code
    assert 413 == post(client, b"x" * 101).status_code
    assert 1 == len(kept(journal))


class Unread:
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        """Fail."""
        raise AssertionError


def test_announced_too_large_is_not_read(client: FlaskClient) -> None:
    """
    What says that it is too large is refused before a byte is read.
    """
    answer = client.post(
        f"/webhooks/{STORE}",
        headers=signed(b"{}"),
        environ_overrides={
            "wsgi.input": Unread(),
            "CONTENT_LENGTH": str(10**12),
        },
    )
    assert 413 == answer.status_code


@pytest.mark.parametrize("length", ["-1", "+2", "0x10", "two", "²"])
def test_odd_length_is_400(client: FlaskClient, length: str) -> None:
    """
    A length that is no number is refused.
    """
    answer = client.post(
        f"/webhooks/{STORE}",
        headers=signed(b"{}"),
        environ_overrides={"CONTENT_LENGTH": length},
    )
    assert 400 == answer.status_code


class Closed:
    """A journal that can keep nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def append(self, events: object) -> Any:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    "error",
    [JournalUnavailable("disk full at /secret/path"), RuntimeError("oops")],
)
def test_not_durable_is_503(error: Exception) -> None:
    """
    Whatever breaks before an event is on disk, the store shall try again.
    """
    client = web(cast(Journal, Closed(error))).test_client()
    answer = post(client)
    assert (503, "5") == (answer.status_code, answer.headers["Retry-After"])
    assert {"status": "unavailable"} == answer.json


def test_fifty_at_once_are_one(journal: Journal) -> None:
    """
    Fifty arrivals at once of one event make one row and fifty 200.
    """
    app = web(journal)

    def bring(_nth: int) -> int:
        status = post(app.test_client()).status_code
        journal.close()
        return status

    with ThreadPoolExecutor(10) as threads:
        statuses = list(threads.map(bring, range(50)))
    assert [200] * 50 == statuses
    assert 1 == len(kept(journal))


def test_says_one_line_without_data(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    A webhook leaves one line of ids, codes and sizes: nothing of its own.
    """
    body = b'{"email": "maria@example.mx"}'
    post(client, body)
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert "webhook.answered" == said["event"]
    assert ("stored", 200, len(body)) == (
        said["answer"], said["status"], said["size"],
    )  # fmt: skip
    signature = signed(body)["X-Shopify-Hmac-Sha256"]
    assert not [word for word in ("maria", signature) if word in line]


def test_says_nothing_of_a_name_that_is_no_stores(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    What somebody makes up does not reach the log or the numbers.
    """
    post(client, store=STORE, headers={})
    client.post("/webhooks/made-up-name")
    assert "made-up-name" not in capsys.readouterr().err
    assert "made-up-name" not in client.get("/metrics").text
