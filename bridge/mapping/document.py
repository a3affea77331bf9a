"""
A mapping file once it is checked: its rules, links and questions as values.

`bridge.mapping.compiler` makes them of a text.
"""

import hashlib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from bridge.errors import Problem
from bridge.mapping.addresses import AddressRead
from bridge.mapping.expression import (
    Expression,
    ExpressionFailed,
)
from bridge.mapping.template import Template
from bridge.model import JSON, Certainty, Instant, Moment, Repeat
from bridge.targets.contract import Contract, Operation, Preflight


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A look-up at the target."""

    operation: Operation
    match: Expression
    take: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    A question for a person.

    Args:
        parts: text, and expressions that stood in braces.
    """

    parts: tuple[str | Expression, ...]

    def text(self, document: Dict[str, JSON]) -> str:
        """Return the question about one order."""
        return "".join(
            part if isinstance(part, str) else _shown(part, document)
            for part in self.parts
        )


def _shown(part: Expression, document: Dict[str, JSON]) -> str:
    """Return a value for a question; one that fails stops no plan."""
    try:
        return str(part.value(document) or "(not known)")
    except ExpressionFailed:
        return "(not known)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One rule, compiled.

    Args:
        position: from 1, in the file's order.
        operation: None when it asks a person instead.
        links: names that its path, body and question read.
        line: of the file, from 1.
        addresses: what its path and body read of addresses.
        preflights: what is looked at before its call is made.
    """

    name: str
    position: int
    line: int
    when: Moment
    condition: Expression | None
    operation: Operation | None
    question: Question | None
    path: Template | None
    body: Template | None
    remember: tuple[tuple[str, Expression], ...]
    asks_when_changed: bool
    skips_dead: bool
    links: frozenset[str]
    addresses: tuple[AddressRead, ...] = ()
    preflights: tuple[Preflight, ...] = ()

    @property
    def repeatable(self) -> bool:
        """Whether a repeat of its call does no harm."""
        return self.operation is not None and self.operation.repeatable

    @property
    def once(self) -> bool:
        """Whether its call may not be repeated."""
        operation = self.operation
        return operation is not None and operation.repeat != Repeat.IDEMPOTENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """
    A mapping file, checked and compiled.

    Args:
        text: all that it is made of: with the CSV files that it names.
        addresses: how sure an address must be to be sent.
        named: its named expressions.
        warnings: what stops nothing, and is hardly meant.
    """

    name: str
    file: str
    hash: str
    text: str = field(repr=False)
    store: str
    target: str
    contract: Contract = field(repr=False)
    since: Instant | None
    links: Dict[str, tuple[Expression | Find, ...]]
    rules: tuple[Rule, ...]
    reads_raw: bool
    addresses: Certainty = Certainty.LIKELY
    named: Dict[str, Expression] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    def rule(self, name: str) -> Rule | None:
        """Return the rule of that name."""
        return next((rule for rule in self.rules if rule.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """
    What a mapping file may refer to.

    Args:
        stores: names of stores.
        contracts: by the name of the target.
    """

    stores: frozenset[str]
    contracts: Dict[str, Contract]


def hash_of(text: str) -> str:
    """Return the name under which a mapping's text is kept."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
