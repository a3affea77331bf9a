"""What a person chose for the console: language, colours, time zone."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge.sources.platform import Store
from bridge.web.console.catalogs import LANGUAGES
from bridge.web.parts import Parts

THEMES = ("auto", "light", "dark")
ZONES = {"MX": "America/Mexico_City", "CO": "America/Bogota"}
"""Where a country's shops are, unless they say so themselves."""

_DAYS_365 = 365 * 86_400
_ODD = re.compile(r"[\x00-\x1f\x7f\\]")
"""What browsers or headers take for something else than a letter."""


def language() -> str:
    """Return the language that was chosen, else the browser's."""
    chosen = request.cookies.get("bridge_language")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match([*LANGUAGES]) or "en"


def theme() -> str:
    """Return the colours that were chosen; `auto` follows the system."""
    chosen = request.cookies.get("bridge_theme")
    return chosen if chosen in THEMES else "auto"


def zone_of(store: Store) -> str:
    """Return the time zone of a shop."""
    return store.time_zone or ZONES.get(store.country, "UTC")


def page_zone(stores: Iterable[Store]) -> ZoneInfo:
    """Return the zone of a page over several shops: theirs, or one of them."""
    zones = {zone_of(store) for store in stores}
    chosen = request.cookies.get("bridge_zone")
    if chosen in zones:
        return ZoneInfo(str(chosen))
    return ZoneInfo(min(zones, default="UTC"))


def shown_at(parts: Parts, store: str) -> None:
    """Let this page tell times as they are at one shop."""
    known = parts.stores().get(store)
    if known is not None:
        g.zone = ZoneInfo(zone_of(known))
        g.country = known.country


def locale() -> str:
    """Return the language, as it is written in the shops' country."""
    spoken = language()
    if spoken != "es":
        return spoken
    return {"CO": "es_CO"}.get(getattr(g, "country", "MX"), "es_MX")


class Choices:
    """Keeps what was chosen, in cookies that say nothing of anybody."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def choose(self) -> AnyResponse:
        """Keep it, and go back to the page."""
        zones = {zone_of(one) for one in self._parts.stores().values()}
        allowed: dict[str, Any] = {
            "language": LANGUAGES,
            "theme": THEMES,
            "zone": zones,
        }
        answer = redirect(back_address(), HTTPStatus.SEE_OTHER)
        for name, values in allowed.items():
            chosen = request.form.get(name)
            if chosen is None:
                continue
            if chosen not in values:
                abort(HTTPStatus.UNPROCESSABLE_ENTITY)
            answer.set_cookie(
                f"bridge_{name}",
                chosen,
                max_age=_DAYS_365,
                path="/console",
                secure=request.is_secure,
                httponly=True,
                samesite="Strict",
            )
        return answer


def back_address() -> str:
    """Return the page that one came from; never one elsewhere."""
    back = request.form.get("back", "")
    return back if _is_inside(back) else url_for("console.start")


def _is_inside(back: str) -> bool:
    """Tell whether it is an address of the console, plainly written."""
    path = back.partition("?")[0]
    steps = path.split("/")[2:-1]
    return (
        path.startswith("/console/")
        and not _ODD.search(back)
        and not {"", ".", ".."} & {*steps}
        and path.rpartition("/")[2] not in {".", ".."}
    )
