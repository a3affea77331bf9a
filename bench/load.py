"""
A load generator: many kept connections, one thread, signed bodies.

    python -m bench.load PORT PATH --connections 32 --seconds 5
    python -m bench.load PORT PATH --rate 300
    python -m bench.load PORT PATH --slow 200
    python -m bench.load PORT PATH --orders 5000 --first 0
    python -m bench.load PORT --answer

Runs in a process of its own and prints one line of JSON: how many answers
of 200 a second, how many others, and percentiles of the latency in
milliseconds. Bodies are made and signed before the clock starts.

- Without a rate, each connection sends as soon as it has its answer.
- At a rate, requests are due at fixed moments, and latency counts from
  those: a server that stands still is not asked less often for it.
- Slow clients say how long their body is and let it drip, until ended.
- `--answer` is no client but a server that only answers: what the generator
  reaches there is the most that it can measure.
"""

import argparse
import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bench.processes import order_body, signed

BODIES = 400
"""Bodies made beforehand; each is sent with a fresh webhook id every time."""

DRIP, DRIP_EVERY_S = 32, 0.25
"""Bytes, and how often: a body of 8 KB takes a minute."""

OK = b"HTTP/1.1 200"
ANSWER = OK + b" OK\r\nContent-Length: 2\r\n\r\n{}"


