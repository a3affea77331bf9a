"""gunicorn's door: `gunicorn app:app`."""

from bridge.compose import web

app = web()
