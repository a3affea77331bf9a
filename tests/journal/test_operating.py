"""What a person may do with a delivery, and what is noted of it."""

from collections.abc import Sequence
from typing import Any

import pytest

from bridge.errors import (
    Conflict,
    CorrectionUnread,
    ForceNeeded,
    InFlight,
    NotDecidable,
    NotFound,
    VersionMismatch,
)
from bridge.journal.protocol import EventVerdict, Journal
from bridge.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    EventId,
    EventState,
    Kind,
    Link,
    Move,
    NewEvent,
    Reason,
)
from tests.factories import (
    NOW,
    ORDER,
    STORE,
    TARGET,
    keep,
    later,
    link,
    new_delivery,
    new_event,
    planned,
)
from tests.journal.steps import claim as claim_all
from tests.journal.steps import (
    claim_one,
    intend,
    result,
    revision,
    row,
    rules,
    send,
)

S = DeliveryState


def reach(journal: Journal, state: S, **changes: Any) -> Delivery:
    """Return a delivery that got to *state* by the way that it gets there."""
    if state in {S.CLAIMED, S.SENDING}:
        keep(journal, new_delivery(**changes))
        held = claim_one(journal)
        if state is S.SENDING:
            intend(journal, held)
        return row(journal, held.delivery)
    if state in {S.SUCCEEDED, S.UNCERTAIN, S.SETTLING}:
        keep(journal, new_delivery(**changes))
        return send(journal, state, due_at=later(60_000))
    (delivery,) = keep(journal, new_delivery(state=state, **changes))
    return delivery


def redeliver(
    journal: Journal,
    delivery: Delivery,
    *,
    force: bool = False,
    if_version: int | None = None,
) -> Delivery:
    """Redeliver as ana."""
    return journal.redeliver(
        delivery.id,
        actor="ana",
        reason="so",
        force=force,
        if_version=if_version,
        now=later(5),
    )


def resolve(
    journal: Journal, delivery: Delivery, decision: str, **changes: Any
) -> Delivery:
    """Decide as ana."""
    return journal.resolve(
        delivery.id,
        **{
            "decision": decision,
            "links": {},
            "actor": "ana",
            "reason": "so",
            "if_version": None,
            "now": later(5),
            **changes,
        },
    )


# ------------------------------------------------------------- redeliver


@pytest.mark.parametrize(
    ("state", "changes", "refusal"),
    [
        (S.WAITING, {}, None),
        (S.PENDING, {}, None),
        (S.HELD, {}, None),
        (S.DEAD, {}, None),
        (S.CANCELLED, {}, None),
        (S.SUPERSEDED, {}, None),
        (S.UNCHANGED, {}, None),
        (S.SUCCEEDED, {"repeatable": True}, None),
        (S.SUCCEEDED, {}, ForceNeeded),
        (S.CLAIMED, {}, InFlight),
        (S.SENDING, {}, InFlight),
        (S.SETTLING, {"repeatable": True}, InFlight),
        (S.UNCERTAIN, {}, NotDecidable),
        (S.HELD, {"kind": Kind.ASK}, NotDecidable),
        (S.CANCELLED, {"kind": Kind.CHANGED}, NotDecidable),
    ],
)
def test_redelivers_or_says_why_not(
    journal: Journal,
    state: S,
    changes: dict[str, Any],
    refusal: type[Conflict] | None,
) -> None:
    """Each state is redelivered, or refused and left as it is."""
    before = reach(journal, state, **changes)
    seen = revision(journal, before)

    if refusal is None:
        journal.foresee_redelivery(before.id, force=False)
        assert row(journal, before) == before
        after = redeliver(journal, before)
        assert after.state is S.PENDING
        assert revision(journal, before) == seen + 1
    else:
        with pytest.raises(refusal, match=rf"^Delivery {before.id} .*\.$"):
            redeliver(journal, before)
        with pytest.raises(refusal):
            journal.foresee_redelivery(before.id, force=False)
        assert row(journal, before) == before
        assert journal.audit(before.id) == []


def test_redelivers_what_was_seen(journal: Journal) -> None:
    """Who looked at another version is asked to look again."""
    before = reach(journal, S.DEAD)

    with pytest.raises(VersionMismatch, match="look again"):
        redeliver(journal, before, if_version=before.version - 1)
    assert row(journal, before) == before

    after = redeliver(journal, before, if_version=before.version)
    assert after.state is S.PENDING


