"""The verbs by which orders are found by a word that somebody remembers."""

from collections.abc import Collection, Iterable, Sequence

from pydantic import ValidationError
from typing_extensions import override

from bridge.journal import rows
from bridge.journal.following import follow, followed
from bridge.journal.packing import unpacked_text
from bridge.journal.protocol import OrderRow
from bridge.journal.rows import Row
from bridge.journal.session import Session, Verbs
from bridge.model import MINUTE, SECOND, Instant
from bridge.orders.order import read_state
from bridge.orders.search import LEAST_BEGINNING, Word, terms_of, words_of

MOST_LOOKED_AT = 2_000
"""So many orders that fit one word are looked at for the others."""

LAG = 2 * SECOND
"""So long a change may be under way that is told to be of then."""

SET_BACK = MINUTE
"""So long before the first look a clock may have been set back."""

_LAST_SIGN = "\U0010ffff"


class Finding(Verbs):
    """Reads by words, and keeps the words that orders have."""

    @override
    def find_orders(
        self, text: str, *, stores: Collection[str] | None, limit: int
    ) -> Sequence[OrderRow]:
        words = words_of(text)
        if not words or limit < 1:
            return []
        found: list[OrderRow] = []
        seen: set[tuple[str, str]] = set()
        with self.reading() as session:
            for event_id in _candidates(session, words):
                for row in session.rows("order_of_event", event_id=event_id):
                    key = (row["store"], row["order_id"])
                    if key in seen:
                        continue
                    seen.add(key)
                    if stores is None or row["store"] in stores:
                        found.append(rows.order(row))
                if len(found) >= limit:
                    break
        return found

    @override
    def index_orders(self, now: Instant, limit: int) -> int:
        with self.reading() as session:
            seen = followed(session, "orders")
            at, n = _mark(seen, now)
            found = session.rows(
                "orders_to_index", at=at, n=n, until=now - LAG, limit=limit
            )
            terms = [(row, terms_of_row(session, row)) for row in found]
            changed = [
                (row, kept)
                for row, kept in terms
                if kept is not None and kept != _kept_terms(session, row)
            ]
        reached = (at, n)
        if found:
            reached = (found[-1]["kept_since"], found[-1]["n"])
        if reached == seen:
            return 0
        with self.zeroing() as session:
            # Unless another worker is at it.
            if follow(session, "orders", seen, reached):
                for row, kept in changed:
                    _index_unchanged(session, row, kept)
        return len(found)

    @override
    def unindexed_since(self, now: Instant) -> Instant | None:
        with self.reading() as session:
            at, _n = _mark(followed(session, "orders"), now)
            (row,) = session.rows("next_to_index", at=at)
        found = row["at"]
        return None if found is None else Instant(max(found, 0))


def _mark(seen: tuple[int, int], now: Instant) -> tuple[int, int]:
    """Return where to go on; before now, if the clock was set back."""
    return seen if seen[0] <= now else (now - SET_BACK, 0)


def _index_unchanged(
    session: Session, row: Row, terms: Collection[str]
) -> None:
    """Index an order, unless it has changed, or was pruned, meanwhile."""
    order = session.row("order", store=row["store"], order_id=row["order_id"])
    if order and order["revision"] == row["revision"]:
        index(session, row["store"], row["order_id"], terms)


def index(
    session: Session, store: str, order_id: str, terms: Collection[str]
) -> None:
    """Let an order be found by *terms*, and by nothing else."""
    key = {"store": store, "order_id": order_id}
    (first,) = session.rows("first_event", **key)
    if first["id"] is None:
        return
    before = {
        row["event_id"]: set(row["terms"].split(" "))
        for row in session.rows("searched_of_order", **key)
    }
    for event_id, old in before.items():
        gone = old - set(terms) if event_id == first["id"] else old
        for term in sorted(gone):
            session.run("drop_term", term=term, event_id=event_id)
        if event_id != first["id"]:
            session.run("drop_searched", event_id=event_id)
    for term in sorted(set(terms) - before.get(first["id"], set())):
        session.run("add_term", term=term, event_id=first["id"])
    session.run(
        "keep_searched",
        event_id=first["id"],
        terms=" ".join(sorted(terms)),
    )


def terms_of_row(session: Session, row: Row) -> Collection[str] | None:
    """Return an order's terms; None when its state is another program's."""
    try:
        state = read_state(unpacked_text(row["state"]))
    except ValidationError:
        return None
    links = session.rows(
        "links_of_order", store=row["store"], order_id=row["order_id"]
    )
    return terms_of(state, [link["value"] for link in links])


def _kept_terms(session: Session, row: Row) -> Collection[str] | None:
    kept = session.rows(
        "searched_of_order", store=row["store"], order_id=row["order_id"]
    )
    if len(kept) != 1:
        return None
    return frozenset(str(kept[0]["terms"]).split(" "))


# --------------------------------------------------------------- a question


def _candidates(session: Session, words: Sequence[Word]) -> Iterable[int]:
    """Yield orders that all words fit, by their events, newest first."""
    if len(words) == 1:
        for row in session.rows(
            "events_of_id", order_id=words[0].text, limit=MOST_LOOKED_AT
        ):
            yield row["event_id"]
    exact = _exact(session, words)
    if exact:
        yield from _having(session, words, exact)
    if len(exact) < len(words) or len(words) == 1:
        yield from _beginning(session, words, exact)


def _exact(session: Session, words: Sequence[Word]) -> Sequence[str]:
    """Return the words that stand somewhere as they are, the rarest first."""
    counts = []
    for word in words:
        (row,) = session.rows(
            "count_term", term=word.text, most=MOST_LOOKED_AT
        )
        counts.append((row["n"], word.text))
    return [text for count, text in sorted(counts) if count]


def _having(
    session: Session, words: Sequence[Word], exact: Sequence[str]
) -> Iterable[int]:
    second, third = (*exact[1:3], None, None)[:2]
    found = session.rows(
        "with_terms",
        rarest=exact[0],
        second=second,
        third=third,
        limit=MOST_LOOKED_AT,
    )
    return _fitting(found, words)


def _beginning(
    session: Session, words: Sequence[Word], exact: Sequence[str]
) -> Iterable[int]:
    """Look among those that begin with the longest word, or phone."""
    others = [word for word in words if word.text not in exact] or words
    word = max(others, key=lambda one: len(one.text))
    found: list[Row] = []
    for begun in filter(None, (word.phone, word.text)):
        if len(begun) < LEAST_BEGINNING:
            continue
        found += session.rows(
            "beginning_with",
            least=begun,
            past=begun + _LAST_SIGN,
            limit=MOST_LOOKED_AT,
        )
    found.sort(key=lambda row: -int(row["event_id"]))
    return _fitting(found, words)


def _fitting(found: Iterable[Row], words: Sequence[Word]) -> Sequence[int]:
    return [
        row["event_id"]
        for row in found
        if all(word.fits(row["terms"].split(" ")) for word in words)
    ]
