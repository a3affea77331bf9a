"""The console's door: who has a session, and how one is had."""

from http import HTTPStatus

from flask import (
    Response,
    abort,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from bridge.observe import observe
from bridge.targets.account import mode_of
from bridge.web.auth import SESSION, Sessions, enter, operator_of
from bridge.web.parts import Parts
from bridge.web.texts import ENGLISH

COOKIE = "bridge_console"
PATH = "/console"

_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""Where no form of ours is sent from, as browsers call it."""


class Door:
    """Lets people in and out."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tokens = parts.settings.admin_tokens
        self._sessions = Sessions(self._tokens)

    def check(self) -> AnyResponse | None:
        """Let a request pass that belongs to a session."""
        is_form = request.method == "POST"
        if is_form and request.headers.get("Sec-Fetch-Site") in _ELSEWHERE:
            abort(HTTPStatus.FORBIDDEN)
        if request.endpoint in {"console.login_page", "console.login"}:
            return None
        cookie = request.cookies.get(COOKIE)
        name = self._sessions.operator(cookie, self._parts.now())
        if name is None or cookie is None:
            return redirect(url_for("console.login_page"), 303)
        given = request.form.get("form_token", "")
        if is_form and not self._sessions.is_form_token(cookie, given):
            abort(HTTPStatus.FORBIDDEN)
        enter(name)
        return None

    def surroundings(self) -> dict[str, object]:
        """Return what every page shows."""
        cookie = request.cookies.get(COOKIE)
        name = self._sessions.operator(cookie, self._parts.now())
        token = self._sessions.form_token(cookie or "") if name else None
        targets = self._parts.targets().values()
        return {
            "t": ENGLISH,
            "mode": mode_of(targets),
            "vendors": sorted(
                one.name for one in targets if not one.is_sandbox
            ),
            "operator": name,
            "form_token": token,
        }

    def login_page(self) -> str:
        """Ask for a token."""
        return self._login_page(None)

    def login(self) -> AnyResponse:
        """Open a session for whoever has a token."""
        given = request.form.get("token", "").strip()
        name = operator_of(self._tokens, given)
        if name is None:
            page = self._login_page(ENGLISH["wrong_token"])
            return Response(page, HTTPStatus.UNAUTHORIZED)
        observe("operator.logged_in", operator=name)
        answer = redirect(url_for("console.overview"), 303)
        answer.set_cookie(
            COOKIE,
            self._sessions.open(name, self._parts.now()),
            max_age=SESSION // 1_000,
            path=PATH,
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
        return answer

    def logout(self) -> AnyResponse:
        """Forget the session."""
        answer = redirect(url_for("console.login_page"), 303)
        answer.delete_cookie(COOKIE, path=PATH)
        return answer

    def _login_page(self, error: str | None) -> str:
        if not self._tokens:
            error = ENGLISH["no_tokens"]
        return render_template("login.html", error=error)