def test_redelivery_is_a_new_generation(journal: Journal) -> None:
    """The row goes on as a new generation, with its counts at nought."""
    keep(journal, new_delivery(repeatable=True))
    before = send(journal, S.DEAD)

    after = redeliver(journal, before)

    assert row(journal, before) == after
    assert (after.generation, after.place) == (2, "cafe-mx-rayo/001/000002")
    assert after.version == before.version + 1
    assert (after.due_at, after.live_since) == (later(5), later(5))
    assert (after.attempts, after.claims) == (0, 0)
    assert after.reason is None
    assert after.forced


def test_forced_until_applied(journal: Journal) -> None:
    """A redelivery is sent even if unchanged, until it was applied."""
    before = reach(journal, S.SUCCEEDED)

    assert redeliver(journal, before, force=True).forced
    held = claim_one(journal, later(5))

    assert held.delivery.forced
    assert held.applied_hash == "r1"
    assert not send(journal, S.SUCCEEDED, claimed=held).forced


def test_force_for_what_may_have_been_applied(journal: Journal) -> None:
    """A create withdrawn while uncertain may have happened all the same."""
    before = resolve(journal, reach(journal, S.UNCERTAIN), "cancel")
    assert before.state is S.CANCELLED

    with pytest.raises(ForceNeeded):
        redeliver(journal, before)
    assert redeliver(journal, before, force=True).state is S.PENDING


def test_what_was_in_doubt_needs_force_for_good(journal: Journal) -> None:
    """Also when it was never sent as far as we know: a copy put back."""
    before = reach(journal, S.DEAD)
    done = resolve(journal, before, "exists")
    again = redeliver(journal, done, force=True)
    move = Move(
        id=again.id,
        version=again.version,
        state=S.CANCELLED,
        reason=Reason(code="not_due"),
    )
    keep(journal, moves=[move])

    with pytest.raises(ForceNeeded):
        redeliver(journal, again)


def test_create_of_an_order_that_came_back_needs_force(
    journal: Journal,
) -> None:
    """
    An earlier create of the order was applied: another one, that a person
    is asked about, is not made by sending it again as if it were the first.
    """
    reach(journal, S.SUCCEEDED)
    (_, asked) = keep(
        journal,
        new_delivery(
            generation=2, state=S.HELD, reason=Reason(code="came_back")
        ),
    )

    with pytest.raises(ForceNeeded):
        redeliver(journal, asked)
    assert redeliver(journal, asked, force=True).state is S.PENDING


def test_only_the_newest_generation(journal: Journal) -> None:
    """What was replaced is not redelivered; the one that did is named."""
    old, new = keep(
        journal,
        new_delivery(state=S.SUPERSEDED),
        new_delivery(generation=2, state=S.DEAD),
    )

    with pytest.raises(NotFound, match=f"redeliver {new.id} instead"):
        redeliver(journal, old)
    assert redeliver(journal, new).generation == 3


def test_resends_the_newest_generation_only(journal: Journal) -> None:
    """What was replaced is not sent again by a decision either."""
    old, new = keep(
        journal,
        new_delivery(state=S.DEAD),
        new_delivery(generation=2),
    )

    with pytest.raises(NotDecidable, match=f"redeliver {new.id} instead"):
        resolve(journal, old, "resend")
    assert resolve(journal, old, "cancel").state is S.CANCELLED


def test_nothing_there(journal: Journal) -> None:
    """A number that is no delivery's is told as such."""
    nothing = DeliveryId(99)

    with pytest.raises(NotFound, match="no delivery 99"):
        journal.redeliver(
            nothing, actor="ana", reason="so", force=True, now=NOW
        )
    with pytest.raises(NotFound, match="no delivery 99"):
        journal.resolve(
            nothing,
            decision="done",
            links={},
            actor="ana",
            reason="so",
            if_version=None,
            now=NOW,
        )


# --------------------------------------------------------------- resolve


