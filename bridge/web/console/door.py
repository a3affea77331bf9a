"""
The console's door: who has a session, and how one is had.

Looking on lasts twelve hours, so that the start page may stand open all
evening. Whoever acts, or looks at a customer's data, must have been active a
short while ago, and otherwise gives the token once more: what was filled in
is kept meanwhile. A page that refreshes itself is no activity.
"""

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import (
    Response,
    abort,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from bridge.model import MINUTE
from bridge.observe import observe
from bridge.targets.account import mode_of
from bridge.web.auth import SESSION, Session, Sessions, enter, operator_of
from bridge.web.console.choices import (
    language,
    page_zone,
    theme,
    zone_of,
)
from bridge.web.parts import Parts

FRAGMENTS = "/console/fragments/"
"""What open pages ask for by themselves stands below."""

_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""Where no form of ours is sent from, as browsers call it."""

_OPEN = frozenset(
    {"console.login_page", "console.login", "console.choose", "static"}
)
"""Endpoints that need no session."""

_NOT_FIELDS = frozenset({"form_token", "token"})


class Door:
    """Lets people in and out."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tokens = parts.settings.admin_tokens
        self._sessions = Sessions(self._tokens)

    # -- each request

    def check(self) -> AnyResponse | None:
        """Let a request pass that belongs to a session."""
        self._look_around()
        is_form = request.method == "POST"
        if is_form and _comes_from_elsewhere():
            abort(HTTPStatus.FORBIDDEN)
        if request.endpoint in _OPEN:
            return None
        session: Session | None = g.session
        if session is None:
            return self._turned_away()
        enter(session.operator)
        if is_form:
            return self._checked_form(session)
        if not _is_by_itself() and self._is_active(session):
            self._renew(session)
        return None

    def keep(self, answer: Response) -> Response:
        """Send the session's cookie along when it was renewed."""
        if "renewed" in g:
            self._set_cookie(answer, g.renewed)
        return answer

    def surroundings(self) -> dict[str, object]:
        """Return what every page shows."""
        if "session" not in g:
            self._look_around()
        session: Session | None = g.session
        targets = self._parts.targets().values()
        stores = self._parts.stores().values()
        return {
            "language": language(),
            "theme": theme(),
            "zone": str(g.zone),
            "zones": sorted({zone_of(store) for store in stores}),
            "here": _here(),
            "mode": mode_of(targets),
            "vendors": sorted(
                one.name for one in targets if not one.is_sandbox
            ),
            "operator": session.operator if session else None,
            "form_token": (
                self._sessions.form_token(session) if session else None
            ),
        }

    # -- coming and going

    def login_page(self) -> str:
        """Ask for a token."""
        return self._login_page(None)

    def login(self) -> AnyResponse:
        """Open a session for whoever has a token."""
        name = operator_of(self._tokens, request.form.get("token", "").strip())
        if name is None:
            page = self._login_page(_("This is no admin token of ours."))
            return Response(page, HTTPStatus.UNAUTHORIZED)
        observe("operator.logged_in", operator=name)
        g.renewed = self._sessions.open(name, self._parts.now())
        return redirect(url_for("console.start"), HTTPStatus.SEE_OTHER)

    def logout(self) -> AnyResponse:
        """End the session, wherever else its cookie may be."""
        session: Session = g.session
        now = self._parts.now()
        until = type(now)(session.since + SESSION)
        self._parts.journal.end_session(session.id, until=until, now=now)
        g.pop("renewed", None)
        answer = redirect(url_for("console.login_page"), HTTPStatus.SEE_OTHER)
        answer.delete_cookie(
            _cookie_name(),
            path=_cookie_path(),
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
        return answer

    # -- parts of these

    def _look_around(self) -> None:
        g.session = self._session()
        g.zone = page_zone(self._parts.stores().values())
        countries = {one.country for one in self._parts.stores().values()}
        g.country = countries.pop() if len(countries) == 1 else "MX"

    def _session(self) -> Session | None:
        cookie = request.cookies.get(_cookie_name())
        session = self._sessions.read(cookie, self._parts.now())
        if session and self._parts.journal.is_ended(session.id):
            return None
        return session

    def _turned_away(self) -> AnyResponse:
        login = url_for("console.login_page")
        if _is_by_itself():
            return Response(
                "", HTTPStatus.UNAUTHORIZED, {"HX-Redirect": login}
            )
        return redirect(login, HTTPStatus.SEE_OTHER)

    def _checked_form(self, session: Session) -> AnyResponse | None:
        given = request.form.get("form_token", "")
        if not self._sessions.is_form_token(session, given):
            abort(HTTPStatus.FORBIDDEN)
        if request.endpoint == "console.logout":
            return None
        if not self._is_active(session) and not self._proves_itself(session):
            fields = [
                (name, value)
                for name, value in request.form.items(multi=True)
                if name not in _NOT_FIELDS
            ]
            page = render_template(
                "again.html", fields=fields, wrong="token" in request.form
            )
            return Response(page, HTTPStatus.UNAUTHORIZED)
        self._renew(session)
        return None

    def _is_active(self, session: Session) -> bool:
        idle = self._parts.settings.idle
        return self._parts.now() - session.used < idle

    def _proves_itself(self, session: Session) -> bool:
        given = request.form.get("token", "").strip()
        return operator_of(self._tokens, given) == session.operator

    def _renew(self, session: Session) -> None:
        now = self._parts.now()
        if now - session.used >= MINUTE:
            g.renewed = replace(session, used=now)

    def _set_cookie(self, answer: Response, session: Session) -> None:
        left = session.since + SESSION - self._parts.now()
        answer.set_cookie(
            _cookie_name(),
            self._sessions.cookie(session),
            max_age=left // 1_000,
            path=_cookie_path(),
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )

    def _login_page(self, error: str | None) -> str:
        if not self._tokens:
            error = _(
                "No admin token is set, so nobody gets in:"
                " set BRIDGE_ADMIN_TOKENS."
            )
        return render_template("login.html", error=error)


def _cookie_name() -> str:
    """Return the name that binds the cookie to this host, under https."""
    return "__Host-bridge_console" if request.is_secure else "bridge_console"


def _cookie_path() -> str:
    return "/" if request.is_secure else "/console"


def _is_by_itself() -> bool:
    return request.path.startswith(FRAGMENTS)


def _comes_from_elsewhere() -> bool:
    if request.headers.get("Sec-Fetch-Site") in _ELSEWHERE:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _here() -> str:
    """Return the address that one comes back to from a choice."""
    if request.method != "GET" or _is_by_itself():
        return url_for("console.start")
    return request.full_path.removesuffix("?")
