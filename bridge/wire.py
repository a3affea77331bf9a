"""
HTTP/1.1 to one target, below httpx: kept connections under one deadline.

    take a connection ─▶ begin ─▶ write ─▶ status, headers ─▶ body
       kept, or new       hook             http.client         as it comes

httpx's own transport reads in Python what the standard library reads faster,
and looks after many hosts at once; together that cost more than the rest of
a delivery. This one knows one host, and calls its hook just before the first
byte. The network below is httpcore's, so that it can be replaced.
"""

import http.client
import re
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

import httpcore
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

EXCHANGE = "exchange"
"""The extension of a request that holds its `Exchanging`."""

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
                headers=[
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in answer.headers.items()
                ],
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
    One connection, read as `http.client` reads a file.

    Args:
        deadline: of the exchange that it is used in.
    """

    def __init__(
        self, stream: httpcore.NetworkStream, deadline: Deadline
    ) -> None:
        self._stream = stream
        self._came_in = b""
        self.deadline = deadline
        self.idle_since = -1.0

    @property
    def is_kept(self) -> bool:
        """Whether an exchange went over it before."""
        return self.idle_since >= 0

    @property
    def has_more(self) -> bool:
        """Whether something came in with the answer, behind it."""
        return bool(self._came_in)

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

    def answer(self, method: str) -> http.client.HTTPResponse:
        """Return the answer, its status and headers read."""
        while True:
            answer = http.client.HTTPResponse(
                cast("Any", _AsSocket(self)), method=method
            )
            try:
                answer.begin()
            except (http.client.HTTPException, ValueError) as error:
                raise httpcore.RemoteProtocolError from error
            is_interim = 100 <= answer.status < 200  # noqa: PLR2004
            if not is_interim or answer.status == http.HTTPStatus(101):
                return answer

    # -- as a file

    def readline(self, limit: int = -1) -> bytes:
        """Return a line with its end, at most *limit* bytes."""
        while (end := self._came_in.find(b"\n")) < 0:
            if 0 <= limit <= len(self._came_in) or not self._receive():
                return self._take(limit)
        return self._take(end + 1 if limit < 0 else min(end + 1, limit))

    def read(self, size: int | None = -1) -> bytes:
        """Return *size* bytes, or less where it ends before."""
        whole = size is None or size < 0
        while whole or len(self._came_in) < (size or 0):
            if not self._receive():
                break
        return self._take(-1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        """Return what is there, at most *size* bytes; wait for some."""
        if not self._came_in:
            self._receive()
        return self._take(size)

    def _receive(self) -> int:
        came_in = self._stream.read(READ_PIECE, self.deadline.left())
        self._came_in += came_in
        return len(came_in)

    def _take(self, size: int) -> bytes:
        if size < 0 or size >= len(self._came_in):
            taken, self._came_in = self._came_in, b""
        else:
            taken, self._came_in = (
                self._came_in[:size],
                self._came_in[size:],
            )
        return taken


class _AsSocket:
    """What `http.client` takes for a socket, and for its file."""

    def __init__(self, connection: _Connection) -> None:
        self.readline = connection.readline
        self.read = connection.read
        self.read1 = connection.read1

    def makefile(self, _mode: str) -> "_AsSocket":
        return self

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """The connection outlives its answers."""


class _Body(httpx.SyncByteStream):
    """An answer's body as it comes off the wire."""

    def __init__(
        self,
        wire: Wire,
        connection: _Connection,
        answer: http.client.HTTPResponse,
    ) -> None:
        self._wire = wire
        self._connection: _Connection | None = connection
        self._answer = answer
        self._is_whole = False

    @override
    def __iter__(self) -> Iterator[bytes]:
        answer = self._answer
        try:
            while piece := answer.read(READ_PIECE):
                yield piece
        except (http.client.HTTPException, ValueError) as error:
            raise httpcore.RemoteProtocolError from error
        if answer.length:  # so many bytes are missing
            raise httpcore.RemoteProtocolError
        self._is_whole = True

    @override
    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._wire.ended(
                connection,
                keep=self._is_whole
                and not self._answer.will_close
                # What comes later is seen before it is used again.
                and not connection.has_more,
            )


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
