"""Every field of a path or body, and where it comes from."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace

from bridge.mapping.template import (
    NOTHING,
    Computed,
    Each,
    Fields,
    Items,
    Literal,
    Template,
    TemplateFailed,
    inside,
)
from bridge.model import JSON, Request
from bridge.saying import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """
    One field of a path or body, and where it comes from.

    Args:
        place: `path.orderId`, `body.productos.0.cantidad`.
        value: None where it is left out, or null.
        given: it is in the request.
        source: `file` for what stands there, `order` for an expression,
            `call` for what the target's API is given besides.
        expression: its text; empty for what stands in the file.
        reads: paths in the Order, sorted.
        line: of the file, from 1; 0 for what is not in it.
        corrected: which of *reads* a person has said.
        fault: why it can not be.
    """

    place: str
    value: JSON
    given: bool = True
    source: str = "order"
    expression: str = ""
    reads: tuple[str, ...] = ()
    line: int = 0
    corrected: tuple[str, ...] = ()
    fault: str = ""


def origins(
    template: Template | None,
    scope: Dict[str, JSON],
    place: str,
    corrected: Dict[str, str],
) -> Iterator[Origin]:
    """Yield every field below *template*, over *scope*."""
    match template:
        case Fields() | Items():
            for name, part in _children(template):
                yield from origins(part, scope, f"{place}.{name}", corrected)
        case Each():
            yield from _each(template, scope, place, corrected)
        case Literal(literal=value):
            yield Origin(
                place=place, value=value, source="file", line=template.line
            )
        case Computed():
            yield _computed(template, scope, place, corrected)
        case _:
            return


def _children(template: Fields | Items) -> Iterable[tuple[object, Template]]:
    if isinstance(template, Fields):
        return template.fields
    return enumerate(template.items)


def _each(
    template: Each,
    scope: Dict[str, JSON],
    place: str,
    corrected: Dict[str, str],
) -> Iterator[Origin]:
    each = _computed(template.each, scope, place, corrected)
    found = each.value
    if not isinstance(found, list):
        yield replace(each, given=False, value=None)
        return
    if not found:
        yield replace(each, value=[])
        return
    order = scope.get("order", scope)
    for index, part in enumerate(found):
        yield from origins(
            template.item, inside(part, order), f"{place}.{index}", corrected
        )


def _computed(
    template: Computed,
    scope: Dict[str, JSON],
    place: str,
    corrected: Dict[str, str],
) -> Origin:
    expression = template.expression
    said = Origin(
        place=place,
        value=None,
        expression=expression.text,
        reads=tuple(sorted(expression.reads)),
        line=template.line,
        corrected=tuple(
            said("%(path)s by %(who)s", path=path, who=corrected[path])
            for path in sorted(expression.reads)
            if path in corrected
        ),
    )
    try:
        value = template.value(scope)
    except TemplateFailed as error:
        return replace(said, given=False, fault=str(error))
    if value is NOTHING:
        return replace(said, given=False)
    return replace(said, value=value)


def dressing(request: Request, fields: Iterable[Origin]) -> Iterator[Origin]:
    """Yield what the call adds to the body that the mapping gives."""
    body = request.body
    if not isinstance(body, dict):
        return
    given = {
        one.place.split(".")[1]
        for one in fields
        if one.place.startswith("body.")
    }
    for name, value in body.items():
        if name not in given:
            yield Origin(place=f"body.{name}", value=value, source="call")
