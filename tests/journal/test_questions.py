"""What a person wants to know of a target, and who asks it when."""

import pytest

from bridge.errors import TooManyQuestions
from bridge.journal.protocol import Journal, Lane
from bridge.journal.questions import MOST_OPEN
from bridge.journal.seeing import Learned
from bridge.lifecycle import Gate
from bridge.model import HOUR, DeliveryId, Instant, Millis
from tests.factories import NOW, TARGET, keep, later, new_delivery
from tests.journal.steps import claim

LIMITED = Lane(
    target=TARGET,
    room=1,
    slots=2,
    slot_hold=Millis(41_000),
    turn=Millis(1_010),
)
FREE = Lane(target=TARGET, room=1)
ANSWERS = Learned(outcome="answers", status=200, ms=12)


def ask(
    journal: Journal, *, now: Instant = NOW, about: int | None = None
) -> int:
    """Ask as ana, who waits for 15 seconds."""
    return journal.ask(
        TARGET,
        about=None if about is None else DeliveryId(about),
        said=None if about is None else "9095",
        actor="ana",
        until=later(15_000, now),
        now=now,
    )


def pin(journal: Journal) -> None:
    """Let the journal know the target."""
    journal.pin_target(TARGET, "rayo.example")


def test_is_answered_once(journal: Journal) -> None:
    """One worker takes it, and the page reads what it learned."""
    number = ask(journal, about=7)
    taken = journal.take_question([FREE], later(1))
    assert taken is not None
    assert taken.question.id == number
    assert (taken.question.about, taken.question.said) == (7, "9095")
    assert (taken.slot, taken.begins_at) == (None, later(1))
    assert journal.take_question([FREE], later(2)) is None

    journal.answer_question(taken, ANSWERS, slot_free_at=None, now=later(20))
    found = journal.question(number)
    assert found is not None
    assert found.learned == ANSWERS
    assert journal.question(number + 1) is None


def test_nobody_asks_after_its_time(journal: Journal) -> None:
    """Who asked has been told by then that nobody did."""
    ask(journal)
    assert journal.take_question([FREE], later(15_000)) is None


def test_only_targets_of_this_worker(journal: Journal) -> None:
    """A target that a worker does not know is left to others."""
    ask(journal)
    assert journal.take_question([], NOW) is None
    other = Lane(target="yuju-mx", room=1)
    assert journal.take_question([other], NOW) is None


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (Gate(pause="operator"), "paused"),
        (Gate(closed_until=later(5_000)), "closed"),
    ],
)
def test_shut_target_is_not_asked(
    journal: Journal, gate: Gate, told: str
) -> None:
    """The answer says so at once."""
    pin(journal)
    journal.set_gate(TARGET, gate, actor="ana", reason="", now=NOW)
    number = ask(journal)
    assert journal.take_question([FREE], NOW) is None
    found = journal.question(number)
    assert found is not None
    assert found.learned == Learned(outcome=told)


def test_takes_a_turn_of_the_limit(journal: Journal) -> None:
    """While it asks, no more than the rest of the limit is claimed."""
    for order in "123":
        keep(journal, new_delivery(order_id=order))
    number = ask(journal)
    taken = journal.take_question([LIMITED], NOW)
    assert taken is not None
    assert taken.question.id == number
    assert taken.slot is not None
    assert len(claim(journal, LIMITED)) == 1

    journal.answer_question(
        taken, ANSWERS, slot_free_at=later(1_200), now=later(190)
    )
    assert not claim(journal, LIMITED, now=later(1_199))
    assert len(claim(journal, LIMITED, now=later(1_200))) == 1


def test_waits_for_a_slot_that_rests(journal: Journal) -> None:
    """It begins when the slot is free again, however busy the target is."""
    first, second = ask(journal), ask(journal)
    turns = []
    for _ in (first, second):
        taken = journal.take_question([LIMITED], NOW)
        assert taken is not None
        turns.append(taken)
    for taken, free_at in zip(turns, (900, 1_000), strict=True):
        journal.answer_question(
            taken, ANSWERS, slot_free_at=later(free_at), now=later(5)
        )
    ask(journal)
    keep(journal, new_delivery())
    taken = journal.take_question([LIMITED], later(10))

    assert taken is not None
    assert taken.begins_at == later(900)
    assert not claim(journal, LIMITED, now=later(950))


def test_does_not_take_what_is_under_way(journal: Journal) -> None:
    """A call that has no answer yet keeps its slot."""
    for order in "12":
        keep(journal, new_delivery(order_id=order))
    assert len(claim(journal, Lane(
        target=TARGET, room=9, slots=2, slot_hold=Millis(41_000)
    ))) == 2  # fmt: skip
    ask(journal)
    assert journal.take_question([LIMITED], later(10)) is None


def test_slot_that_was_not_used_is_free(journal: Journal) -> None:
    """Where no connection was had, orders go on at once."""
    ask(journal)
    taken = journal.take_question([LIMITED], NOW)
    assert taken is not None
    journal.answer_question(
        taken, Learned(outcome="notsent"), slot_free_at=None, now=later(5)
    )
    for order in "12":
        keep(journal, new_delivery(order_id=order))
    lane = Lane(target=TARGET, room=9, slots=2, slot_hold=Millis(41_000))
    assert len(claim(journal, lane, now=later(5))) == 2


def test_few_are_kept(journal: Journal) -> None:
    """So many wait at most, and after an hour none is there."""
    first, *_rest = [ask(journal) for _ in range(MOST_OPEN)]
    with pytest.raises(TooManyQuestions):
        ask(journal)
    ask(journal, now=later(15_000))
    assert journal.question(first) is not None
    ask(journal, now=later(HOUR + 1))
    assert journal.question(first) is None
