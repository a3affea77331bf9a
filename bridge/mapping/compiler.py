"""
From the text of a mapping file to a `Mapping`, or to all that is wrong.

The text is checked against the form (`bridge.mapping.form`), the target's
contract (`bridge.mapping.fit`) and itself: links that nothing sets, rules
that would be the same effect.
"""

import re
from collections.abc import Mapping as Dict
from typing import Any

from pydantic import ValidationError

from bridge.errors import MappingError, Problem
from bridge.mapping.document import (
    Find,
    Mapping,
    Question,
    Rule,
    Surroundings,
    hash_of,
)
from bridge.mapping.expression import (
    Expression,
    Language,
    Open,
    compile_expression,
    nearest,
)
from bridge.mapping.fit import check_fit
from bridge.mapping.form import MappingFile, form_problems
from bridge.mapping.template import Fields, Template, TemplateReader
from bridge.mapping.text import Node, read_yaml
from bridge.model import Instant, Moment
from bridge.orders.document import ANYTHING, FIELDS
from bridge.sources.platform import instant_of
from bridge.targets.contract import Contract, Operation

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
OF_CALLS = ("path", "body", "remember")
"""What says nothing in a rule that asks."""
ASKABLE = {"id": "text", "name": "text", "store": "text"}
"""Fields of the order that a question may show: none is a customer's."""


def compile_mapping(
    name: str, text: str, *, file: str, around: Surroundings
) -> Mapping:
    """
    Check and compile the text of a mapping file.

    Raises:
        MappingError: with every problem that was found.
    """
    root = read_yaml(text, file=file)
    try:
        form = MappingFile.model_validate(root.data())
    except ValidationError as error:
        problems = form_problems(error.errors(), root, file)
        raise MappingError(problems) from None
    return _Compiler(
        name, text, file=file, root=root, form=form, around=around
    ).mapping()


