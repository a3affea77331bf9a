"""
The stores' door: verify, append, answer.

Nothing of the body is parsed here. Every answer is small and constant, and
whatever goes wrong before an event is on disk is a 503, so that the store
keeps it.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import IO

from flask import Blueprint, Response, request
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
from bridge.observe import observe
from bridge.sources.platform import Label, Store
from bridge.sources.register import PLATFORMS
from bridge.web.parts import Parts

PREFIX = "/webhooks"
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How a webhook is answered, in a code, and which event it became."""

    code: str
    status: int = 200
    event_id: EventId | None = None


def webhooks(parts: Parts) -> Blueprint:
    """Return the stores' door."""
    blueprint = Blueprint("webhooks", __name__, url_prefix=PREFIX)
    blueprint.add_url_rule(
        "/<store>",
        view_func=_Door(parts).take,
        methods=["POST"],
        provide_automatic_options=False,
    )
    return blueprint


def answered(code: str, status: int) -> Response:
    """Return an answer that says *code* and nothing of what came in."""
    answer = Response(
        to_json({"status": code}), status, mimetype="application/json"
    )
    if status == UNAVAILABLE.status:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


UNAVAILABLE = Taken(code="unavailable", status=503)


class _Door:
    """Takes the webhooks of all stores."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def take(self, store: str) -> Response:
        """Answer one webhook."""
        arrived = self._parts.now()
        known = self._parts.stores().get(store)
        size = 0
        try:
            shop = _checked(store, known)
            body = _body(self._parts.settings.body_limit)
            size = len(body)
            taken = self._taken(shop, body, arrived)
        except Refusal as refusal:
            taken = Taken(code=refusal.code, status=refusal.status)
        except JournalUnavailable:
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
        return answered(taken.code, taken.status)

    def _taken(self, store: Store, body: bytes, arrived: Instant) -> Taken:
        """
        Keep one webhook, unless it is a greeting.

        Raises:
            SignatureMismatch: none of the store's secrets signed it.
            JournalUnavailable: it could not be made durable.
        """
        headers = {name.lower(): value for name, value in request.headers}
        platform = PLATFORMS[store.platform]
        if platform.is_ping(headers, body):
            return Taken(code="ping")
        if not platform.verify(headers, body, store.secrets):
            raise SignatureMismatch
        sha256 = hashlib.sha256(body).hexdigest()
        label = platform.label(headers, store, sha256)
        event = _event(store, label, body, sha256, arrived)
        (kept,) = self._parts.journal.append([event])
        code = "repeated" if kept.repeated else event.state.value
        return Taken(code=code, event_id=kept.id)


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


def _body(limit: int) -> bytes:
    """
    Return the request's raw body, whole.

    Flask's own reading is passed by: it takes a chunked body that is too
    long as ending at the limit, and a body that ends early as complete.

    Raises:
        EncodedBody, BodyTooLarge, ShortBody: it is not taken.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise EncodedBody
    stream: IO[bytes] = request.environ["wsgi.input"]
    announced = _announced(request.environ.get("CONTENT_LENGTH"))
    if announced is None:
        ends_by_itself = request.environ.get("wsgi.input_terminated")
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
