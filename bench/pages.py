"""The console's pages as somebody who is logged in asks for them."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from flask.testing import FlaskClient

from bridge.journal.connection import sqlite3
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import Instant
from bridge.settings import load_stores, load_targets, read_settings
from bridge.web.factory import create_web

TOKEN = "0123456789abcdef0123456789abcdef"
MAPPINGS = Path(__file__).parents[1] / "mappings"
BLOCK_OF_A_FILE = 2
"""Its heads, and the first rows: later ones come while it is stored."""

Read = Callable[[], object]

ATTENTION = """
UPDATE deliveries SET
  state = CASE id % 8 WHEN 6 THEN 'uncertain' WHEN 7 THEN 'dead'
          ELSE 'held' END,
  reason = CASE id % 8 WHEN 0 THEN 'sku_unknown' WHEN 1 THEN 'address_unsure'
           WHEN 2 THEN 'value_missing' WHEN 3 THEN 'changed'
           WHEN 4 THEN 'move_not_allowed' WHEN 5 THEN 'asked'
           WHEN 6 THEN 'worker_lost' ELSE 'http_422' END
WHERE id > (SELECT MAX(id) - MAX(id) / 20 FROM deliveries)
  AND id <= (SELECT MAX(id) - MAX(id) / 50 FROM deliveries)
  AND id % 3 = 1 AND state = 'succeeded';
"""
"""Of two million 20,000 wait for a person, for eight reasons."""


def pages_of(
    journal: SQLiteJournal, path: Path, orders: int, now: Callable[[], Instant]
) -> Mapping[str, Read]:
    """Return what is asked for, by address."""
    settings = read_settings(
        {
            "BRIDGE_DATABASE": f"sqlite:///{path}",
            "BRIDGE_MAPPINGS": str(MAPPINGS),
            "BRIDGE_ADMIN_TOKENS": f"ana:{TOKEN}",
        }
    )
    stores = load_stores(MAPPINGS, lambda name: f"secret-{name}")
    targets = load_targets(MAPPINGS, lambda name: f"secret-{name}")
    app = create_web(
        settings=settings,
        stores=lambda: stores,
        targets=lambda: targets,
        journal=journal,
        now=now,
    )
    client = app.test_client()
    client.post("/console/login", data={"token": TOKEN})
    return {
        address: _page(client, address) for address in _addresses(path, orders)
    }


def _addresses(path: Path, orders: int) -> list[str]:
    whole = 6_000_000_000_000 + orders - orders // 25
    with closing(sqlite3.connect(str(path))) as db:
        (waits,) = db.execute(
            "SELECT MIN(id) FROM deliveries WHERE state = 'held' AND id >"
            " (SELECT MAX(id) - MAX(id) / 20 FROM deliveries)"
        ).fetchone()
    return [
        "/console/",
        "/console/fragments/now",
        "/console/fragments/day.json",
        "/console/attention",
        "/console/attention?target=rayo-mx",
        "/console/attention?reason=sku_unknown",
        "/console/attention?reason=worker_lost",
        f"/console/attention/{waits}",
        f"/console/search?q=%23{orders // 3}",
        "/console/search?q=nombre7+apellido8",
        "/console/search?q=4321",
        f"/console/search?q=guia{orders // 2}",
        f"/console/search?q={6_000_000_000_000 + orders // 2}",
        "/console/search?q=nadie+ninguno",
        f"/console/orders/cafe-mx/{whole}",
        "/console/orders/cafe-mx/6000000000500",
        "/console/events",
        "/console/events?store=artesanias-mx&topic=orders/edited",
        "/console/events.csv",
        "/console/events.csv?store=artesanias-mx",
        "/console/deliveries",
        "/console/deliveries?attention=true",
        "/console/deliveries?store=artesanias-mx&state=cancelled",
        "/console/deliveries?target=yuju-mx",
        "/console/deliveries?target=yuju-mx&state=pending",
        "/console/deliveries.csv?target=yuju-mx",
        "/console/targets",
        "/console/stores",
    ]


def _page(client: FlaskClient, address: str) -> Read:
    def ask() -> None:
        answer = client.get(address, buffered=False)
        found_one = "/search" in address and answer.status_code == 303
        assert found_one or answer.status_code == 200, address
        if ".csv" in address:
            parts = answer.iter_encoded()
            first = [next(parts, b"") for _ in range(BLOCK_OF_A_FILE)]
            assert first[-1], address
        else:
            assert answer.data, address
        answer.close()

    return ask
