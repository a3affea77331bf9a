"""What a page is asked for: filters, numbers, the next page's address."""

import re
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from flask import (
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from bridge.web.console.choices import shown_at
from bridge.web.console.refusals import faults
from bridge.web.console.times import with_zone
from bridge.web.forms import Form
from bridge.web.parts import Parts

F = TypeVar("F", bound=Form)


def query_of(form: type[F]) -> F:
    """Return the page's filters; empty fields of its form mean all."""
    return form.model_validate(said())


def list_of(form: type[F], parts: Parts) -> F:
    """
    Return a list's filters; the page tells times as they are at its store.

    An address whose times have no zone leads to the same one with them, so
    that whoever is given it sees the same list.
    """
    shown_at(parts, request.args.get("store", ""))
    asked = said()
    zoned = with_zone(asked, g.zone)
    if zoned != asked:
        address = f"{request.path}?{urlencode(zoned)}"
        abort(redirect(address, HTTPStatus.FOUND))
    return form.model_validate(zoned)


def said() -> dict[str, str]:
    """Return what the address says, without its empty fields."""
    return {name: value for name, value in request.args.items() if value}


def number_of(text: str) -> int:
    """Return a row's number, or answer 404."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        abort(404)
    return int(text)


def with_filters(endpoint: str, **changes: str | None) -> str:
    """Return an address with the filters of this page, but for *changes*."""
    wanted = {**said(), **changes}
    kept = {name: value for name, value in wanted.items() if value is not None}
    address = url_for(endpoint)
    return f"{address}?{urlencode(kept)}" if kept else address


def older(endpoint: str, cursor: str | None) -> str | None:
    """Return the address of the next page, if there is one."""
    return None if cursor is None else with_filters(endpoint, cursor=cursor)


def newest(endpoint: str) -> str | None:
    """Return the address of the first page, if this is another one."""
    if "cursor" not in request.args:
        return None
    return with_filters(endpoint, cursor=None)


def wrong_query(error: ValidationError) -> AnyResponse:
    """Answer whoever asked for what can not be."""
    page = render_template(
        "problem.html", status=422, code="", detail=faults(error)
    )
    return make_response(page, 422)
