"""
The sandbox as a web application, and its server.

Each API stands below its name (`/rayo`, `/every`, `/yuju`), so that a
target's `base_url` is this server's address and that name. What is under
`/sandbox` tells it to fail and says what arrived.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, make_server

from bridge.model import Instant
from bridge.sandbox.control import pages
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.server import KeepAliveHandler
from bridge.sandbox.simulator import CREDENTIALS
from bridge.targets.contract import Contract

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_sandbox(
    *,
    now: Callable[[], Instant],
    random_uuid: Callable[[], str],
    record_path: Path | None = None,
    wait: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Flask:
    """
    Return the sandbox as a Flask app.

    Args:
        record_path: gets one JSON line per request that arrived.
        wait: holds an answer back for so many seconds.
        monotonic: seconds; tells the times between arrivals.
    """
    sandbox = Sandbox(
        now=now,
        random_uuid=random_uuid,
        record_path=record_path,
        wait=wait,
        monotonic=monotonic,
    )
    app = Flask(__name__)
    app.before_request(_read_whole)
    for api, simulator in sandbox.simulators.items():
        _add_api(app, sandbox, api, simulator.contract)
    app.register_blueprint(pages(sandbox))
    app.register_error_handler(HTTPException, _plain)
    return app


def sandbox_server(
    host: str,
    port: int,
    record_path: Path | None = None,
    *,
    now: Callable[[], Instant],
    random_uuid: Callable[[], str],
) -> BaseWSGIServer:
    """
    Return a server that listens, and serves once it is told to.

    Args:
        port: 0 picks a free one, to be read from the server.
    """
    app = create_sandbox(
        now=now, random_uuid=random_uuid, record_path=record_path
    )
    return make_server(
        host, port, app, threaded=True, request_handler=KeepAliveHandler
    )


def _add_api(
    app: Flask, sandbox: Sandbox, api: str, contract: Contract
) -> None:
    """Route what *contract* describes, and catch all else below *api*."""
    calls = [
        (operation.name, operation.method, operation.path)
        for operation in contract.operations.values()
    ]
    if contract.exchange is not None:
        auth = contract.exchange.request(CREDENTIALS[api])
        calls.append((auth.operation, auth.method, auth.path))
    for name, method, path in calls:
        app.add_url_rule(
            f"/{api}{path.replace('{', '<').replace('}', '>')}",
            endpoint=f"{api}.{name}",
            methods=[method],
            view_func=partial(sandbox.serve, api, name),
        )
    app.add_url_rule(
        f"/{api}/<path:rest>",
        endpoint=f"{api}.unknown",
        methods=METHODS,
        view_func=partial(sandbox.unknown, api),
    )


def _read_whole() -> None:
    """Leave nothing of the body for the connection's next request."""
    request.get_data()


def _plain(error: HTTPException) -> tuple[str, int]:
    return f"{error}\n", error.code or 500
