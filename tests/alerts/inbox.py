"""A server that takes what is posted to it, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override


@dataclass
class Inbox:
    """What came, and what is answered next."""

    url: str = ""
    status: int = 200
    came: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def inbox() -> Iterator[Inbox]:
    """Run one on this machine."""
    kept = Inbox()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            kept.came.append(json.loads(self.rfile.read(size)))
            self.send_response(kept.status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}/secret-path"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
