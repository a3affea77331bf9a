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
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

import httpcore
import httpx
from pydantic_core import from_json, to_json

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
from bridge.wire import EXCHANGE, Deadline, DeadlinePassed, Wire

ANSWER_CAP = 1024 * 1024  # bytes; an answer of ours is a few KB
RENEW_BEFORE = MINUTE
"""A token is renewed so long before it ends."""

UNSENDABLE = (
    httpx.LocalProtocolError,
    httpcore.LocalProtocolError,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    UnicodeError,
)
"""What no connection can carry: an illegal header or address."""


Hook = Callable[[Callable[[], None]], object]
"""Runs once a connection stands, and calls what it is given: that writes."""


def at_once(write: Callable[[], None]) -> None:
    """Write, with nothing to be done before."""
    write()


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
        self._monotonic = monotonic
        self._tokens = _Tokens()
        self._wire = Wire(
            target.parallel,
            verify,
            network or httpcore.SyncBackend(),
            monotonic,
        )

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._wire.close()

    def call(
        self,
        operation: Operation,
        request: Request,
        *,
        headers: Mapping[str, str] | None = None,
        before_first_byte: Hook = at_once,
    ) -> Called:
        """
        Make one call and say what came of it.

        Args:
            headers: besides those of every call.
            before_first_byte: runs once the connection stands, and calls
                what writes; what it raises before is let through, and
                nothing is written.
        """
        token = self._token()
        if not isinstance(token, str):
            return Called(outcome=token, exchange=_NOTHING_WRITTEN)
        header = self.target.authorization.format(token=token)
        exchange = self.exchange(
            request,
            headers={**(headers or {}), "Authorization": header},
            before_first_byte=before_first_byte,
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
        before_first_byte: Hook = at_once,
    ) -> Exchange:
        """Write one request and read its answer, within the deadline."""
        progress = _Progress(before_first_byte, self._deadline())
        try:
            self._send(request, headers, progress)
        except JournalError:
            raise
        except Exception as error:
            if progress.hook_failed:
                raise
            progress.failure = _failure(error, progress.deadline)
        return progress.exchange()

    def _deadline(self) -> Deadline:
        ends = self._monotonic() + self.target.timeout / 1000
        return Deadline(self._monotonic, ends)

    def _send(
        self,
        request: Request,
        headers: Mapping[str, str],
        progress: "_Progress",
    ) -> None:
        body = b"" if request.body is None else to_json(request.body)
        url = _url(f"{self.target.base_url}{request.path}")
        built = httpx.Request(
            request.method,
            url,
            # With `content`, httpx would look through the headers for what
            # stands there already; that took longer than all else here.
            stream=httpx.ByteStream(body),
            headers=_all_headers(request.method, url, headers, len(body)),
            extensions={EXCHANGE: progress},
        )
        progress.deadline = self._deadline()  # the target's time, not ours
        response = self._wire.handle_request(built)
        assert isinstance(response.stream, httpx.SyncByteStream)
        with closing(response.stream) as pieces:
            progress.status = response.status_code
            if "retry-after" in response.headers:
                progress.retry_after = response.headers["retry-after"]
            for piece in pieces:
                progress.answer += piece
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


@lru_cache(maxsize=64)
def _url(text: str) -> httpx.URL:
    """Most calls go to the same few addresses: those are read once."""
    return httpx.URL(text)


_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "bridge",
}

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods that say so when they have none. Source: RFC 9110, 8.6."""


def _all_headers(
    method: str, url: httpx.URL, headers: Mapping[str, str], length: int
) -> dict[str, str]:
    """Return what is sent above a body of *length* bytes."""
    sent = {"Host": url.netloc.decode("ascii"), **_HEADERS, **headers}
    if length:
        sent["Content-Type"] = "application/json"
    if length or method in _WITH_BODY:
        sent["Content-Length"] = str(length)
    return sent


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
    """How far one exchange got; told by the wire."""

    def __init__(self, before_first_byte: Hook, deadline: Deadline) -> None:
        self._before_first_byte = before_first_byte
        self._written = False
        self.deadline = deadline
        self.hook_failed = False
        self.status: int | None = None
        self.retry_after: str | None = None
        self.answer = b""
        self.failure: str | None = None

    def begin(self, write: Callable[[], None]) -> None:
        """Run the hook, while there is time to write after it."""
        self.deadline.left()
        self.hook_failed = True
        self._before_first_byte(write)
        self.hook_failed = False

    def write(self) -> None:
        """Note that from here on nobody knows what the target read."""
        self.deadline.left()
        self._written = True

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


def _timed_out(error: httpcore.TimeoutException, deadline: Deadline) -> str:
    if isinstance(error, httpcore.PoolTimeout):
        return "pool"
    late = isinstance(error, DeadlinePassed) or deadline.passed()
    return "deadline" if late else "timeout"


def _failure(error: Exception, deadline: Deadline) -> str:
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
