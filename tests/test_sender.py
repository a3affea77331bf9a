"""One exchange with a target, over real sockets that misbehave."""

import base64
import itertools
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import JournalError, LeaseLost
from bridge.model import (
    MINUTE,
    SECOND,
    Applied,
    Instant,
    Maybe,
    Millis,
    NotProcessed,
    NotSent,
    Outcome,
    Phase,
    Rejected,
    Request,
)
from bridge.sender import (
    ANSWER_CAP,
    RENEW_BEFORE,
    Called,
    Sender,
)
from bridge.targets.account import Target
from bridge.targets.contract import Operation
from bridge.targets.rayo import TOKEN_LIFE
from bridge.targets.register import CONTRACTS
from bridge.wire import KEEP_IDLE_S, REST_S
from tests.factories import NOW, later
from tests.raw_server import (
    Peer,
    RawServer,
    Script,
    answer,
    answering,
    refusing,
)

QUICK = Millis(300)
OK = {"ok": True}
SHOWN = {"id_order": "1"}
REF = "909521d0-e398-4701-b393-ddfd07ce24f9"
CREATED = {"orden": {"ordenRef": REF}}
VERIFY = ssl.create_default_context()
RESTED_S = REST_S + 0.05
OPERATION = CONTRACTS["yuju"].operations["set_status"]
CREATE = CONTRACTS["rayo"].operations["create_order"]
CALL = Request(
    operation="set_status",
    method="PUT",
    path="/orders/status",
    body={"id_order": "1", "id_channel": 13, "status": "shipped"},
)
READING = CONTRACTS["yuju"].operations["get_order"]
LOOK = Request(
    operation="get_order",
    method="GET",
    path="/orders/?id_channel=13&id_order=1",
)
ORDER = Request(
    operation="create_order", method="POST", path="/api/rest/orders", body={}
)
BIG = Request(
    operation="set_status",
    method="PUT",
    path="/orders/status",
    body={"id_order": "1" * 20_000_000},
)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: Instant = NOW) -> None:
        self.now = now

    def __call__(self) -> Instant:
        """Return the time that was set."""
        return self.now


@contextmanager
def sender_to(
    base_url: str,
    *,
    api: str = "yuju",
    timeout: Millis = Millis(2 * SECOND),
    credentials: dict[str, str] | None = None,
    now: Callable[[], Instant] = lambda: NOW,
    monotonic: Callable[[], float] = time.monotonic,
    verify: ssl.SSLContext = VERIFY,
    parallel: int = 8,
) -> Iterator[Sender]:
    """Open a sender to a target at this address."""
    contract = CONTRACTS[api]
    sender = Sender(
        Target(
            name=f"{api}-mx",
            contract=contract,
            base_url=base_url,
            credentials=credentials or {"token": "secret", "api_key": "key"},
            authorization=contract.authorization,
            timeout=timeout,
            parallel=parallel,
        ),
        now=now,
        monotonic=monotonic,
        verify=verify,
    )
    try:
        yield sender
    finally:
        sender.close()


def called(script: Script, *, request: Request = CALL, **how: Any) -> Called:
    """Return what comes of one call to a server with this script."""
    with RawServer(script) as server, sender_to(server.base_url, **how) as to:
        return to.call(OPERATION, request)


def seen(result: Called) -> tuple[Phase, str | None, type[Outcome]]:
    """Return how far it got, what broke, and what that means."""
    return (
        result.exchange.phase,
        result.exchange.failure,
        type(result.outcome),
    )


def silent(peer: Peer) -> None:
    """Take the request and say nothing."""
    peer.read_request()
    peer.hold()


# ------------------------------------------------------------ a good answer


def test_good_answer() -> None:
    """
    An answer that says yes is applied, and kept as it was read.
    """
    result = called(answering(answer(200, OK)))

    assert (Phase.ANSWERED, None, Applied) == seen(result)
    assert (200, b'{"ok": true}') == (
        result.exchange.status,
        result.exchange.answer,
    )


def test_request_on_the_wire() -> None:
    """
    The request has its method, path, token, length and JSON body, no more.
    """
    with (
        RawServer(answering(answer(200, OK))) as server,
        sender_to(server.base_url) as to,
    ):
        to.call(OPERATION, CALL)
        head, _, body = server.received.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)

    assert "PUT /orders/status HTTP/1.1" == line
    assert CALL.body == json.loads(body)
    assert {
        "authorization": "secret",
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-length": str(len(body)),
    }.items() <= headers.items()


def test_request_without_a_body() -> None:
    """
    A call that has no body sends none, and its query as it is.
    """
    request = Request(operation="x", method="GET", path="/orders/?id_order=1")
    with (
        RawServer(answering(answer(200, OK))) as server,
        sender_to(server.base_url) as to,
    ):
        to.call(OPERATION, request)

        assert server.received.startswith(b"GET /orders/?id_order=1 HTTP/1.1")
        assert b"content-type" not in server.received.lower()


