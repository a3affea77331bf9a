"""
Who decides: a person with the targets' panels before her, mostly right.

She looks at the list of what waits for a person, and at the target itself
before she says that something exists or does not. Now and then she is
wrong; that is written down as hers.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.campaign.simulation import stage
from bench.campaign.simulation.faults import Kind
from bench.campaign.simulation.sites import Site
from bench.campaign.simulation.stage import Answered
from bench.campaign.simulation.world import World
from bridge.journal.protocol import DeliveryFilter
from bridge.model import Instant
from bridge.orders.document import iso

K = Kind

LOOKS_MS = 60_000
"""She looks at a target only when nothing can still be on its way: its
timeout and its settling time are behind, since she first saw it."""

Place = tuple[str, str]
"""A target and an order, as the target knows it."""


class Operator:
    """
    One operator.

    Args:
        approved: creates beyond the first that she took upon herself.
        excused: where she decided against what the order asks for.
        taken_stale: decisions on an old version that were taken.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._first_seen: dict[tuple[int, int], int] = {}
        self.diligent = True
        self.approved: Counter[Place] = Counter()
        self.excused: set[Place] = set()
        self.taken_stale: list[int] = []
        self.acting = 0
        self._rest = 8_000

    def begin(self) -> None:
        """Start to work."""
        self._world.outsider("operator", self._work)

    def _work(self) -> None:
        world = self._world
        while True:
            world.pause(world.now + self._next_look())
            self.acting += 1
            self._open_gates()
            self._decide_all()
            self._redeliver()
            self.acting -= 1

    def _next_look(self) -> int:
        """Return how long until she looks again: she goes home at night."""
        if not self._world.luck.people_too:
            return self._world.dice.randint(8_000, 40_000)
        rest, self._rest = self._rest, min(self._rest * 2, 3_600_000)
        return rest

    def _ask(
        self, method: str, path: str, body: Any = None, if_match: Any = None
    ) -> Answered:
        return self._world.ask(
            lambda: stage.admin(method, path, body, if_match)
        )

    # -- targets

    def _open_gates(self) -> None:
        """Look at the gates when one is shut, or she wants to shut one."""
        world = self._world
        pauses = world.luck.strikes(K.PAUSE)
        rows = world.aside(world.journal.targets)
        if not pauses and not any(row.paused for row in rows):
            return
        answer = self._ask("GET", "/targets")
        gates = answer.body["items"] if answer.status == 200 else []
        for gate in gates:
            site = world.sites[gate["name"]]
            if gate["paused"] and world.now >= site.refuses_until:
                self._gate(site, "resume")
        if pauses and gates:
            name = world.dice.choice([gate["name"] for gate in gates])
            self._gate(world.sites[name], "pause")

    def _gate(self, site: Site, what: str) -> None:
        answer = self._ask(
            "POST", f"/targets/{site.name}/{what}", {"reason": "simulated"}
        )
        self._world.tell("gate", site.name, what, answer.status)

    # -- what waits for a person

    def _decide_all(self) -> None:
        """Look at the list when there is something to be decided."""
        due = {key for key in self._waiting() if self._is_to_be_decided(key)}
        if not due:
            return
        answer = self._ask("GET", "/deliveries?attention=true&limit=200")
        for item in answer.body["items"] if answer.status == 200 else ():
            if (item["id"], item["version"]) in due:
                self._hold_or_decide(item)

    def _waiting(self) -> list[tuple[int, int]]:
        """Return what waits for her, by its number and version."""
        waits = DeliveryFilter(attention=True)
        found = self._world.aside(
            lambda: self._world.journal.deliveries(
                waits, before=None, limit=200
            )
        )
        return [(one.id, one.version) for one in found]

    def _is_to_be_decided(self, key: tuple[int, int]) -> bool:
        if key not in self._first_seen:
            self._rest = 30_000
        seen = self._first_seen.setdefault(key, self._world.now)
        if self._world.now - seen < LOOKS_MS:
            return False
        if self._world.luck.people_too:
            return self.diligent
        return self._world.dice.random() < 0.8

    def _decide(self, item: Mapping[str, Any]) -> None:
        if item["operation"] in {"ask", "changed"}:
            if self._world.dice.random() < 0.5:
                self._resolve(item, "done")
            return
        wrong = None
        if item["reason"] != "link_missing":
            wrong = self._world.luck.among(K.WRONG_CANCEL, K.WRONG_DONE)
        if wrong is not None:
            self.excused.add(_place(item))
            decision = "cancel" if wrong is K.WRONG_CANCEL else "done"
            self._resolve(item, decision)
        elif item["operation"] == "create_order":
            self._decide_create(item)
        elif item["reason"] == "came_back" or item["state"] == "dead":
            self.excused.add(_place(item))
            self._resolve(item, "resend")

    def _hold_or_decide(self, item: Mapping[str, Any]) -> None:
        if item["reason"] == "on_hold":
            self._resolve(item, "release")
        elif self._world.luck.strikes(K.HOLD):
            self._resolve(item, "hold", until=self._some_time())
        else:
            self._decide(item)

    def _some_time(self) -> str | None:
        """Return until when she holds it; None: until she lets it go."""
        wait = self._world.dice.choice([0, 5_000, 120_000])
        return iso(Instant(self._world.now + wait)) if wait else None

    def _decide_create(self, item: Mapping[str, Any]) -> None:
        if item["state"] == "held":
            if item["reason"] == "came_back":
                self.approved[_place(item)] += 1
                self._resolve(item, "resend")
            return
        site = self._world.sites[item["target"]]
        there = site.applied("create_order", item["order_id"])
        if not there:
            self._world.luck.hit(K.RIGHT_RESEND)
            self._resolve(item, "resend")
        elif self._world.luck.strikes(K.WRONG_RESEND):
            self.approved[_place(item)] += 1
            self._resolve(item, "resend")
        else:
            self._world.luck.hit(K.RIGHT_EXISTS)
            name = "rayo_order" if site.name == "rayo-mx" else "every_order"
            links = {name: str(there[-1].reference)}
            self._resolve(item, "exists", links)

    def _resolve(
        self,
        item: Mapping[str, Any],
        decision: str,
        links: Mapping[str, str] | None = None,
        until: str | None = None,
    ) -> None:
        luck, world = self._world.luck, self._world
        path = f"/deliveries/{item['id']}/resolve"
        body: dict[str, Any] = {"decision": decision, "reason": "simulated"}
        if links:
            body["links"] = links
        if until:
            body["until"] = until
        version = f'"{item["version"]}"'
        if luck.strikes(K.STALE):
            old = f'"{item["version"] - 1}"'
            answer = self._ask("POST", path, body, old)
            if answer.status == 200:
                self.taken_stale.append(item["id"])
        if luck.strikes(K.DOUBLE_CLICK):
            world.outsider(
                "click", lambda: self._ask("POST", path, body, version)
            )
        answer = self._ask("POST", path, body, version)
        world.tell("resolve", item["id"], decision, answer.status)

    # -- what is sent again

    def _redeliver(self) -> None:
        luck, dice = self._world.luck, self._world.dice
        kind = luck.among(K.REDELIVER, K.REDELIVER_FORCE)
        if kind is None:
            return
        answer = self._ask("GET", "/deliveries?limit=100")
        items = answer.body["items"] if answer.status == 200 else []
        if not items:
            return
        item = items[dice.randrange(len(items))]
        place, force = _place(item), kind is K.REDELIVER_FORCE
        self.excused.add(place)
        if force and item["operation"] == "create_order":
            self.approved[place] += 1
        told = self._ask(
            "POST",
            f"/deliveries/{item['id']}/redeliver",
            {"reason": "simulated", "force": force},
        )
        self._world.tell("redeliver", item["id"], force, told.status)

    def force(self, operation: str) -> None:
        """Send a call again that was done, upon herself."""
        self._world.outsider("force", lambda: self._force(operation))

    def _force(self, operation: str) -> None:
        self.acting += 1
        answer = self._ask("GET", "/deliveries?limit=100")
        while answer.status != 200:
            self._world.pause(self._world.now + 1_000)
            answer = self._ask("GET", "/deliveries?limit=100")
        for item in answer.body["items"]:
            if item["operation"] == operation:
                self.approved[_place(item)] += 1
                self._ask(
                    "POST",
                    f"/deliveries/{item['id']}/redeliver",
                    {"reason": "simulated", "force": True},
                )
        self.acting -= 1


def _place(item: Mapping[str, Any]) -> Place:
    return item["target"], item["order_id"]
