"""What a person holds waits, whatever happens, until it is let go."""

from typing import Any

import pytest

from bridge.errors import CorrectionUnread, LeaseLost, NotDecidable, OnHold
from bridge.holds import hold_of, is_over
from bridge.journal.protocol import Journal
from bridge.model import (
    RESTORED,
    Delivery,
    DeliveryState,
    Finding,
    Kind,
    Reason,
)
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    keep,
    later,
    link,
    new_delivery,
    new_event,
)
from tests.journal.steps import (
    claim,
    claim_one,
    in_doubt,
    look_up,
    revision,
    row,
)

S = DeliveryState
UNSURE = Reason(code="address_unsure", text="Is it so?", where={"line": 3})


def decide(
    journal: Journal, delivery: Delivery, decision: str, **changes: Any
) -> Delivery:
    """Decide as ana, on what is there now."""
    values: dict[str, Any] = {
        "links": {},
        "actor": "ana",
        "reason": "she asked the customer",
        "if_version": None,
        "now": later(5),
    }
    return journal.resolve(delivery.id, decision=decision, **values | changes)


def kept(journal: Journal, **changes: Any) -> Delivery:
    """Return a delivery that waits for a person."""
    values: dict[str, Any] = {"state": S.HELD, "reason": UNSURE}
    return keep(journal, new_delivery(**values | changes))[-1]


@pytest.mark.parametrize(
    ("state", "on_hold"), [(S.HELD, S.HELD), (S.DEAD, S.HELD)]
)
def test_held_by_a_person(journal: Journal, state: S, on_hold: S) -> None:
    """It waits with who, until when and why, and what is known stays."""
    before = kept(journal, state=state)
    after = decide(journal, before, "hold", until=later(60_000))

    told = hold_of(after)
    assert (after.state, after.reason) == (on_hold, "on_hold")
    assert after.attention
    assert told is not None
    assert (told.by, told.until, told.state) == ("ana", later(60_000), state)
    assert told.reason == UNSURE
    assert after == row(journal, before)
    (entry,) = journal.audit(before.id)
    assert (entry.actor, entry.reason) == ("ana", "she asked the customer")
    assert entry.detail["decision"] == "hold"
    assert entry.detail["until"] == later(60_000)
    assert journal.replay() == []


def test_uncertain_one_stays_so(journal: Journal) -> None:
    """It may be there: that is not forgotten, and nobody asks meanwhile."""
    before = in_doubt(journal)
    after = decide(journal, before, "hold")

    assert (after.state, after.reason) == (S.UNCERTAIN, "on_hold")
    assert not claim(journal, now=later(10_000_000))
    again = decide(journal, before, "release")
    assert (again.state, again.reason) == (S.UNCERTAIN, before.reason)
    assert again.due_at == later(5)
    assert claim_one(journal, later(5)).in_doubt
    assert journal.replay() == []


def test_look_up_under_way_does_not_let_go(journal: Journal) -> None:
    """What it finds is kept as late, and what is held stays held."""
    before = in_doubt(journal)
    asked = claim_one(journal)
    on_hold = decide(journal, before, "hold")
    with pytest.raises(LeaseLost):
        look_up(journal, Finding.ABSENT, S.PENDING, claimed=asked)

    assert row(journal, before) == on_hold


def test_nothing_behind_it_is_sent(journal: Journal) -> None:
    """Later ones of its order wait, also behind one that they would pass."""
    before = kept(journal, state=S.DEAD, skips_dead=True, repeatable=True)
    keep(journal, new_delivery("later", position=2))
    on_hold = decide(journal, before, "hold")
    assert not claim(journal)

    decide(journal, on_hold, "release")
    assert [one.delivery.rule for one in claim(journal)] == ["later"]


def test_is_not_sent_before_it_is_let_go(journal: Journal) -> None:
    """Whoever sends many again lets nothing go that another one holds."""
    on_hold = decide(journal, kept(journal), "hold")
    with pytest.raises(OnHold, match="ana holds"):
        decide(journal, on_hold, "resend")
    with pytest.raises(OnHold, match="ana holds"):
        journal.redeliver(
            on_hold.id, actor="luis", reason="", force=True, now=NOW
        )
    assert row(journal, on_hold) == on_hold


