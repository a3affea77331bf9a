"""
A target that answers at once: Rayo's token and create, and nothing else.

    python -m bench.target PORT

The sandbox is a careful server; this one costs as little as it can, so that
what is measured is the sender.
"""

import asyncio
import base64
import json
import sys
import time
import uuid


def _token() -> str:
    def part(value: dict[str, object]) -> str:
        raw = json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    expiry = int(time.time()) + 3600
    return f"{part({'alg': 'none'})}.{part({'exp': expiry})}.x"


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer requests on one connection until it is closed."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if length:
                await reader.readexactly(length)
            if b"/auth " in head.split(b"\r\n", 1)[0]:
                body = json.dumps(
                    {"AuthWithAPIkey": {"accessToken": _token()}}
                ).encode()
            else:
                body = b'{"orden":{"ordenRef":"%s"}}' % (
                    str(uuid.uuid4()).encode()
                )
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
