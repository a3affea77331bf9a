"""Orders in a journal, as the shipped samples tell of them."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from bridge.journal.protocol import Journal
from bridge.mapping.catalog import Catalog
from bridge.model import Instant, NewEvent
from bridge.planner import Live, Planner
from bridge.samples import Samples
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS
from tests.factories import NOW
from tests.mapping import FOLDER
from tests.mapping.test_shipped import CATALOG, STORES

SAMPLES = Samples(FOLDER)


def event_of(
    sample: str,
    store: Store,
    change: Callable[[Any], Any] = lambda body: body,
    *,
    at: Instant = NOW,
) -> NewEvent:
    """Return the webhook of a sample, its body changed, to *store*."""
    found = SAMPLES.sample(sample)
    body = json.dumps(change(json.loads(found.body))).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    headers = {name.lower(): value for name, value in found.headers.items()}
    if "x-shopify-webhook-id" in headers:
        headers["x-shopify-webhook-id"] = sha256
    label = PLATFORMS[store.platform].label(headers, store, sha256)
    return NewEvent(
        store=store.name,
        platform=store.platform,
        topic=label.topic,
        dedupe_key=label.dedupe_key,
        body=body,
        sha256=sha256,
        headers=label.headers,
        received_at=at,
    )


def planner(
    journal: Journal, catalog: Catalog = CATALOG, now: Instant = NOW
) -> Planner:
    """Return what plans with the shipped files."""
    return Planner(
        journal,
        live=lambda: Live(stores=STORES, catalog=catalog),
        version=lambda _hash: None,
        now=lambda: now,
    )


def take(journal: Journal, *events: NewEvent) -> None:
    """Keep webhooks, and plan what they ask for."""
    journal.append(events)
    while planner(journal).run_once():
        pass
