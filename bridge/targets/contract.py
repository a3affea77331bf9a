"""
How an API is described: operations, models, limits, what answers mean.

A `Contract` is data and pure functions; it opens no socket. Everything a
vendor leaves unknown is a field that `targets.yaml` can set.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json

from bridge.model import (
    JSON,
    MINUTE,
    Finding,
    Millis,
    Outcome,
    Reason,
    Repeat,
    Request,
)


class Sent(BaseModel):
    """
    What we send: strict, so that a typo in a mapping is found.

    A field's docstring is its description in the JSON Schema.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
    )


class Received(BaseModel):
    """What we must find in an answer; all else in it is let through."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


def optional() -> Any:
    """
    Declare a field of `Sent` that may be left out but not be null.

    Where the vendor takes null as well, the type says `| None`.
    """
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    """Keep the stand-in for 'left out' from being published as a value."""
    schema.pop("default", None)


def jwt_expiry(token: str) -> int | None:
    """
    Return the `exp` of *token* in seconds since the epoch, unverified.

    None when it is no JWT, or one that does not say when it ends. For
    planning a renewal only: the signature is not looked at.
    """
    match token.split("."):
        case [_, payload, _]:
            claims = _claims(payload)
        case _:
            return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    return int(expiry)


def _claims(payload: str) -> JSON:
    """Return what a JWT's middle part says, or None."""
    padded = payload + "=" * (-len(payload) % 4)
    try:
        decoded = base64.urlsafe_b64decode(padded)
        return from_json(decoded, allow_inf_nan=False)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    At most *requests* may arrive at the target within *window*.

    Args:
        requests: at least 1.
        window: by the target's own clock.
    """

    requests: int
    window: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """
    How an operation that lists things is walked through.

    Args:
        items: key of the answer's list.
        next_page: key of the answer's token for the next page.
        token: query parameter that takes it.
        pages: how many pages are looked at, at most.
    """

    items: str
    next_page: str
    token: str
    pages: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCall:
    """
    What was sent, as a look-up needs it.

    Args:
        values: of the path and the query.
    """

    values: Mapping[str, str]
    body: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """
    How the target is asked whether it has what was sent.

    Args:
        operation: the name of the one that reads; one with a `search` is
            walked through page by page.
        values: given what was sent, returns the values of the reading
            call's address, or None when there is nothing to ask by.
        judge: given what was sent and an answer (of a search: one of the
            listed items), returns what that says.
    """

    operation: str
    values: Callable[[SentCall], Mapping[str, str] | None]
    judge: Callable[[SentCall, JSON], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """
    How the target is asked for what a person says that it is called there.

    Args:
        operation: the name of the one that reads; one with a `search` is
            walked through page by page.
        values: given the id, returns the values of the call's address, or
            None when no id looks like that.
        judge: given the id, what was sent (None when nobody knows) and an
            answer (of a search: one of the listed items), returns `FOUND`
            when it is that and shows that it is what was sent, `UNCLEAR`
            when it is that and does not show it, else `ABSENT`.
    """

    operation: str
    values: Callable[[str], Mapping[str, str] | None]
    judge: Callable[[str, JSON, JSON], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """
    One reading call that a preflight needs.

    Args:
        operation: its name; its answer must be one JSON value.
        values: of its address.
    """

    operation: str
    values: Mapping[str, str] = field(default_factory=dict)


def _asks_nothing(_sent: SentCall) -> Sequence[Ask]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """
    What a rule can have looked at before its call is made.

    Args:
        asks: given what is about to be sent, returns what the target is
            asked.
        judge: given the same, the answers in that order and the order as
            mapping files see it, returns why a person is needed, or None.
            Its text and its `where` have no customer's data.
        life: how long an answer that let a call pass is good for others.
    """

    summary: str
    judge: Callable[
        [SentCall, Sequence[JSON], Mapping[str, JSON]], Reason | None
    ]
    asks: Callable[[SentCall], Sequence[Ask]] = _asks_nothing
    life: Millis = Millis(5 * MINUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One call of a contract.

    Args:
        path: below the target's address, with `{names}` for path values;
            a target's settings may replace it.
        path_fields: the pydantic model of the path's and query's values.
        query: the names among them that go into the query.
        body: the pydantic model of the body, or None for no body.
        answer: the pydantic model that a success must satisfy.
        repeat: how the target takes the same call twice.
        search: set when the operation lists things.
        judge: turns a 2xx answer that parsed as JSON into an outcome, for
            targets that say no with a 200.
        dress: turns the mapping's rendered body into the one that is sent,
            for what follows from it (Every's `updateMask`).
        dressed: the pydantic model of the body that is sent, where it is
            not *body*.
        lookup: set when the target can be asked whether it has it; always
            when *repeat* is `by_lookup`.
        naming: set when the target can be asked for what a person says.
        preflights: what a rule can have looked at before, by name.
        source: address of the vendor's page.
    """

    name: str
    method: str
    path: str
    repeat: Repeat
    summary: str
    source: str
    path_fields: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    fixed_query: Mapping[str, str] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    search: Search | None = None
    judge: Callable[[JSON], Outcome | None] | None = None
    dress: Callable[[JSON], JSON] | None = None
    dressed: type[BaseModel] | None = None
    lookup: Lookup | None = None
    naming: Naming | None = None
    preflights: Mapping[str, Preflight] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Whether a repeat does no harm."""
        return self.repeat is Repeat.IDEMPOTENT


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchange:
    """
    A key is exchanged for a token that expires.

    Args:
        request: the exchange's call, given the credentials.
        headers: its headers, given the credentials.
        token: reads the token out of the answer; None when there is none.
        life: how long a token is taken to live when it does not say so
            itself (a JWT's `exp` does).
    """

    request: Callable[[Mapping[str, str]], Request]
    headers: Callable[[Mapping[str, str]], Mapping[str, str]]
    token: Callable[[JSON], str | None]
    life: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """
    The description of one API.

    Args:
        credentials: the names that `credentials:` in targets.yaml needs.
        authorization: template of the Authorization header; `{token}` is
            replaced. A target's settings may set another.
        exchange: set when a token must be asked for first.
        failure: reads an answer that is an error, whatever its status:
            returns an outcome, or None when the status alone decides.
        limit: None where the vendor names none.
        test: a call that changes nothing, to see whether it answers; one
            that is refused for what it asks for is answered, too.
    """

    name: str
    summary: str
    operations: Mapping[str, Operation]
    credentials: tuple[str, ...]
    authorization: str
    exchange: TokenExchange | None = None
    failure: Callable[[int, JSON], Outcome | None] | None = None
    limit: Limit | None = None
    not_processed_statuses: tuple[int, ...] = ()
    test: Ask | None = None
