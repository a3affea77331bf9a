"""
What went wrong, told each caller in its own form.

A store gets a constant word, a machine problem+json, a person a page.

Source: RFC 9457.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, render_template, request
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from werkzeug.exceptions import HTTPException

from bridge.errors import Conflict, JournalError
from bridge.web import webhooks

MEDIA_TYPE = "application/problem+json"

Responses = dict[
    str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None
]
"""Answers by status, as OpenAPI is told of them."""

RETRY_AFTER_S = 5


class Fault(BaseModel):
    """One field that is wrong."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """Why a request was not done."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="stable; what a program looks at")
    detail: str
    errors: list[Fault] = []


def add_error_answers(app: Flask) -> None:
    """Let *app* answer whatever goes wrong."""
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(JournalError, _no_journal)
    app.register_error_handler(HTTPException, _http)


def unauthorized() -> Response:
    """Return the answer to whoever has no token: always the same."""
    return _problem(
        401,
        "unauthorized",
        "An admin token is needed: Authorization: Bearer <token>",
        headers={"WWW-Authenticate": "Bearer"},
    )


def invalid(error: ValidationError) -> Response:
    """Return the answer to a request with wrong fields; echoes nothing."""
    faults = [
        Fault(field=".".join(map(str, fault["loc"])), message=fault["msg"])
        for fault in error.errors(
            include_url=False, include_input=False, include_context=False
        )
    ]
    fields = ", ".join(fault.field or "body" for fault in faults)
    return _problem(422, "invalid", f"Wrong: {fields}", faults=faults)


def documented(*statuses: int) -> Responses:
    """Return these answers as OpenAPI wants them described."""
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def _conflict(error: Conflict) -> Response:
    detail = str(error) or (type(error).__doc__ or "")
    return _told(error.status, error.code, detail)


def _no_journal(_error: JournalError) -> Response:
    return _told(
        503,
        "journal_unavailable",
        "The journal can not be used now: try again in a moment.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {
        name: value
        for name, value in error.get_headers()
        if name in {"Allow", "Retry-After"}
    }
    code = HTTPStatus(status).name.lower()
    return _told(status, code, HTTPStatus(status).description, headers)


def _told(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer in the form of the door that was knocked at."""
    if request.path.startswith(f"{webhooks.PREFIX}/"):
        return _to_store(status, code)
    if request.path.startswith("/console"):
        page = render_template(
            "problem.html", status=status, code=code, detail=detail
        )
        return Response(page, status, headers)
    return _problem(status, code, detail, headers=headers)


def _to_store(status: int, code: str) -> Response:
    """Answer who knocked at a store's door, and missed it."""
    return Response(
        webhooks.said(code), status, content_type="application/json"
    )


def _problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    details = ProblemDetails(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=faults or [],
    )
    body = to_json(details)
    return Response(body, status, headers, content_type=MEDIA_TYPE)
