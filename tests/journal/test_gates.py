"""Targets: the host they are pinned to, and their gate."""

import pytest

from bridge.errors import NotFound, TargetMoved
from bridge.journal.protocol import Journal
from bridge.lifecycle import Gate
from bridge.model import DeliveryState
from tests.factories import NOW, TARGET, keep, later, new_delivery
from tests.journal.steps import claim, claim_one, result


def test_pins_a_target(journal: Journal) -> None:
    """The first host is remembered; another one is refused."""
    journal.pin_target(TARGET, "sandbox.test")
    journal.pin_target(TARGET, "sandbox.test")

    with pytest.raises(TargetMoved, match=f"targets adopt {TARGET}"):
        journal.pin_target(TARGET, "rayo.example")

    (target,) = journal.targets()
    assert target.host == "sandbox.test"


def test_adopts_another_host(journal: Journal) -> None:
    """An operator can say that the target only moved."""
    journal.pin_target(TARGET, "old.example")

    journal.adopt_target(TARGET, "new.example", actor="ana", now=NOW)

    journal.pin_target(TARGET, "new.example")


def test_pins_what_was_only_paused(journal: Journal) -> None:
    """A gate that was shut before anybody pinned the host pins nothing."""
    keep(journal, new_delivery())
    journal.record(
        claim_one(journal),
        result(DeliveryState.PENDING, gate=Gate(pause="tls")),
        NOW,
    )

    journal.pin_target(TARGET, "rayo.example")

    (target,) = journal.targets()
    assert (target.host, target.paused) == ("rayo.example", "tls")


def test_pauses_and_resumes(journal: Journal) -> None:
    """Nothing is claimed of a paused target until it is resumed."""
    journal.pin_target(TARGET, "rayo.example")
    keep(journal, new_delivery())

    journal.set_gate(
        TARGET, Gate(pause="operator"), actor="ana", reason="so", now=NOW
    )
    (paused,) = journal.targets()
    assert (paused.paused, paused.paused_at) == ("operator", NOW)
    assert not claim(journal)

    journal.set_gate(TARGET, None, actor="ana", reason="so", now=later(1))
    (resumed,) = journal.targets()
    assert (resumed.paused, resumed.paused_at) == (None, None)
    assert claim(journal)


def test_resuming_opens_at_once(journal: Journal) -> None:
    """Who resumes does not wait for what the target had asked for."""
    journal.pin_target(TARGET, "rayo.example")
    keep(journal, new_delivery())
    journal.set_gate(
        TARGET, Gate(closed_until=later(9)), actor="ana", reason="", now=NOW
    )
    assert not claim(journal)

    journal.set_gate(TARGET, None, actor="ana", reason="", now=NOW)

    assert claim(journal)


def test_an_operators_pause_is_not_renamed(journal: Journal) -> None:
    """A later reason does not hide that a person had paused it."""
    journal.pin_target(TARGET, "rayo.example")
    keep(journal, new_delivery())
    held = claim_one(journal)
    journal.set_gate(
        TARGET, Gate(pause="operator"), actor="ana", reason="", now=NOW
    )

    journal.record(
        held,
        result(DeliveryState.PENDING, gate=Gate(pause="tls")),
        later(1),
    )

    (target,) = journal.targets()
    assert (target.paused, target.paused_at) == ("operator", NOW)


def test_unknown_target(journal: Journal) -> None:
    """A target that was never pinned can not be paused."""
    with pytest.raises(NotFound, match="no target nobody"):
        journal.set_gate("nobody", None, actor="ana", reason="", now=NOW)


def test_what_was_done_to_a_target(journal: Journal) -> None:
    """Who adopted, paused and resumed it, with what was before and after."""
    journal.adopt_target(TARGET, "one.example", actor="eva", now=NOW)
    journal.adopt_target("yuju-mx", "two.example", actor="eva", now=NOW)
    for gate in (Gate(pause="tls"), None):
        journal.set_gate(TARGET, gate, actor="ana", reason="so", now=later(5))

    told = journal.audit_of_target(TARGET)

    assert [(e.actor, e.action) for e in told] == [
        ("eva", "adopt"), ("ana", "pause"), ("ana", "resume"),
    ]  # fmt: skip
    assert told[1].detail["after"]["paused"] == "tls"
    assert told[2].detail["before"]["paused"] == "tls"
    assert told[2].detail["after"]["probing"] is True
