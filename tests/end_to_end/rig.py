"""
The whole road in one process: real wiring, real SQLite, real sockets.

A `Rig` has the shipped mappings beside stores and targets that point at a
sandbox of its own, the web application, and a worker that is stepped.
"""

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge import compose
from bridge.journal.opening import open_journal
from bridge.journal.protocol import DeliveryFilter, EventFilter
from bridge.model import LIVE, Delivery, DeliveryState
from bridge.sandbox.app import sandbox_server
from bridge.settings import load_stores as stores_of
from bridge.settings import sample_reader, secrets_from
from bridge.sources.register import PLATFORMS

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "mappings"
TOKEN = "t" * 40
SECRETS = {
    "CAFE_MX_SECRET": "cafe-secret",
    "CHOCOLATE_CO_SECRET": "chocolate-secret",
    "ARTESANIAS_MX_SECRET": "artesanias-secret",
    "CALZADO_CO_SECRET": "calzado-secret",
    "RAYO_API_KEY": "sandbox-rayo-key",
    "EVERY_TOKEN": "sandbox-every-token",
    "YUJU_TOKEN": "sandbox-yuju-token",
}
AT_REST = {
    DeliveryState.SUCCEEDED,
    DeliveryState.HELD,
    DeliveryState.DEAD,
    DeliveryState.UNCERTAIN,
    DeliveryState.CANCELLED,
    DeliveryState.SUPERSEDED,
    DeliveryState.UNCHANGED,
    DeliveryState.WAITING,
}
WAITS = {DeliveryState.PENDING, DeliveryState.SETTLING}

_sample = sample_reader(SHIPPED)


def targets_yaml(
    sandbox: str,
    *,
    timeout: int = 2,
    more: Mapping[str, str] | None = None,
) -> str:
    """
    Return a targets.yaml that points at the sandbox.

    Args:
        more: lines of settings by target's name.
    """
    said = more or {}
    entry = (
        "{name}:\n"
        "  api: {api}\n"
        "  base_url: {sandbox}/{api}\n"
        "  timeout: {timeout}\n"
        "{settle}"
        "  credentials: {{ {key}: '${{{secret}}}' }}\n"
    )
    rows = (
        ("rayo-mx", "rayo", "api_key", "RAYO_API_KEY"),
        ("every-co", "every", "token", "EVERY_TOKEN"),
        ("yuju-mx", "yuju", "token", "YUJU_TOKEN"),
    )
    return "".join(
        entry.format(
            name=name,
            api=api,
            key=key,
            secret=secret,
            sandbox=sandbox,
            timeout=timeout,
            settle="" if "settle:" in said.get(name, "") else "  settle: 0\n",
        )
        + said.get(name, "")
        for name, api, key, secret in rows
    )


def copy_mappings(folder: Path, sandbox: str) -> None:
    """Put the shipped mappings there, with targets at the sandbox."""
    folder.mkdir(parents=True)
    for path in SHIPPED.glob("*.yaml"):
        if path.name != "targets.yaml":
            shutil.copy(path, folder)
    (folder / "targets.yaml").write_text(targets_yaml(sandbox))


def sample(name: str) -> dict[str, Any]:
    """Return a sample's body."""
    return dict(json.loads(_sample(name).body))


def changed(name: str, /, **change: Any) -> bytes:
    """Return a sample's body with some of its keys set."""
    return json.dumps({**sample(name), **change}).encode()


