"""How an answer is read, whichever way its bytes come in."""

import ssl
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpcore
import pytest
from typing_extensions import override

from bridge.model import Exchange, Millis, Request
from bridge.sender import ANSWER_CAP, Sender
from bridge.targets.account import Target
from bridge.targets.register import CONTRACTS
from bridge.wire import READ_PIECE, REST_S
from tests.factories import NOW

VERIFY = ssl.create_default_context()
CALL = Request(operation="x", method="POST", path="/orders?a=1", body={})
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = OK + b"Content-Length: 2\r\n\r\nhi"


@dataclass
class Stream(httpcore.NetworkStream):
    """
    A connection on which pieces come in, each with one read.

    Args:
        ends: after the last piece the connection is over; else silent.
    """

    pieces: deque[bytes]
    ends: bool
    written: bytes = b""
    taken: int = 0
    closed: bool = False

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self.pieces:
            if self.ends:
                return b""
            raise httpcore.ReadTimeout
        piece = self.pieces.popleft()
        assert len(piece) <= max_bytes
        self.taken += len(piece)
        return piece

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.written += buffer

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def get_extra_info(self, info: str) -> Any:
        assert info == "is_readable"
        # What a script has left comes only after the next request.
        return self.ends and not self.pieces


@dataclass
class Network(httpcore.NetworkBackend):
    """The same script for every connection; those that were opened."""

    pieces: Iterable[bytes]
    ends: bool
    streams: list[Stream] = field(default_factory=list)

    @override
    def connect_tcp(self, *_args: Any, **_how: Any) -> Stream:
        self.streams.append(Stream(deque(self.pieces), self.ends))
        return self.streams[-1]


class Client:
    """A sender with one place, and its network and time."""

    def __init__(self, pieces: Iterable[bytes], *, ends: bool = False) -> None:
        self.network = Network(pieces, ends)
        self._seconds = 0.0
        contract = CONTRACTS["yuju"]
        self._sender = Sender(
            Target(
                name="yuju-mx",
                contract=contract,
                base_url="http://127.0.0.1:8080",
                credentials={"token": "secret"},
                authorization=contract.authorization,
                timeout=Millis(1000),
                parallel=1,
            ),
            now=lambda: NOW,
            monotonic=lambda: self._seconds,
            verify=VERIFY,
            network=self.network,
        )

    def exchange(self, request: Request = CALL, **headers: str) -> Exchange:
        """Make an exchange after a rest."""
        self._seconds += REST_S * 2
        return self._sender.exchange(request, headers=headers)

    @property
    def stream(self) -> Stream:
        """The connection that was opened last."""
        return self.network.streams[-1]


def exchanged(*pieces: bytes, ends: bool = False) -> Exchange:
    """Return what comes of one exchange."""
    return Client(pieces, ends=ends).exchange()


def bytewise(raw: bytes) -> Iterator[bytes]:
    """Return each byte as a piece."""
    return (bytes([byte]) for byte in raw)


def read(exchange: Exchange) -> tuple[int | None, bytes, str | None]:
    """Return what was read, and what broke."""
    return exchange.status, exchange.answer, exchange.failure


# ------------------------------------------------------------- what is sent