def test_retry_after_is_read() -> None:
    """
    What a target asks for is heard.
    """
    result = called(answering(answer(429, b"", {"Retry-After": "7"})))

    assert isinstance(result.outcome, NotProcessed)
    assert 7 * SECOND == result.outcome.wait


# ------------------------------------------------------------- not a byte


def test_refused() -> None:
    """
    A refused connection sent nothing.
    """
    with sender_to(refusing()) as to:
        result = to.call(OPERATION, CALL)

    assert (Phase.PREPARED, "connect", NotSent) == seen(result)


def test_unknown_name() -> None:
    """
    A name that can not be resolved is not sent to.
    """
    with sender_to("http://nowhere.invalid") as to:
        result = to.call(OPERATION, CALL)

    assert (Phase.PREPARED, "dns", NotSent) == seen(result)


def test_headers_besides() -> None:
    """
    A call may carry headers of its own; the credential's is not among them.
    """
    ours = {"Idempotency-Key": "k", "Authorization": "no"}
    with (
        RawServer(answering(answer(200, OK))) as server,
        sender_to(server.base_url) as to,
    ):
        to.call(OPERATION, CALL, headers=ours)

        assert b"Idempotency-Key: k\r\n" in server.received
        assert b"Authorization: secret\r\n" in server.received


@pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="a full backlog drops connections on Linux only",
)
def test_connection_that_never_stands() -> None:
    """
    An address that answers no SYN was sent nothing, in the time there is.
    """
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        ExitStack() as held,
    ):
        address = listener.getsockname()
        for _ in range(3):
            filling = socket.socket()
            filling.setblocking(False)  # noqa: FBT003
            filling.connect_ex(address)
            held.enter_context(filling)
        url = f"http://127.0.0.1:{address[1]}"
        begun = time.monotonic()
        with sender_to(url, timeout=QUICK) as to:
            phase, failure, outcome = seen(to.call(OPERATION, CALL))

    assert (Phase.PREPARED, NotSent) == (phase, outcome)
    assert failure in {"timeout", "deadline"}
    assert time.monotonic() - begun < 1.5


def test_reset_at_accept() -> None:
    """
    A reset at once is not sent, or nobody knows; never more than that.
    """
    result = called(lambda peer: peer.reset())

    assert seen(result) in {
        (Phase.PREPARED, "connect", NotSent),
        (Phase.WRITING, "protocol", Maybe),
    }


@pytest.mark.parametrize(
    ("token", "path"),
    [("two\nlines", "/x"), ("ñ", "/x"), ("secret", "http://[")],
)
def test_unsendable(token: str, path: str) -> None:
    """
    What no connection can carry is rejected, and not a byte is written.
    """
    request = Request(operation="x", method="PUT", path=path, body={"a": 1})
    with (
        RawServer(silent) as server,
        sender_to(server.base_url, credentials={"token": token}) as to,
    ):
        result = to.call(OPERATION, request)

        assert (Phase.PREPARED, "unsendable", Rejected) == seen(result)
        assert b"" == server.received


def test_no_free_connection() -> None:
    """
    When all connections are in use for the whole time, nothing was sent.
    """
    found: list[Called] = []
    with (
        RawServer(answering(answer(200, OK))) as server,
        sender_to(server.base_url, timeout=QUICK, parallel=1) as to,
    ):
        begun = time.monotonic()
        to.call(
            OPERATION,
            CALL,
            before_first_byte=lambda write: (
                found.append(to.call(OPERATION, CALL)),
                write(),
            ),
        )
        took = time.monotonic() - begun

    assert (Phase.PREPARED, "pool", NotSent) == seen(found[0])
    assert took < 1.5


# ---------------------------------------------------- the hook and its time


def test_hook_runs_between_connecting_and_writing() -> None:
    """
    When the hook runs, the connection stands and nothing was written.
    """
    known: list[tuple[bool, bytes]] = []
    with (
        RawServer(answering(answer(200, OK))) as server,
        sender_to(server.base_url) as to,
    ):

        def hook(write: Callable[[], None]) -> None:
            known.append((server.accepted.wait(2), server.received))
            write()

        result = to.call(OPERATION, CALL, before_first_byte=hook)

    assert [(True, b"")] == known
    assert isinstance(result.outcome, Applied)


def test_hook_does_not_run_without_a_connection() -> None:
    """
    A refused connection leaves no intent.
    """
    ran: list[bool] = []
    with sender_to(refusing()) as to:
        to.call(
            OPERATION,
            CALL,
            before_first_byte=lambda write: (ran.append(True), write()),
        )

    assert [] == ran


