"""
From the text of a mapping file to a `Mapping`, or to all that is wrong.

The text is checked against the form (`bridge.mapping.form`), the target's
contract (`bridge.mapping.fit`) and itself: links that nothing sets, rules
that would be the same effect.
"""

import re
from collections.abc import Callable
from collections.abc import Mapping as Dict
from typing import Any

from jmespath.visitor import Options
from pydantic import ValidationError

from bridge.errors import MappingError, Problem
from bridge.mapping.addresses import address_reads
from bridge.mapping.document import (
    Find,
    Mapping,
    Question,
    Rule,
    Surroundings,
    hash_of,
)
from bridge.mapping.expression import (
    NAMED,
    Expression,
    Language,
    NamedShape,
    Open,
    compile_expression,
)
from bridge.mapping.fit import check_fit
from bridge.mapping.form import MappingFile, form_problems
from bridge.mapping.never import (
    NO_CANCEL,
    SENDS_ALL,
    never_fires,
    sends_all,
    shadowed,
    shadowed_by,
)
from bridge.mapping.parsing import Node as Syntax
from bridge.mapping.running import Run as Running
from bridge.mapping.tables import REFERENCE, Apart, apart, read_table
from bridge.mapping.template import Fields, Template, TemplateReader
from bridge.mapping.text import Node, read_yaml
from bridge.mapping.words import nearest
from bridge.model import Certainty, Instant, Moment
from bridge.orders.document import ANYTHING, FIELDS, Shape
from bridge.saying import said
from bridge.sources.platform import instant_of
from bridge.targets.contract import Contract, Operation, Preflight

_NAMED_ONE = re.compile(rf"\b{NAMED}\.([A-Za-z_][A-Za-z0-9_]*)")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BRACE = re.compile(r"[{}]")
_YAML_LINE = re.compile(r"^ *(?:- |-$|[A-Za-z_][\w-]*:(?:\s|$))", re.MULTILINE)
"""What begins no expression: `name:` or `- `."""
OF_CALLS = ("path", "body", "preflight", "remember")
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
    parts = apart(text)
    root = read_yaml(parts.yaml, file=file)
    try:
        form = MappingFile.model_validate(root.data())
    except ValidationError as error:
        problems = form_problems(error.errors(), root, file)
        raise MappingError(problems) from None
    return _Compiler(
        name, text, file=file, root=root, form=form, around=around, parts=parts
    ).mapping()


Run = Callable[[Syntax, Options], Running]
"""Makes what computes an expression, of its syntax tree."""


def compile_template(
    mapping: Mapping, text: str, *, file: str, run: Run
) -> Template:
    """
    Check and compile *text* as if it stood in the file of *mapping*.

    It may use the file's tables and named expressions.

    Args:
        text: an expression, with or without its `=`, or YAML with some.
        file: as messages name it.

    Raises:
        MappingError: with every problem that was found.
    """
    parts = apart(mapping.text)
    root = read_yaml(parts.yaml, file=mapping.file)
    compiler = _Compiler(
        mapping.name,
        mapping.text,
        file=file,
        root=root,
        form=MappingFile.model_validate(root.data()),
        around=Surroundings(stores=frozenset(), contracts={}),
        parts=parts,
    )
    return compiler.template(_node_of(text, file), run)


