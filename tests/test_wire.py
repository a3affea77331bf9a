"""How an answer is read, whichever way its bytes come in."""

import ssl
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpcore
import pytest
from typing_extensions import override

from bridge.model import Exchange, Millis, Phase, Request
from bridge.sender import ANSWER_CAP, Hook, Sender, at_once
from bridge.targets.account import Target
from bridge.targets.register import CONTRACTS
from bridge.wire import HEAD_CAP, READ_PIECE, REST_S
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
    refuses: bool = False
    streams: list[Stream] = field(default_factory=list)

    @override
    def connect_tcp(self, *_args: Any, **_how: Any) -> Stream:
        if self.refuses:
            raise httpcore.ConnectError
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

    def exchange(
        self,
        request: Request = CALL,
        *,
        before_first_byte: Hook = at_once,
        **headers: str,
    ) -> Exchange:
        """Make an exchange after a rest."""
        self._seconds += REST_S * 2
        return self._sender.exchange(
            request, headers=headers, before_first_byte=before_first_byte
        )

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


# ----------------------------------------------------------- broken answers

CUT = {
    "length": (OK + b"Content-Length: 3\r\n\r\nhi", b"hi"),
    "length alone": (OK + b"Content-Length: 3\r\n\r\n", b""),
    "in a chunk": (CHUNKED + b"5\r\nhi", b"hi"),
    "after a chunk": (CHUNKED + b"2\r\nhi\r\n", b"hi"),
    "before the empty line": (CHUNKED + b"2\r\nhi\r\n0\r\n", b"hi"),
    "in trailers": (CHUNKED + b"2\r\nhi\r\n0\r\nA: b\r\n", b"hi"),
    "two codings": (
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n",
        b"hi",
    ),
}


@pytest.mark.parametrize("name", CUT)
def test_body_that_is_cut(name: str) -> None:
    """
    A body that told its end and does not reach it is not whole; the status
    counts, and what came of it is kept.
    """
    raw, body = CUT[name]
    for pieces in ([raw], bytewise(raw)):
        found = exchanged(*pieces, ends=True)

        assert Phase.ANSWERED is found.phase
        assert (200, body, "protocol") == read(found)


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nhi\r\n", b"2\r\nhiXX", b"2\nhi\n0\n\n", b"-2\r\nhi\r\n"]
)
def test_body_that_can_not_be_read(chunks: bytes) -> None:
    """
    The status counts though the body breaks, even in the same piece.
    """
    raw = CHUNKED + chunks
    for pieces in ([raw], bytewise(raw)):
        found = exchanged(*pieces)

        assert Phase.ANSWERED is found.phase
        assert (200, "protocol") == (found.status, found.failure)