@pytest.mark.parametrize("error", [LeaseLost("x"), JournalError(), KeyError()])
def test_hook_that_raises(error: Exception) -> None:
    """
    What the hook raises is let through; nothing is written, then or later.
    """

    def hook(_write: Callable[[], None]) -> None:
        raise error

    with (
        RawServer(answering(answer(200, OK))) as server,
        sender_to(server.base_url) as to,
    ):
        with pytest.raises(type(error)):
            to.call(OPERATION, CALL, before_first_byte=hook)
        empty = server.received
        result = to.call(OPERATION, CALL)

        assert b"" == empty
        assert isinstance(result.outcome, Applied)
        assert 1 == server.received.count(b"PUT ")


def test_hook_that_raises_on_a_kept_connection() -> None:
    """
    On a connection that was used before, nothing is written either.
    """

    def hook(_write: Callable[[], None]) -> None:
        raise LeaseLost

    with (
        RawServer(answering(answer(200, SHOWN))) as server,
        sender_to(server.base_url) as to,
    ):
        to.call(READING, LOOK)
        with pytest.raises(LeaseLost):
            to.call(READING, LOOK, before_first_byte=hook)

        assert 1 == server.received.count(b"GET ")


def test_hook_that_takes_too_long() -> None:
    """
    When the time is over before the first byte, it was certainly not sent.
    """
    seconds = [0.0]
    with (
        RawServer(silent) as server,
        sender_to(server.base_url, monotonic=lambda: seconds[0]) as to,
    ):
        result = to.call(
            OPERATION,
            CALL,
            before_first_byte=lambda write: (
                seconds.append(seconds.pop() + 9),
                write(),
            ),
        )

        assert (Phase.PREPARED, "deadline", NotSent) == seen(result)
        assert b"" == server.received


def test_connecting_that_takes_too_long() -> None:
    """
    When connecting took all the time, no intent is written.
    """
    ran: list[bool] = []
    readings = itertools.chain([0.0, 0.0], itertools.repeat(9.0))
    with (
        RawServer(silent) as server,
        sender_to(server.base_url, monotonic=lambda: next(readings)) as to,
    ):
        result = to.call(
            OPERATION,
            CALL,
            before_first_byte=lambda write: (ran.append(True), write()),
        )

    assert (Phase.PREPARED, "deadline", NotSent) == seen(result)
    assert [] == ran


# --------------------------------------------------------- nobody knows


def fin_at_accept(peer: Peer) -> None:
    """Close the connection as soon as it is there."""
    peer.close()


def fin_after_request(peer: Peer) -> None:
    """Read it all and close."""
    peer.read_request()


def reset_after_request(peer: Peer) -> None:
    """Read it all and reset."""
    peer.read_request()
    peer.reset()


def partial_status_line(peer: Peer) -> None:
    """Read it all, begin an answer and close."""
    peer.read_request()
    peer.send(b"HTTP/1.1 20")


def garbage(peer: Peer) -> None:
    """Answer in no protocol."""
    peer.read_request()
    peer.send(b"\x00\x01\x02 no HTTP at all\r\n\r\n")


def endless_header(peer: Peer) -> None:
    """Answer with a header of 200 kB."""
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 200_000, b"\r\n\r\n")


@pytest.mark.parametrize(
    "script",
    [
        fin_at_accept,
        fin_after_request,
        reset_after_request,
        partial_status_line,
        garbage,
        endless_header,
    ],
)
def test_connection_that_ends_without_an_answer(script: Script) -> None:
    """
    Whether it was read or not can not be told: maybe.
    """
    result = called(script)

    assert (Phase.WRITING, "protocol", Maybe) == seen(result)
    assert result.exchange.status is None


def test_reset_of_a_kept_connection() -> None:
    """
    A reset after a second request on one connection is a maybe too.
    """

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(200, SHOWN))
        peer.read_request()
        peer.reset()

    with RawServer(script) as server, sender_to(server.base_url) as to:
        first = to.call(READING, LOOK)
        time.sleep(RESTED_S)
        second = to.call(READING, LOOK)

    assert isinstance(first.outcome, Applied)
    assert (Phase.WRITING, "protocol", Maybe) == seen(second)


# ------------------------------------------------------------- the deadline


def continue_and_silence(peer: Peer) -> None:
    """Say that it may go on, and nothing more."""
    peer.read_request()
    peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    peer.hold()


def dripping_head(peer: Peer) -> None:
    """Answer a byte at a time, without an end."""
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nX: ")
    while not peer.ended.wait(0.03):
        peer.send(b"x")


def deaf(peer: Peer) -> None:
    """Do not read."""
    peer.hold()