def _node_of(text: str, file: str) -> Node:
    """Return *text* as a node; what is no YAML is one expression."""
    if _YAML_LINE.search(text):
        return read_yaml(text, file=file)
    bare = text.strip()
    column = 1 + len(text) - len(text.lstrip())
    if not bare.startswith("="):
        bare, column = f"={bare}", column - 1
    return Node(value=bare, line=1, column=column, written=bare)


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
        parts: Apart,
    ) -> None:
        self._name, self._text, self._file = name, text, file
        self._root, self._form, self._around = root, form, around
        self._problems: list[Problem] = []
        self._language = Language.with_tables(self._tables(parts))
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
                said(
                    "there is no store %(name)r in stores.yaml%(hint)s",
                    name=form.from_,
                    hint=nearest(form.from_, iter(self._around.stores)),
                ),
            )
        contract = self._around.contracts.get(form.to)
        if contract is None:
            self._report(
                self._child("to"),
                said(
                    "there is no target %(name)r in targets.yaml%(hint)s",
                    name=form.to,
                    hint=nearest(form.to, self._around.contracts),
                ),
            )
            raise MappingError(self._problems)
        self._name_expressions()
        links = {name: self._link(name, contract) for name in form.links}
        rules = tuple(
            self._rule(rule, position, contract)
            for position, rule in enumerate(form.rules, start=1)
        )
        self._check_links(rules, links)
        self._check_once(rules)
        since = self._since()
        errors = [one for one in self._problems if one.severity == "error"]
        if errors:
            raise MappingError(errors)
        self._look_over(rules)
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
            addresses=Certainty(form.addresses),
            named=self._language.named.expressions,
            warnings=tuple(self._problems),
        )

    def template(self, node: Node, run: Run) -> Template:
        """Return *node*'s template, or raise all problems."""
        self._name_expressions()
        language = self._language
        reader = TemplateReader(
            lambda text, shape: compile_expression(
                text, language, shape
            ).run_by(run),
            self._report,
        )
        reader.order = self._reader.order
        self._problems.clear()  # of the file, which is another's business
        found = reader.template(node)
        if self._problems:
            raise MappingError(self._problems)
        return found

    def _report(
        self,
        node: Node,
        message: str,
        at: int | None = None,
        severity: str = "error",
    ) -> None:
        """
        Note what is wrong at *node*.

        Args:
            at: the character of a scalar's text that is meant.
        """
        text = node.value if isinstance(node.value, str) else ""
        line, column = node.line, node.column
        if at is not None:
            line, column = node.place_of(at)
        self._problems.append(
            Problem(
                file=self._file,
                line=line,
                column=column,
                text=text[:80],
                message=message,
                severity=severity,
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
                said(
                    "a date such as 2026-11-01 is expected, or a time such "
                    "as 2026-11-01T06:00:00Z"
                ),
            )
            return None

    # -- tables and named expressions

    def _tables(self, parts: Apart) -> dict[str, dict[str, str]]:
        return {
            name: {key.strip(): str(value) for key, value in rows.items()}
            if isinstance(rows, dict)
            else self._csv(self._child("tables", name), parts)
            for name, rows in self._form.tables.items()
        }

    def _csv(self, node: Node, parts: Apart) -> dict[str, str]:
        """Return a table that stands in a CSV file; what is wrong, empty."""
        wanted = REFERENCE.fullmatch(str(node.value))
        if wanted is None:
            self._report(
                node,
                said(
                    "keys with their values are expected, or the name of a "
                    "CSV file beside this one, such as skus.csv"
                ),
            )
            return {}
        name, column = wanted[1], wanted[2]
        if name not in parts.files:
            self._report(
                node,
                said(
                    "there is no file %(name)s beside this one%(hint)s",
                    name=name,
                    hint=nearest(name, set(parts.others) - {name}),
                ),
            )
            return {}
        folder, slash, _ = self._file.rpartition("/")
        try:
            return read_table(
                parts.files[name],
                file=f"{folder}{slash}{name}",
                column=column and column.strip(),
            )
        except MappingError as error:
            self._problems += error.problems
            return {}

    def _name_expressions(self) -> None:
        """Compile the named expressions, each over those above it."""
        shapes: dict[str, Any] = {}
        reads: dict[str, frozenset[str]] = {}
        texts = self._form.named
        for name in texts:
            refused = {
                other: _refused(name, other, texts)
                for other in texts
                if other not in shapes
            }
            known = NamedShape(shapes, reads, refused)
            self._reader.order = Shape({**FIELDS, NAMED: known})
            found = self._reader.expression(self._child(NAMED, name))
            shapes[name] = found.shape if found else ANYTHING
            reads[name] = found.reads if found else frozenset()
            if found is not None:
                self._language.named.expressions[name] = found
        known = NamedShape(shapes, reads, {})
        self._reader.order = Shape({**FIELDS, NAMED: known})

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
                parts["find"],
                said(
                    "%(call)s lists nothing that could be searched",
                    call=operation.name,
                ),
            )
        item = Open({"order": self._reader.order})
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
                said(
                    "%(api)s has no operation %(word)r%(hint)s",
                    api=contract.name,
                    word=word,
                    hint=nearest(word, contract.operations),
                ),
            )
        return operation

    # -- rules

    def _rule(self, name: str, position: int, contract: Contract) -> Rule:
        form = self._form.rules[name]
        here = ("rules", name)
        operation = None
        question = None
        if bool(form.call) == bool(form.ask):
            message = said("a rule needs either `call` or `ask`")
            self._report(self._name_of(name), message)
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
            condition=self._condition(name),
            operation=operation,
            question=question,
            path=path,
            body=body,
            remember=self._remember(name),
            asks_when_changed=form.changed == "ask",
            skips_dead=form.on_dead == "skip",
            links=_links_of(path, body, question),
            addresses=address_reads(path, body),
            preflights=self._preflights(name, operation),
        )

    def _preflights(
        self, rule: str, operation: Operation | None
    ) -> tuple[Preflight, ...]:
        if operation is None or not self._has("rules", rule, "preflight"):
            return ()
        nodes = self._child("rules", rule, "preflight").value
        assert isinstance(nodes, list)
        found = []
        for node in nodes:
            word = str(node.value)
            if preflight := operation.preflights.get(word):
                found.append(preflight)
                continue
            known = ", ".join(operation.preflights)
            self._report(
                node,
                said(
                    "%(call)s has no preflight %(word)r%(hint)s",
                    call=operation.name,
                    word=word,
                    hint=nearest(word, operation.preflights)
                    or (
                        said(": there is %(known)s", known=known)
                        if known
                        else said(": there is none")
                    ),
                ),
            )
        return tuple(found)

    def _condition(self, rule: str) -> Expression | None:
        path = ("rules", rule, "if")
        if not self._has(*path):
            return None
        node = self._child(*path)
        found = self._reader.expression(node)
        if found is not None:
            when = Moment(self._form.rules[rule].when)
            message = never_fires(when, found.tree)
            if message:
                self._report(node, message, _index(node, found.text))
        return found

    def _check_question(self, rule: str) -> None:
        for word in OF_CALLS:
            if self._has("rules", rule, word):
                self._report(
                    self._child("rules", rule, word),
                    said(
                        "%(word)r belongs to a call, and this rule asks a "
                        "person",
                        word=word,
                    ),
                )

    def _template(self, rule: str, part: str) -> Template | None:
        if not self._has("rules", rule, part):
            return None
        return self._reader.template(self._child("rules", rule, part))

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
        if text.startswith("="):
            return self._reader.expression(node, ANYTHING)
        return self._reader.part(node, 0, len(text), ANYTHING)

    def _question(self, node: Node) -> Question:
        parts: list[str | Expression] = []
        shape = {**ASKABLE, "links": FIELDS["links"]}
        text, end = str(node.value), 0
        between = _PLACEHOLDER.sub(lambda part: " " * len(part[0]), text)
        lone = _BRACE.search(between)
        if lone:
            message = said(
                "the %(brace)s has no other: a value stands as {name}",
                brace=lone[0],
            )
            self._report(node, message, lone.start())
        for found in _PLACEHOLDER.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            expression = self._reader.part(
                node,
                *found.span(1),
                shape,
                hint=said(": a question shows id, name, store and links only"),
            )
            if expression is not None:
                parts.append(expression)
        return Question(parts=(*parts, text[end:]))

    def _check_links(
        self, rules: tuple[Rule, ...], links: Dict[str, Any]
    ) -> None:
        known = {name for rule in rules for name, _ in rule.remember}
        known |= set(links)
        for node, expression in self._reader.read:
            for name in sorted(self._own_links(expression) - known):
                self._report(
                    node,
                    said(
                        "nothing sets links.%(name)s: no rule remembers it "
                        "and `links` has no entry%(hint)s",
                        name=name,
                        hint=nearest(name, iter(known)),
                    ),
                    _index(node, f"links.{name}"),
                )

    def _own_links(self, expression: Expression) -> frozenset[str]:
        """Return the links that it reads itself, not by a named one."""
        named = self._language.named.expressions
        told = (named[name].links for name in expression.named & set(named))
        return expression.links.difference(*told)

    def _look_over(self, rules: tuple[Rule, ...]) -> None:
        """Warn of what is hardly meant."""
        for rule in rules:
            if sends_all(rule):
                self._warn(self._name_of(rule.name), SENDS_ALL)
            later = shadowed_by(rule, rules)
            if later is not None:
                self._warn(self._name_of(rule.name), shadowed(later))
        creates = [rule for rule in rules if rule.once]
        if creates and all(
            rule.when is not Moment.CANCELLED for rule in rules
        ):
            self._warn(self._name_of(creates[0].name), NO_CANCEL)
        read = {name for _, found in self._reader.read for name in found.links}
        for node, name in self._set_links():
            if name not in read:
                self._warn(
                    node, said("nothing reads links.%(name)s", name=name)
                )

    def _set_links(self) -> list[tuple[Node, str]]:
        """Return where each link is set."""
        nodes = [self._child("links")] if self._has("links") else []
        nodes += [
            self._child("rules", rule, "remember")
            for rule in self._form.rules
            if self._has("rules", rule, "remember")
        ]
        return [
            (Node(value=None, line=line, column=column), name)
            for node in nodes
            for name, (line, column) in node.keys.items()
        ]

    def _warn(self, node: Node, message: str) -> None:
        self._report(node, message, severity="warning")

    def _check_once(self, rules: tuple[Rule, ...]) -> None:
        seen: dict[str, str] = {}
        for rule in rules:
            if not rule.once or rule.operation is None:
                continue
            other = seen.setdefault(rule.operation.name, rule.name)
            if other != rule.name:
                self._report(
                    self._name_of(rule.name),
                    said(
                        "%(call)s may happen once for an order, and the rule "
                        "%(rule)r does it already",
                        call=rule.operation.name,
                        rule=other,
                    ),
                )


def _index(node: Node, part: str) -> int | None:
    """Return where *part* stands in a scalar's text, None where it is not."""
    at = str(node.value).find(part)
    return None if at < 0 else at


def _refused(name: str, other: str, texts: Dict[str, str]) -> str:
    """Return why the named expression *name* can not use *other*."""
    if name == other:
        return said("named.%(name)s refers to itself", name=name)
    seen, next_ones = {other}, [other]
    while next_ones:
        used = _NAMED_ONE.findall(texts[next_ones.pop()])
        next_ones += [one for one in used if one in texts and one not in seen]
        seen |= set(next_ones)
    if name in seen:
        return said(
            "named.%(one)s and named.%(other)s need each other: one has to do "
            "without",
            one=name,
            other=other,
        )
    return said(
        "named.%(other)s stands below: move it above %(name)r",
        other=other,
        name=name,
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
