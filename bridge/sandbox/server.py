"""A request handler that keeps connections: threads, HTTP/1.1."""

from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler
from werkzeug.test import run_wsgi_app

IDLE_S = 30
"""How long a connection without a request is kept."""


class KeepAliveHandler(WSGIRequestHandler):
    """
    Answers several requests on one connection, as the vendors' servers do.

    werkzeug's own handler closes after each. This one may keep the
    connection because the sandbox reads every body to its end.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S

    @override
    def run_wsgi(self) -> None:
        self.environ = self.make_environ()
        chunks, status, headers = run_wsgi_app(
            self.server.app, self.environ, buffered=True
        )
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"".join(chunks))

    @override
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: the record tells all."""