def slow_reader(peer: Peer) -> None:
    """Read a little at a time, so that every write gets on."""
    while not peer.ended.wait(0.03):
        peer.read(200_000)


@pytest.mark.parametrize(
    ("script", "request_"),
    [
        (silent, CALL),
        (continue_and_silence, CALL),
        (dripping_head, CALL),
        (deaf, BIG),
        (slow_reader, BIG),
    ],
)
def test_no_answer_in_time(script: Script, request_: Request) -> None:
    """
    One deadline holds for all of it, however busy the connection is.
    """
    begun = time.monotonic()
    result = called(script, request=request_, timeout=QUICK)
    took = time.monotonic() - begun
    phase, failure, outcome = seen(result)

    assert (Phase.WRITING, Maybe) == (phase, outcome)
    assert failure in {"deadline", "timeout"}
    assert took < 1.5


def test_accepted_by_the_backlog_only() -> None:
    """
    A server that never takes the connection may still read it: maybe.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with sender_to(url, timeout=QUICK) as to:
            result = to.call(OPERATION, CALL)

    assert (Phase.WRITING, Maybe) == (
        result.exchange.phase,
        type(result.outcome),
    )


def test_dripping_body() -> None:
    """
    An answer that never ends is cut at the deadline; its status counts.
    """

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{")
        while not peer.ended.wait(0.03):
            peer.send(b" ")

    begun = time.monotonic()
    result = called(script, timeout=QUICK)

    assert time.monotonic() - begun < 1.5
    assert (Phase.ANSWERED, 200) == (
        result.exchange.phase,
        result.exchange.status,
    )
    assert isinstance(result.outcome, Applied)
    assert result.outcome.note is not None
    assert "answer_unreadable" == result.outcome.note.code


def test_deadlines_of_threads_are_their_own() -> None:
    """
    A call that runs out of time takes none from another beside it.
    """
    found: dict[str, Called] = {}
    with (
        RawServer(silent, answering(answer(200, OK))) as server,
        sender_to(server.base_url, timeout=QUICK) as to,
    ):
        slow = threading.Thread(
            target=lambda: found.update(slow=to.call(OPERATION, CALL))
        )
        slow.start()
        assert server.accepted.wait(2)
        time.sleep(0.2)
        found["other"] = to.call(OPERATION, CALL)
        slow.join()

    assert isinstance(found["slow"].outcome, Maybe)
    assert isinstance(found["other"].outcome, Applied)


# ------------------------------------------------------- answers that break


@pytest.mark.parametrize("reset", [True, False])
def test_truncated_success(*, reset: bool) -> None:
    """
    A 2xx of which the rest is lost was applied; what it said is not known.
    """

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b'{"ok"')
        if reset:
            peer.reset()

    result = called(script)

    assert (Phase.ANSWERED, "protocol", Applied) == seen(result)
    assert 200 == result.exchange.status
    assert isinstance(result.outcome, Applied)
    assert result.outcome.note is not None


def test_truncated_refusal() -> None:
    """
    A 4xx of which the rest is lost is a refusal all the same.
    """

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 422 X\r\nContent-Length: 99\r\n\r\n{")

    assert (Phase.ANSWERED, "protocol", Rejected) == seen(called(script))


def test_early_refusal() -> None:
    """
    An answer in the middle of the upload is heard: rejected.
    """

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(answer(413))
        peer.hold(0.05)

    result = called(script, request=BIG)

    assert (413, Rejected) == (result.exchange.status, type(result.outcome))


def test_reset_in_the_middle_of_the_upload() -> None:
    """
    Part of it was read, and nothing said: maybe.
    """

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reset()

    result = called(script, request=BIG)

    assert (Phase.WRITING, "protocol", Maybe) == seen(result)


@pytest.mark.parametrize("chunked", [True, False])
def test_answer_is_capped(*, chunked: bool) -> None:
    """
    Of an answer that is too long a megabyte is read, and no more.
    """
    raw = b"[" + b"1," * (2 * ANSWER_CAP)

    def script(peer: Peer) -> None:
        peer.read_request()
        if chunked:
            size = f"{len(raw):x}\r\n".encode()
            fields = b"Transfer-Encoding: chunked\r\n\r\n"
            peer.send(b"HTTP/1.1 200 OK\r\n", fields, size, raw)
        else:
            peer.send(answer(200, raw))

    result = called(script)

    assert (Phase.ANSWERED, "too_large", Applied) == seen(result)
    assert raw[:ANSWER_CAP] == result.exchange.answer


def test_compressed_answer_is_not_unpacked() -> None:
    """
    Nobody asked for compression: such an answer can not be read.
    """
    zeros = answer(200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"})
    result = called(answering(zeros))

    assert b"\x1f\x8b\x08" == result.exchange.answer
    assert isinstance(result.outcome, Applied)
    assert result.outcome.note is not None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Maybe),
        (302, Maybe),
        (303, Maybe),
        (307, NotProcessed),
        (308, NotProcessed),
    ],
)
def test_redirect_is_not_followed(
    status: int, expected: type[Outcome]
) -> None:
    """
    A redirect is an answer; no second request is made.
    """
    with (
        RawServer(
            answering(answer(status, b"", {"Location": "/elsewhere"}))
        ) as server,
        sender_to(server.base_url) as to,
    ):
        result = to.call(OPERATION, CALL)

        assert expected is type(result.outcome)
        assert 1 == server.received.count(b"HTTP/1.1")


REFUSALS = (
    *(400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431),
    *(501, 505),
)
STATUSES = {
    **dict.fromkeys(REFUSALS, (Rejected, Rejected)),
    **dict.fromkeys((401, 403), (NotProcessed, NotProcessed)),
    **dict.fromkeys((423, 425, 429), (NotProcessed, NotProcessed)),
    **dict.fromkeys((307, 308), (NotProcessed, NotProcessed)),
    **dict.fromkeys((301, 302, 303), (Maybe, Maybe)),
    **dict.fromkeys((408,), (Maybe, Maybe)),
    **dict.fromkeys((500, 502, 503, 504, *range(520, 528)), (Maybe, Maybe)),
}
"""What each status says of a create, and of a call that may be repeated."""

BODIES = {
    "a page": (b"<html>", Maybe, Maybe),
    "half of it": (b'{"name": "ord', Maybe, Applied),
    "without its id": ({"status": "NEW"}, Maybe, Applied),
    "nothing": (b"", Maybe, Applied),
    "gzip": (b"\x1f\x8b\x08", Maybe, Applied),
    "all of it": ({"name": "orders/1"}, Applied, Applied),
}
"""What each body of a 200 says of them."""


def both(whole: bytes) -> tuple[type[Outcome], type[Outcome]]:
    """Return what an answer says of a create and of a PATCH."""
    found = []
    for name, method, path in (
        ("create_order", "POST", "/v1/orders"),
        ("update_order", "PATCH", "/v1/orders/1"),
    ):
        request = Request(operation=name, method=method, path=path, body={})
        operation = CONTRACTS["every"].operations[name]
        with (
            RawServer(answering(whole)) as server,
            sender_to(server.base_url, api="every") as to,
        ):
            found.append(type(to.call(operation, request).outcome))
            assert 1 == server.received.count(b"HTTP/1.1")
    create, patch = found
    return create, patch


@pytest.mark.parametrize("status", STATUSES)
def test_status(status: int) -> None:
    """
    Each status is read as what it says of a create and of a PATCH.
    """
    assert STATUSES[status] == both(answer(status, b"", {"Location": "/x"}))


@pytest.mark.parametrize("name", BODIES)
def test_body_of_a_success(name: str) -> None:
    """
    A create counts only with its id; a PATCH counts unless another answers.
    """
    body, create, patch = BODIES[name]

    assert (create, patch) == both(answer(200, body))


def test_success_that_says_no() -> None:
    """
    A 200 without Yuju's `ok` is no success.
    """
    for body in ({"ok": 0}, {"message": "no"}, []):
        assert isinstance(called(answering(answer(200, body))).outcome, Maybe)


# -------------------------------------------------------- kept connections


@pytest.mark.parametrize(
    ("operation", "request_"), [(READING, LOOK), (OPERATION, CALL)]
)
def test_connection_is_kept(operation: Operation, request_: Request) -> None:
    """
    Calls that follow each other share a connection, once it has rested.
    """
    with (
        RawServer(answering(answer(200, OK | SHOWN))) as server,
        sender_to(server.base_url) as to,
    ):
        for _ in range(3):
            to.call(operation, request_)
            time.sleep(RESTED_S)

        assert 1 == len(server.peers)


def test_connection_that_has_not_rested_is_not_used() -> None:
    """
    Right after an answer another connection is taken.
    """
    with (
        RawServer(answering(answer(200, SHOWN))) as server,
        sender_to(server.base_url) as to,
    ):
        for _ in range(3):
            to.call(READING, LOOK)

        assert 3 == len(server.peers)


def test_answer_given_twice_is_not_that_of_the_next_change() -> None:
    """
    An answer that comes again, late, on a kept connection is not taken for
    the answer of a change.
    """

    def script(peer: Peer) -> None:
        if b"PUT" in peer.read_request():
            peer.send(answer(503, {}))
            return
        peer.send(answer(200, OK | SHOWN))
        time.sleep(REST_S / 2)
        peer.send(answer(200, OK | SHOWN))
        peer.hold()

    with RawServer(script) as server, sender_to(server.base_url) as to:
        looked = to.call(READING, LOOK)
        time.sleep(RESTED_S)
        changed = to.call(OPERATION, CALL)

    assert isinstance(looked.outcome, Applied)
    assert 503 == changed.exchange.status


def test_answer_from_before_the_request_is_nobodys() -> None:
    """
    A connection on which more came than one answer is not used again.
    """

    def twice(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(200, SHOWN) + answer(200, SHOWN))
        peer.read_request()
        peer.hold()

    with RawServer(twice) as server, sender_to(server.base_url) as to:
        for _ in range(2):
            assert isinstance(to.call(READING, LOOK).outcome, Applied)
            time.sleep(RESTED_S)

        assert 2 == len(server.peers)


def test_what_comes_in_while_the_intent_is_kept_is_nobodys() -> None:
    """
    A kept connection on which something comes in just before we write is
    given up, and nothing is written to it.
    """
    seen_by: list[Peer] = []

    def script(peer: Peer) -> None:
        seen_by.append(peer)
        while peer.read_request():
            peer.send(answer(200, SHOWN))

    def late(write: Callable[[], None]) -> None:
        seen_by[0].send(answer(200, SHOWN))
        time.sleep(0.05)
        write()

    with RawServer(script) as server, sender_to(server.base_url) as to:
        to.call(READING, LOOK)
        time.sleep(RESTED_S)
        result = to.call(READING, LOOK, before_first_byte=late)

        assert isinstance(result.outcome, Applied)
        assert 2 == len(server.peers)
        assert 1 == server.received.count(b"GET") - 1


def test_connection_closed_while_idle() -> None:
    """
    One that the target closed meanwhile is not written to: no maybe of it.
    """

    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer(200, SHOWN))

    with RawServer(once) as server, sender_to(server.base_url) as to:
        to.call(READING, LOOK)
        assert server.peers[0].closed.wait(2)
        time.sleep(RESTED_S)
        result = to.call(READING, LOOK)

        assert isinstance(result.outcome, Applied)
        assert 2 == len(server.peers)


def test_connection_is_not_kept_for_long() -> None:
    """
    After two idle seconds a fresh connection is taken.
    """
    with (
        RawServer(answering(answer(200, SHOWN))) as server,
        sender_to(server.base_url) as to,
    ):
        to.call(READING, LOOK)
        time.sleep(KEEP_IDLE_S + 0.1)
        to.call(READING, LOOK)

        assert 2 == len(server.peers)


# -------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2",
            "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(key), "-out", str(cert),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


@contextmanager
def tls_server(certificate: tuple[Path, Path]) -> Iterator[RawServer]:
    """Open a server that answers over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def script(peer: Peer) -> None:
        peer.start_tls(context)
        answering(answer(200, OK))(peer)

    with RawServer(script, scheme="https") as server:
        yield server


