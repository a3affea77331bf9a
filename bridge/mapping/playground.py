"""
An expression or a template tried on one order, step by step.

It is checked as `check` does it. It is computed by JMESPath's own
interpreter, which counts its steps: whatever is typed ends soon.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from typing import Any

from jmespath.visitor import Options, TreeInterpreter
from typing_extensions import override

from bridge.errors import MappingError, Problem
from bridge.mapping.compiler import compile_template
from bridge.mapping.discretion import template_is_public, tree_is_public
from bridge.mapping.document import Mapping
from bridge.mapping.functions import FunctionFailed
from bridge.mapping.parsing import Node
from bridge.mapping.running import Run
from bridge.mapping.spelling import spelled
from bridge.mapping.template import (
    NOTHING,
    Template,
    TemplateFailed,
)
from bridge.mapping.text import too_long
from bridge.model import JSON
from bridge.saying import said

LONGEST = 8_000
"""Characters that may be tried."""

MOST_STEPS = 100_000
"""So many nodes and items are looked at: some tenths of a second."""

MOST_SHOWN = 40
"""So many steps are told."""

LARGEST = 50_000
"""Characters and values that a value may have and still be shown."""

FILE = "here"
"""As problems name what was typed."""

_TOO_MANY = said("takes more steps than any order needs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One part of an expression, and what it gave.

    Args:
        item: it was asked of an item of a list; *value* is the first's.
        public: the value tells nothing of a customer.
    """

    text: str
    value: JSON
    item: bool
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """
    What came of it.

    Args:
        value: None where it gave nothing.
        given: it would stand in the request; False where it is left out.
        kind: of the value: `text`, `list`, ….
        problems: what is wrong with the text; nothing was computed then.
        failed: why it can not be computed for this order.
        public: the value tells nothing of a customer.
        reads: paths in the Order, sorted.
    """

    value: JSON = None
    given: bool = False
    kind: str = "null"
    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    failed: str = ""
    public: bool = True
    reads: tuple[str, ...] = ()


def try_out(mapping: Mapping, text: str, scene: Dict[str, JSON]) -> Tried:
    """
    Return what *text* gives for an order.

    Args:
        text: an expression, with or without its `=`, or a part of a body.
        scene: the order as expressions see it.
    """
    if len(text) > LONGEST:
        problem = Problem(file=FILE, message=too_long(LONGEST))
        return Tried(problems=(problem,))
    counted = _Counted()
    try:
        template = compile_template(
            mapping, text, file=FILE, run=counted.running
        )
    except MappingError as error:
        return Tried(problems=error.problems)
    public = template_is_public(template, mapping.named)
    tried = Tried(public=public, reads=tuple(sorted({*_reads(template)})))
    try:
        value = template.value(scene)
        counted.weigh(value)
    except (TemplateFailed, FunctionFailed) as error:
        steps = _steps(counted, mapping)
        return replace(tried, failed=str(error), steps=steps)
    given = value is not NOTHING
    return replace(
        tried,
        value=value if given else None,
        given=given,
        kind=kind_of(value if given else None),
        steps=_steps(counted, mapping),
    )


def kind_of(value: JSON) -> str:
    """Return a value's kind, in the words of the language."""
    match value:
        case None:
            return "null"
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def _reads(template: Template) -> Iterator[str]:
    for expression in template.expressions():
        yield from expression.reads


def _steps(counted: "_Counted", mapping: Mapping) -> tuple[Step, ...]:
    found = []
    for node, value in counted.seen[:MOST_SHOWN]:
        item = id(node) in counted.of_items
        public = not item and tree_is_public(node, mapping.named)
        found.append(
            Step(text=spelled(node), value=value, item=item, public=public)
        )
    return tuple(found)


# --------------------------------------------------------------- the steps


_TOLD = frozenset(
    {
        "field", "subexpression", "index_expression", "projection",
        "filter_projection", "value_projection", "flatten", "pipe",
        "function_expression", "comparator", "or_expression",
        "and_expression", "not_expression",
    }
)  # fmt: skip
_ONE_STEP = frozenset({"subexpression", "index_expression"})
"""What stands in them is no step of its own, unless it is a call."""

_OVER_ITEMS = frozenset(
    {"projection", "filter_projection", "value_projection"}
)


@dataclass
class _Plan:
    """Which nodes are told as steps, and which are asked of items."""

    told: set[int] = field(default_factory=set)
    of_items: set[int] = field(default_factory=set)

    def look(self, node: Node, *, inside: bool, item: bool) -> None:
        """Choose among *node* and what stands in it."""
        kind = node["type"]
        is_call = kind == "function_expression"
        if kind in _TOLD and (is_call or not inside):
            self.told.add(id(node))
            if item:
                self.of_items.add(id(node))
        below = inside or kind in _ONE_STEP
        for nth, child in enumerate(node["children"]):
            if not isinstance(child, dict):
                continue
            over = kind in _OVER_ITEMS and nth > 0
            self.look(
                child,
                inside=not is_call and (below or kind in _OVER_ITEMS),
                item=item or over or kind == "expref",
            )


class _Counted(TreeInterpreter):
    """Walks syntax trees, counts, and keeps what the steps gave."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MOST_STEPS
        self._plan = _Plan()
        self._kept: set[int] = set()
        self.seen: list[tuple[Node, JSON]] = []

    @property
    def of_items(self) -> set[int]:
        """The nodes that are asked of the items of a list."""
        return self._plan.of_items

    def running(self, tree: Node, options: Options) -> Run:
        """Return what computes *tree*, counting here."""
        self._plan.look(tree, inside=False, item=False)

        def run(value: Any) -> Any:
            self._functions = options.custom_functions
            return self.visit(tree, value)

        return run

    @override
    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._spend(1)
        found = super().visit(node, *args, **kwargs)
        if isinstance(found, list):
            self._spend(len(found))
        if node["type"] in {"multi_select_list", "multi_select_dict"}:
            self.weigh(found)
        if id(node) in self._plan.told and id(node) not in self._kept:
            self._kept.add(id(node))
            self.seen.append((node, found))
        return found

    def weigh(self, value: JSON) -> None:
        """
        Count all that is in a value, which may have one part many times.

        Raises:
            FunctionFailed: it is too much to be shown.
        """
        rest, size = [value], 0
        while rest:
            part = rest.pop()
            size += len(part) if isinstance(part, str) else 1
            if size > LARGEST:
                message = said(
                    "gives more than %(most)s characters and values",
                    most=LARGEST,
                )
                raise FunctionFailed(message)
            if isinstance(part, dict):
                rest += part.values()
            elif isinstance(part, list):
                rest += part
        self._spend(size)

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise FunctionFailed(_TOO_MANY)
