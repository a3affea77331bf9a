"""Who is there: a bearer token for machines, a session for people."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe

from flask import g, request
from itsdangerous import BadData, URLSafeSerializer

from bridge.model import HOUR, Instant, Millis

SESSION = Millis(12 * HOUR)
"""How long a person stays logged in."""


def operator_of(tokens: Mapping[str, str], given: str) -> str | None:
    """
    Return whose token *given* is, or None.

    All tokens are compared, as bytes, whatever is found, so that the time
    tells nothing.
    """
    wanted = given.encode("utf-8", "surrogatepass")
    found = None
    for operator, token in tokens.items():
        if hmac.compare_digest(token.encode(), wanted):
            found = operator
    return found


def bearer(tokens: Mapping[str, str]) -> str | None:
    """Return the operator whose token the request bears, or None."""
    header = request.headers.get("Authorization", "")
    scheme, _space, token = header.partition(" ")
    # A server hands headers over as Latin-1; tokens are UTF-8.
    raw = token.strip().encode("latin-1", "replace")
    found = operator_of(tokens, raw.decode("utf-8", "replace"))
    return found if scheme.lower() == "bearer" else None


def enter(operator: str) -> None:
    """Remember for this request who acts."""
    g.operator = operator


def operator() -> str:
    """Return who acts in this request."""
    name: str = g.operator
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """
    One person's stay in the console.

    Args:
        id: nobody can guess it.
        since: when the token was given first.
        used: when the person last did something.
    """

    id: str
    operator: str
    since: Instant
    used: Instant


class Sessions:
    """
    Signed cookies that say who logged in, when, and was last active when.

    Their key is made of the admin tokens, so nothing more is to be set, and
    a changed token logs everybody out. Whoever looks on costs the journal no
    write; only sessions that were ended are kept there.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens
        listed = "\n".join(
            f"{name}:{token}" for name, token in sorted(tokens.items())
        )
        self._key = hmac.digest(
            b"bridge console sessions", listed.encode(), hashlib.sha256
        )
        self._cookies = URLSafeSerializer(
            self._key,
            salt="session",
            signer_kwargs={"digest_method": hashlib.sha256},
        )

    def open(self, operator: str, now: Instant) -> Session:
        """Return a new session."""
        return Session(
            id=token_urlsafe(16), operator=operator, since=now, used=now
        )

    def cookie(self, session: Session) -> str:
        """Return the cookie that says so."""
        cookie = self._cookies.dumps(
            [session.id, session.operator, session.since, session.used]
        )
        return cookie if isinstance(cookie, str) else cookie.decode()

    def read(self, cookie: str | None, now: Instant) -> Session | None:
        """Return whose session it is, while it lasts."""
        try:
            secret, operator, since, used = self._cookies.loads(cookie or "")
        except (BadData, ValueError, TypeError):
            return None
        if operator not in self._tokens or now - since >= SESSION:
            return None
        return Session(id=secret, operator=operator, since=since, used=used)

    def form_token(self, session: Session) -> str:
        """Return what a form of this session must bring along."""
        said = b"form:" + session.id.encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()

    def is_form_token(self, session: Session, given: str) -> bool:
        """Return whether a form came from a page of this session."""
        wanted = self.form_token(session).encode()
        return hmac.compare_digest(
            wanted, given.encode("utf-8", "surrogatepass")
        )
