"""
The only user of httpx: one exchange with a target, and its credentials.

An exchange never raises for what the world does; it returns how far it got
(`Exchange`), and `outcome_of` says what that means. The caller's hook runs
between "connected" and the first byte: when it raises, nothing is written.

Redirects are not followed, no proxy is taken from the environment, answers
are capped, and one deadline holds from connecting to the last byte, which
httpx alone does not do (its read timeout is per read).
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
from pydantic_core import from_json, to_json
from typing_extensions import override

from bridge.errors import JournalError
from bridge.model import (
    JSON,
    MINUTE,
    Exchange,
    Instant,
    NotProcessed,
    NotSent,
    Outcome,
    Phase,
    Reason,
    Request,
)
from bridge.targets.account import Target
from bridge.targets.contract import Operation, TokenExchange, jwt_expiry
from bridge.targets.outcome import (
    BAD_CERTIFICATE,
    TRY_LATER,
    outcome_of,
    retry_after,
)

ANSWER_CAP = 1024 * 1024  # bytes; an answer of ours is a few KB
KEEP_IDLE_S = 2.0
"""A kept connection that the target closes at the same moment makes a
*maybe* of a call; so connections are not kept for long."""

RENEW_BEFORE = MINUTE
"""A token is renewed so long before it ends."""

WRITE_PIECE = 16 * 1024
"""Bytes that are written between two looks at the deadline."""

WRITING = "http11.send_request_headers.started"
UNWRITTEN = "http11.send_request_headers.failed"
ANSWERED = "http11.receive_response_headers.complete"


UNSENDABLE = (
    httpx.LocalProtocolError,
    httpcore.LocalProtocolError,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    UnicodeError,
)
"""What no connection can carry: an illegal header or address."""


class TooLate(JournalError):
    """The lease is too short now for a whole exchange; write nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """
    What came of one call.

    Args:
        fresh_credentials: if they were refused, new ones would not help.
    """

    outcome: Outcome
    exchange: Exchange
    fresh_credentials: bool = True


