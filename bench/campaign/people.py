"""
The people of a campaign: one who reads the targets' own record, and decides.

An operator looks every half second at what the admin API shows as uncertain
or dead, looks into the sandbox's record, and decides rightly. What was
decided is noted in `decisions.jsonl`.
"""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from typing_extensions import override

from bench.campaign.histories import (
    CREATES,
    DECISIONS,
    Decision,
    Shown,
    Sight,
    instant,
    line_of,
    read_arrivals,
)
from bench.processes import Processes, Refused

LOOK_S = 0.5
AGE_MS = 3_000
"""A request may still be on its way for so long."""

PATIENCE_MS = 60_000
"""So long the bridge may ask the target by itself, before a person does."""

PAGE = 200

LINKS = {"rayo": "rayo_order", "every": "every_order"}
"""The link that a create at each target teaches."""

UNREACHED = (OSError, http.client.HTTPException, ValueError)


class Watch:
    """Reads what the sandbox writes down, as it comes."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._place = 0
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], str] = {}
        self.faults: Counter[str] = Counter()
        self.applied = 0
        self.newest_applied_t = 0.0
        """When the newest call came that was applied: the target's `t`."""

    def catch_up(self) -> None:
        """Read what was written since the last time."""
        if not self._record.exists():
            return
        with self._lock, self._record.open("rb") as lines:
            lines.seek(self._place)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._place += len(line)
                self._learn(from_json(line))

    def made(self, target: str, order: str) -> str | None:
        """Return the id that *target* gave to an order, if it has it."""
        return self._known.get((target, order))

    def _learn(self, line: dict[str, Any]) -> None:
        if line["fault"]:
            self.faults[line["fault"]] += 1
        if not line["applied"]:
            return
        self.applied += 1
        self.newest_applied_t = max(self.newest_applied_t, line["t"])
        if line["made"]:
            (arrival,) = read_arrivals([line])
            if arrival.order is not None:
                key = (arrival.target, arrival.order)
                self._known.setdefault(key, line["made"])


class Operator(threading.Thread):
    """Decides what the bridge can not, until told to leave."""

    def __init__(self, processes: Processes, watch: Watch) -> None:
        super().__init__(daemon=True, name="operator")
        self._processes = processes
        self._watch = watch
        self._notes = (processes.folder / DECISIONS).open("ab")
        self._leaving = threading.Event()
        self.decided: Counter[str] = Counter()
        self.resumed = 0

    def leave(self) -> None:
        """Decide no more."""
        self._leaving.set()
        self.join()
        self._notes.close()

    @override
    def run(self) -> None:
        while not self._leaving.wait(LOOK_S):
            try:
                self._look()
            except (*UNREACHED, Refused):
                continue

    def _look(self) -> None:
        for target in self._processes.admin("/targets")["items"]:
            if target["paused"]:
                self._act(f"/targets/{target['name']}/resume", {})
                self.resumed += 1
        for state in ("uncertain", "dead"):
            path = f"/deliveries?state={state}&limit={PAGE}"
            for item in self._processes.admin(path)["items"]:
                if self._is_ripe(item):
                    self._decide(item)

    def _is_ripe(self, item: Mapping[str, Any]) -> bool:
        now = time.time() * 1000
        age = now - (instant(item["updated_at"]) or 0)
        asks_at = instant(item["due_at"])
        asks_itself = (
            item["state"] == "uncertain"
            and asks_at is not None
            and asks_at > now - AGE_MS
        )
        return age > (PATIENCE_MS if asks_itself else AGE_MS)

    def _decide(self, item: Mapping[str, Any]) -> None:
        """Say that it exists when it does, and have it sent when not."""
        self._watch.catch_up()
        target, order = item["target"], item["order_id"]
        made = None
        if item["operation"] in CREATES:
            made = self._watch.made(target, order)
        body: dict[str, Any] = {"decision": "resend"}
        if made is not None:
            body = {"decision": "exists", "links": {LINKS[target]: made}}
        at = int(time.time() * 1000)
        try:
            self._act(
                f"/deliveries/{item['id']}/resolve", body, item["version"]
            )
        except Refused:  # it is another one by now
            return
        except UNREACHED:  # it may have been done
            pass
        self._note(item, body["decision"], at)

    def _act(
        self, path: str, body: dict[str, Any], version: int | None = None
    ) -> None:
        whole = {**body, "reason": "looked at the target's own record"}
        self._processes.admin(path, whole, version=version)

    def _note(self, item: Mapping[str, Any], decision: str, at: int) -> None:
        self.decided[decision] += 1
        made = Decision(
            order=item["order_id"],
            target=item["target"],
            operation=item["operation"],
            was=item["state"],
            decision=decision,
            at=at,
            delivery=item["id"],
        )
        self._notes.write(line_of(made))
        self._notes.flush()


# ------------------------------------------------------------------- sight


def seen(processes: Processes) -> Sight:
    """Return all that the admin API shows now: every delivery and event."""
    deliveries = [
        Shown(
            id=item["id"],
            order=item["order_id"],
            target=item["target"],
            operation=item["operation"],
            state=item["state"],
            reason=item["reason"],
            attention=item["attention"],
            due_at=instant(item["due_at"]),
        )
        for item in _listed(processes, "/deliveries")
    ]
    events = _listed(processes, "/events")
    targets = processes.admin("/targets")["items"]
    return Sight(
        at=int(time.time() * 1000),
        deliveries=deliveries,
        events=Counter(item["state"] for item in events),
        shas=[item["sha256"] for item in events],
        paused=frozenset(one["name"] for one in targets if one["paused"]),
    )


def _listed(processes: Processes, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = processes.admin(f"{path}?limit={PAGE}{cursor}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"