class Rig:
    """
    One bridge and one sandbox; `close` ends both.

    Args:
        environ: besides `SECRETS`; `NAME_FILE` takes the place of `NAME`.
    """

    def __init__(self, folder: Path, **environ: str) -> None:
        self._server = sandbox_server(
            "127.0.0.1",
            0,
            now=compose.now,
            random_uuid=compose.random_uuid,
        )
        self.sandbox = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, daemon=True
        ).start()
        self.mappings = folder / "mappings"
        copy_mappings(self.mappings, self.sandbox)
        self.environ = {
            **SECRETS,
            "BRIDGE_DATABASE": f"sqlite:///{folder / 'bridge.db'}",
            "BRIDGE_MAPPINGS": str(self.mappings),
            "BRIDGE_ADMIN_TOKENS": f"ana:{TOKEN}",
        }
        for name in environ:
            self.environ.pop(name.removesuffix("_FILE"), None)
        self.environ.update(environ)
        self.journal = open_journal(self.environ["BRIDGE_DATABASE"])
        self.journal.migrate()
        self.web = compose.web(self.environ).test_client()
        self.worker = compose.worker(self.environ)
        self.stores = stores_of(self.mappings, secrets_from(self.environ))
        self._later = 0

    def close(self) -> None:
        """End the worker's threads and the sandbox."""
        self.later(-self._later)
        self.worker.close()
        self.web.application.extensions["files"].close()
        self.journal.close()
        self.stop_sandbox()

    def stop_sandbox(self) -> None:
        """Let nobody listen where the targets are."""
        self._server.shutdown()
        self._server.server_close()

    def restart(self, **settings: str) -> None:
        """
        Let another worker take over, with other settings of its targets.

        Args:
            settings: lines of targets.yaml by target, `-` written as `_`.
        """
        more = {
            name.replace("_", "-"): f"  {lines}\n"
            for name, lines in settings.items()
        }
        text = targets_yaml(self.sandbox, more=more)
        (self.mappings / "targets.yaml").write_text(text)
        self.worker.close()
        self.worker = compose.worker(self.environ)

    def map_to_every(self, rules: str) -> None:
        """Give the chocolate shop other rules than the shipped ones."""
        head = "from: chocolate-co\nto: every-co\nsince: 2026-11-01\nrules:\n"
        path = self.mappings / "chocolate-co-every.yaml"
        path.write_text(head + rules)

    def later(self, milliseconds: int) -> None:
        """Let time pass, for the bridge and the sandbox alike."""
        self._later += milliseconds
        compose.now.skip(milliseconds)

    # -- the store's side

    def send(
        self,
        store: str,
        sample: str,
        *,
        topic: str | None = None,
        body: bytes | None = None,
        webhook_id: str | None = None,
    ) -> int:
        """Send a sample as the store would; return the answer's status."""
        found = _sample(sample)
        body = found.body if body is None else body
        return self.post(
            store,
            body,
            topic=topic or _topic(found.headers),
            webhook_id=webhook_id or f"{sample}-{len(body)}-{topic}",
        )

    def post(
        self, store: str, body: bytes, *, topic: str, webhook_id: str
    ) -> int:
        """Send a signed body; return the answer's status."""
        shop = self.stores[store]
        headers = PLATFORMS[shop.platform].sign(
            body,
            shop.secrets[0],
            topic=topic,
            store=shop,
            webhook_id=webhook_id,
        )
        answer = self.web.post(
            f"/webhooks/{store}", data=body, headers=headers
        )
        return answer.status_code

    # -- the worker's side

    def settle(self, *, seconds: float = 15) -> list[Delivery]:
        """Work until nothing is under way; return all deliveries."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if not self.worker.step() and self._at_rest():
                return self.deliveries()
            time.sleep(0.005)
        message = f"not settled: {self.states()}"
        raise AssertionError(message)

    def settle_planning(self) -> None:
        """Plan, and send nothing, until every event has its plan."""
        while self.worker.plan() or self.journal.unplanned(1):
            pass

    def _at_rest(self) -> bool:
        """Nothing is under way, and nothing could be."""
        found = self.deliveries()
        unplanned = self.journal.unplanned(1) or self.journal.orders_due(
            compose.now(), 1
        )
        return not unplanned and all(
            delivery.state in AT_REST
            or (delivery.state in WAITS and _is_blocked(delivery, found))
            for delivery in found
        )

    def deliveries(self) -> list[Delivery]:
        """Return all deliveries, oldest first."""
        found = self.journal.deliveries(
            DeliveryFilter(), before=None, limit=1000
        )
        return list(reversed(found))

    def events(self) -> list[Any]:
        """Return all events with their bodies, newest first."""
        listed = self.journal.events(EventFilter(), before=None, limit=1000)
        return [self.journal.event(event.id) for event in listed]

    def states(self) -> dict[str, str]:
        """Return `mapping/rule` to its state and reason, newest last."""
        return {f"{d.mapping}/{d.rule}": _state(d) for d in self.deliveries()}

    # -- the operator's side

    def admin(
        self, method: str, path: str, **body: Any
    ) -> tuple[int, dict[str, Any]]:
        """Call the admin API; return status and body."""
        answer = self.web.open(
            f"/admin/api{path}",
            method=method,
            json=body or None,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        return answer.status_code, answer.get_json()

    # -- the sandbox's side

    def record(self) -> dict[str, Any]:
        """Return the sandbox's own record."""
        return self._sandbox("GET", "/sandbox/record")

    def arrivals(self, operation: str) -> list[dict[str, Any]]:
        """Return what arrived at the sandbox for one operation."""
        return [
            arrival
            for arrival in self.record()["arrivals"]
            if arrival["operation"] == operation
        ]

    def fault(self, api: str, fault: str, **more: Any) -> None:
        """Tell the sandbox to fail."""
        self._sandbox(
            "POST", "/sandbox/faults", {"api": api, "fault": fault, **more}
        )

    def import_to_every(self, **order: str) -> None:
        """Let Every have imported an order."""
        self._sandbox("POST", "/sandbox/every/orders", order)

    def heal(self) -> None:
        """Let the sandbox fail no more."""
        self._sandbox("DELETE", "/sandbox/faults")

    def _sandbox(
        self, method: str, path: str, body: Any = None
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.sandbox}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found


def _topic(headers: Any) -> str:
    with suppress(KeyError):
        return str(headers["X-Shopify-Topic"])
    return str(headers["X-WC-Webhook-Topic"])


def _state(delivery: Delivery) -> str:
    if delivery.reason:
        return f"{delivery.state.value}:{delivery.reason}"
    return delivery.state.value


def _is_blocked(delivery: Delivery, among: list[Delivery]) -> bool:
    return any(
        other.lane == delivery.lane
        and other.place < delivery.place
        and other.blocks
        and other.state in LIVE | {DeliveryState.DEAD}
        for other in among
    )
