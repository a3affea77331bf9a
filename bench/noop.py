"""
The yardstick: a Flask route that reads the body and says 200.

    python -m bench.noop PORT

runs it under the same gunicorn, set up as the bridge's.
"""

import os
import sys

from flask import Flask, request

app = Flask(__name__)


@app.post("/noop")
def noop() -> str:
    """Read and answer."""
    return str(len(request.get_data()))


if __name__ == "__main__":
    from bridge.serving import run_web
    from bridge.settings import read_settings

    environ = {**os.environ, "BRIDGE_PORT": sys.argv[1]}
    run_web(read_settings(environ), lambda: app)
