"""
The stores' door: verify, append, answer.

It stands before Flask, which sees whatever is no webhook. Nothing of the
body is parsed here. Every answer is small and constant, and whatever goes
wrong before an event is on disk is a 503, so that the store keeps it.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import IO, Any

from pydantic_core import to_json

from bridge.errors import (
    BodyTooLarge,
    EncodedBody,
    JournalUnavailable,
    Refusal,
    ShortBody,
    SignatureMismatch,
    UnknownStore,
)
from bridge.mapping.form import NAME
from bridge.model import EventId, EventState, Instant, NewEvent
from bridge.observe import observe, observe_broken
from bridge.sources.platform import Label, Store
from bridge.sources.register import PLATFORMS
from bridge.web.hardening import HARDENED, NOT_KEPT
from bridge.web.parts import Parts
from bridge.web.together import LARGEST, WSGI, Together, Waits

PREFIX = "/webhooks"
RETRY_AFTER_S = 5

_PATH = re.compile(f"{PREFIX}/([^/]+)", re.DOTALL)

Environ = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How a webhook is answered, in a code, and which event it became."""

    code: str
    status: int = 200
    event_id: EventId | None = None


UNAVAILABLE = Taken(code="unavailable", status=503)
_ONLY_POST = Taken(code="method_not_allowed", status=405)


class Door:
    """
    Takes the webhooks of all stores; a WSGI application before another.

    Args:
        below: gets whatever is no webhook.
        waits: how requests wait, in the server that runs this.
        largest: so many webhooks share a commit at most.
        monotonic: seconds, to see how fast the disk is.
    """

    def __init__(
        self,
        parts: Parts,
        below: WSGI,
        waits: Waits,
        *,
        largest: int = LARGEST,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._below = waits.apart(below)
        self._together = Together(
            parts.journal, waits, largest=largest, monotonic=monotonic
        )

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        path = _PATH.fullmatch(environ["PATH_INFO"])
        if path is None:
            return self._below(environ, start_response)
        if environ["REQUEST_METHOD"] != "POST":
            return _answer(_ONLY_POST, start_response)
        return _answer(self._take(path[1], environ), start_response)

    def _take(self, name: str, environ: Environ) -> Taken:
        """Take one webhook, and say in a line what came of it."""
        arrived = self._parts.now()
        known = self._parts.stores().get(name)
        size = 0
        try:
            shop = _checked(name, known)
            body = _body(environ, self._parts.settings.body_limit)
            size = len(body)
            taken = self._taken(shop, environ, body, arrived)
        except Refusal as refusal:
            taken = Taken(code=refusal.code, status=refusal.status)
        except JournalUnavailable:
            taken = UNAVAILABLE
        except Exception as error:  # noqa: BLE001  the store shall keep it
            observe_broken(error, endpoint="webhooks.take")
            taken = UNAVAILABLE
        observe(
            "webhook.answered",
            level="error" if taken is UNAVAILABLE else "info",
            store=known.name if known else None,
            answer=taken.code,
            status=taken.status,
            event_id=taken.event_id,
            size=size,
            ms=self._parts.now() - arrived,
        )
        return taken

    def _taken(
        self, store: Store, environ: Environ, body: bytes, arrived: Instant
    ) -> Taken:
        """
        Keep one webhook, unless it is a greeting.

        Raises:
            SignatureMismatch: none of the store's secrets signed it.
            JournalUnavailable: it could not be made durable.
        """
        headers = _headers(environ)
        platform = PLATFORMS[store.platform]
        if platform.is_ping(headers, body):
            return Taken(code="ping")
        signer = platform.signed_by(headers, body, store.secrets)
        if signer is None:
            self._parts.signers.note_stranger(store.name, arrived)
            raise SignatureMismatch
        known = len(store.secrets)
        self._parts.signers.note(store.name, signer, known, arrived)
        sha256 = hashlib.sha256(body).hexdigest()
        label = platform.label(headers, store, sha256)
        event = _event(store, label, body, sha256, arrived)
        kept = self._together.append(event)
        code = "repeated" if kept.repeated else event.state.value
        return Taken(code=code, event_id=kept.id)


def said(code: str) -> bytes:
    """Return the text of an answer, with nothing of what came in."""
    return to_json({"status": code})


_MORE_HEADERS = {
    UNAVAILABLE.status: {"Retry-After": str(RETRY_AFTER_S)},
    _ONLY_POST.status: {"Allow": "POST"},
}


def _answer(
    taken: Taken, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    line, headers, text = _constant(taken.code, taken.status)
    start_response(line, [*headers])
    return [text]


@cache
def _constant(
    code: str, status: int
) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    text = said(code)
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(text)),
        **HARDENED,
        **NOT_KEPT,
        **_MORE_HEADERS.get(status, {}),
    }
    phrase = HTTPStatus(status).phrase.upper()
    return f"{status} {phrase}", tuple(headers.items()), text


def _headers(environ: Environ) -> Mapping[str, str]:
    """Return the request's headers, by lower-case names."""
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers


def _event(
    store: Store, label: Label, body: bytes, sha256: str, arrived: Instant
) -> NewEvent:
    usable = label.other_shop is None
    return NewEvent(
        store=store.name,
        platform=store.platform,
        topic=label.topic,
        dedupe_key=label.dedupe_key,
        body=body,
        sha256=sha256,
        headers=label.headers,
        received_at=arrived,
        state=EventState.STORED if usable else EventState.UNUSABLE,
        reason=None if usable else "other_shop",
    )


def _checked(name: str, store: Store | None) -> Store:
    if store is None or not re.fullmatch(NAME, name):
        raise UnknownStore
    return store


# ------------------------------------------------------------------- body


def _body(environ: Environ, limit: int) -> bytes:
    """
    Return the request's raw body, whole.

    Not by Flask's own reading: it takes a chunked body that is too long as
    ending at the limit, and a body that ends early as complete.

    Raises:
        EncodedBody, BodyTooLarge, ShortBody: it is not taken.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise EncodedBody
    stream: IO[bytes] = environ["wsgi.input"]
    announced = _announced(environ.get("CONTENT_LENGTH"))
    if announced is None:
        ends_by_itself = environ.get("wsgi.input_terminated")
        body = _read(stream, limit + 1) if ends_by_itself else b""
        if len(body) > limit:
            raise BodyTooLarge
        return body
    if announced > limit:
        raise BodyTooLarge
    body = _read(stream, announced)
    if len(body) < announced:
        raise ShortBody
    return body


def _announced(length: str | None) -> int | None:
    if not length:
        return None
    if not length.isascii() or not length.isdigit():
        raise ShortBody
    return int(length[:20])


def _read(stream: IO[bytes], most: int) -> bytes:
    """Return what there is, up to *most* bytes."""
    parts: list[bytes] = []
    while most > 0:
        try:
            part = stream.read(most)
        except Exception as error:
            # A broken chunk: each server has its own name for it.
            raise ShortBody from error
        if not part:
            break
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
