"""
The mappings in force: a set that is swapped as a whole.

`build_catalog` compiles every file of a folder. A file that is wrong never
replaces the text of that name that was good before, nor does one whose
requests would fail where they are sent today; without one, the mapping is
off and the orders of its store wait.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from bridge.errors import MappingError, Problem
from bridge.mapping.compiler import compile_mapping
from bridge.mapping.document import Mapping, Surroundings
from bridge.model import Instant
from bridge.saying import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    The text of one mapping file.

    Args:
        name: the file's name without `.yaml`.
        file: as messages name it.
    """

    name: str
    file: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """
    The mappings in force.

    Args:
        mappings: by name.
        off: names of files that are wrong and were never good.
        since: when each name first came in force.
        problems: of the files that were not taken, for `/readyz` and
            `check`.
        refused: hash of the file's text, by name, where it is right and
            was not taken all the same.
    """

    mappings: Dict[str, Mapping] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    since: Dict[str, Instant] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    refused: Dict[str, str] = field(default_factory=dict)

    def of_store(self, store: str) -> list[Mapping]:
        """Return the mappings from *store*, by name."""
        return [
            mapping
            for _, mapping in sorted(self.mappings.items())
            if mapping.store == store
        ]

    def mapping(self, name: str) -> Mapping | None:
        """Return the mapping of that name, when it is in force."""
        return self.mappings.get(name)


Objection = Callable[[Mapping, Mapping], Problem | None]
"""Says why the second text is not to take the place of the first."""


def build_catalog(
    sources: Sequence[Source],
    around: Surroundings,
    *,
    last_good: Dict[str, str],
    objection: Objection = lambda _before, _after: None,
) -> Catalog:
    """
    Compile all files; what is wrong keeps its last good text.

    Args:
        last_good: text in force before, by name.
        objection: asked of every text that is right and another one.
    """
    refused: dict[str, str] = {}
    mappings: dict[str, Mapping] = {}
    problems: list[Problem] = []
    off: set[str] = set()
    for source in sources:
        try:
            mapping = compile_mapping(
                source.name, source.text, file=source.file, around=around
            )
        except MappingError as error:
            problems += error.problems
            kept = _kept(source, last_good.get(source.name), around)
            if kept is None:
                off.add(source.name)
            else:
                mappings[source.name] = kept
            continue
        before = _edited(source, mapping, last_good, around)
        problem = objection(before, mapping) if before else None
        if before is not None and problem is not None:
            problems.append(problem)
            refused[source.name] = mapping.hash
            mapping = before
        mappings[source.name] = mapping
    texts = {source.name: source for source in sources}
    for name, problem in _clashes(mappings.values(), last_good):
        problems.append(problem)
        del mappings[name]
        kept = _kept(texts[name], last_good.get(name), around)
        if kept and not _clashes([*mappings.values(), kept], last_good):
            mappings[name] = kept
        else:
            off.add(name)
    return Catalog(
        mappings=mappings,
        off=frozenset(off),
        problems=tuple(problems),
        refused=refused,
    )


def _edited(
    source: Source,
    mapping: Mapping,
    last_good: Dict[str, str],
    around: Surroundings,
) -> Mapping | None:
    """Return the text before, if it is another one and still is right."""
    text = last_good.get(source.name)
    if text is None or text == mapping.text:
        return None
    return _kept(source, text, around)


def _kept(
    source: Source, text: str | None, around: Surroundings
) -> Mapping | None:
    if text is None:
        return None
    try:
        return compile_mapping(
            source.name, text, file=source.file, around=around
        )
    except MappingError:  # its store or target is gone since
        return None


def _clashes(
    mappings: Iterable[Mapping], last_good: Dict[str, str]
) -> list[tuple[str, Problem]]:
    """
    Find rules of different files that would be the same effect.

    The text that was in force before stays, else the first by name.
    """
    seen: dict[tuple[str, ...], str] = {}
    found: dict[str, Problem] = {}
    for mapping in sorted(
        mappings, key=lambda m: (last_good.get(m.name) != m.text, m.name)
    ):
        for rule in mapping.rules:
            word = rule.operation.name if rule.operation else "ask"
            name = () if rule.once else (rule.name,)
            key = (mapping.store, mapping.target, word, *name)
            other = seen.setdefault(key, mapping.file)
            if other != mapping.file and mapping.name not in found:
                found[mapping.name] = Problem(
                    file=mapping.file,
                    line=rule.line,
                    message=said(
                        "%(file)s has this already: %(call)s of %(store)s at "
                        "%(target)s; one of the two has to go",
                        file=other,
                        call=word,
                        store=mapping.store,
                        target=mapping.target,
                    ),
                )
    return list(found.items())