def test_request_as_it_is_written() -> None:
    """
    A request has its host first, and the length of its body.
    """
    client = Client([WHOLE])
    client.exchange(**{"Idempotency-Key": "k"})

    assert (
        b"POST /orders?a=1 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:8080\r\n"
        b"Accept: application/json\r\n"
        b"Accept-Encoding: identity\r\n"
        b"User-Agent: bridge\r\n"
        b"Idempotency-Key: k\r\n"
        b"Content-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    ) == client.stream.written


@pytest.mark.parametrize(
    ("method", "length"),
    [
        ("GET", b""),
        ("DELETE", b""),
        ("POST", b"Content-Length: 0\r\n"),
        ("PUT", b"Content-Length: 0\r\n"),
        ("PATCH", b"Content-Length: 0\r\n"),
    ],
)
def test_request_that_has_no_body(method: str, length: bytes) -> None:
    """
    Without a body there is no type; a method that may have one says so.
    """
    client = Client([WHOLE])
    client.exchange(Request(operation="x", method=method, path="/x"))
    head = client.stream.written

    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Type" not in head
    assert length in head
    assert bool(length) == (b"Content-Length" in head)


# ------------------------------------------------------------ whole answers

ANSWERS = {
    "length": (WHOLE, 200, b"hi"),
    "no body": (OK + b"Content-Length: 0\r\n\r\n", 200, b""),
    "chunks": (CHUNKED + b"1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", 200, b"hi"),
    "extension": (CHUNKED + b"2;a=b\r\nhi\r\n0\r\n\r\n", 200, b"hi"),
    "trailers": (CHUNKED + b"2\r\nhi\r\n0\r\nA: b\r\n\r\n", 200, b"hi"),
    "204": (b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", 204, b""),
    "304": (b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", 304, b""),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
    "odd status": (
        b"HTTP/1.1 599 \r\nContent-Length: 2\r\n\r\nhi",
        599,
        b"hi",
    ),
    "empty value": (OK + b"A:\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
    "not ASCII": (OK + b"A: \xf1\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi"),
    "reason": (
        b"HTTP/1.1 404 \xc1\r\nContent-Length: 2\r\n\r\nhi",
        404,
        b"hi",
    ),
    "continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, 200, b"hi"),
    "hints": (b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" + WHOLE, 200, b"hi"),
    "interim twice": (b"HTTP/1.1 102 X\r\n\r\n" * 2 + WHOLE, 200, b"hi"),
    "another protocol offered": (
        OK + b"Upgrade: h2\r\nConnection: Upgrade\r\n"
        b"Content-Length: 2\r\n\r\nhi",
        200,
        b"hi",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whole_answer(name: str) -> None:
    """
    A whole answer is read, at once or byte by byte, and nothing waited for;
    its connection carries the next exchange.
    """
    raw, status, body = ANSWERS[name]
    for pieces in ([raw], [*bytewise(raw)]):
        client = Client([*pieces, *pieces])

        for _ in range(2):
            assert (status, body, None) == read(client.exchange())
        assert 1 == len(client.network.streams)


@pytest.mark.parametrize("name", ["chunks", "trailers", "continue"])
def test_answer_in_two_pieces(name: str) -> None:
    """
    Wherever an answer is cut in two, it is read as the same.
    """
    raw, status, body = ANSWERS[name]
    for cut in range(1, len(raw)):
        found = exchanged(raw[:cut], raw[cut:])

        assert (status, body, None) == read(found)


ENDED = {
    "no length": (OK + b"A: b\r\n\r\nhi", b"hi"),
    "nothing at all": (OK + b"\r\n", b""),
    "old": (b"HTTP/1.0 200 OK\r\n\r\nhi", b"hi"),
    "other coding": (OK + b"Transfer-Encoding: identity\r\n\r\nhi", b"hi"),
}


@pytest.mark.parametrize("name", ENDED)
def test_answer_that_ends_with_its_connection(name: str) -> None:
    """
    A body that tells no end is whole when the connection ends.
    """
    raw, body = ENDED[name]
    for pieces in ([raw], bytewise(raw)):
        assert (200, body, None) == read(exchanged(*pieces, ends=True))
    assert "timeout" == exchanged(raw).failure


def test_answer_to_a_question_for_the_head_only() -> None:
    """
    An answer to HEAD tells a length, and has no body to be waited for.
    """
    client = Client([OK + b"Content-Length: 5\r\n\r\n"])
    asked = Request(operation="x", method="HEAD", path="/x")

    assert (200, b"", None) == read(client.exchange(asked))


def test_header_that_is_not_ascii() -> None:
    """
    A header in another alphabet breaks nothing, and its exchange's place is
    free for the next one.
    """
    raw, status, body = ANSWERS["not ASCII"]
    client = Client([raw, raw, raw])

    for _ in range(3):
        assert (status, body, None) == read(client.exchange())


def test_several_headers_of_one_name() -> None:
    """
    What is said twice is read as a list, whatever letters are around it.
    """
    raw = (
        b"HTTP/1.1 429 X\r\nretry-after: 7\r\nA: \xf1\r\n"
        b"Retry-After: 8\r\nContent-Length: 0\r\n\r\n"
    )

    assert "7, 8" == exchanged(raw).retry_after


def test_headers_of_an_interim_answer_are_not_the_answers() -> None:
    """
    Neither an interim answer's headers nor trailers count.
    """
    interim = b"HTTP/1.1 103 X\r\nRetry-After: 7\r\n\r\n"
    trailer = b"2\r\nhi\r\n0\r\nRetry-After: 7\r\n\r\n"

    assert exchanged(interim + CHUNKED + trailer).retry_after is None


# ------------------------------------------------- what is not used again

SPENT = {
    "close": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
    "Close in a list": (
        OK + b"Connection: a, Close\r\nContent-Length: 2\r\n\r\nhi"
    ),
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "switched and more": b"HTTP/1.1 101 X\r\n\r\n\x89\x04data",
    "more behind close": (
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhimore"
    ),
    "a line more": WHOLE + b"\r\n",
    "a byte more": WHOLE + b"!",
    "a line feed more": WHOLE + b"\n",
    "a second one": WHOLE
    + OK
    + b"Retry-After: 7\r\nContent-Length: 0\r\n\r\n",
    "a line behind chunks": CHUNKED + b"2\r\nhi\r\n0\r\n\r\n\r\n",
    "more behind chunks": CHUNKED + b"2\r\nhi\r\n0\r\n\r\nmore",
    "more behind none": b"HTTP/1.1 204 X\r\n\r\nmore",
    "a line behind none": b"HTTP/1.1 304 X\r\n\r\n\r\n",
}


@pytest.mark.parametrize("name", SPENT)
def test_connection_that_is_not_used_again(name: str) -> None:
    """
    A connection that ends with its answer, or brought more than that, is
    closed; the answer is read all the same, and no other one.
    """
    raw = SPENT[name]
    client = Client([raw])
    for _ in range(2):
        found = client.exchange()

        assert found.failure is None
        assert found.retry_after is None
        assert found.answer in {b"hi", b""}
        assert client.stream.closed
    assert 2 == len(client.network.streams)


def test_connection_after_an_answer_to_head() -> None:
    """
    Whether a body comes where there may be none is not found out.
    """
    client = Client([WHOLE])
    client.exchange(Request(operation="x", method="HEAD", path="/x"))

    assert client.stream.closed


def test_connection_after_an_answer_too_long() -> None:
    """
    What is left of a body is not read, and its connection is closed.
    """
    piece = b"x" * READ_PIECE
    head = OK + b"Content-Length: %d\r\n\r\n" % (4 * ANSWER_CAP)
    client = Client([head, *[piece] * 64])
    found = client.exchange()

    assert "too_large" == found.failure
    assert client.stream.closed
    assert client.stream.taken <= ANSWER_CAP + 2 * READ_PIECE
