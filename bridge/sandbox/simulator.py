"""
What a simulated API must supply, and the words it shares with the others.

A simulator keeps its state in memory, is called under one lock, and is as
strict as its vendor's pages. Routes, limits and body checks come from its
contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import ValidationError

from bridge.model import JSON, SECOND, Instant
from bridge.targets.contract import Contract

CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "rayo": {"api_key": "sandbox-rayo-key"},
    "every": {"token": "sandbox-every-token"},
    "yuju": {"token": "sandbox-yuju-token"},
}
"""What the sandbox lets in, by API: as `credentials:` in targets.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One request that arrived.

    Args:
        operation: a name of the contract, or of its token exchange.
        values: of the path and the query.
        body: None also when it could not be parsed.
    """

    operation: str
    values: Mapping[str, str]
    headers: Mapping[str, str]
    body: JSON
    now: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What the simulated API answers.

    Args:
        applied: something was changed.
        made: the id of what was created.
    """

    status: int
    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = False
    made: str | None = None


class Simulator(Protocol):
    """One simulated API."""

    contract: Contract

    def refuse(self, status: int, code: str, text: str) -> Answer:
        """Return an error in the shape of this API."""
        ...

    def refuse_token(self) -> Answer:
        """Return what this API says to a token that it does not take."""
        ...

    def lets_in(self, call: Call) -> bool:
        """Tell whether *call* shows good credentials."""
        ...

    def keys(self, call: Call) -> Mapping[str, JSON]:
        """Return what to know *call* by: ids and SKUs, nothing personal."""
        ...

    def apply(self, call: Call) -> Answer:
        """Do what *call* asks; its body fits the contract's model."""
        ...

    def state(self) -> JSON:
        """Return all that was applied."""
        ...

    def clear(self) -> None:
        """Forget all."""
        ...


def part(body: JSON, name: str) -> Any:
    """Return *body*'s value by *name*, or None; *body* may be anything."""
    return body.get(name) if isinstance(body, dict) else None


def picked(body: JSON, *names: str) -> dict[str, JSON]:
    """Return those of *names* that *body* has."""
    return {
        name: part(body, name)
        for name in names
        if part(body, name) is not None
    }


def iso(now: Instant) -> str:
    """Return *now* as the vendors write times."""
    moment = datetime.fromtimestamp(now / SECOND, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def complaint(error: ValidationError) -> str:
    """Return the first thing wrong as `field: what`, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place or 'body'}: {first['msg']}"
