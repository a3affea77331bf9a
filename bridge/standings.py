"""How mapping files stand to the texts that are in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.errors import NotDecidable, NotFound, Problem, VersionMismatch
from bridge.hindsight import texts_in_force
from bridge.journal.protocol import Journal, MappingText, Refusal
from bridge.mapping.catalog import Source, build_catalog
from bridge.mapping.document import Mapping as MappingInForce
from bridge.mapping.document import Surroundings
from bridge.mapping.tables import apart
from bridge.mapping.words import nearest
from bridge.model import Instant


class State(StrEnum):
    """How a mapping file stands to what is in force."""

    IN_FORCE = "in_force"
    NEW = "new"
    """The worker has not looked at it yet."""
    REFUSED = "refused"
    """An older text is in force: the file is wrong, or it breaks requests."""
    OFF = "off"
    """Nothing is in force: the file is wrong."""
    GONE = "gone"
    """There is no file; the worker has not seen that yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How one mapping stands.

    Args:
        file: None when there is none.
        hash: of the file's text; None when that is wrong.
        before: the mapping in force.
        after: the mapping that the file is, when it is right.
        since: when the text in force came in force.
        problems: one line each.
        faults: what is wrong in its file, or hardly meant, with its place.
        refusal: of the file's text, if it was refused or forced.
    """

    name: str
    state: State
    file: str | None = None
    before: MappingInForce | None = None
    after: MappingInForce | None = None
    since: Instant | None = None
    problems: tuple[str, ...] = ()
    faults: tuple[Problem, ...] = ()
    refusal: Refusal | None = None

    @property
    def hash(self) -> str | None:
        """The hash of the file's text, when that is right."""
        return self.after.hash if self.after else None

    @property
    def in_force(self) -> str | None:
        """The hash of the text in force."""
        return self.before.hash if self.before else None


def standings(
    journal: Journal, sources: Sequence[Source], around: Surroundings
) -> list[Standing]:
    """Return how every mapping stands, by name."""
    texts = {text.name: text for text in journal.in_force()}
    in_force = texts_in_force(journal, around)
    refusals = {(one.name, one.hash): one for one in journal.refusals()}
    catalog = build_catalog(
        sources,
        around,
        last_good={name: text.text for name, text in texts.items()},
    )
    files = {source.name: source for source in sources}
    found = []
    for name in sorted(files.keys() | texts.keys()):
        source, known = files.get(name), catalog.mapping(name)
        right = known is not None and source and known.text == source.text
        after = known if right else None
        found.append(
            _standing(
                name,
                source,
                after,
                before=in_force.get(name),
                text=texts.get(name),
                faults=[
                    one
                    for one in catalog.problems
                    if source and one.file in _files_of(source)
                ],
                refusal=refusals.get((name, after.hash)) if after else None,
            )
        )
    return found


def _files_of(source: Source) -> set[str]:
    """Return the file of a mapping, and those of its tables."""
    folder, slash, _ = source.file.rpartition("/")
    tables = apart(source.text).files
    return {source.file, *(f"{folder}{slash}{name}" for name in tables)}


def _standing(
    name: str,
    source: Source | None,
    after: MappingInForce | None,
    *,
    before: MappingInForce | None,
    text: MappingText | None,
    faults: Sequence[Problem],
    refusal: Refusal | None,
) -> Standing:
    objected = refusal is not None and bool(refusal.reason)
    forced = refusal is not None and refusal.forced_at is not None
    if source is None:
        state = State.GONE
    elif after is None:
        state = State.REFUSED if text else State.OFF
    elif text is not None and text.hash == after.hash:
        state = State.IN_FORCE
    else:
        state = State.REFUSED if objected and not forced else State.NEW
    refused = state is State.REFUSED and refusal is not None
    return Standing(
        name=name,
        state=state,
        file=source.file if source else None,
        before=before,
        after=after,
        since=text.since if text else None,
        problems=(
            *map(str, faults),
            *([refusal.reason] if refused and refusal else []),
        ),
        faults=(*faults, *(after.warnings if after else ())),
        refusal=refusal,
    )


def standing_of(
    journal: Journal,
    sources: Sequence[Source],
    around: Surroundings,
    name: str,
) -> Standing:
    """
    Return how one mapping stands.

    Raises:
        NotFound: there is neither a file nor a text in force.
    """
    found = {one.name: one for one in standings(journal, sources, around)}
    name = name.removesuffix(".yaml")
    if name not in found:
        message = f"There is no mapping {name!r}{nearest(name, found)}"
        raise NotFound(message)
    return found[name]


def force(
    journal: Journal,
    standing: Standing,
    *,
    hash: str | None,
    actor: str,
    reason: str,
    now: Instant,
) -> str:
    """
    Let the file's text come in force whatever it breaks; return its hash.

    Args:
        hash: of the text that was looked at; None takes what is there.

    Raises:
        NotDecidable: the file is wrong, or is in force.
        VersionMismatch: the file is another one by now.
    """
    name, now_there = standing.name, standing.hash
    if now_there is None:
        message = f"The file of {name} is wrong: see `bridge check`."
        raise NotDecidable(message)
    if hash is not None and hash != now_there:
        message = f"The file of {name} is {now_there} by now: look again."
        raise VersionMismatch(message)
    if standing.state is State.IN_FORCE:
        message = f"{name} is in force as the file has it."
        raise NotDecidable(message)
    journal.force_text(name, now_there, actor=actor, reason=reason, now=now)
    return now_there