@pytest.mark.parametrize("decision", ["done", "exists", "cancel"])
def test_may_be_settled_while_it_is_held(
    journal: Journal, decision: str
) -> None:
    """What sends nothing may be decided at any time."""
    on_hold = decide(journal, kept(journal), "hold")
    after = decide(journal, on_hold, decision)
    assert not after.attention
    assert after.reason == "operator"


def test_neither_a_text_nor_a_link_lets_it_go(journal: Journal) -> None:
    """Only a person does, or its time."""
    missing = Reason(code="link_missing", where={"link": "rayo_order"})
    on_hold = decide(journal, kept(journal, reason=missing), "hold")
    assert journal.render_anew("cafe-mx-rayo", later(6)) == 0
    journal.teach(
        [link(source="operator:luis")], actor="luis", reason="", now=later(7)
    )
    assert row(journal, on_hold) == on_hold


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, S.PENDING),
        ({"state": S.DEAD}, S.DEAD),
        ({"reason": Reason(code="came_back")}, S.HELD),
        ({"reason": Reason(code=RESTORED)}, S.HELD),
        ({"kind": Kind.ASK, "reason": Reason(code="asked")}, S.HELD),
        ({"kind": Kind.CHANGED, "reason": Reason(code="changed")}, S.HELD),
    ],
)
def test_goes_on_as_if_nobody_had_held_it(
    journal: Journal, changes: dict[str, Any], state: S
) -> None:
    """It is what it was; a call that may be rendered anew is."""
    before = kept(journal, **changes)
    after = decide(journal, decide(journal, before, "hold"), "release")

    assert after.state is state
    if state is S.PENDING:
        assert (after.due_at, after.reason) == (later(5), None)
    else:
        same = ("reason", "reason_text", "where", "due_at")
        assert [getattr(after, name) for name in same] == [
            getattr(before, name) for name in same
        ]
    assert journal.replay() == []


def test_held_for_longer_is_still_what_it_was(journal: Journal) -> None:
    """Another time takes the place of the first."""
    before = kept(journal, state=S.DEAD)
    once = decide(journal, before, "hold", until=later(60_000))
    twice = decide(journal, once, "hold", until=later(90_000), actor="luis")

    assert not is_over(twice, later(60_000))
    assert is_over(twice, later(90_000))
    after = decide(journal, twice, "release")
    assert (after.state, after.reason) == (S.DEAD, UNSURE.code)


def test_holds_until_a_time_to_come(journal: Journal) -> None:
    """What has passed holds nothing."""
    before = kept(journal)
    with pytest.raises(NotDecidable, match="passed"):
        decide(journal, before, "hold", until=later(5))
    assert row(journal, before) == before


def test_lets_go_only_what_is_held(journal: Journal) -> None:
    """What waits for other reasons is not let go by that word."""
    before = kept(journal)
    with pytest.raises(NotDecidable, match="not on hold"):
        decide(journal, before, "release")


def test_is_not_let_go_before_its_correction_is_planned(
    journal: Journal,
) -> None:
    """It would be rendered as the order was before."""
    on_hold = decide(journal, kept(journal), "hold")
    journal.correct(
        new_event("c", platform="operator", topic="orders/corrected"),
        order_id=ORDER,
        fields=["ship_to.street"],
        actor="ana",
        reason="she phoned",
        if_revision=None,
        now=NOW,
    )
    with pytest.raises(CorrectionUnread):
        decide(journal, on_hold, "release")


def test_two_people_do_not_both_hold_it(journal: Journal) -> None:
    """A decision is bound to what its person looked at, and plans are."""
    before = kept(journal)
    seen = revision(journal, before)
    decide(journal, before, "hold", if_version=before.version)
    assert revision(journal, before) == seen + 1
    assert journal.orders_due(later(5), 9) == [(STORE, ORDER)]


def test_is_a_group_of_its_own(journal: Journal) -> None:
    """Those who look at what waits see it apart."""
    decide(journal, kept(journal), "hold")
    kept(journal, order_id="2")
    assert {one.reason for one in journal.attention_groups()} == {
        "on_hold",
        "address_unsure",
    }
