"""
What is made once and played on by every life: web, mappings, stand-ins.

A life replaces where log lines go, and puts that back afterwards.
"""

import io
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask
from pydantic import BaseModel
from pydantic_core import from_json, to_json

import bridge.observe
from bench.campaign.simulation.shops import Hook
from bridge.journal.protocol import Journal
from bridge.mapping.catalog import Catalog, Source, build_catalog
from bridge.model import Instant
from bridge.observe import Level, Scalar
from bridge.settings import (
    Settings,
    load_sources,
    load_stores,
    load_targets,
    secrets_from,
    surroundings,
)
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS
from bridge.targets.account import Target
from bridge.web.factory import create_web
from bridge.web.forms import (
    AuditQuery,
    BodyQuery,
    DeliveryQuery,
    EventQuery,
    OrderQuery,
)
from bridge.web.parts import Parts
from bridge.web.together import Waits
from bridge.web.webhooks import Door

SHIPPED = Path(__file__).parents[3] / "mappings"
TOKEN = "s" * 40
SECRETS = {
    "CAFE_MX_SECRET": "cafe-secret",
    "CHOCOLATE_CO_SECRET": "chocolate-secret",
    "ARTESANIAS_MX_SECRET": "artesanias-secret",
    "CALZADO_CO_SECRET": "calzado-secret",
    "RAYO_API_KEY": "sandbox-rayo-key",
    "EVERY_TOKEN": "sandbox-every-token",
    "YUJU_TOKEN": "sandbox-yuju-token",
}

CREATES_AT_EVERY = """
from: fincas-co
to: every-co
since: 2026-11-01

rules:
  create:
    when: ready
    call: create_order
    body:
      status: NEW
      referenceId: = id
      sellingPriceCents: = cents(total)
    remember:
      every_order: split(name, '/') | [-1]

  cancelled:
    when: cancelled
    call: update_order
    path:
      id: = links.every_order
    body:
      order:
        status: CANCELLED
"""
"""Beside the shipped ones: a create whose target can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Stores, targets and mappings, compiled."""

    stores: Mapping[str, Store]
    targets: Mapping[str, Target]
    catalog: Catalog

    @property
    def hosts(self) -> Mapping[str, str]:
        """Target by the host that it stands at."""
        return {
            str(urlsplit(target.base_url).hostname): name
            for name, target in self.targets.items()
        }


@cache
def files() -> Files:
    """Return the shipped files, and what the campaign adds."""
    secret = secrets_from(SECRETS)
    stores = load_stores(SHIPPED, secret)
    stores["fincas-co"] = Store(
        name="fincas-co",
        platform="shopify",
        identity="fincas-co.myshopify.com",
        country="CO",
        secrets=("fincas-secret",),
    )
    targets = load_targets(SHIPPED, secret)
    sources = [
        *load_sources(SHIPPED),
        Source(name="fincas-co-every", file="-", text=CREATES_AT_EVERY),
    ]
    return Files(
        stores=stores,
        targets=targets,
        catalog=catalog(sources, stores, targets),
    )


def catalog(
    sources: list[Source],
    stores: Mapping[str, Store],
    targets: Mapping[str, Target],
) -> Catalog:
    """Return the mappings of *sources*, all of which are right."""
    built = build_catalog(sources, surroundings(stores, targets), last_good={})
    assert not built.problems, built.problems
    return built


@cache
def tls() -> ssl.SSLContext:
    """Return a context that no socket ever sees."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


# --------------------------------------------------------------------- web


@dataclass(slots=True)
class Behind:
    """What stands behind the one web application just now."""

    journal: Journal | None = None
    now: Callable[[], Instant] = field(default=lambda: Instant(0))


BEHIND = Behind()


class _Forwarded:
    """The journal of the life that is played."""

    def __getattr__(self, name: str) -> Any:
        return getattr(BEHIND.journal, name)


@cache
def web() -> Flask:
    """Return the web application; it keeps nothing but at its door."""
    for form in _FORMS:
        _keep_schema(form)
    parts = _parts()
    return create_web(
        settings=parts.settings,
        stores=parts.stores,
        targets=parts.targets,
        journal=parts.journal,
        now=parts.now,
    )


def open_door(waits: Waits, monotonic: Callable[[], float]) -> None:
    """Let a web process begin: who stood at the door before is gone."""
    app = web()
    below = partial(Flask.wsgi_app, app)
    app.wsgi_app = Door(
        _parts(), below=below, waits=waits, monotonic=monotonic
    )


@cache
def _parts() -> Parts:
    return Parts(
        settings=Settings(
            database="",
            mappings=SHIPPED,
            admin_tokens={"ana": TOKEN},
            host="127.0.0.1",
            port=0,
        ),
        stores=lambda: files().stores,
        targets=lambda: files().targets,
        journal=cast("Journal", _Forwarded()),
        now=lambda: BEHIND.now(),  # noqa: PLW0108  another one in each life
    )


_FORMS: Sequence[type[BaseModel]] = (
    AuditQuery, BodyQuery, DeliveryQuery, EventQuery, OrderQuery,
)  # fmt: skip


def _keep_schema(form: type[BaseModel]) -> None:
    """Make once what flask-openapi3 makes anew for every request."""
    kept: Any = form
    kept.model_json_schema = cache(form.model_json_schema)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the web said; *status* 0 when it said nothing."""

    status: int
    body: Any = None
    etag: str | None = None


NOTHING = Answered(0)


def asked(
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
) -> Answered:
    """Ask the web application as its server would."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "bridge",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    told: list[Any] = []

    def start_response(
        status: str, sent: list[tuple[str, str]], _error: Any = None
    ) -> Callable[[bytes], object]:
        told[:] = [int(status[:3]), dict(sent)]
        return lambda _data: None

    chunks = web().wsgi_app(environ, start_response)
    raw = b"".join(chunks)
    status, sent = told
    try:
        answer = from_json(raw)
    except ValueError:
        answer = None
    return Answered(status, answer, sent.get("ETag"))


def webhook(hook: Hook) -> Answered:
    """Send a webhook, signed by its shop."""
    store = files().stores[hook.order.store]
    headers = PLATFORMS[store.platform].sign(
        hook.body,
        store.secrets[0],
        topic=hook.topic,
        store=store,
        webhook_id=hook.webhook_id,
    )
    return asked("POST", f"/webhooks/{store.name}", hook.body, headers)


def admin(method: str, path: str, body: Any, if_match: str | None) -> Answered:
    """Call the admin API as the operator."""
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "application/json",
    }
    if if_match is not None:
        headers["If-Match"] = if_match
    raw = b"" if body is None else to_json(body)
    return asked(method, f"/admin/api{path}", raw, headers)


# --------------------------------------------------------------- stand-ins


@contextmanager
def standing_in(
    observed: Callable[[str, Mapping[str, Scalar]], None],
) -> Iterator[None]:
    """
    Replace what would write real lines.

    Args:
        observed: gets what the bridge says of itself.
    """

    def write(level: Level, name: str, fields: Mapping[str, Scalar]) -> None:
        observed(f"{level} {name}", fields)

    kept = bridge.observe._write  # noqa: SLF001
    bridge.observe._write = write  # noqa: SLF001
    try:
        yield
    finally:
        bridge.observe._write = kept  # noqa: SLF001
        BEHIND.journal = None
