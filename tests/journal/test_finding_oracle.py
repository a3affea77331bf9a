"""Orders found by words, against plain Python over all of their terms."""

import shutil
import tempfile

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from typing_extensions import override

from bridge.journal.protocol import EventVerdict
from bridge.journal.sqlite import SQLiteJournal
from bridge.model import SECOND, EventId, EventState
from bridge.orders.order import (
    Address,
    OrderState,
    Snapshot,
    dump_state,
)
from bridge.orders.search import LEAST_BEGINNING, Word, terms_of, words_of
from tests.factories import (
    NOW,
    STORE,
    later,
    link,
    new_event,
    plan_for,
    plan_one,
)
from tests.journal.test_oracle import _fresh_file

OTHER = "cafe-co"
ORDERS = {"8001": STORE, "8002": STORE, "8003": OTHER, "8004": OTHER}
NAMES = ("Ana Ortega", "José Núñez-Pérez", "Mariana Ortiz", "Ana")
PHONES = ("+52 55 5501 0123", "+57 301 220 0123", "")
LINKS = ("9095-ABC", "GUIA77")
QUESTIONS = (
    "ana", "an", "ort", "ortega ana", "ortiz mariana", "jose", "NÚÑEZ",
    "perez", "0123", "5501 0123", "123", "#8001", "8002", "8003", "9095-abc",
    "guia", "guia77", "nadie", "ana nadie", "ana ort", "a", "",
)  # fmt: skip


class FindingAndOracle(RuleBasedStateMachine):
    """Tells of orders, indexes them a few at once, and asks for them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="finding-")
        self.journal = SQLiteJournal(_fresh_file(self.folder))
        self.now = NOW
        self.events: dict[str, EventId] = {}
        self.states: dict[str, OrderState] = {}
        self.links: dict[str, str] = {}
        self.changed: list[str] = []
        self.terms: dict[str, frozenset[str]] = {}

    @override
    def teardown(self) -> None:
        """Leave no file behind."""
        self.journal.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """Start with orders that have something in common."""
        self.tell("8001", NAMES[0], PHONES[0], LINKS[0])
        self.tell("8003", NAMES[1], PHONES[1], None)

    @rule(
        order=st.sampled_from(sorted(ORDERS)),
        name=st.sampled_from(NAMES),
        phone=st.sampled_from(PHONES),
        value=st.none() | st.sampled_from(LINKS),
    )
    def tell(
        self, order: str, name: str, phone: str, value: str | None
    ) -> None:
        """A shop tells of an order, anew or for the first time."""
        self.now = later(1, self.now)
        (event,) = self.journal.append(
            [new_event(f"{order}-{self.now}", store=ORDERS[order])]
        )
        state = _state(order, name, phone)
        known = self.journal.dossier(ORDERS[order], order).order
        links = (
            []
            if value is None
            else [link(order_id=order, store=ORDERS[order], value=value)]
        )
        plan = plan_for(
            store=ORDERS[order],
            order_id=order,
            seen_revision=known.revision if known else None,
            state=dump_state(state),
            body_event=event.id,
            events=[
                EventVerdict(
                    id=event.id, state=EventState.PLANNED, order_id=order
                )
            ],
            links=links,
        )
        assert plan_one(self.journal, plan, self.now)
        self.events.setdefault(order, event.id)
        self.states[order] = state
        if value is not None:
            self.links[order] = value
        self.changed = [one for one in self.changed if one != order]
        self.changed.append(order)

    @rule(step=st.integers(1, 3))
    def index(self, step: int) -> None:
        """Some of those that changed are indexed, the first change first."""
        self.now = later(5 * SECOND, self.now)
        looked = self.journal.index_orders(self.now, step)
        ready, self.changed = self.changed[:step], self.changed[step:]
        assert looked == len(ready)
        for one in ready:
            links = [self.links[one]] if one in self.links else []
            self.terms[one] = terms_of(self.states[one], links)
        since = self.journal.unindexed_since(self.now)
        assert (since is None) == (not self.changed)

    @invariant()
    def finds_the_same(self) -> None:
        """Whoever has all the words, the newest first, of any store."""
        for text in QUESTIONS:
            wanted = self._meant(words_of(text))
            assert self._found(text, None) == wanted
            assert self._found(text, [OTHER]) == [
                one for one in wanted if ORDERS[one] == OTHER
            ]

    def _found(self, text: str, stores: list[str] | None) -> list[str]:
        found = self.journal.find_orders(text, stores=stores, limit=9)
        return [one.order_id for one in found]

    def _meant(self, words: tuple[Word, ...]) -> list[str]:
        found = {
            order
            for order, terms in self.terms.items()
            if words and all(_fits(word, terms, words) for word in words)
        }
        by_id = {one for one in self.events if _is_id(one, words)}
        newest = sorted(found - by_id, key=lambda one: -self.events[one])
        return [*sorted(by_id), *newest]


def _fits(word: Word, terms: frozenset[str], words: tuple[Word, ...]) -> bool:
    """Return whether an order is meant; a letter alone means none."""
    alone = len(words) == 1 and len(word.text) < LEAST_BEGINNING
    return not alone and word.fits(terms)


def _is_id(order: str, words: tuple[Word, ...]) -> bool:
    """Return whether the one word is the order's own id."""
    return len(words) == 1 and words[0].text == order


def _state(order: str, name: str, phone: str) -> OrderState:
    return OrderState(
        store=ORDERS[order],
        platform="shopify",
        id=order,
        snapshot=Snapshot(
            id=order,
            version=NOW,
            digest="a",
            name=f"#{order}",
            created_at=NOW,
            ship_to=Address(name=name, phone=phone or None),
        ),
    )


FindingAndOracle.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestFindingAndOracle = FindingAndOracle.TestCase
