"""
The stores' side: sends the tellings late, twice, out of order, until taken.

Every telling is noted with what became of it, in `sent.jsonl`.
"""

import hashlib
import heapq
import http.client
import itertools
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.campaign.histories import SENT, Sent, line_of
from bench.campaign.lives import SHOPS, Life, Telling
from bench.processes import signed

SENDERS = 14
TIMEOUT_S = 10.0
"""Longer than the bridge takes to say that it can not."""

RETRY_S = (0.05, 0.3)
BREATH_S = 0.05
"""After a refusal a sender rests: a storm would only slow the restart."""

BETWEEN_S = 0.2
"""Between one telling of an order and the next, when nothing is late."""

LATE_SHARE, LATE_S = 0.1, 8.0
COPY_SHARE, COPY_S = 0.08, 4.0
AGAIN_SHARE = 0.02
"""Of the tellings, so many come again under another webhook id."""

HASTY_SHARE = 0.01
"""Of the webhooks, so many are not sent again when they were not taken."""

UNDER_WAY = 1_500

YUJU_PER_S = 1.2
"""Calls that are planned for Yuju, which takes two a second."""

YUJU_CALLS = 2.2  # of an order, on average


@dataclass(slots=True)
class Webhook:
    """One webhook and what became of it so far."""

    id: str
    telling: Telling
    hasty: bool
    headers: dict[str, str] = field(repr=False)
    first_at: int = 0
    acked_at: int | None = None
    copies: int = 0
    waiting: int = 0


