"""
A target that answers at once: Rayo's token and create, and nothing else.

    python -m bench.target PORT [--delay-ms 300]

The sandbox is a careful server; this one costs as little as it can, so that
what is measured is the sender. `GET /times` tells when each order came in,
in nanoseconds of the machine's monotonic clock.
"""

import argparse
import asyncio
import base64
import json
import re
import time
import uuid
from functools import partial

_ORDER = re.compile(rb'"SKU-(\d+)"')
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TIMES: dict[int, int] = {}


def _token() -> str:
    def part(value: dict[str, object]) -> str:
        raw = json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    expiry = int(time.time()) + 3600
    return f"{part({'alg': 'none'})}.{part({'exp': expiry})}.x"


async def serve(
    delay_s: float,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Answer requests on one connection until it is closed."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            asked = await reader.readexactly(_length(head))
            if order := _ORDER.search(asked):
                TIMES.setdefault(int(order[1]), time.monotonic_ns())
                await asyncio.sleep(delay_s)
            body = _answer(head.split(b"\r\n", 1)[0])
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def _answer(first: bytes) -> bytes:
    if b" /times " in first:
        return json.dumps(TIMES).encode()
    if b"/auth " in first:
        token = {"AuthWithAPIkey": {"accessToken": _token()}}
        return json.dumps(token).encode()
    return b'{"orden":{"ordenRef":"%s"}}' % str(uuid.uuid4()).encode()


async def main(port: int, delay_s: float) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(
        partial(serve, delay_s), "127.0.0.1", port, backlog=1024
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--delay-ms", type=float, default=0)
    told = parser.parse_args()
    asyncio.run(main(told.port, told.delay_ms / 1000))
