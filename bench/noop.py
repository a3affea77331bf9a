"""The yardstick: a Flask route that reads the body and says 200."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/noop")
def noop() -> str:
    """Read and answer."""
    return str(len(request.get_data()))