UNREADABLE = {
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
    "negative": OK + b"Content-Length: -2\r\n\r\nhi",
    "endless": OK + b"Content-Length: 99999999999999999999999\r\n\r\nhi",
    "folded": OK + b"A: b\r\n c\r\nContent-Length: 2\r\n\r\nhi",
    "space": OK + b"Content-Length : 2\r\n\r\nhi",
    "zero byte": OK + b"A: \0\r\nContent-Length: 2\r\n\r\nhi",
    "no colon": OK + b"A\r\nContent-Length: 2\r\n\r\nhi",
    "low status": b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n" + WHOLE,
    "long status": b"HTTP/1.1 2000 X\r\nContent-Length: 2\r\n\r\nhi",
    "another version": b"HTTP/2.0 200 X\r\nContent-Length: 2\r\n\r\nhi",
    "a request": b"GET / HTTP/1.1\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "interim with a body": b"HTTP/1.1 104 X\r\nContent-Length: 2\r\n\r\nhi",
    "second one broken": b"HTTP/1.1 100 X\r\n\r\nHTTP/1.1 2x0 OK\r\n\r\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_head_that_can_not_be_read(name: str) -> None:
    """
    A head that is not as it must be is no answer: nobody knows. The place
    of the exchange is free again.
    """
    raw = UNREADABLE[name]
    for pieces in ([raw], [*bytewise(raw)]):
        client = Client(pieces)
        for _ in range(2):
            found = client.exchange()

            assert Phase.WRITING is found.phase
            assert (None, b"", "protocol") == read(found)
            assert client.stream.closed


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 20",
        OK,
        OK + b"Content-Length: 0\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_head_that_is_cut(raw: bytes) -> None:
    """
    Without a whole head there is no status; an interim answer is none.
    """
    pieces = [raw] if raw else []
    found = exchanged(*pieces, ends=True)

    assert Phase.WRITING is found.phase
    assert (None, b"", "protocol") == read(found)


# ------------------------------------------------------- answers too long

PIECE = 8 * 1024
ENDLESS = {
    "status line": (b"HTTP/1.1 200 ", b"x" * PIECE),
    "name": (OK, b"x" * PIECE),
    "value": (OK + b"A: ", b"x" * PIECE),
    "headers": (OK, b"Set-Cookie: a=b\r\n" * (PIECE // 17)),
    "interim answers": (b"", b"HTTP/1.1 103 X\r\n\r\n" * (PIECE // 18)),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_head_without_an_end(name: str) -> None:
    """
    A head that goes on and on is given up after a while.
    """
    begin, more = ENDLESS[name]
    client = Client([begin + more, *[more] * 100])
    found = client.exchange()

    assert (None, b"", "protocol") == read(found)
    assert client.stream.taken <= HEAD_CAP + READ_PIECE


@pytest.mark.parametrize("begin", [b"2\r\nhi\r\n0\r\nA: ", b"2\r\nhi\r\n2;"])
def test_trailers_without_an_end(begin: bytes) -> None:
    """
    What is not the body is not read for ever behind the head either.
    """
    client = Client([CHUNKED + begin, *[b"x" * PIECE] * 100])
    found = client.exchange()

    assert (200, b"hi", "protocol") == read(found)
    assert client.stream.taken <= HEAD_CAP + READ_PIECE


def test_long_head() -> None:
    """
    A head of 60 KB is read.
    """
    fields = b"".join(b"A%d: %b\r\n" % (i, b"x" * 595) for i in range(100))
    raw = OK + fields + b"Content-Length: 2\r\n\r\nhi"
    pieces = [raw[i : i + PIECE] for i in range(0, len(raw), PIECE)]

    assert len(raw) > 60_000
    assert (200, b"hi", None) == read(exchanged(*pieces))


def test_body_in_tiny_chunks() -> None:
    """
    A body may come in chunks of a byte, with more around it than in it.
    """
    count = HEAD_CAP // 2
    raw = CHUNKED + b"1\r\nx\r\n" * count + b"0\r\n\r\n"
    pieces = [raw[i : i + PIECE] for i in range(0, len(raw), PIECE)]

    assert (200, b"x" * count, None) == read(exchanged(*pieces))


# ------------------------------------------------- what is not used again

SPENT = {
    "told its end twice": OK
    + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"2\r\nhi\r\n0\r\n\r\n",
    "close": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
    "Close in a list": (
        OK + b"Connection: a, Close\r\nContent-Length: 2\r\n\r\nhi"
    ),
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "switched": b"HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
    "switched without a word": b"HTTP/1.1 101 X\r\n\r\n",
    "switched and more": b"HTTP/1.1 101 X\r\n\r\n\x89\x04data",
    "more behind close": (
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhimore"
    ),
    "a line more": WHOLE + b"\r\n",
    "a byte more": WHOLE + b"!",
    "a line feed more": WHOLE + b"\n",
    "a second one": WHOLE + b"HTTP/1.1 503 X\r\nRetry-After: 7\r\n"
    b"Content-Length: 2\r\n\r\nno",
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
        assert found.status != 503
        assert found.answer in {b"hi", b""}
        assert client.stream.closed
    assert 2 == len(client.network.streams)


def test_connection_that_ended_meanwhile_leaves_no_intent() -> None:
    """
    That a kept connection is over is found before the hook runs: where
    there is no other one, there is no intent.
    """
    ran: list[bool] = []
    client = Client([WHOLE])
    client.exchange()
    client.stream.ends = client.network.refuses = True
    found = client.exchange(
        before_first_byte=lambda write: (ran.append(True), write())
    )

    assert (Phase.PREPARED, "connect") == (found.phase, found.failure)
    assert [] == ran


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
