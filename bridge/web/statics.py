"""
The console's files: style, script, and what others made.

The address of each has its content's hash, so that browsers may keep it for
good and never show an old one.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from flask import Flask, Response, abort, url_for

PREFIX = "/console/static"
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}

_SERVED = {".css", ".js", ".svg"}


def add_statics(app: Flask) -> None:
    """Let *app* serve the files, and templates name them: `static(name)`."""
    app.add_url_rule(
        f"{PREFIX}/<mark>/<path:name>", "static", view_func=_served
    )
    app.jinja_env.globals["static"] = address


def address(name: str) -> str:
    """Return where a file is served, as it is now."""
    return url_for("static", mark=_mark(name), name=name)


def _served(mark: str, name: str) -> Response:
    if name not in _files() or mark != _mark(name):
        abort(404)
    kind = mimetypes.guess_type(name)[0]
    return Response(_files()[name], mimetype=kind, headers=KEPT)


@cache
def _mark(name: str) -> str:
    return hashlib.sha256(_files()[name]).hexdigest()[:16]


@cache
def _files() -> Mapping[str, bytes]:
    folder = resources.files("bridge.web").joinpath("static")
    return dict(_found(folder, ""))


def _found(folder: Traversable, above: str) -> list[tuple[str, bytes]]:
    found = []
    for one in folder.iterdir():
        name = f"{above}{one.name}"
        if one.is_dir():
            found += _found(one, f"{name}/")
        elif any(name.endswith(ending) for ending in _SERVED):
            found.append((name, one.read_bytes()))
    return found