@pytest.mark.parametrize("api", ["yuju", "rayo"])
def test_certificate_that_nobody_vouches_for(
    certificate: tuple[Path, Path], api: str
) -> None:
    """
    A bad certificate sends nothing, no key either, and pauses the target.
    """
    with (
        tls_server(certificate) as server,
        sender_to(server.base_url, api=api) as to,
    ):
        result = to.call(OPERATION, CALL)

        assert b"" == server.received
    assert isinstance(result.outcome, NotSent)
    assert result.outcome.pause
    assert result.outcome.reason.code in {"tls", "token_tls"}
    assert Phase.PREPARED is result.exchange.phase


def test_certificate_of_another_host(certificate: tuple[Path, Path]) -> None:
    """
    A certificate for another name is a bad one.
    """
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    with tls_server(certificate) as server:
        url = server.base_url.replace("127.0.0.1", "localhost")
        with sender_to(url, verify=trusting) as to:
            result = to.call(OPERATION, CALL)

    assert (Phase.PREPARED, "tls", NotSent) == seen(result)


def test_certificate_that_is_trusted(certificate: tuple[Path, Path]) -> None:
    """
    Over a connection that can be trusted, the hook runs and it is sent.
    """
    ran: list[bool] = []
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    with (
        tls_server(certificate) as server,
        sender_to(server.base_url, verify=trusting) as to,
    ):
        result = to.call(
            OPERATION,
            CALL,
            before_first_byte=lambda write: (ran.append(True), write()),
        )

    assert (Phase.ANSWERED, None, Applied) == seen(result)
    assert [True] == ran