@pytest.mark.parametrize("state", [S.UNCERTAIN, S.HELD, S.DEAD])
@pytest.mark.parametrize(
    ("decision", "reached"),
    [
        ("exists", S.SUCCEEDED),
        ("done", S.SUCCEEDED),
        ("resend", S.PENDING),
        ("cancel", S.CANCELLED),
    ],
)
def test_decides(
    journal: Journal, state: S, decision: str, reached: S
) -> None:
    """Each state that waits for a person takes each decision."""
    before = reach(journal, state)

    after = resolve(journal, before, decision)

    assert row(journal, before) == after
    assert (after.state, after.version) == (reached, before.version + 1)
    resent = decision == "resend"
    assert after.generation == before.generation + resent
    assert after.forced is resent
    assert after.due_at == (later(5) if resent else None)
    assert after.reason == (None if resent else "operator")
    order = journal.dossier(STORE, ORDER).order
    assert order is not None
    assert (order.plan_due == later(5)) is not resent


@pytest.mark.parametrize(
    ("state", "changes", "refusal"),
    [
        (S.PENDING, {}, NotDecidable),
        (S.WAITING, {}, NotDecidable),
        (S.SETTLING, {"repeatable": True}, NotDecidable),
        (S.SUCCEEDED, {}, NotDecidable),
        (S.CANCELLED, {}, NotDecidable),
        (S.CLAIMED, {}, InFlight),
        (S.SENDING, {}, InFlight),
    ],
)
def test_nothing_to_decide(
    journal: Journal,
    state: S,
    changes: dict[str, Any],
    refusal: type[Conflict],
) -> None:
    """What waits for nobody takes no decision."""
    before = reach(journal, state, **changes)

    with pytest.raises(refusal):
        resolve(journal, before, "done")

    assert row(journal, before) == before


def test_unknown_decision(journal: Journal) -> None:
    """A word that is no decision is answered with those that are."""
    before = reach(journal, S.HELD)

    with pytest.raises(NotDecidable, match="exists, done, resend, cancel"):
        resolve(journal, before, "retry")


def test_question_is_not_resent(journal: Journal) -> None:
    """A question has nothing to send, unless its order came back."""
    asked = reach(journal, S.HELD, kind=Kind.ASK, reason=Reason(code="asked"))
    back = reach(
        journal,
        S.HELD,
        kind=Kind.ASK,
        reason=Reason(code="came_back"),
        order_id="2",
    )

    with pytest.raises(NotDecidable, match="is a question"):
        resolve(journal, asked, "resend")
    assert resolve(journal, back, "resend").state is S.PENDING


def test_exists_keeps_links(journal: Journal) -> None:
    """What the operator found at the target is kept, and wakes who waits."""
    keep(journal, links=[link(value="wrong")])
    keep(
        journal,
        new_delivery(
            "tracking", position=2, state=S.WAITING, due_at=later(60_000)
        ),
    )
    keep(journal, new_delivery())
    before = send(journal, S.UNCERTAIN)

    resolve(journal, before, "exists", links={"rayo_order": "77"})

    story = journal.story(STORE, ORDER)
    assert story is not None
    assert story.links == [link(value="77", source="operator:ana")]
    assert rules(claim_all(journal, now=later(5))) == ["tracking"]


def test_operators_word_holds(journal: Journal) -> None:
    """An order's attribute does not replace what an operator said."""
    before = reach(journal, S.HELD)
    resolve(journal, before, "exists", links={"rayo_order": "77"})

    keep(journal, links=[link(source="attribute")])

    assert journal.dossier(STORE, ORDER).links == {
        TARGET: {"rayo_order": "77"}
    }


def test_if_version(journal: Journal) -> None:
    """Who looked at another version is asked to look again."""
    before = reach(journal, S.HELD)

    with pytest.raises(VersionMismatch):
        resolve(journal, before, "done", if_version=before.version + 1)
    after = resolve(journal, before, "done", if_version=before.version)

    assert after.state is S.SUCCEEDED


def test_done_makes_the_applied_unknown(journal: Journal) -> None:
    """A person who did it by hand need not have done what we had sent."""
    keep(journal, new_delivery(repeatable=True))
    send(journal, S.SUCCEEDED)
    *_old, second = keep(
        journal, new_delivery(repeatable=True, generation=2, state=S.DEAD)
    )
    resolve(journal, second, "done")
    keep(journal, new_delivery(repeatable=True, generation=3))

    assert claim_one(journal).applied_hash is None


# ------------------------------------------------------------ the audit


