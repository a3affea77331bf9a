"""What a person asks of the targets, and what they say."""

import time

import pytest

from bridge import compose
from bridge.asking import ANSWERED_IN
from bridge.journal.seeing import Learned, Question
from bridge.model import DeliveryId, DeliveryState, Instant
from tests.end_to_end.rig import Rig, changed, sample
from tests.end_to_end.test_doubt import CREATE, ON_DELIVERY, PAID, one

NOWHERE = "909521d0-e398-4701-b393-ddfd07ce24f9"


def ask(
    rig: Rig,
    target: str,
    *,
    about: DeliveryId | None = None,
    said: str | None = None,
) -> Learned:
    """Ask, let the worker look once, and return what it learned."""
    now = compose.now()
    number = rig.journal.ask(
        target,
        about=about,
        said=said,
        actor="ana",
        until=Instant(now + ANSWERED_IN),
        now=now,
    )
    rig.worker.answer()
    found = rig.journal.question(number)
    assert found is not None
    assert found.learned is not None
    return found.learned


def uncertain(rig: Rig) -> tuple[DeliveryId, str]:
    """Return a create whose answer was lost, and its id at Rayo."""
    rig.fault("rayo", "drop_answer_after_apply", operation="create_order")
    rig.send("cafe-mx", PAID)
    rig.settle()
    create = one(rig, "create")
    assert create.state is DeliveryState.UNCERTAIN
    (known,) = rig.record()["applied"]["rayo"]["orders"]
    return create.id, known


@pytest.mark.parametrize("target", ["rayo-mx", "every-co", "yuju-mx"])
def test_test_call_answers(rig: Rig, target: str) -> None:
    """Each API has a call that changes nothing, and it is told how it went."""
    learned = ask(rig, target)
    assert learned.outcome == "answers"
    assert learned.ms is not None
    asked = {a["operation"]: a["applied"] for a in rig.record()["arrivals"]}
    assert asked.keys() - {"auth"} <= {
        "find_product", "list_orders", "get_order",
    }  # fmt: skip


def test_test_call_tells_what_is_wrong(rig: Rig) -> None:
    """Nobody there, and a refused token, are told apart; no gate is shut."""
    rig.fault("yuju", "wrong_token")
    assert ask(rig, "yuju-mx").reason == "credentials_refused"
    rig.stop_sandbox()
    assert ask(rig, "every-co").outcome == "notsent"
    assert not any(row.paused for row in rig.journal.targets())


def test_looks_an_order_up_at_rayo(rig: Rig) -> None:
    """Ours is known by whom it goes to; another id is another order."""
    number, known = uncertain(rig)
    assert ask(rig, "rayo-mx", about=number, said=known).outcome == "found"
    nowhere = ask(rig, "rayo-mx", about=number, said=NOWHERE)
    assert nowhere.outcome == "absent"
    assert ask(rig, "rayo-mx", about=number, said="9095").outcome == "no_way"


def test_another_customers_order_is_not_ours(rig: Rig) -> None:
    """What is there and goes to somebody else is told apart."""
    number, _known = uncertain(rig)
    rig.send("cafe-mx", PAID, body=changed(PAID, id=77, shipping_address={
        **sample(PAID)["shipping_address"], "phone": "+52 55 8765 4321",
        "name": "Otra Persona",
    }), webhook_id="other")  # fmt: skip
    rig.settle()
    other = next(
        link.value
        for one in rig.deliveries()
        if one.rule == "create" and one.id != number
        for link in rig.journal.story("cafe-mx", one.order_id).links  # type: ignore[union-attr]
    )
    assert ask(rig, "rayo-mx", about=number, said=other).outcome == "other"


def test_looks_an_order_up_at_every(rig: Rig) -> None:
    """There is no call for one order: the list is looked through."""
    rig.map_to_every(CREATE)
    rig.restart()
    rig.fault("every", "drop_before_apply", operation="create_order")
    rig.fault("every", "error", operation="list_orders", times=None)
    rig.send("chocolate-co", ON_DELIVERY)
    rig.settle()
    number = one(rig, "create").id
    rig.heal()
    rig.import_to_every(referenceId="1", referenceUrl="https://x.example/1")
    (listed,) = rig.record()["applied"]["every"]["orders"]

    assert ask(rig, "every-co", about=number, said=listed).outcome == "other"
    assert ask(rig, "every-co", about=number, said="zzz").outcome == "absent"


def test_questions_are_held_to_the_limit(rig: Rig) -> None:
    """Yuju is asked while orders go there, and sees no third in a second."""
    for number in range(4):
        body = changed(PAID, id=100 + number)
        rig.send("cafe-mx", PAID, body=body, webhook_id=f"w{number}")
    rig.settle_planning()
    now = compose.now()
    asked = [
        rig.journal.ask(
            "yuju-mx", actor="ana", until=Instant(now + 10_000), now=now
        )
        for _ in range(4)
    ]
    ends = time.monotonic() + 20
    while not all(map(_is_answered, map(rig.journal.question, asked))):
        assert time.monotonic() < ends
        rig.worker.step()
        rig.worker.answer()
        time.sleep(0.01)
    rig.settle()

    assert len(rig.arrivals("get_order")) == 4
    assert len(rig.arrivals("set_status")) == 4
    assert rig.record()["violations"] == []


def _is_answered(question: Question | None) -> bool:
    return question is not None and question.learned is not None
