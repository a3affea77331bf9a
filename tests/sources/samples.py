"""The sample bodies, and events made of them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.model import Event, EventId, EventState, Instant
from bridge.orders.order import Snapshot
from bridge.sources.platform import Platform, Store, Told

SAMPLES = Path(__file__).parents[2] / "mappings" / "samples"
HEADERS: Mapping[str, Mapping[str, str]] = json.loads(
    (SAMPLES / "_headers.json").read_text("utf-8")
)


def headers(name: str) -> dict[str, str]:
    """Return a sample's headers, by lower-case name."""
    return {key.lower(): value for key, value in HEADERS[name].items()}


def body(name: str, **changes: Any) -> dict[str, Any]:
    """Return a sample's body; a change to `...` takes the key away."""
    loaded = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    merged = {**loaded, **changes}
    return {key: value for key, value in merged.items() if value is not ...}


def event(content: Any, *, topic: str) -> Event:
    """Return an event with *content* as its body: bytes, or JSON."""
    raw = content
    if not isinstance(content, bytes):
        raw = json.dumps(content, ensure_ascii=False).encode()
    return Event(
        id=EventId(1),
        store="store",
        platform="platform",
        topic=topic,
        order_id=None,
        dedupe_key="key",
        body=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        headers={},
        received_at=Instant(0),
        state=EventState.STORED,
        reason=None,
    )


def snapshot(
    platform: Platform, content: Any, *, topic: str, store: Store
) -> Snapshot:
    """Return the snapshot that *content* is read as."""
    told = platform.read(event(content, topic=topic), store)
    assert isinstance(told, Told)
    return told.snapshot