class Requests:
    """Ready requests, each of another order."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._bodies = [order_body(number) for number in range(BODIES)]
        self._heads = [self._head(body) for body in self._bodies]
        self._run = time.time_ns()
        self._sent = 0

    def _head(self, body: bytes) -> tuple[bytes, bytes]:
        headers = signed(body, webhook_id="@ID@", topic="orders/updated")
        lines = [f"POST {self._path} HTTP/1.1", "Host: bench"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        before, after = "\r\n".join(lines).encode().split(b"@ID@")
        return before, after + body

    def take(self) -> bytes:
        """Return the next request, with a webhook id of its own."""
        before, after = self._heads[self._sent % BODIES]
        self._sent += 1
        return b"%s%d-%d%s" % (before, self._run, self._sent, after)


class Orders:
    """Ready requests, each of an order that nobody has seen yet."""

    def __init__(self, path: str, first: int) -> None:
        self._path = path
        self._next = first

    def take(self) -> bytes:
        """Return the next order's webhook."""
        number, self._next = self._next, self._next + 1
        body = order_body(number)
        headers = signed(body, webhook_id=f"o-{number}", topic="orders/paid")
        lines = [f"POST {self._path} HTTP/1.1", "Host: bench"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body


@dataclass(slots=True)
class Connection:
    """One kept connection; *due* is when its request was to be sent."""

    socket: socket.socket
    due: float = 0.0
    received: bytes = b""

    def ask(self, request: bytes, due: float) -> None:
        """Send a request."""
        self.received, self.due = b"", due
        self.socket.sendall(request)

    def has_answer(self) -> bool:
        """Read what came; return whether the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            message = "the server hung up"
            raise ConnectionError(message)
        self.received += part
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return False
        at = head.lower().find(b"content-length:")
        length = head[at + 15 :].split(b"\r\n", 1)[0] if at >= 0 else b"0"
        return len(body) >= int(length)


class Load:
    """
    What comes over *connections* to one address.

    Args:
        take: gives the next request.
    """

    def __init__(
        self, port: int, connections: int, take: Callable[[], bytes]
    ) -> None:
        self._take = take
        self._selector = selectors.DefaultSelector()
        self._idle = deque(connected(port) for _ in range(connections))
        for one in self._idle:
            self._selector.register(one.socket, selectors.EVENT_READ, one)
        self._latencies: list[float] = []
        self._others = 0

    def run(
        self, seconds: float, rate: float | None, most: int | None = None
    ) -> dict[str, float]:
        """Send for so long, or so many; return counts and percentiles."""
        began = time.perf_counter()
        ends, due = began + seconds, began
        most = most or 2**62
        while (now := time.perf_counter()) < ends:
            if len(self._latencies) >= most:
                break
            if rate is None:
                due = now
                while self._idle:
                    self._idle.popleft().ask(self._take(), now)
            else:
                while self._idle and due <= now:
                    self._idle.popleft().ask(self._take(), due)
                    due += 1 / rate
            self._hear(max(0.0, due - now) if self._idle else 0.5)
        return self._summary(time.perf_counter() - began)

    def _hear(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            connection: Connection = key.data
            if connection.has_answer():
                took = time.perf_counter() - connection.due
                self._latencies.append(took)
                self._others += not connection.received.startswith(OK)
                self._idle.append(connection)

    def _summary(self, took: float) -> dict[str, float]:
        found = sorted(self._latencies)

        def percentile(share: float) -> float:
            place = min(len(found) - 1, int(len(found) * share))
            return round(found[place] * 1000, 3) if found else 0.0

        return {
            "per_second": round((len(found) - self._others) / took, 1),
            "others": self._others,
            "p50_ms": percentile(0.5),
            "p99_ms": percentile(0.99),
            "max_ms": percentile(1),
        }


def connected(port: int) -> Connection:
    """Return a connection to a port of loopback."""
    opened = socket.create_connection(("127.0.0.1", port))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(opened)


def drip(port: int, clients: int, take: Callable[[], bytes]) -> None:
    """Be so many slow clients, until ended."""
    open_now: list[tuple[Connection, bytes]] = []
    while True:
        while len(open_now) < clients:
            request = take()
            whole_head = request.index(b"\r\n\r\n") + 4
            connection = connected(port)
            connection.socket.sendall(request[:whole_head])
            open_now.append((connection, request[whole_head:]))
        open_now = [
            (one, rest[DRIP:]) for one, rest in open_now if dripped(one, rest)
        ]
        time.sleep(DRIP_EVERY_S)


def dripped(connection: Connection, rest: bytes) -> bool:
    """Send a little; return whether there is more to come."""
    try:
        connection.socket.sendall(rest[:DRIP])
    except OSError:  # it lost patience
        return False
    if len(rest) <= DRIP:
        connection.socket.close()
    return len(rest) > DRIP


def answer(port: int) -> None:
    """Be a server that only answers, until ended."""
    selector = selectors.DefaultSelector()
    door = socket.create_server(("127.0.0.1", port), backlog=128)
    selector.register(door, selectors.EVENT_READ, None)
    missing: dict[int, int] = {}
    while True:
        for key, _ in selector.select():
            if key.data is None:
                taken, _ = door.accept()
                taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(taken, selectors.EVENT_READ, taken)
            else:
                _answer(key.data, selector, missing)


def _answer(
    wire: socket.socket,
    selector: selectors.BaseSelector,
    missing: dict[int, int],
) -> None:
    part = wire.recv(65536)
    if not part:
        selector.unregister(wire)
        wire.close()
        return
    lacks = missing.pop(wire.fileno(), 0)
    if not lacks:
        head, _, part = part.partition(b"\r\n\r\n")
        at = head.find(b"Content-Length:")
        lacks = int(head[at + 15 :].split(b"\r\n", 1)[0])
    if len(part) < lacks:
        missing[wire.fileno()] = lacks - len(part)
    else:
        wire.sendall(ANSWER)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path", nargs="?", default="/")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--orders", type=int, help="so many new orders")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--answer", action="store_true")
    wanted = parser.parse_args()
    if wanted.answer:
        answer(wanted.port)
    take = Requests(wanted.path).take
    if wanted.slow:
        drip(wanted.port, wanted.slow, take)
    if wanted.orders:
        # made beforehand: what is measured is not the making
        orders = Orders(wanted.path, wanted.first)
        ready = [orders.take() for _ in range(wanted.orders)]
        take = (one for one in [*ready, *ready[:1000]]).__next__
    load = Load(wanted.port, wanted.connections, take)
    print(json.dumps(load.run(wanted.seconds, wanted.rate, wanted.orders)))


if __name__ == "__main__":
    main()
