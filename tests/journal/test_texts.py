"""Mapping texts, in and out of force."""

from typing import Any

import pytest

from bridge.journal.protocol import Journal
from bridge.model import DeliveryState, Kind, Reason
from tests.factories import NOW, keep, later, new_delivery
from tests.journal.steps import revision, row

S = DeliveryState
NAME = "cafe-mx-rayo"


def test_one_text_is_in_force(journal: Journal) -> None:
    """A new text takes the old one's place; a known one changes nothing."""
    assert journal.put_in_force(NAME, "h1", "one", NOW)
    journal.render_anew(NAME, NOW)
    assert not journal.put_in_force(NAME, "h1", "one", later(1))
    assert journal.put_in_force(NAME, "h2", "two", later(2))
    assert journal.put_in_force("another", "h3", "three", later(3))

    assert [
        (text.name, text.hash, text.since, text.until)
        for text in journal.in_force()
    ] == [("another", "h3", later(3), None), (NAME, "h2", later(2), None)]


def test_text_is_news_until_what_it_frees_was_let_go(
    journal: Journal,
) -> None:
    """
    Whoever put it in force may have ended before: the next one is told.
    """
    journal.put_in_force(NAME, "h1", "one", NOW)

    assert journal.put_in_force(NAME, "h1", "one", later(1))

    journal.render_anew(NAME, later(2))

    assert not journal.put_in_force(NAME, "h1", "one", later(3))


def test_every_text_is_kept(journal: Journal) -> None:
    """A text can be read by its hash long after it went out of force."""
    journal.put_in_force(NAME, "h1", "one", NOW)
    journal.put_in_force(NAME, "h2", "two", later(2))

    old = journal.mapping_text("h1")
    assert old is not None
    assert (old.text, old.since, old.until) == ("one", NOW, later(2))
    assert journal.mapping_text("h9") is None


def test_a_mapping_has_a_past(journal: Journal) -> None:
    """The newest text comes first; one that came back is there twice."""
    for since, mark in enumerate(("h1", "h2", "h1")):
        journal.put_in_force(NAME, mark, f"text {mark}", later(since))
    journal.put_in_force("another", "h3", "three", later(9))

    assert [
        ("h1", later(2), None),
        ("h2", later(1), later(2)),
        ("h1", NOW, later(1)),
    ] == [
        (one.hash, one.since, one.until)
        for one in journal.mapping_texts(NAME, 9)
    ]
    assert ["h1", "h2"] == [one.hash for one in journal.mapping_texts(NAME, 2)]
    assert [] == journal.mapping_texts("nope", 9)


def test_comes_in_force_again(journal: Journal) -> None:
    """A text may come back, and the name knows when it first came."""
    journal.put_in_force(NAME, "h1", "one", NOW)
    journal.put_in_force(NAME, "h2", "two", later(1))
    assert journal.put_in_force(NAME, "h1", "one", later(2))
    journal.retire(NAME, later(3))
    assert journal.in_force() == []
    assert journal.put_in_force(NAME, "h1", "one", later(4))

    (text,) = journal.in_force()
    assert text.since == later(4)
    assert journal.mapping_text("h1") == text
    assert journal.first_in_force(NAME) == NOW
    assert journal.first_in_force("nobody") is None


@pytest.mark.parametrize(
    ("changes", "released"),
    [
        ({"reason": Reason(code="required")}, True),
        ({"reason": Reason(code="came_back")}, False),
        ({"reason": Reason(code="operator")}, False),
        ({"kind": Kind.ASK, "reason": Reason(code="asked")}, False),
        ({"kind": Kind.CHANGED, "reason": Reason(code="changed")}, False),
        ({"mapping": "another", "reason": Reason(code="required")}, False),
    ],
)
def test_another_text_has_its_go(
    *, journal: Journal, changes: dict[str, Any], released: bool
) -> None:
    """Held calls of the mapping are rendered anew; questions stay."""
    (before,) = keep(journal, new_delivery(state=S.HELD, **changes))

    assert journal.render_anew(NAME, later(1)) == released

    after = row(journal, before)
    assert after.state is (S.PENDING if released else S.HELD)
    assert revision(journal, before) == 1 + released
    if released:
        assert (after.due_at, after.live_since) == (later(1), later(1))
        assert after.reason is None


def test_a_refused_text_is_kept_with_its_reason(journal: Journal) -> None:
    """The last reason counts; other texts of the name are others."""
    journal.refuse_text(NAME, "h2", "3 requests", NOW)
    journal.refuse_text(NAME, "h2", "4 requests", later(1))
    journal.refuse_text(NAME, "h3", "1 request", later(2))

    assert [("h3", "1 request", None), ("h2", "4 requests", None)] == [
        (one.hash, one.reason, one.forced_at) for one in journal.refusals(NAME)
    ]
    assert [] == journal.refusals("another")
    assert journal.refusals() == journal.refusals(NAME)


def test_a_text_is_forced_by_somebody_for_a_reason(journal: Journal) -> None:
    """It stays forced when it is refused again; the audit has it, too."""
    journal.refuse_text(NAME, "h2", "3 requests", NOW)
    journal.force_text(NAME, "h2", actor="ana", reason="so be it", now=NOW)
    journal.refuse_text(NAME, "h2", "3 requests", later(1))
    journal.force_text(NAME, "h9", actor="luis", reason="new", now=later(2))

    assert [
        ("h9", "luis", "new", ""),
        ("h2", "ana", "so be it", "3 requests"),
    ] == [
        (one.hash, one.forced_by, one.why, one.reason)
        for one in journal.refusals(NAME)
    ]
