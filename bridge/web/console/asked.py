"""What a page is asked for: filters, numbers, the next page's address."""

import re
from typing import TypeVar
from urllib.parse import urlencode

from flask import abort, make_response, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from bridge.web.forms import Form

F = TypeVar("F", bound=Form)


def query_of(form: type[F]) -> F:
    """Return the page's filters; empty fields of its form mean all."""
    return form.model_validate(said())


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
    page = render_template("problem.html", status=422, detail=faults(error))
    return make_response(page, 422)


def faults(error: ValidationError) -> str:
    """Return what is wrong, field by field."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(
            include_url=False, include_input=False, include_context=False
        )
    )
