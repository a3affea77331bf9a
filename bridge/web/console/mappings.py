"""Pages of mapping files: how they stand, what they say, what they said."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePath

from flask import abort, render_template, request

from bridge.checks import warnings_of
from bridge.errors import Problem
from bridge.journal.protocol import MappingText
from bridge.mapping.cases import CaseResult
from bridge.mapping.document import Mapping
from bridge.mapping.tables import apart
from bridge.model import SECOND, Millis
from bridge.settings import load_sources, surroundings
from bridge.standings import Standing, State, standing_of, standings
from bridge.web.console.casework import Casework
from bridge.web.console.choices import shown_at
from bridge.web.console.linewise import Hunk, changed_lines
from bridge.web.parts import Parts

MOST_VERSIONS = 50
RUNS_FOR = Millis(2 * SECOND)
"""So long a list runs cases; those of the other files run on their pages."""

MOST_LINES = 2_000
"""Of a text that is shown with its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One mapping in the list.

    Args:
        versions: so many texts were in force before.
        ran: its cases were run; a list of many files does not wait for all.
        needs_force: its file is right, and is not taken by itself.
    """

    standing: Standing
    mapping: Mapping | None
    versions: int
    results: Sequence[CaseResult]
    ran: bool
    has_cases: bool
    needs_force: bool

    @property
    def failed(self) -> int:
        """How many of its cases do not hold."""
        return sum(not one.ok for one in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """
    A text with the numbers of its lines.

    Args:
        problems: of each line.
        left_out: so many lines at its end.
        tables: CSV files behind it, with how many lines each has.
    """

    lines: Sequence[str]
    problems: dict[int, list[Problem]]
    left_out: int
    tables: Sequence[tuple[str, int]]


class MappingPages:
    """Shows mapping files, and the texts that are or were in force."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._cases = Casework(parts)

    def mappings(self) -> str:
        """List all mapping files."""
        folder = self._parts.settings.mappings
        around = surroundings(self._parts.stores(), self._parts.targets())
        found = standings(self._journal, load_sources(folder), around)
        files = {one.file for one in found}
        until = self._parts.now() + RUNS_FOR
        return render_template(
            "mappings.html",
            rows=[
                self._row(one, run=self._parts.now() < until) for one in found
            ],
            others=[
                one for one in warnings_of(folder, ()) if one.file not in files
            ],
            place=place_of,
        )

    def mapping(self, name: str) -> str:
        """Show one: its text, rules, cases, and the texts before."""
        standing = self.standing(name)
        versions = self._journal.mapping_texts(name, MOST_VERSIONS)
        row = self._row(standing)
        if row.mapping is not None:
            shown_at(self._parts, row.mapping.store)
        now = next((one for one in versions if one.until is None), None)
        file = self.source_text(name)
        edited = file is not None and (now is None or file != now.text)
        return render_template(
            "mapping.html",
            row=row,
            rules=_rules(row.mapping),
            in_force=_lines(now.text, _warnings(standing.before)) if now else None,
            edited=_lines(file or "", standing.faults) if edited else None,
            edit=changed_lines(now.text, file) if now and edited and file else None,
            versions=versions,
            chosen=self._chosen(name),
            place=place_of,
        )  # fmt: skip

    def standing(self, name: str) -> Standing:
        """
        Return how one mapping stands.

        Raises:
            NotFound: there is neither a file nor a text in force.
        """
        folder = self._parts.settings.mappings
        around = surroundings(self._parts.stores(), self._parts.targets())
        return standing_of(self._journal, load_sources(folder), around, name)

    def source_text(self, name: str) -> str | None:
        """Return the text of a file, with its tables behind it."""
        sources = load_sources(self._parts.settings.mappings)
        return next((one.text for one in sources if one.name == name), None)

    # -- parts of these

    def _row(self, standing: Standing, *, run: bool = True) -> Row:
        mapping = standing.after
        ran = run and mapping is not None
        versions = self._journal.mapping_texts(standing.name, MOST_VERSIONS)
        return Row(
            standing=standing,
            mapping=mapping or standing.before,
            versions=sum(one.until is not None for one in versions),
            results=self._cases.results(mapping) if ran and mapping else (),
            ran=ran,
            has_cases=self._cases.has_cases(standing.name),
            needs_force=standing.state is State.REFUSED
            and mapping is not None,
        )

    def _chosen(self, name: str) -> "Versions | None":
        before, after = (request.args.get(one, "") for one in _PAIR)
        if not before or not after:
            return None
        texts = [self._text(name, one) for one in (before, after)]
        return Versions(
            before=texts[0],
            after=texts[1],
            changes=changed_lines(texts[0].text, texts[1].text),
        )

    def _text(self, name: str, hash: str) -> MappingText:
        found = self._journal.mapping_text(hash)
        if found is None or found.name != name:
            abort(HTTPStatus.NOT_FOUND)
        return found


_PAIR = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Two texts of one mapping; *changes* is None where they are too long."""

    before: MappingText
    after: MappingText
    changes: Sequence[Hunk] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaid:
    """One rule in the words of its file."""

    name: str
    line: int
    when: str
    condition: str
    call: str
    asks: str
    remembers: Sequence[str]
    once: bool


def place_of(problem: Problem) -> str:
    """Return where something is wrong: `name.yaml:12:3`, without folders."""
    parts = (PurePath(problem.file).name, problem.line, problem.column)
    return ":".join(str(part) for part in parts if part)


def _rules(mapping: Mapping | None) -> list[RuleSaid]:
    return [
        RuleSaid(
            name=rule.name,
            line=rule.line,
            when=rule.when.value,
            condition=rule.condition.text if rule.condition else "",
            call=rule.operation.name if rule.operation else "",
            asks="".join(
                one if isinstance(one, str) else f"{{{one.text}}}"
                for one in (rule.question.parts if rule.question else ())
            ),
            remembers=[name for name, _value in rule.remember],
            once=rule.once,
        )
        for rule in (mapping.rules if mapping else ())
    ]


def _warnings(mapping: Mapping | None) -> Sequence[Problem]:
    return mapping.warnings if mapping else ()


def _lines(text: str, problems: Sequence[Problem]) -> Lines:
    parts = apart(text)
    lines = parts.yaml.splitlines()
    by_line: dict[int, list[Problem]] = {}
    for one in problems:
        if one.file.endswith(".yaml"):
            by_line.setdefault(one.line, []).append(one)
    return Lines(
        lines=lines[:MOST_LINES],
        problems=by_line,
        left_out=max(0, len(lines) - MOST_LINES),
        tables=[(name, len(rows)) for name, rows in parts.files.items()],
    )
