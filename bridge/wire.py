"""
HTTP/1.1 to one target, below httpx: kept connections under one deadline.

    take a connection ─▶ begin ─▶ write ─▶ status, headers ─▶ body
       kept, or new       hook              httptools          as it comes

httpx's own transport reads answers in Python, and looks after many hosts at
once; together that cost more than the rest of a delivery. This one knows one
host, has its answers read by `httptools` (llhttp, strict), and calls its hook
just before the first byte. The network below is httpcore's, so that it can be
replaced.
"""

import re
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import httpcore
import httptools
import httpx
from typing_extensions import override

KEEP_IDLE_S = 2.0
"""A kept connection that the target closes at the same moment makes a
*maybe* of a call; so connections are not kept for long."""

REST_S = 0.1
"""
A connection is left alone for so long after an answer.

An answer that is given twice comes close behind the first one: it is seen
before the connection is used again, and never taken for another call's.
"""

KEPT_PER_CALL = 8
"""So many connections are kept at most for each call that may be under way:
those that rest stand beside those that are in use."""

WRITE_PIECE = 16 * 1024
"""Bytes that are written between two looks at the deadline."""

READ_PIECE = 64 * 1024

HEAD_CAP = 64 * 1024
"""
An answer is given up when more bytes than these came in without an end of
its head, or a byte of its body: llhttp has no limit of its own, neither for
interim answers nor for what is between chunks and behind them.
"""

EXCHANGE = "exchange"
"""The extension of a request that holds its `Exchanging`."""

_SWITCHING = HTTPStatus.SWITCHING_PROTOCOLS

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(
    rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?"
)
"""Source: RFC 9110, 5.1 and 5.5: a field's name and value."""


class DeadlinePassed(httpcore.TimeoutException):
    """The whole exchange took longer than it may."""


@dataclass(slots=True)
class Deadline:
    """The end of one exchange; *ends* is in seconds of *monotonic*."""

    monotonic: Callable[[], float]
    ends: float

    def left(self) -> float:
        """
        Return the seconds that are left.

        Raises:
            DeadlinePassed: none are.
        """
        left = self.ends - self.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left

    def passed(self) -> bool:
        """Return whether the time is over."""
        return self.ends <= self.monotonic()


class Exchanging(Protocol):
    """One exchange, as its caller sees it."""

    deadline: Deadline

    def begin(self, write: Callable[[], None]) -> None:
        """
        The connection stands; call *write*, which raises nothing.

        What this raises before lets nothing be written.
        """

    def write(self) -> None:
        """The first byte is written next."""


class Wire(httpx.BaseTransport):
    """
    Connections to one host; safe to share between threads.

    Args:
        parallel: so many exchanges at once; more wait for their turn.
    """

    def __init__(
        self,
        parallel: int,
        verify: ssl.SSLContext,
        network: httpcore.NetworkBackend,
        monotonic: Callable[[], float],
    ) -> None:
        self._verify = verify
        self._network = network
        self._monotonic = monotonic
        self._room = threading.BoundedSemaphore(parallel)
        self._most_kept = parallel * KEPT_PER_CALL
        self._kept: deque[_Connection] = deque()
        self._lock = threading.Lock()

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange: Exchanging = request.extensions[EXCHANGE]
        message = _message(request)
        if not self._room.acquire(timeout=exchange.deadline.left()):
            raise httpcore.PoolTimeout
        connection = None
        try:
            connection = self._taken(request.url, exchange.deadline)
            writing = _Writing(connection, message, exchange)
            exchange.begin(writing.write)
            if writing.is_stale:
                # Not a byte was written: another one will do.
                connection.close()
                connection = self._opened(request.url, exchange.deadline)
                writing = _Writing(connection, message, exchange)
                writing.write()
            writing.check()
            answer = connection.answer(request.method)
            return httpx.Response(
                answer.status,
                headers=answer.headers,
                stream=_Body(self, connection, answer),
            )
        except BaseException:
            if connection is not None:
                connection.close()
            self._room.release()
            raise

    @override
    def close(self) -> None:
        with self._lock:
            while self._kept:
                self._kept.pop().close()

    def ended(self, connection: "_Connection", *, keep: bool) -> None:
        """Take back a connection whose exchange has ended."""
        self._room.release()
        if not keep or len(self._kept) >= self._most_kept:
            connection.close()
            return
        connection.idle_since = self._monotonic()
        with self._lock:
            self._kept.append(connection)

    def _taken(self, url: httpx.URL, deadline: Deadline) -> "_Connection":
        while True:
            kept = self._rested()
            if kept is None:
                return self._opened(url, deadline)
            if not kept.is_readable:
                kept.deadline = deadline
                return kept
            kept.close()

    def _rested(self) -> "_Connection | None":
        """Return the one that was idle for longest, if it has rested."""
        now = self._monotonic()
        with self._lock:
            while self._kept:
                if now - self._kept[0].idle_since < REST_S:
                    return None
                kept = self._kept.popleft()
                if now - kept.idle_since <= KEEP_IDLE_S:
                    return kept
                kept.close()
        return None

    def _opened(self, url: httpx.URL, deadline: Deadline) -> "_Connection":
        host = url.raw_host.decode("ascii")
        secure = url.scheme == "https"
        port = url.port or (443 if secure else 80)
        stream = self._network.connect_tcp(host, port, deadline.left())
        if secure:
            try:
                stream = stream.start_tls(self._verify, host, deadline.left())
            except BaseException:
                stream.close()
                raise
        return _Connection(stream, deadline)


