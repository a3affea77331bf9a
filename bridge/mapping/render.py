"""
From a rule and an order to the request, or to the reason why not.

Pure: the same rule, order and links give the same request. Reasons name
file, line and field, and never show what a customer wrote.
"""

import hashlib
import json
import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bridge.errors import LinkMissing, NothingToSend, Unrenderable
from bridge.mapping.addresses import unsure
from bridge.mapping.document import Find, Mapping, Rule
from bridge.mapping.expression import (
    NAMED,
    Expression,
    ExpressionFailed,
    is_empty,
)
from bridge.mapping.template import (
    NOTHING,
    Computed,
    Fields,
    Template,
    TemplateFailed,
)
from bridge.mapping.words import expected
from bridge.model import JSON, Reason, Request
from bridge.saying import either, said, together
from bridge.targets.address import address
from bridge.targets.contract import Operation

Document = Dict[str, JSON]
_LOOKS_INTO = re.compile(r"lookup\('([^']+)'")
_SHOWN = 200  # characters of an expression in a reason
_NOTHING = Reason(code="nothing_to_send", text=said("nothing to send"))
_NO_FIELDS = Fields(line=1, column=1, fields=())
_sorted_text = json.JSONEncoder(sort_keys=True).encode


def known_links(
    mapping: Mapping, rule: Rule, document: Document
) -> dict[str, str]:
    """
    Return links that the order's own attributes give and nobody knew.

    Only those that *rule* needs and that are not in `document["links"]`.
    """
    found = {}
    for name in missing_links(rule, document):
        for source in mapping.links.get(name, ()):
            if isinstance(source, Expression):
                value = _link_value(mapping, rule, source, document)
                if value:
                    found[name] = value
                    break
    return found


def finds_for(
    mapping: Mapping, rule: Rule, document: Document
) -> dict[str, Find]:
    """Return the look-ups that could give the links still missing."""
    return {
        name: source
        for name in missing_links(rule, document)
        for source in mapping.links.get(name, ())
        if isinstance(source, Find)
    }


def missing_links(rule: Rule, document: Document) -> list[str]:
    """Return the links that *rule* needs and nobody knows, by name."""
    return sorted(
        name for name in rule.links if not document["links"].get(name)
    )


def with_links(document: Document, links: Dict[str, str]) -> dict[str, JSON]:
    """Return *document* with *links* known besides."""
    return {**document, "links": {**document["links"], **links}}


def render(mapping: Mapping, rule: Rule, document: Document) -> Request:
    """
    Return the request of *rule* for the order.

    Args:
        document: with all links that are known.

    Raises:
        LinkMissing: it needs a link that is not known.
        NothingToSend: everything in it is empty.
        Unrenderable: an address is not as sure as the file asks for, or a
            required value is missing or does not fit.
    """
    operation = rule.operation
    if operation is None:
        message = "a question has no request"
        raise ValueError(message)
    for name in missing_links(rule, document):
        reason = Reason(
            code="link_missing",
            text=said("links.%(name)s is not known yet", name=name),
            where={"file": mapping.file, "line": rule.line, "link": name},
        )
        raise LinkMissing(name, reason)
    _check_addresses(mapping, rule, document)
    scene = _Scene(mapping, rule, operation)
    values = scene.path(document)
    body = scene.body(document)
    return Request(
        operation=operation.name,
        method=operation.method,
        path=address(operation, values),
        body=body,
    )


def _check_addresses(mapping: Mapping, rule: Rule, document: Document) -> None:
    found = unsure(rule.addresses, document, mapping.addresses)
    if found is not None:
        read, reason = found
        where: dict[str, JSON] = {
            "file": mapping.file,
            "line": read.line,
            "field": read.field,
            "rule": rule.name,
            **reason.where,
        }
        raise Unrenderable(
            Reason(code=reason.code, text=reason.text, where=where)
        )


def request_hash(request: Request) -> str:
    """Return what two equal requests have in common."""
    return body_hash([request.method, request.path, request.body])


def kept_hash(operation: str, kept: JSON) -> str | None:
    """Return what stands for a kept request, or a question's subject."""
    request = kept_request(operation, kept)
    if request is not None:
        return request_hash(request)
    return None if kept is None else body_hash(kept)


def body_hash(body: JSON) -> str:
    """Return what two equal bodies have in common."""
    return hashlib.sha256(_sorted_text(body).encode()).hexdigest()


def kept_request(operation: str, kept: JSON) -> Request | None:
    """Return the request that a delivery or an attempt keeps as JSON."""
    if not isinstance(kept, dict) or "method" not in kept:
        return None
    return Request(
        operation=operation,
        method=kept["method"],
        path=kept["path"],
        body=kept.get("body"),
    )


def condition_holds(mapping: Mapping, rule: Rule, document: Document) -> bool:
    """
    Return whether the rule's `if` holds.

    Raises:
        Unrenderable: it can not be computed for this order.
    """
    if rule.condition is None:
        return True
    try:
        value = rule.condition.value(document)
    except ExpressionFailed as error:
        raise Unrenderable(
            Reason(
                code="expression_failed",
                text=said(
                    "`if` of the rule %(rule)s: %(error)s",
                    rule=rule.name,
                    error=str(error),
                ),
                where={"file": mapping.file, "line": rule.line, "field": "if"},
            )
        ) from None
    return not is_empty(value)


