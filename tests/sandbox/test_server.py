"""The sandbox on a real socket: what a client meets when answers are lost."""

import itertools
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from bridge.model import Instant
from bridge.sandbox.app import sandbox_server

BODY = json.dumps({"id_order": "1", "id_channel": 13, "status": "shipped"})
HEADERS = {
    "Authorization": "sandbox-yuju-token",
    "Content-Type": "application/json",
}


@pytest.fixture
def connection() -> Iterator[HTTPConnection]:
    """A connection to a sandbox whose clock goes a second at a time."""
    seconds, numbers = itertools.count(0, 1_000), itertools.count()
    server = sandbox_server(
        "127.0.0.1",
        0,
        now=lambda: Instant(next(seconds)),
        random_uuid=lambda: str(next(numbers)),
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    yield connection
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def call(
    connection: HTTPConnection, method: str, path: str, body: str = ""
) -> Any:
    """The answer's JSON."""
    connection.request(method, path, body, HEADERS)
    with connection.getresponse() as answer:
        return json.loads(answer.read())


def fail(connection: HTTPConnection, fault: str) -> None:
    """Tell it to fail at Yuju."""
    told = json.dumps({"api": "yuju", "fault": fault})
    call(connection, "POST", "/sandbox/faults", told)


def orders(connection: HTTPConnection) -> Any:
    """What Yuju holds."""
    record = call(connection, "GET", "/sandbox/record")
    return record["applied"]["yuju"]["orders"]


@pytest.mark.parametrize(
    ("fault", "applied"),
    [("drop_before_apply", False), ("drop_answer_after_apply", True)],
)
def test_dropped_answer_is_a_connection_that_ends(
    connection: HTTPConnection, fault: str, *, applied: bool
) -> None:
    """
    The client reads not a byte; only the record tells what was applied.
    """
    fail(connection, fault)
    connection.request("PUT", "/yuju/orders/status", BODY, HEADERS)
    with pytest.raises(RemoteDisconnected):
        connection.getresponse()
    connection.close()
    assert applied == bool(orders(connection))


def test_truncated_answer_ends_in_its_middle(
    connection: HTTPConnection,
) -> None:
    """
    The client reads a good status and then too few bytes.
    """
    fail(connection, "truncated")
    connection.request("PUT", "/yuju/orders/status", BODY, HEADERS)
    answer = connection.getresponse()
    assert 200 == answer.status
    with pytest.raises(IncompleteRead):
        answer.read()
    connection.close()
    assert orders(connection)


def test_connection_lasts(connection: HTTPConnection) -> None:
    """
    Several calls go over one connection, refused and unread ones too.
    """
    connection.connect()
    first = connection.sock
    call(connection, "PUT", "/yuju/orders/status", BODY)
    call(connection, "POST", "/rayo/nowhere", "x" * 100_000)
    call(connection, "PUT", "/yuju/orders/status", BODY)
    assert 2 == len(orders(connection)["13/1"]["moves"])
    assert first is connection.sock