class Sender:
    """
    Makes the calls to one target; safe to share between threads.

    Args:
        now: wall clock, for tokens and HTTP dates.
        monotonic: seconds, for deadlines.
        verify: the TLS context, shared by all targets.
        network: opens connections; the machine's own by default.
    """

    def __init__(
        self,
        target: Target,
        *,
        now: Callable[[], Instant],
        monotonic: Callable[[], float],
        verify: ssl.SSLContext,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        self.target = target
        self._now = now
        self._deadline = _Deadline(monotonic)
        self._tokens = _Tokens()
        backend = _Backend(network or httpcore.SyncBackend(), self._deadline)

        def client(kept: int) -> httpx.Client:
            return httpx.Client(
                transport=_Transport(target.parallel, kept, verify, backend),
                follow_redirects=False,
                trust_env=False,
            )

        self._on_kept = client(kept=target.parallel)
        self._on_fresh = client(kept=0)

    def close(self) -> None:
        """Close all connections."""
        self._on_kept.close()
        self._on_fresh.close()

    def call(
        self,
        operation: Operation,
        request: Request,
        *,
        headers: Mapping[str, str] | None = None,
        before_first_byte: Callable[[], None] = lambda: None,
    ) -> Called:
        """
        Make one call and say what came of it.

        What changes something has a connection of its own: on a kept one
        it could meet the target's closing of it, or an answer that is given
        twice, and be taken for done.

        Args:
            headers: besides those of every call.
            before_first_byte: runs once the connection stands; what it
                raises is let through, and nothing is written.
        """
        token = self._token()
        if not isinstance(token, str):
            return Called(outcome=token, exchange=_NOTHING_WRITTEN)
        header = self.target.authorization.format(token=token)
        exchange = self.exchange(
            request,
            headers={**(headers or {}), "Authorization": header},
            before_first_byte=before_first_byte,
            on_kept=operation.method == "GET",
        )
        outcome = outcome_of(
            self.target.contract, operation, exchange, now=self._now()
        )
        refused = (
            isinstance(outcome, NotProcessed) and outcome.refused_credentials
        )
        if not refused:
            if exchange.phase is Phase.ANSWERED:
                self._tokens.accepted(token)
            return Called(outcome=outcome, exchange=exchange)
        fresh = (
            self.target.contract.exchange is None
            or not self._tokens.refused(token)
        )
        return Called(
            outcome=outcome, exchange=exchange, fresh_credentials=fresh
        )

    def exchange(
        self,
        request: Request,
        *,
        headers: Mapping[str, str],
        before_first_byte: Callable[[], None] = lambda: None,
        on_kept: bool = True,
    ) -> Exchange:
        """
        Write one request and read its answer, within the deadline.

        Args:
            on_kept: a connection of an earlier exchange will do.
        """
        client = self._on_kept if on_kept else self._on_fresh
        progress = _Progress(before_first_byte, self._deadline)
        with self._deadline.within(self.target.timeout / 1000):
            try:
                self._send(client, request, headers, progress)
            except JournalError:
                raise
            except Exception as error:
                if progress.hook_failed:
                    raise
                progress.failure = _failure(error, self._deadline)
        return progress.exchange()

    def _send(
        self,
        client: httpx.Client,
        request: Request,
        headers: Mapping[str, str],
        progress: "_Progress",
    ) -> None:
        body = None if request.body is None else to_json(request.body)
        sent = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        with client.stream(
            request.method,
            f"{self.target.base_url}{request.path}",
            content=body,
            headers={**sent, **headers},
            timeout=self.target.timeout / 1000,  # for a free connection
            extensions={"trace": progress.trace},
        ) as response:
            progress.status = response.status_code
            progress.retry_after = response.headers.get("retry-after")
            for chunk in response.iter_raw():
                progress.answer += chunk
                if len(progress.answer) > ANSWER_CAP:
                    progress.failure = "too_large"
                    return

    # -- credentials

    def _token(self) -> "str | Outcome":
        """Return the token to use now, asking for one where that is due."""
        credentials = self.target.credentials
        exchange = self.target.contract.exchange
        if exchange is None:
            return credentials["token"]
        with self._tokens.lock:
            kept = self._tokens.current(self._now())
            return kept if kept is not None else self._renewed(exchange)

    def _renewed(self, exchange: TokenExchange) -> "str | Outcome":
        credentials = self.target.credentials
        found = self.exchange(
            exchange.request(credentials),
            headers=exchange.headers(credentials),
        )
        token = None
        if found.status is not None and found.status < 300:  # noqa: PLR2004
            token = exchange.token(_json(found.answer))
        if token is None:
            return _no_token(found, now=self._now())
        expiry = jwt_expiry(token)
        ends = (
            Instant(expiry * 1000)
            if expiry is not None
            else Instant(self._now() + exchange.life)
        )
        self._tokens.keep(token, ends)
        return token


_NOTHING_WRITTEN = Exchange(phase=Phase.PREPARED)


def _no_token(found: Exchange, *, now: Instant) -> Outcome:
    """Say what it means that no token was to be had."""
    if found.status in TRY_LATER:
        reason = Reason(
            code=f"token_http_{found.status}",
            text=f"the target gives no token now ({found.status})",
        )
        return NotProcessed(
            reason=reason, wait=retry_after(found.retry_after, now=now)
        )
    if found.status in {400, 401, 403, 404}:
        reason = Reason(
            code="credentials_refused",
            text=f"the target gave no token for our key ({found.status})",
        )
        return NotProcessed(reason=reason, refused_credentials=True)
    code = found.failure or f"http_{found.status}"
    text = "the target could not be asked for a token"
    return NotSent(
        reason=Reason(code=f"token_{code}", text=text),
        pause=found.failure == BAD_CERTIFICATE,
    )


def _json(answer: bytes) -> JSON:
    try:
        return from_json(answer)
    except ValueError:
        return None


class _Tokens:
    """The token at hand, and whether it was ever taken."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._token: str | None = None
        self._ends = Instant(0)
        self._after_refusal = False

    def current(self, now: Instant) -> str | None:
        if now >= self._ends - RENEW_BEFORE:
            return None
        return self._token

    def keep(self, token: str, ends: Instant) -> None:
        self._token, self._ends = token, ends

    def accepted(self, token: str) -> None:
        with self.lock:
            if token == self._token:
                self._after_refusal = False

    def refused(self, token: str) -> bool:
        """Drop the token; return whether another one may be taken."""
        with self.lock:
            if token != self._token:
                return True
            self._token, self._ends = None, Instant(0)
            again, self._after_refusal = not self._after_refusal, True
            if not again:
                self._after_refusal = False
            return again


class _Progress:
    """How far one exchange got; fed by httpcore's trace."""

    def __init__(
        self, before_first_byte: Callable[[], None], deadline: "_Deadline"
    ) -> None:
        self._before_first_byte = before_first_byte
        self._deadline = deadline
        self._written = False
        self.hook_failed = False
        self.status: int | None = None
        self.retry_after: str | None = None
        self.answer = b""
        self.failure: str | None = None

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Run the hook before the first byte; note the status line."""
        if name == WRITING:
            self._deadline.left()
            self.hook_failed = True
            self._before_first_byte()
            self.hook_failed = False
            self._deadline.left()
            self._deadline.listen()
            self._written = True
        elif name == UNWRITTEN and isinstance(info["exception"], UNSENDABLE):
            self._written = False  # it was turned down before it was written
        elif name == ANSWERED:
            if not self._deadline.heard:
                raise StaleAnswer
            self.status = info["return_value"][1]

    def exchange(self) -> Exchange:
        """Return what is known now."""
        phase = Phase.PREPARED
        if self.status is not None:
            phase = Phase.ANSWERED
        elif self._written:
            phase = Phase.WRITING
        return Exchange(
            phase=phase,
            status=self.status,
            retry_after=self.retry_after,
            answer=self.answer[:ANSWER_CAP],
            failure=self.failure,
        )


class StaleAnswer(httpcore.RemoteProtocolError):
    """It stood on a kept connection before our request: not its answer."""


class DeadlinePassed(httpcore.TimeoutException):
    """The whole exchange took longer than it may."""


def _timed_out(error: httpcore.TimeoutException, deadline: "_Deadline") -> str:
    if isinstance(error, httpcore.PoolTimeout):
        return "pool"
    late = isinstance(error, DeadlinePassed) or deadline.passed()
    return "deadline" if late else "timeout"


def _failure(error: Exception, deadline: "_Deadline") -> str:
    """Return the code of what broke."""
    if isinstance(error, httpcore.TimeoutException):
        return _timed_out(error, deadline)
    if deadline.passed():
        return "deadline"
    if isinstance(error, UNSENDABLE):
        return "unsendable"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls"
        if isinstance(cause, socket.gaierror):
            return "dns"
        cause = cause.__cause__ or cause.__context__
    connect = httpx.ConnectError | httpcore.ConnectError
    return "connect" if isinstance(error, connect) else "protocol"


# ---------------------------------------------------------------- deadline


class _Deadline:
    """The exchange that runs in the current thread: its end, what it heard."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._here = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let everything inside end after *seconds*."""
        before = getattr(self._here, "ends", None)
        self._here.ends = self._monotonic() + seconds
        try:
            yield
        finally:
            self._here.ends = before

    def left(self) -> float:
        """
        Return the seconds that are left.

        Raises:
            DeadlinePassed: none are.
        """
        left = float(self._here.ends - self._monotonic())
        if left <= 0:
            raise DeadlinePassed
        return left

    def listen(self) -> None:
        """Take note from here on whether the other side says anything."""
        self._here.heard = False

    def hear(self) -> None:
        """Note that it said something."""
        self._here.heard = True

    @property
    def heard(self) -> bool:
        """Whether anything came in since `listen`."""
        return bool(self._here.heard)

    def passed(self) -> bool:
        """Return whether the time is over."""
        return bool(self._here.ends <= self._monotonic())


class _Stream(httpcore.NetworkStream):
    """A connection of which every read and write minds the deadline."""

    def __init__(
        self, inner: httpcore.NetworkStream, deadline: _Deadline
    ) -> None:
        self._inner, self._deadline = inner, deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        came_in = self._inner.read(max_bytes, self._deadline.left())
        self._deadline.hear()
        return came_in

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_PIECE):
            piece = buffer[start : start + WRITE_PIECE]
            self._inner.write(piece, self._deadline.left())

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(
            ssl_context, server_hostname, self._deadline.left()
        )
        return _Stream(inner, self._deadline)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections that mind the deadline."""

    def __init__(
        self, inner: httpcore.NetworkBackend, deadline: _Deadline
    ) -> None:
        self._inner, self._deadline = inner, deadline

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.connect_tcp(
            host, port, self._deadline.left(), local_address, socket_options
        )
        return _Stream(inner, self._deadline)


class _Transport(httpx.BaseTransport):
    """httpx over httpcore's pool with a network backend of ours."""

    def __init__(
        self,
        parallel: int,
        kept: int,
        verify: ssl.SSLContext,
        network: httpcore.NetworkBackend,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=parallel,
            max_keepalive_connections=kept,
            keepalive_expiry=KEEP_IDLE_S,
            http1=True,
            http2=False,
            retries=0,
            network_backend=network,
        )

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme,
                    host=url.raw_host,
                    port=url.port,
                    target=url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        stream = answer.stream
        assert isinstance(stream, Iterable)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(stream),
            extensions=answer.extensions,
        )

    @override
    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """An answer's body as it comes off the wire."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    @override
    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    @override
    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()