class Stores:
    """
    Three stores that send as fast as they are taken, until told to end.

    Args:
        port: of the bridge, on loopback.
        seed: of what is sent, in which order and how late.
        under_way: so many sendings are planned ahead; it holds the load to
            what is taken.
    """

    def __init__(
        self,
        port: int,
        folder: Path,
        *,
        seed: int,
        under_way: int = UNDER_WAY,
    ) -> None:
        self._port = port
        self._under_way = under_way
        self._dice = random.Random(seed)
        self._heap: list[tuple[float, int, Webhook]] = []
        self._turns = itertools.count()
        self._lock = threading.Condition()
        self._numbers = itertools.count(1)
        self._began = time.monotonic()
        self._yuju_calls = 0.0
        self._line = (folder / SENT).open("wb")
        self._opening, self._ending = True, False
        self.is_held = False
        self._is_cut_off = False
        self.acked = 0
        self.refused = 0
        self.taken_begun_at = 0.0
        """When the newest try that was acknowledged began; monotonic."""
        self._threads = [
            threading.Thread(target=self._send_all, daemon=True)
            for _ in range(SENDERS)
        ]
        for thread in [
            *self._threads,
            threading.Thread(target=self._open_orders, daemon=True),
        ]:
            thread.start()

    # -- what the campaign tells it

    def stop(self, *, seconds: float = 120) -> None:
        """Open no more orders; send what is open, now, until it is taken."""
        self._opening = False
        with self._lock:
            self._heap = [(0.0, turn, one) for _, turn, one in self._heap]
            self._dice.shuffle(self._heap)
            heapq.heapify(self._heap)
            self._lock.notify_all()
        ends = time.monotonic() + seconds
        while self._left() and time.monotonic() < ends:
            time.sleep(0.1)
        with self._lock:
            self._ending = True
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(timeout=TIMEOUT_S + 5)
        for webhook in {id(one): one for _, _, one in self._heap}.values():
            self._note(webhook)
        self._line.close()

    @property
    def is_cut_off(self) -> bool:
        """Whether no answer reaches them: of a machine without power."""
        return self._is_cut_off

    @is_cut_off.setter
    def is_cut_off(self, cut_off: bool) -> None:
        with self._lock:
            self._is_cut_off = cut_off

    def _left(self) -> int:
        with self._lock:
            return len(self._heap)

    # -- orders

    def _open_orders(self) -> None:
        while self._opening:
            if self.is_held or self._left() >= self._under_way:
                time.sleep(0.05)
                continue
            self._open(next(self._numbers))

    def _open(self, number: int) -> None:
        life = Life(
            number,
            self._store(),
            began=int(time.time()) - 600,
            dice=self._dice,
        )
        at = time.monotonic() + self._dice.random()
        for place, telling in enumerate(life.tellings()):
            due = at + place * BETWEEN_S * self._dice.uniform(0.5, 1.5)
            if self._dice.random() < LATE_SHARE:
                due += self._dice.uniform(0, LATE_S)
            self._plan(telling, due, id=f"{telling.order}-{place}")
            if self._dice.random() < AGAIN_SHARE:
                self._plan(telling, due, id=f"{telling.order}-{place}-again")

    def _store(self) -> str:
        """Yuju gets no more than it can take; the others share the rest."""
        planned = YUJU_PER_S * (time.monotonic() - self._began)
        if self._yuju_calls < planned:
            self._yuju_calls += YUJU_CALLS
            return "mercado"
        return self._dice.choice(("tienda", "tienda", "envios"))

    def _plan(self, telling: Telling, due: float, *, id: str) -> None:
        headers = signed(telling.body, webhook_id=id, topic=telling.topic)
        headers["X-Shopify-Shop-Domain"] = SHOPS[telling.store]
        webhook = Webhook(
            id=id,
            telling=telling,
            hasty=self._dice.random() < HASTY_SHARE,
            headers=headers,
        )
        with self._lock:
            self._push(due, webhook)
            if self._dice.random() < COPY_SHARE:
                self._push(due + self._dice.uniform(0, COPY_S), webhook)

    def _push(self, due: float, webhook: Webhook) -> None:
        """Plan a sending; the caller holds the lock."""
        webhook.waiting += 1
        heapq.heappush(self._heap, (due, next(self._turns), webhook))
        self._lock.notify()

    # -- sending

    def _send_all(self) -> None:
        dice = random.Random(self._dice.random())
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=TIMEOUT_S
        )
        for webhook in self._due():
            began = time.monotonic()
            webhook.first_at = webhook.first_at or int(time.time() * 1000)
            taken = self._try(connection, webhook)
            self._after(webhook, began, dice, taken=taken)
            if not taken:
                time.sleep(BREATH_S)
        connection.close()

    def _due(self) -> Iterator[Webhook]:
        """Yield what is due, as it becomes due, until it is to end."""
        while True:
            with self._lock:
                if self._ending:
                    return
                due = self._heap[0][0] if self._heap else float("inf")
                left = due - time.monotonic()
                if left > 0:
                    self._lock.wait(min(left, 0.2))
                    continue
                webhook = heapq.heappop(self._heap)[2]
            yield webhook

    def _try(
        self, connection: http.client.HTTPConnection, webhook: Webhook
    ) -> bool:
        telling = webhook.telling
        path = f"/webhooks/{telling.store}"
        try:
            connection.request("POST", path, telling.body, webhook.headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        return answer.status == 200

    def _after(
        self,
        webhook: Webhook,
        began: float,
        dice: random.Random,
        *,
        taken: bool,
    ) -> None:
        with self._lock:
            webhook.waiting -= 1
            if taken and not self._is_cut_off:
                self.taken_begun_at = max(self.taken_begun_at, began)
                self.acked += not webhook.copies
                webhook.copies += 1
                webhook.acked_at = webhook.acked_at or int(time.time() * 1000)
            else:
                self.refused += 1
                if not webhook.hasty:
                    wait = dice.uniform(*RETRY_S)
                    self._push(time.monotonic() + wait, webhook)
            if not webhook.waiting:
                self._note(webhook)

    def _note(self, webhook: Webhook) -> None:
        """Write down what became of a webhook; the caller holds the lock."""
        telling = webhook.telling
        sent = Sent(
            webhook=webhook.id,
            order=telling.order,
            kind=telling.kind,
            version=telling.version,
            sha=hashlib.sha256(telling.body).hexdigest(),
            acked=webhook.acked_at is not None,
            at=webhook.first_at,
            acked_at=webhook.acked_at,
            copies=webhook.copies,
            store=telling.store,
            wants=telling.wants,
            passes=telling.passes,
        )
        self._line.write(line_of(sent))
