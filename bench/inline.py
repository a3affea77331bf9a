"""
The yardstick of tutorials: a Flask route that calls the target itself.

    python -m bench.inline PORT TARGET

Verifies the signature, parses the order, posts a small body with one
`httpx.Client`, and answers when the target has. Under gunicorn, one worker
of 16 threads. Nothing is kept: what the target does not take is lost.
"""

import base64
import hashlib
import hmac
import json
import sys

import httpx
from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication
from typing_extensions import override

from bench.processes import SECRET

app = Flask(__name__)
client = httpx.Client(trust_env=False)
target = ""


@app.post("/inline")
def inline() -> Response:
    """Take one webhook and call the target."""
    body = request.get_data()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    told = request.headers["X-Shopify-Hmac-Sha256"]
    if not hmac.compare_digest(base64.b64encode(digest), told.encode()):
        return Response(status=401)
    order = json.loads(body)
    ship_to = order["shipping_address"]
    client.post(
        target,
        json={
            "productos": [
                {"identificador": line["sku"], "cantidad": line["quantity"]}
                for line in order["line_items"]
            ],
            "consumidor_destino": {
                "nombre": ship_to["name"],
                "calle": ship_to["address1"],
            },
        },
    ).raise_for_status()
    return Response("{}", mimetype="application/json")


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn as tutorials set it up."""

    @override
    def load_config(self) -> None:
        for name, value in {
            "bind": f"127.0.0.1:{sys.argv[1]}",
            "worker_class": "gthread",
            "threads": 16,
            "control_socket_disable": True,
            "loglevel": "warning",
        }.items():
            self.cfg.set(name, value)

    @override
    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    target = sys.argv[2]
    sys.argv = sys.argv[:2]
    Server().run()
