"""
By which words an order is found, and which words a question has.

Both are made alike: letters and digits only, without accents and case. A
phone stands backwards behind a `~`, so that its last digits come first.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.orders.order import Address, OrderState, Person, Snapshot

LONGEST = 40
"""Letters of a word; what is longer is cut."""

MOST_TERMS = 48
"""Of one order."""

LEAST_DIGITS = 4
"""So many of a phone's last digits are enough to ask for it."""

LEAST_BEGINNING = 2
"""So many letters of a word's beginning are."""

MOST_WORDS = 8
"""Of a question; the others are left out."""

PHONE = "~"

_NEITHER = re.compile(r"[\W_]+")
_NO_DIGIT = re.compile(r"\D+")
_LIKE_A_PHONE = re.compile(r"\+?[\d\s().-]+")


@dataclass(frozen=True, slots=True)
class Word:
    """
    One word of a question.

    Args:
        text: as it is kept.
        phone: the beginning of a phone as it is kept; empty when it can
            be none.
    """

    text: str
    phone: str = ""

    def fits(self, terms: Iterable[str]) -> bool:
        """Return whether an order of these terms is meant."""
        return any(
            term.startswith(self.text)
            or (self.phone and term.startswith(self.phone))
            for term in terms
        )


def terms_of(state: OrderState, links: Iterable[str]) -> frozenset[str]:
    """
    Return the words by which an order is found.

    Args:
        links: what targets call it.
    """
    found = {folded(one) for one in links}
    found |= {folded(one.tracking_number or "") for one in state.parcels}
    for one in state.corrections:
        if one.value and one.path.endswith(("name", "phone")):
            is_phone = one.path.endswith("phone")
            found |= _phone(one.value) if is_phone else _words(one.value)
    if state.snapshot is not None:
        found |= _told(state.snapshot)
    kept = sorted(term for term in found if len(term) > 1)
    return frozenset(kept[:MOST_TERMS])


def words_of(text: str) -> tuple[Word, ...]:
    """
    Return the words of a question.

    Digits with blanks, brackets and dashes between are one word.
    """
    whole = text.strip()
    if _LIKE_A_PHONE.fullmatch(whole):
        digits = _NO_DIGIT.sub("", whole)
        return (_word(digits),) if digits else ()
    found = [_word(folded(part)) for part in whole.split()]
    return tuple(one for one in found if one.text)[:MOST_WORDS]


def folded(text: str) -> str:
    """Return a word as it is kept and asked for."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _NEITHER.sub("", plain)[:LONGEST]


def _word(text: str) -> Word:
    if text.isascii() and text.isdigit() and len(text) >= LEAST_DIGITS:
        return Word(text, PHONE + text[::-1])
    return Word(text)


def _told(snapshot: Snapshot) -> set[str]:
    found = _number(snapshot.name)
    people: tuple[Person | Address, ...] = (
        snapshot.customer,
        snapshot.ship_to,
        snapshot.bill_to,
    )
    for phone in {one.phone for one in people}:
        found |= _phone(phone or "")
    found |= _words(" ".join(map(_names, people)))
    found |= {folded(one.tracking_number or "") for one in snapshot.parcels}
    return found


def _names(one: Person | Address) -> str:
    names = (one.name, one.first_name, one.last_name)
    return " ".join(name for name in names if name)


def _number(name: str) -> set[str]:
    """Return `mx1001` and `1001` for `#MX-1001`."""
    return {folded(name), *re.findall(r"\d+", folded(name))}


def _words(text: str) -> set[str]:
    return set(_split(text))


def _split(text: str) -> Iterator[str]:
    """Yield `perezgomez`, `perez` and `gomez` for `Pérez-Gómez`."""
    for part in set(text.split()):  # most names are told several times
        yield folded(part)
        yield from map(folded, _NEITHER.split(_unaccented(part)))


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def _phone(text: str) -> set[str]:
    digits = _NO_DIGIT.sub("", text)
    if len(digits) < LEAST_DIGITS:
        return set()
    return {PHONE + digits[::-1][:LONGEST]}