class _Writing:
    """
    The writing of one request, by whoever made its intent durable.

    Attributes:
        is_stale: something came in on a kept connection, and nothing was
            written to it.
    """

    def __init__(
        self, connection: "_Connection", message: bytes, exchange: Exchanging
    ) -> None:
        self._connection = connection
        self._message = message
        self._exchange = exchange
        self.is_stale = False
        self._failure: Exception | None = None

    def write(self) -> None:
        """Write it, if the connection is as it was left."""
        connection, exchange = self._connection, self._exchange
        try:
            if connection.is_kept and connection.is_readable:
                self.is_stale = True
                return
            exchange.write()
            connection.write(self._message, exchange.deadline)
        except Exception as error:  # noqa: BLE001  told by `check`
            self._failure = error

    def check(self) -> None:
        """Raise what stopped it, in the thread that waits for the answer."""
        if self._failure is not None:
            raise self._failure


class _Connection:
    """
    One connection, and the end of the exchange that it is used in.

    Args:
        deadline: of that exchange.
    """

    def __init__(
        self, stream: httpcore.NetworkStream, deadline: Deadline
    ) -> None:
        self._stream = stream
        self.deadline = deadline
        self.idle_since = -1.0

    @property
    def is_kept(self) -> bool:
        """Whether an exchange went over it before."""
        return self.idle_since >= 0

    @property
    def is_readable(self) -> bool:
        """Whether something came in, or its end, since the last answer."""
        return bool(self._stream.get_extra_info("is_readable"))

    def close(self) -> None:
        """Close it for good."""
        self._stream.close()

    def write(self, message: bytes, deadline: Deadline) -> None:
        """
        Write a whole request.

        A target may answer before it has read all, and read no more: what
        it says is looked for then.
        """
        with suppress(httpcore.WriteError):
            for start in range(0, len(message), WRITE_PIECE):
                piece = message[start : start + WRITE_PIECE]
                self._stream.write(piece, deadline.left())

    def answer(self, method: str) -> "_Answer":
        """Return the answer, its head read."""
        answer = _Answer(method)
        while not answer.status:
            answer.take(self.receive())
        return answer

    def receive(self) -> bytes:
        """Return what comes in next, nothing at its end."""
        return self._stream.read(READ_PIECE, self.deadline.left())


