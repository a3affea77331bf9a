"""The web application, of its parts."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType

from flask import Flask, Response, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from jinja2 import StrictUndefined
from pydantic_core import to_json
from typing_extensions import override

from bridge.journal.protocol import Journal
from bridge.model import Instant
from bridge.observe import observe_broken
from bridge.settings import Settings
from bridge.sources.platform import Store
from bridge.targets.account import Target
from bridge.web.admin import PREFIX, SCHEME, Guard, admin
from bridge.web.console import add_console
from bridge.web.hardening import HARDENED, NOT_KEPT
from bridge.web.health import health
from bridge.web.parts import Parts
from bridge.web.problems import ProblemDetails, add_error_answers, invalid
from bridge.web.signers import Signers
from bridge.web.together import Threads, Waits
from bridge.web.webhooks import Door

LARGEST_FORM = 64 * 1024
"""Bytes of a body that an operator sends; webhooks have their own limit."""

ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)


def create_web(
    *,
    settings: Settings,
    stores: Callable[[], Mapping[str, Store]],
    targets: Callable[[], Mapping[str, Target]],
    journal: Journal,
    now: Callable[[], Instant],
    waits: Waits | None = None,
    signers: Signers | None = None,
) -> Flask:
    """
    Return the web application; nothing is opened until it is asked.

    Args:
        stores, targets: as the files say now; asked anew for each request.
        waits: how requests wait, in a server that has no threads for them.
        signers: which secrets are seen to sign; kept by whoever passes it.
    """
    parts = Parts(
        settings=settings,
        stores=stores,
        targets=targets,
        journal=journal,
        now=now,
        signers=signers or Signers(),
    )
    app = _Web(
        "bridge.web",
        info=Info(title="The bridge", version=_version()),
        security_schemes={SCHEME: {"type": "http", "scheme": "bearer"}},
        validation_error_callback=invalid,
        validation_error_model=ProblemDetails,
        doc_ui=False,
        static_folder=None,
    )
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.jinja_env.undefined = StrictUndefined
    # A store is never sent elsewhere.
    app.url_map.merge_slashes = False
    app.before_request(Guard(parts).check)
    app.after_request(_hardened)
    app.register_blueprint(health(parts))
    add_console(app, parts)
    app.register_api(admin(parts))
    add_error_answers(app)
    _describe(app)
    door = Door(parts, below=app.wsgi_app, waits=waits or Threads())
    app.wsgi_app = door  # type: ignore[method-assign]
    return app


class _Web(OpenAPI):
    """Says of what broke only its kind and its place."""

    @override
    def log_exception(self, exc_info: ExcInfo) -> None:
        _kind, error, _trace = exc_info
        if error is not None:
            observe_broken(error, endpoint=request.endpoint)


def _describe(app: OpenAPI) -> None:
    """Add the API's description, which never changes."""
    text = to_json(app.api_doc)

    def openapi() -> Response:
        return Response(text, mimetype="application/json")

    app.add_url_rule(f"{PREFIX}/openapi.json", view_func=openapi)


def _hardened(answer: Response) -> Response:
    for name, value in HARDENED.items():
        answer.headers.setdefault(name, value)
    if request.endpoint != "static" or answer.status_code != HTTPStatus.OK:
        answer.headers.update(NOT_KEPT)
    return answer


def _version() -> str:
    try:
        return version("bridge")
    except PackageNotFoundError:
        return "0"
