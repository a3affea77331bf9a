"""A web of two shops and two targets, and what knocks at it."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.journal.opening import open_journal
from bridge.journal.protocol import Journal
from bridge.model import Instant
from bridge.settings import BODY_LIMIT, Settings
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS
from bridge.targets.account import Target
from bridge.targets.register import CONTRACTS
from bridge.web.factory import create_web
from bridge.web.together import Waits
from tests.factories import NOW, STORE

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER_TOKEN = "fedcba9876543210fedcba9876543210"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
API = "/admin/api"
SLOW_S = 3.0
"""How long the page `/slow` of `served` takes."""

STORES = {
    STORE: Store(
        name=STORE,
        platform="shopify",
        identity="cafe-jacaranda-mx.myshopify.com",
        country="MX",
        secrets=("old-secret", "new-secret"),
    ),
    "artesanias-mx": Store(
        name="artesanias-mx",
        platform="woocommerce",
        identity="https://tienda.artesanias-ejemplo.mx",
        country="MX",
        secrets=("woo-secret",),
    ),
}

TARGETS = {
    "rayo-mx": Target(
        name="rayo-mx",
        contract=CONTRACTS["rayo"],
        base_url="https://rayo.example",
        credentials={"api_key": "a-secret-key"},
        authorization="",
    ),
    "yuju-mx": Target(
        name="yuju-mx",
        contract=CONTRACTS["yuju"],
        base_url="https://yuju.example",
        credentials={"token": "a-secret-token"},
        authorization="",
    ),
}


def settings(**changes: Any) -> Settings:
    """Return settings with two operators."""
    values: dict[str, Any] = {
        "database": "",
        "mappings": Path(),
        "admin_tokens": {"ana": TOKEN, "luis": OTHER_TOKEN},
        "host": "127.0.0.1",
        "port": 0,
        "body_limit": BODY_LIMIT,
    }
    return Settings(**values | changes)


def web(
    journal: Journal,
    *,
    targets: Mapping[str, Target] = TARGETS,
    now: Callable[[], Instant] = lambda: NOW,
    waits: Waits | None = None,
    **changes: Any,
) -> Flask:
    """Return the web over *journal*; *changes* are of the settings."""
    return create_web(
        settings=settings(**changes),
        stores=lambda: STORES,
        targets=lambda: targets,
        journal=journal,
        now=now,
        waits=waits,
    )


def served(folder: str, waits: Waits | None = None) -> Flask:
    """Return the web over the journal in *folder*, for a real server."""
    journal = open_journal(f"sqlite:///{folder}/bridge.db")
    app = web(journal, waits=waits, body_limit=1024)
    app.add_url_rule("/slow", view_func=_slow)
    return app


def _slow() -> str:
    time.sleep(SLOW_S)
    return "at last"


def serve(folder: str, port: int) -> None:
    """Serve that web as the bridge serves it, until ended."""
    from bridge.serving import run_web, waits

    app = served(folder, waits())
    run_web(settings(port=port), lambda: app)


def signed(
    body: bytes,
    *,
    store: str = STORE,
    topic: str = "orders/paid",
    webhook_id: str = "w-1",
    secret: str | None = None,
) -> dict[str, str]:
    """Return the headers that the store's platform would send."""
    shop = STORES[store]
    return PLATFORMS[shop.platform].sign(
        body,
        secret or shop.secrets[-1],
        topic=topic,
        store=shop,
        webhook_id=webhook_id,
    )


def post(
    client: FlaskClient,
    body: bytes = b"{}",
    *,
    store: str = STORE,
    headers: Mapping[str, str] | None = None,
) -> TestResponse:
    """Bring a webhook, signed unless *headers* are given."""
    if headers is None:
        headers = signed(body, store=store)
    return client.post(f"/webhooks/{store}", data=body, headers=headers)


def get(client: FlaskClient, path: str, **query: Any) -> Any:
    """Return what the admin API shows."""
    answer = client.get(f"{API}{path}", headers=BEARER, query_string=query)
    assert 200 == answer.status_code, answer.text
    return answer.json


def act(
    client: FlaskClient,
    path: str,
    headers: Mapping[str, str] | None = None,
    **body: Any,
) -> TestResponse:
    """Return what the admin API answers to an act."""
    return client.post(
        f"{API}{path}",
        data=json.dumps(body),
        headers={**BEARER, **(headers or {})},
        content_type="application/json",
    )