class _Answer:
    """
    One answer, as `httptools` reads it out of what comes in.

    Attributes:
        status: 0 until its head is whole.
        pieces: what came in of its body, for the caller to take.
        failure: what broke it behind its head.
        is_whole: nothing of it is missing.
        keeps: the connection may carry another exchange.
    """

    def __init__(self, method: str) -> None:
        self._parser = httptools.HttpResponseParser(self)
        # A length beside chunks, as some proxies send it: the chunks count.
        self._parser.set_dangerous_leniencies(lenient_chunked_length=True)
        self._has_no_body = method == "HEAD"
        self._barren = 0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.failure: Exception | None = None
        self.is_whole = False
        self.keeps = False

    def take(self, came_in: bytes) -> None:
        """
        Read on; nothing is the connection's end.

        Raises:
            RemoteProtocolError: its head can not be read; what breaks its
                body is a `failure`, since its status counts.
        """
        try:
            if came_in:
                self._read(came_in)
            else:
                self._end()
        except httpcore.RemoteProtocolError as error:
            if not self.status:
                raise
            self.failure = error

    def let_go(self) -> None:
        """Part with the parser, which holds this as this holds it."""
        del self._parser

    def _read(self, came_in: bytes) -> None:
        # The last byte goes alone: an answer that is whole without it has
        # something behind it, be it an empty line that llhttp skips.
        self._feed(came_in[:-1])
        if self.is_whole:
            self.keeps = False
            return
        self._feed(came_in[-1:])
        self._barren = 0 if self.pieces else self._barren + len(came_in)
        if self._barren > HEAD_CAP and not self.is_whole:
            raise httpcore.RemoteProtocolError

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (
            httptools.HttpParserError,
            httptools.HttpParserUpgrade,
        ) as error:
            # What llhttp says of bytes behind the answer is not about it.
            if not self.is_whole:
                raise httpcore.RemoteProtocolError from error

    def _end(self) -> None:
        """Take the connection's end; `httptools` can not be told of it."""
        if not self.status or _ends_told(self.headers):
            raise httpcore.RemoteProtocolError
        self.is_whole = True

    # -- what `httptools` calls; what it raises there stops the reading

    def on_message_begin(self) -> None:
        """Read no second answer."""
        if self.is_whole:
            raise httpcore.RemoteProtocolError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but none that comes behind the body."""
        if not self.status:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Let an interim answer pass; take the status of any other."""
        status = self._parser.get_status_code()
        if not (
            status >= HTTPStatus.CONTINUE
            and self._parser.get_http_version().startswith("1.")
        ):
            raise httpcore.RemoteProtocolError
        if status < HTTPStatus.OK and status != _SWITCHING:
            self.headers.clear()
            return
        self.status = status
        if self._has_no_body:
            # llhttp was not told, and would read on.
            self.is_whole = True
            raise httpcore.RemoteProtocolError

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body; an interim answer has none."""
        if not self.status:
            raise httpcore.RemoteProtocolError
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note the end, unless it is an interim answer's."""
        if self.status:
            # It forgets the headers that say so right after.
            self.keeps = (
                self._parser.should_keep_alive()
                and self.status != _SWITCHING
                and len(_ends_told(self.headers)) <= 1
            )
            self.is_whole = True


def _ends_told(headers: list[tuple[bytes, bytes]]) -> set[bytes]:
    """Return which headers say how a body ends, if not with its connection."""
    told = ((name.lower(), value) for name, value in headers)
    return {
        name
        for name, value in told
        if name == b"content-length"
        or (name == b"transfer-encoding" and b"chunked" in value.lower())
    }


class _Body(httpx.SyncByteStream):
    """An answer's body as it comes off the wire."""

    def __init__(
        self, wire: Wire, connection: _Connection, answer: _Answer
    ) -> None:
        self._wire = wire
        self._connection: _Connection | None = connection
        self._answer = answer

    @override
    def __iter__(self) -> Iterator[bytes]:
        answer, connection = self._answer, self._connection
        assert connection is not None
        while True:
            if answer.pieces:
                piece = b"".join(answer.pieces)
                answer.pieces.clear()
                yield piece
            if answer.failure is not None:
                raise answer.failure
            if answer.is_whole:
                return
            answer.take(connection.receive())

    @override
    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._answer.let_go()
            self._wire.ended(connection, keep=self._answer.keeps)


def _message(request: httpx.Request) -> bytes:
    """
    Return a request as it is written.

    Raises:
        LocalProtocolError: a header that no connection can carry.
    """
    lines = [
        b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)
    ]
    for name, value in request.headers.raw:
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise httpcore.LocalProtocolError
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", request.read()])
