"""Whose turn it is: shops one by one, within a shop the most urgent."""

import pytest

from bridge.journal.protocol import Journal, Lane
from bridge.model import DeliveryState, Urgency
from tests.factories import NOW, TARGET, keep, later, new_delivery
from tests.journal.steps import claim, rules, send

S = DeliveryState


def fill(journal: Journal, store: str, count: int, since: int = 0) -> None:
    """Let a store have so many orders due, from *since* on."""
    for nth in range(since, since + count):
        keep(journal, new_delivery(store=store, order_id=f"{store}-{nth}"))


def stores(journal: Journal, room: int) -> str:
    """Claim *room*; return whose they are, a letter each."""
    return "".join(c.delivery.store for c in claim(journal, room=room))


def test_stores_take_turns(journal: Journal) -> None:
    """A shop's flood does not keep another one waiting."""
    fill(journal, "a", 20)
    fill(journal, "b", 2)
    fill(journal, "c", 1)

    assert stores(journal, 7) == "abcabaa"


def test_turns_go_on_from_claim_to_claim(journal: Journal) -> None:
    """With room for one at a time each gets its one, too."""
    fill(journal, "a", 9)
    fill(journal, "b", 9)
    fill(journal, "c", 9)

    assert [stores(journal, 1) for _nth in range(7)] == list("abcabca")
    assert stores(journal, 4) == "bcab"


def test_turns_are_each_targets_own(journal: Journal) -> None:
    """Who was served at one target has not had its turn at another."""
    for target in (TARGET, "yuju-mx"):
        for store in "ab":
            keep(journal, new_delivery(store=store, target=target))

    assert stores(journal, 1) == "a"
    (other,) = claim(journal, Lane(target="yuju-mx", room=1))
    assert other.delivery.store == "a"


def test_alone_it_has_all_turns(journal: Journal) -> None:
    """When only one has something due it gets all the room."""
    fill(journal, "a", 9)
    keep(journal, new_delivery(store="b", due_at=later(1)))

    assert stores(journal, 5) == "aaaaa"


def test_who_comes_anew_waits_no_longer_than_others(journal: Journal) -> None:
    """A shop that was not there before is served next, and then in turn."""
    fill(journal, "b", 9)
    fill(journal, "c", 9)
    assert stores(journal, 4) == "bcbc"

    fill(journal, "a", 9)

    assert [stores(journal, 1) for _nth in range(6)] == list("abcabc")


def test_who_comes_back_has_saved_nothing_up(journal: Journal) -> None:
    """Turns that were not taken are not made up for."""
    fill(journal, "a", 1)
    fill(journal, "b", 30)
    assert stores(journal, 20) == "a" + "b" * 19

    fill(journal, "a", 5, since=1)

    assert stores(journal, 6) == "ababab"


def test_what_can_not_go_takes_no_turn(journal: Journal) -> None:
    """A shop whose orders all wait behind others leaves its turn to them."""
    for nth in range(3):
        keep(
            journal,
            new_delivery("dead", store="a", order_id=str(nth), state=S.DEAD),
            new_delivery(store="a", order_id=str(nth), position=2),
        )
    fill(journal, "b", 9)

    assert stores(journal, 4) == "bbbb"


def test_the_most_urgent_of_a_store_first(journal: Journal) -> None:
    """Cancels go before creates, creates before news, and then by time."""
    for nth, (rule, urgency, due) in enumerate(
        [
            ("news", Urgency.STATE, 0),
            ("create-2", Urgency.CREATE, 2),
            ("create-1", Urgency.CREATE, 1),
            ("cancel", Urgency.CANCEL, 3),
            ("later", Urgency.CANCEL, 99),
        ]
    ):
        keep(
            journal,
            new_delivery(
                rule, order_id=str(nth), urgency=urgency, due_at=later(due)
            ),
        )

    claims = claim(journal, now=later(9))

    assert rules(claims) == ["cancel", "create-1", "create-2", "news"]


def test_urgency_is_within_a_store(journal: Journal) -> None:
    """One shop's cancels do not go before all that another one has."""
    for nth in range(3):
        keep(
            journal,
            new_delivery(
                "cancel",
                store="a",
                order_id=str(nth),
                urgency=Urgency.CANCEL,
            ),
        )
    keep(journal, new_delivery("news", store="b"))

    assert rules(claim(journal, room=2)) == ["cancel", "news"]


@pytest.mark.parametrize("skips", [True, False])
def test_dead_and_passed_over(*, journal: Journal, skips: bool) -> None:
    """The file can say that what died holds nothing up."""
    keep(
        journal,
        new_delivery("first", skips_dead=skips),
        new_delivery("second", position=2),
    )
    send(journal, S.DEAD)

    assert (journal.counts(NOW).oldest_due_at == NOW) is skips
    assert rules(claim(journal)) == (["second"] if skips else [])


def test_only_what_is_dead_is_passed_over(journal: Journal) -> None:
    """One in doubt holds its lane, whatever the file says of the dead."""
    keep(
        journal,
        new_delivery("first", skips_dead=True),
        new_delivery("second", position=2),
    )
    send(journal, S.UNCERTAIN)

    assert not claim(journal)