def test_every_action_is_noted(journal: Journal) -> None:
    """Who did what, when and why, with what was before and after."""
    before = reach(journal, S.UNCERTAIN)
    after = resolve(journal, before, "cancel", reason="customer called")
    again = redeliver(journal, after, force=True)

    first, second = journal.audit(before.id)

    assert (first.actor, first.action) == ("ana", "resolve")
    assert (first.at, first.reason) == (later(5), "customer called")
    assert (first.delivery_id, first.target) == (before.id, TARGET)
    assert first.detail["decision"] == "cancel"
    assert first.detail["before"]["state"] == "uncertain"
    assert first.detail["after"]["state"] == "cancelled"
    assert second.action == "redeliver"
    assert second.detail["force"] is True
    assert second.detail["after"]["generation"] == again.generation


def test_late_worker_does_not_undo_a_decision(journal: Journal) -> None:
    """Evidence that comes after an operator decided is only kept."""
    keep(journal, new_delivery())
    held = claim_one(journal)
    number = intend(journal, held)
    journal.take_over(held.delivery.owner or "", NOW)
    after = resolve(journal, held.delivery, "cancel")

    with pytest.raises(Exception, match="no longer held"):
        journal.record(
            held, result(S.DEAD, number=number, outcome="rejected"), NOW
        )

    assert row(journal, after) == after


# ---------------------------------------------------------- corrections


def word_of_ana(number: int = 1) -> NewEvent:
    return new_event(
        f"operator/{number}", platform="operator", topic="orders/corrected"
    )


def correct(
    journal: Journal, number: int = 1, *, if_revision: int | None = None
) -> EventId:
    return journal.correct(
        word_of_ana(number),
        order_id=ORDER,
        fields=["ship_to.street"],
        actor="ana",
        reason="she phoned",
        if_revision=if_revision,
        now=NOW,
    )


def test_correction_is_planned_like_a_webhook(journal: Journal) -> None:
    """A person's word waits among the events, in the order they came."""
    keep(journal, new_delivery())
    (webhook,) = journal.append([new_event("w")])
    kept = correct(journal)

    found = journal.unplanned(10)
    assert [one.id for one in found] == [webhook.id, kept]
    assert (found[1].platform, found[1].store) == ("operator", STORE)


def test_correction_is_in_the_audit_of_its_order(journal: Journal) -> None:
    """Who said what of an order, and why, stands in its story."""
    keep(journal, new_delivery())
    kept = correct(journal)

    story = journal.story(STORE, ORDER)
    assert story is not None
    (entry,) = story.audit
    assert (entry.actor, entry.action) == ("ana", "correct")
    assert (entry.store, entry.order_id) == (STORE, ORDER)
    assert entry.reason == "she phoned"
    assert entry.detail == {"event": kept, "fields": ["ship_to.street"]}
    assert entry.delivery_id is None


def test_audit_of_an_order_is_in_one_line(journal: Journal) -> None:
    """What was said of the order and done to its deliveries, by time."""
    before = reach(journal, S.UNCERTAIN)
    correct(journal)
    resolve(journal, before, "cancel")
    correct(journal, 2)

    story = journal.story(STORE, ORDER)
    assert story is not None
    assert [one.action for one in story.audit] == [
        "correct",
        "resolve",
        "correct",
    ]


def test_correction_of_what_has_changed_is_refused(journal: Journal) -> None:
    """Two people who look at the same order do not both decide."""
    (delivery,) = keep(journal, new_delivery())
    seen = revision(journal, delivery)
    correct(journal, if_revision=seen)

    with pytest.raises(VersionMismatch):
        correct(journal, 2, if_revision=seen)
    assert len(journal.unplanned(10)) == 1
    assert revision(journal, delivery) == seen + 1


@pytest.mark.parametrize("state", [S.DEAD, S.HELD, S.PENDING])
def test_nothing_is_sent_again_before_its_correction_is_planned(
    journal: Journal, state: S
) -> None:
    """What was corrected goes out as it was corrected, or not at all."""
    before = reach(journal, state)
    kept = correct(journal)

    with pytest.raises(CorrectionUnread):
        redeliver(journal, before)
    with pytest.raises(CorrectionUnread):
        journal.foresee_redelivery(before.id, force=True)
    assert row(journal, before) == before
    keep(journal, events=[planned(kept)])
    assert redeliver(journal, before).state is S.PENDING