def test_version_of_tls_that_we_do_not_speak(
    certificate: tuple[Path, Path],
) -> None:
    """
    Without a version in common nothing is sent; it is no bad certificate.
    """
    modern = ssl.create_default_context(cafile=str(certificate[0]))
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(*certificate)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        RawServer(lambda peer: peer.start_tls(old), scheme="https") as server,
        sender_to(server.base_url, verify=modern) as to,
    ):
        result = to.call(OPERATION, CALL)

    assert (Phase.PREPARED, "connect", NotSent) == seen(result)
    assert isinstance(result.outcome, NotSent)
    assert not result.outcome.pause


def hang_up(peer: Peer) -> None:
    """Close in the middle of the handshake."""
    peer.read()


def reset_handshake(peer: Peer) -> None:
    """Reset in the middle of the handshake."""
    peer.read()
    peer.reset()


def speak_plainly(peer: Peer) -> None:
    """Answer in plain HTTP."""
    peer.read()
    peer.send(answer(400))


@pytest.mark.parametrize(
    ("script", "failures"),
    [
        (hang_up, {"connect"}),
        (reset_handshake, {"connect"}),
        (speak_plainly, {"connect"}),
        (deaf, {"timeout", "deadline"}),
    ],
)
def test_handshake_that_fails(script: Script, failures: set[str]) -> None:
    """
    Without a handshake nothing was sent, and the target is not paused.
    """
    with (
        RawServer(script, scheme="https") as server,
        sender_to(server.base_url, timeout=QUICK) as to,
    ):
        result = to.call(OPERATION, CALL)

    assert Phase.PREPARED is result.exchange.phase
    assert result.exchange.failure in failures
    assert isinstance(result.outcome, NotSent)
    assert not result.outcome.pause


