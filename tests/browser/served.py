"""A console over a journal of our own, whose clock is moved by tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from werkzeug.serving import make_server


@dataclass(frozen=True, slots=True)
class Served:
    """Where a console is, and the token that lets one in."""

    url: str
    token: str


@contextmanager
def served(app: Flask, token: str) -> Iterator[Served]:
    """Serve *app* on this machine until the block ends."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", token)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
