"""
A load generator: many kept connections, one thread, signed bodies.

    python -m bench.load PORT PATH --connections 32 --seconds 5

Runs in a process of its own and prints one line of JSON: how many answers
of 200, how many others, and the percentiles of the latency in milliseconds.
Requests are made before the clock starts.
"""

import argparse
import json
import selectors
import socket
import time
from dataclasses import dataclass, field

from bench.processes import order_body, signed

BODIES = 400
"""Bodies made beforehand; each is sent with a fresh webhook id every time."""


@dataclass(slots=True)
class Connection:
    socket: socket.socket
    began: float = 0.0
    received: bytes = field(default=b"")


class Requests:
    """Ready requests, each of another order."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._bodies = [order_body(number) for number in range(BODIES)]
        self._heads = [self._head(body) for body in self._bodies]
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
        return b"%s%d-%d%s" % (before, id(self), self._sent, after)


def run(
    port: int, path: str, *, connections: int, seconds: float
) -> dict[str, float]:
    """Send as fast as answers come; return counts and percentiles."""
    requests = Requests(path)
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        opened = socket.create_connection(("127.0.0.1", port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(opened, selectors.EVENT_READ, Connection(opened))
    latencies: list[float] = []
    others = 0
    began = time.perf_counter()
    for key in selector.get_map().values():
        _send(key.data, requests)
    ends = began + seconds
    while time.perf_counter() < ends:
        for key, _ in selector.select(timeout=0.5):
            connection: Connection = key.data
            connection.received += connection.socket.recv(65536)
            if not _whole(connection.received):
                continue
            latencies.append(time.perf_counter() - connection.began)
            others += not connection.received.startswith(b"HTTP/1.1 200")
            _send(connection, requests)
    took = time.perf_counter() - began
    return _summary(latencies, others, took)


def _send(connection: Connection, requests: Requests) -> None:
    connection.received = b""
    connection.began = time.perf_counter()
    connection.socket.sendall(requests.take())


def _whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return True


def _summary(
    latencies: list[float], others: int, took: float
) -> dict[str, float]:
    latencies.sort()

    def percentile(share: float) -> float:
        if not latencies:
            return 0.0
        place = min(len(latencies) - 1, int(len(latencies) * share))
        return round(latencies[place] * 1000, 2)

    return {
        "per_second": round((len(latencies) - others) / took, 1),
        "others": others,
        "p50_ms": percentile(0.5),
        "p99_ms": percentile(0.99),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    wanted = parser.parse_args()
    print(
        json.dumps(
            run(
                wanted.port,
                wanted.path,
                connections=wanted.connections,
                seconds=wanted.seconds,
            )
        )
    )
