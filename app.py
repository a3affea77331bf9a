"""gunicorn's door: `gunicorn app:app`."""

from bridge.compose import served

app = served()