# ------------------------------------------------------------------- tokens


class Rayo:
    """
    Rayo as far as tokens go.

    Args:
        auth: answers to the exchange, in order; the last one stays.
        orders: answers to creates, in order; the last one stays.
    """

    def __init__(
        self, auth: list[bytes], orders: list[bytes] | None = None
    ) -> None:
        self._answers = {
            "/api/rest/auth": auth,
            "/api/rest/orders": orders or [answer(200, CREATED)],
        }
        self.asked: list[tuple[str, str]] = []

    def __call__(self, peer: Peer) -> None:
        """Answer requests, and note each one's path and credential."""
        while head := peer.read_request().decode():
            path = head.split()[1]
            self.asked.append((path.rpartition("/")[2], _credential(head)))
            left = self._answers[path]
            peer.send(left.pop(0) if len(left) > 1 else left[0])


def _credential(head: str) -> str:
    names = ("authorization: ", "x-api-key: ")
    for line in head.split("\r\n"):
        if line.lower().startswith(names):
            return line.partition(": ")[2].split(".")[-1]
    return ""


def token(name: str, *, ends: Instant | None = None) -> bytes:
    """Return the answer with a token; its last part is *name*."""
    claims = {} if ends is None else {"exp": ends // 1000}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    issued = f"e30.{middle.rstrip('=')}.{name}"
    return answer(200, {"AuthWithAPIkey": {"accessToken": issued}})


HOUR_LATER = later(60 * MINUTE)
REFUSED = answer(
    400, {"error": "Could not verify JWT", "code": "invalid-jwt", "path": "$"}
)
AUTH = ("auth", "key")


@contextmanager
def rayo(server: Rayo, clock: Clock | None = None) -> Iterator[Sender]:
    """Open a sender to this Rayo."""
    with (
        RawServer(server) as raw,
        sender_to(raw.base_url, api="rayo", now=clock or Clock()) as to,
    ):
        yield to


def test_token_is_asked_for_once() -> None:
    """
    The key is exchanged for a token, which serves all calls that follow.
    """
    server = Rayo([token("one", ends=HOUR_LATER)])
    with rayo(server) as to:
        results = [to.call(CREATE, ORDER) for _ in range(3)]

    assert all(isinstance(r.outcome, Applied) for r in results)
    assert [AUTH, *[("orders", "one")] * 3] == server.asked


def test_hook_does_not_run_for_the_token() -> None:
    """
    Asking for a token is no attempt of the delivery.
    """
    ran: list[str] = []
    server = Rayo([token("one", ends=HOUR_LATER)])
    with rayo(server) as to:
        to.call(
            CREATE,
            ORDER,
            before_first_byte=lambda write: (
                ran.append(server.asked[-1][0]),
                write(),
            ),
        )

    assert ["auth"] == ran


@pytest.mark.parametrize(
    ("ends", "life"), [(HOUR_LATER, 60 * MINUTE), (None, TOKEN_LIFE)]
)
def test_token_is_renewed_before_it_ends(
    ends: Instant | None, life: int
) -> None:
    """
    A minute before its end, told or taken for granted, it is renewed.
    """
    clock = Clock()
    two = token("two", ends=later(999 * MINUTE))
    server = Rayo([token("one", ends=ends), two])
    with rayo(server, clock) as to:
        to.call(CREATE, ORDER)
        clock.now = later(life - RENEW_BEFORE - 1)
        to.call(CREATE, ORDER)
        clock.now = later(life - RENEW_BEFORE)
        to.call(CREATE, ORDER)

    assert [
        AUTH,
        ("orders", "one"),
        ("orders", "one"),
        AUTH,
        ("orders", "two"),
    ] == server.asked


def test_refused_token_is_renewed_once() -> None:
    """
    A first refusal may be the token's age; a second one is about the key.
    """
    server = Rayo(
        [token("one", ends=HOUR_LATER), token("two", ends=HOUR_LATER)],
        [REFUSED],
    )
    with rayo(server) as to:
        first, second = to.call(CREATE, ORDER), to.call(CREATE, ORDER)

    for result in (first, second):
        assert isinstance(result.outcome, NotProcessed)
        assert result.outcome.refused_credentials
    assert (False, True) == (
        first.fresh_credentials,
        second.fresh_credentials,
    )
    assert [
        AUTH,
        ("orders", "one"),
        AUTH,
        ("orders", "two"),
    ] == server.asked


def test_renewed_token_that_is_taken() -> None:
    """
    Once a token was taken, its next refusal is a first one again.
    """
    done = answer(200, CREATED)
    server = Rayo(
        [token(name, ends=HOUR_LATER) for name in ("one", "two", "three")],
        [REFUSED, done, REFUSED, done],
    )
    with rayo(server) as to:
        results = [to.call(CREATE, ORDER) for _ in range(4)]

    assert [
        (NotProcessed, False),
        (Applied, True),
        (NotProcessed, False),
        (Applied, True),
    ] == [(type(r.outcome), r.fresh_credentials) for r in results]


def test_refused_fixed_token_is_as_fresh_as_it_gets() -> None:
    """
    A token that can not be renewed is refused for good.
    """
    result = called(answering(answer(401)))

    assert isinstance(result.outcome, NotProcessed)
    assert result.outcome.refused_credentials
    assert result.fresh_credentials


@pytest.mark.parametrize(
    ("auth", "outcome", "code"),
    [
        (answer(401), NotProcessed, "credentials_refused"),
        (answer(403), NotProcessed, "credentials_refused"),
        (answer(500), NotSent, "token_http_500"),
        (answer(200, {"error": "x", "code": "y"}), NotSent, "token_http_200"),
        (answer(200, b"<html>"), NotSent, "token_http_200"),
        (
            answer(429, b"", {"Retry-After": "9"}),
            NotProcessed,
            "token_http_429",
        ),
    ],
)
def test_no_token(auth: bytes, outcome: type[Outcome], code: str) -> None:
    """
    Without a token the call is not made, and it is said why.
    """
    ran: list[bool] = []
    server = Rayo([auth])
    with rayo(server) as to:
        result = to.call(
            CREATE,
            ORDER,
            before_first_byte=lambda write: (ran.append(True), write()),
        )

    assert isinstance(result.outcome, NotSent | NotProcessed)
    assert (outcome, code) == (
        type(result.outcome),
        result.outcome.reason.code,
    )
    assert (Phase.PREPARED, True, []) == (
        result.exchange.phase,
        result.fresh_credentials,
        ran,
    )
    assert [AUTH] == server.asked


def test_token_that_may_be_asked_for_later() -> None:
    """
    A `Retry-After` at the exchange holds as it does anywhere.
    """
    server = Rayo([answer(429, b"", {"Retry-After": "9"})])
    with rayo(server) as to:
        result = to.call(CREATE, ORDER)

    assert isinstance(result.outcome, NotProcessed)
    assert 9 * SECOND == result.outcome.wait


def test_token_of_a_target_that_is_down() -> None:
    """
    A target that can not be reached for a token was sent nothing.
    """
    with sender_to(refusing(), api="rayo") as to:
        result = to.call(CREATE, ORDER)

    assert isinstance(result.outcome, NotSent)
    assert ("token_connect", False) == (
        result.outcome.reason.code,
        result.outcome.pause,
    )


def test_token_is_shared_by_threads() -> None:
    """
    Calls that begin at once ask for one token together.
    """
    server = Rayo([token("one", ends=HOUR_LATER)])
    with rayo(server) as to:
        calls = [
            threading.Thread(target=to.call, args=(CREATE, ORDER))
            for _ in range(4)
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()

    assert 1 == server.asked.count(AUTH)
    assert 4 == server.asked.count(("orders", "one"))


def test_key_is_not_shown() -> None:
    """
    Neither key nor token stands in a target's text.
    """
    with sender_to("http://127.0.0.1", credentials={"token": "canary"}) as to:
        assert "canary" not in repr(to.target)