class _Compiler:
    """Turns one well-formed file into a `Mapping`, gathering problems."""

    def __init__(
        self,
        name: str,
        text: str,
        *,
        file: str,
        root: Node,
        form: MappingFile,
        around: Surroundings,
    ) -> None:
        self._name, self._text, self._file = name, text, file
        self._root, self._form, self._around = root, form, around
        self._problems: list[Problem] = []
        self._language = Language.with_tables(
            {
                table: {key: str(value) for key, value in rows.items()}
                for table, rows in form.tables.items()
            }
        )
        self._reader = TemplateReader(
            lambda text, shape: compile_expression(
                text, self._language, shape
            ),
            self._report,
        )

    def mapping(self) -> Mapping:
        """Return the mapping, or raise all problems."""
        form = self._form
        if form.from_ not in self._around.stores:
            self._report(
                self._child("from"),
                f"there is no store {form.from_!r} in stores.yaml"
                f"{nearest(form.from_, iter(self._around.stores))}",
            )
        contract = self._around.contracts.get(form.to)
        if contract is None:
            self._report(
                self._child("to"),
                f"there is no target {form.to!r} in targets.yaml"
                f"{nearest(form.to, self._around.contracts)}",
            )
            raise MappingError(self._problems)
        links = {name: self._link(name, contract) for name in form.links}
        rules = tuple(
            self._rule(rule, position, contract)
            for position, rule in enumerate(form.rules, start=1)
        )
        self._check_links(rules, links)
        self._check_once(rules)
        since = self._since()
        if self._problems:
            raise MappingError(self._problems)
        return Mapping(
            name=self._name,
            file=self._file,
            hash=hash_of(self._text),
            text=self._text,
            store=form.from_,
            target=form.to,
            contract=contract,
            since=since,
            links=links,
            rules=rules,
            reads_raw=any(_reads_raw(rule) for rule in rules),
        )

    def _report(self, node: Node, message: str) -> None:
        text = node.value if isinstance(node.value, str) else ""
        self._problems.append(
            Problem(
                file=self._file,
                line=node.line,
                column=node.column,
                text=text[:80],
                message=message,
            )
        )

    def _child(self, *path: str) -> Node:
        node = self._root
        for key in path:
            assert isinstance(node.value, dict)
            node = node.value[key]
        return node

    def _name_of(self, rule: str) -> Node:
        """Return a node where the rule's name stands."""
        line, column = self._child("rules").keys[rule]
        return Node(value=None, line=line, column=column)

    def _has(self, *path: str) -> bool:
        node = self._child(*path[:-1])
        return isinstance(node.value, dict) and path[-1] in node.value

    def _since(self) -> Instant | None:
        text = self._form.since
        if not text:
            return None
        try:
            return instant_of(text, naive_is_utc=True)
        except ValueError:
            self._report(
                self._child("since"),
                "a date such as 2026-11-01 is expected, or a time such as "
                "2026-11-01T06:00:00Z",
            )
            return None

    # -- links

    def _link(
        self, name: str, contract: Contract
    ) -> tuple[Expression | Find, ...]:
        node = self._child("links", name)
        assert isinstance(node.value, list)
        sources: list[Expression | Find] = []
        for item in node.value:
            found = (
                self._find(item.value, contract)
                if isinstance(item.value, dict)
                else self._reader.expression(item)
            )
            if found is not None:
                sources.append(found)
        return tuple(sources)

    def _find(self, parts: dict[str, Node], contract: Contract) -> Find | None:
        operation = self._operation(parts["find"], contract)
        if operation is not None and operation.search is None:
            self._report(
                parts["find"], "it lists nothing that could be searched"
            )
        item = Open({"order": FIELDS})
        match = self._reader.expression(parts["match"], item)
        take = self._reader.expression(parts["take"], item)
        if operation is None or match is None or take is None:
            return None
        return Find(operation=operation, match=match, take=take)

    def _operation(self, node: Node, contract: Contract) -> Operation | None:
        word = str(node.value)
        operation = contract.operations.get(word)
        if operation is None:
            self._report(
                node,
                f"{contract.name} has no operation {word!r}"
                f"{nearest(word, contract.operations)}",
            )
        return operation

    # -- rules

    def _rule(self, name: str, position: int, contract: Contract) -> Rule:
        form = self._form.rules[name]
        here = ("rules", name)
        operation = None
        question = None
        if bool(form.call) == bool(form.ask):
            self._report(
                self._name_of(name), "a rule needs either `call` or `ask`"
            )
        elif form.call:
            operation = self._operation(self._child(*here, "call"), contract)
        else:
            question = self._question(self._child(*here, "ask"))
            self._check_question(name)
        path, body = self._template(name, "path"), self._template(name, "body")
        if operation is not None:
            self._fit(name, operation, path, body)
        return Rule(
            name=name,
            position=position,
            line=self._name_of(name).line,
            when=Moment(form.when),
            condition=self._expression(*here, "if"),
            operation=operation,
            question=question,
            path=path,
            body=body,
            remember=self._remember(name),
            asks_when_changed=form.changed == "ask",
            skips_dead=form.on_dead == "skip",
            links=_links_of(path, body, question),
        )

    def _check_question(self, rule: str) -> None:
        for word in OF_CALLS:
            if self._has("rules", rule, word):
                self._report(
                    self._child("rules", rule, word),
                    f"{word!r} belongs to a call, and this rule asks a person",
                )

    def _template(self, rule: str, part: str) -> Template | None:
        if not self._has("rules", rule, part):
            return None
        return self._reader.template(self._child("rules", rule, part))

    def _expression(self, *path: str) -> Expression | None:
        if not self._has(*path):
            return None
        return self._reader.expression(self._child(*path))

    def _fit(
        self,
        rule: str,
        operation: Operation,
        path: Template | None,
        body: Template | None,
    ) -> None:
        for part, template, model in (
            ("path", path, operation.path_fields),
            ("body", body, operation.body),
        ):
            at = self._name_of(rule)
            found = template or Fields(
                line=at.line, column=at.column, fields=()
            )
            self._problems += check_fit(
                found, model, file=self._file, what=f"{operation.name} {part}"
            )

    def _remember(self, rule: str) -> tuple[tuple[str, Expression], ...]:
        found = []
        for name in self._form.rules[rule].remember:
            node = self._child("rules", rule, "remember", name)
            expression = self._answer_expression(node)
            if expression is not None:
                found.append((name, expression))
        return tuple(found)

    def _answer_expression(self, node: Node) -> Expression | None:
        """An answer's expression needs no `=`: it can be nothing else."""
        text = str(node.value)
        if not text.startswith("="):
            node = Node(value=f"= {text}", line=node.line, column=node.column)
        return self._reader.expression(node, ANYTHING)

    def _question(self, node: Node) -> Question:
        parts: list[str | Expression] = []
        shape = {**ASKABLE, "links": FIELDS["links"]}
        for index, text in enumerate(_PLACEHOLDER.split(str(node.value))):
            if index % 2 == 0:
                parts.append(text)
                continue
            inner = Node(value=f"= {text}", line=node.line, column=node.column)
            expression = self._reader.expression(
                inner,
                shape,
                hint=": a question shows id, name, store and links only",
            )
            if expression is not None:
                parts.append(expression)
        return Question(parts=tuple(parts))

    def _check_links(
        self, rules: tuple[Rule, ...], links: Dict[str, Any]
    ) -> None:
        known = {name for rule in rules for name, _ in rule.remember}
        known |= set(links)
        for node, expression in self._reader.read:
            for name in sorted(expression.links - known):
                self._report(
                    node,
                    f"nothing sets links.{name}: no rule remembers it and "
                    f"`links` has no entry{nearest(name, iter(known))}",
                )

    def _check_once(self, rules: tuple[Rule, ...]) -> None:
        seen: dict[str, str] = {}
        for rule in rules:
            if not rule.once or rule.operation is None:
                continue
            other = seen.setdefault(rule.operation.name, rule.name)
            if other != rule.name:
                self._report(
                    self._name_of(rule.name),
                    f"{rule.operation.name} may happen once for an order, "
                    f"and the rule {other!r} does it already",
                )


def _links_of(
    path: Template | None, body: Template | None, question: Question | None
) -> frozenset[str]:
    """Return the links without which the rule can not be done."""
    del question  # it is asked all the same, saying what is not known
    expressions = [
        expression
        for template in (path, body)
        if template is not None
        for expression in template.expressions()
    ]
    return frozenset(name for x in expressions for name in x.links)


def _reads_raw(rule: Rule) -> bool:
    templates = [t for t in (rule.path, rule.body) if t is not None]
    expressions = [x for t in templates for x in t.expressions()]
    if rule.condition is not None:
        expressions.append(rule.condition)
    return any("raw" in expression.reads for expression in expressions)