@pytest.mark.parametrize("state", [S.DEAD, S.HELD, S.UNCERTAIN])
def test_no_decision_sends_again_before_the_correction_is_planned(
    journal: Journal, state: S
) -> None:
    """Only sending waits for it: the others say nothing of the order."""
    before = reach(journal, state)
    kept = correct(journal)

    with pytest.raises(CorrectionUnread):
        resolve(journal, before, "resend")
    assert row(journal, before) == before
    assert journal.audit(before.id) == []
    keep(journal, events=[planned(kept)])
    assert resolve(journal, before, "resend").state is S.PENDING


def test_skipped_while_its_correction_is_not_planned(
    journal: Journal,
) -> None:
    """What is never sent may be decided at once."""
    before = reach(journal, S.DEAD)
    correct(journal)
    assert resolve(journal, before, "cancel").state is S.CANCELLED


def test_correction_of_another_order_holds_nothing_up(
    journal: Journal,
) -> None:
    """Orders wait for their own corrections alone."""
    reach(journal, S.DEAD)
    correct(journal)
    (other,) = keep(journal, new_delivery(state=S.DEAD, order_id="other"))
    assert redeliver(journal, other).state is S.PENDING


def test_correction_that_came_to_nothing_holds_nothing_up(
    journal: Journal,
) -> None:
    """Of the corrections only those that wait for their plan count."""
    before = reach(journal, S.DEAD)
    first = correct(journal)
    second = correct(journal, 2)
    journal.set_aside([EventVerdict(id=first, state=EventState.UNUSABLE)])
    with pytest.raises(CorrectionUnread):
        redeliver(journal, before)
    keep(journal, events=[planned(second)])
    assert redeliver(journal, before).state is S.PENDING


def test_correction_of_an_unknown_order_is_refused(journal: Journal) -> None:
    """Nothing is kept of an order that nobody told of."""
    with pytest.raises(NotFound):
        correct(journal)
    assert journal.unplanned(10) == []


# ---------------------------------------------------------------- links


def teach(journal: Journal, *links: Link) -> Sequence[Link]:
    return journal.teach(links, actor="ana", reason="found there", now=NOW)


def said(value: str = "9095", **changes: Any) -> Link:
    return link(value=value, source="operator:ana", **changes)


def test_link_of_a_person_lets_go_what_waits(journal: Journal) -> None:
    """What waits for the link is due, and what is held is rendered anew."""
    missing = Reason(code="link_missing", text="", where={"link": "x"})
    waits = new_delivery(
        "a", state=S.WAITING, reason=missing, due_at=later(900)
    )
    wrong = Reason(code="value_wrong", text="")
    back = Reason(code="came_back", text="")
    held = [
        new_delivery(name, position=place, state=S.HELD, reason=reason)
        for place, (name, reason) in enumerate(
            (("b", missing), ("c", wrong), ("d", back)), start=2
        )
    ]
    keep(journal, waits, *held)
    news = teach(journal, said())

    first, *others = journal.dossier(STORE, ORDER).deliveries
    assert [one.value for one in news] == ["9095"]
    assert (first.state, first.due_at) == (S.WAITING, NOW)
    assert [(one.state, one.reason) for one in others] == [
        (S.PENDING, None),
        (S.PENDING, None),
        (S.HELD, "came_back"),
    ]
    assert journal.dossier(STORE, ORDER).links[TARGET]["rayo_order"] == "9095"


def test_link_that_is_known_is_no_news(journal: Journal) -> None:
    """Teaching the same again changes nothing; another value is news."""
    keep(journal, new_delivery())
    teach(journal, said())

    assert teach(journal, said()) == []
    assert teach(journal, said("9096")) == [said("9096")]


def test_link_may_come_before_its_order(journal: Journal) -> None:
    """A list of links can be brought in before the orders are told of."""
    teach(journal, said(order_id="later"))
    assert journal.dossier(STORE, "later").links[TARGET] == {
        "rayo_order": "9095"
    }


def test_links_of_one_order_are_in_its_story(journal: Journal) -> None:
    """Who taught it is in the audit of the order; of many, in one entry."""
    keep(journal, new_delivery())
    teach(journal, said())
    teach(journal, said("1"), said("2", order_id="another"))

    story = journal.story(STORE, ORDER)
    assert story is not None
    (entry,) = story.audit
    assert (entry.action, entry.actor) == ("teach", "ana")
    assert entry.detail["names"] == ["rayo_order"]
    assert "9095" not in str(entry.detail)
