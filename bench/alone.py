"""
What group commit is measured against: the door with a commit per webhook.

    python -m bench.alone PORT
"""

import os
import sys

from bench.noop import app
from bridge.compose import now
from bridge.journal.opening import open_journal
from bridge.serving import run_web, waits
from bridge.settings import load_stores, read_settings, secrets_from
from bridge.web.parts import Parts
from bridge.web.webhooks import Door


def main(port: str) -> None:
    """Serve until ended."""
    environ = {**os.environ, "BRIDGE_PORT": port}
    settings = read_settings(environ)
    stores = load_stores(settings.mappings, secrets_from(environ))
    parts = Parts(
        settings=settings,
        stores=lambda: stores,
        targets=dict,
        journal=open_journal(settings.database),
        now=now,
    )
    door = Door(parts, below=app.wsgi_app, waits=waits(), largest=1)
    run_web(settings, lambda: door)


if __name__ == "__main__":
    main(sys.argv[1])