def learned(rule: Rule, answer: JSON) -> dict[str, str]:
    """Return the links that *answer* teaches; what is not there is left."""
    found = {}
    for name, expression in rule.remember:
        try:
            value = expression.value(answer)
        except ExpressionFailed:
            continue
        if isinstance(value, str | int) and not isinstance(value, bool):
            found[name] = str(value).strip()
    return {name: value for name, value in found.items() if value}


def _link_value(
    mapping: Mapping, rule: Rule, source: Expression, document: Document
) -> str | None:
    try:
        value = source.value(document)
    except ExpressionFailed as error:
        raise Unrenderable(
            Reason(
                code="expression_failed",
                text=said(
                    "`links` of %(mapping)s: %(error)s",
                    mapping=mapping.name,
                    error=str(error),
                ),
                where={"file": mapping.file, "line": rule.line},
            )
        ) from None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


class _Scene:
    """One rule at work; knows how to say where something went wrong."""

    def __init__(
        self, mapping: Mapping, rule: Rule, operation: Operation
    ) -> None:
        self._mapping, self._rule = mapping, rule
        self._operation = operation

    def body(self, document: Document) -> JSON:
        """Return the body as it is sent, or None where there is none."""
        operation = self._operation
        if operation.body is None:
            return None
        found = self.part(self._rule.body, operation.body, document)
        if not found:
            raise NothingToSend(_NOTHING)
        return operation.dress(found) if operation.dress else found

    def path(self, document: Document) -> dict[str, Any]:
        """Return the values of the path and the query."""
        model = self._operation.path_fields
        found = self.part(self._rule.path, model, document)
        for name, value in found.items():
            if value in (".", ".."):
                raise Unrenderable(
                    Reason(
                        code="value_wrong",
                        text=_misfits(name, said("dots alone are no id")),
                        where=self._where(
                            (self._rule.path or _NO_FIELDS).at((name,)), name
                        ),
                    )
                )
        return found

    def part(
        self,
        template: Template | None,
        model: type[BaseModel] | None,
        document: Document,
    ) -> dict[str, Any]:
        """Return the checked values of a path or body."""
        template = template or Fields(
            line=self._rule.line, column=1, fields=()
        )
        try:
            found = template.value(document)
        except TemplateFailed as error:
            raise self._failed(error) from None
        if found is NOTHING:
            found = {}
        if model is not None and (found or model is not self._operation.body):
            self._check(template, model, found)
        return found if isinstance(found, dict) else {}

    def _check(
        self, template: Template, model: type[BaseModel], found: JSON
    ) -> None:
        try:
            model.model_validate(found)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise self._misfit(template, faults) from None

    def _failed(self, error: TemplateFailed) -> Unrenderable:
        return Unrenderable(
            Reason(
                code="expression_failed",
                text=together(
                    _source(error.template), str(error), between=": "
                ),
                where=self._where(error.template, ""),
            )
        )

    def _misfit(
        self, template: Template, faults: Sequence[ErrorDetails]
    ) -> Unrenderable:
        fault, *others = faults
        part = template.at(fault["loc"])
        name = _field_name(fault)
        missing = fault["type"] == "missing"
        names = ", ".join(_field_name(other) for other in others)
        more = said("; so it is with %(names)s", names=names) if names else ""
        if missing:
            text = said(
                "%(call)s requires %(name)s, and %(source)s gave nothing for "
                "this order%(hint)s%(more)s",
                call=self._operation.name,
                name=name,
                source=_source(part),
                hint=self._where_to_look(part),
                more=more,
            )
        else:
            text = together(_misfits(name, expected(fault)), more)
        return Unrenderable(
            Reason(
                code="value_missing" if missing else "value_wrong",
                text=text,
                where=self._where(part, name),
            )
        )

    def _where_to_look(self, part: Template) -> str:
        """Return where else than in the order a value may be missing."""
        if not isinstance(part, Computed):
            return ""
        texts = [part.expression.text]
        for name in sorted(part.expression.named):
            own = self._mapping.named[name].text
            texts.append(own)
            if part.expression.text == f"{NAMED}.{name}":
                return said(
                    ": named.%(name)s is `= %(expression)s`",
                    name=name,
                    expression=own[:_SHOWN],
                )
        tables = dict.fromkeys(_LOOKS_INTO.findall(" ".join(texts)))
        if not tables:
            return ""
        listed = either([f"`{table}`" for table in tables])
        return said(": look into the table %(tables)s", tables=listed)

    def _where(self, part: Template, name: str) -> dict[str, JSON]:
        return {
            "file": self._mapping.file,
            "line": part.line,
            "field": name,
            "rule": self._rule.name,
        }


def _field_name(fault: ErrorDetails) -> str:
    """Return the field's path; names that the order gave are not shown."""
    path = fault["loc"]
    if fault["type"] == "extra_forbidden":
        path = (*path[:-1], "…")
    return ".".join(str(step) for step in path)


def _misfits(name: str, why: str) -> str:
    return said("%(name)s does not fit: %(why)s", name=name, why=why)


def _source(part: Template) -> str:
    if isinstance(part, Computed):
        return f"`= {part.expression.text}`"
    return said("the mapping")
