"""Targets that refuse, fail or ask to be left alone."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.circuit import FAILURES, opened_for
from bridge.journal.protocol import TargetRow
from bridge.model import SECOND, DeliveryState
from tests.end_to_end.rig import Rig, changed

S = DeliveryState
PAID = "shopify-mx-orders-paid-multiline"


def gate(rig: Rig, name: str) -> TargetRow:
    (found,) = [one for one in rig.journal.targets() if one.name == name]
    return found


def work_until(
    rig: Rig, holds: Callable[[], Any], *, seconds: int = 10
) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, rig.states()
        if not rig.worker.step():
            time.sleep(0.005)


def work_for(rig: Rig, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if not rig.worker.step():
            time.sleep(0.005)


def send_orders(rig: Rig, *numbers: int) -> None:
    for number in numbers:
        body = changed(PAID, id=9000 + number, name=f"#{9000 + number}")
        rig.send("cafe-mx", PAID, body=body, webhook_id=f"g{number}")


def states_at(rig: Rig, target: str) -> list[tuple[DeliveryState, int]]:
    return [
        (one.state, one.attempts)
        for one in rig.deliveries()
        if one.target == target and one.rule in {"create", "ready"}
    ]


# -------------------------------------------------------------- credentials


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A file with Yuju's token, which is wrong at first."""
    file = tmp_path / "yuju.token"
    file.write_text("old")
    return file


@pytest.fixture
def by_file(tmp_path: Path, token: Path) -> Iterator[Rig]:
    """A bridge that reads Yuju's token from its file."""
    rig = Rig(tmp_path, YUJU_TOKEN_FILE=str(token))
    yield rig
    rig.close()


def test_new_credentials_get_one_call(by_file: Rig, token: Path) -> None:
    """
    A refused token pauses its target and burns nothing; a new one, taken
    from its file without a restart, is tried with exactly one call.
    """
    rig = by_file
    send_orders(rig, 1, 2, 3)
    work_until(rig, lambda: gate(rig, "yuju-mx").paused)
    work_for(rig, 0.3)
    refused = len(rig.arrivals("set_status"))
    token.write_text("still wrong")
    work_until(rig, lambda: len(rig.arrivals("set_status")) > refused)
    work_for(rig, 2.5)
    again = len(rig.arrivals("set_status"))

    assert gate(rig, "yuju-mx").paused == "credentials_refused"
    assert again == refused + 1
    assert states_at(rig, "yuju-mx") == [(S.PENDING, 0)] * 3
    assert states_at(rig, "rayo-mx") == [(S.SUCCEEDED, 1)] * 3

    token.write_text("sandbox-yuju-token")
    work_until(
        rig, lambda: states_at(rig, "yuju-mx") == [(S.SUCCEEDED, 1)] * 3
    )
    assert gate(rig, "yuju-mx").paused is None
    assert rig.record()["violations"] == []


def test_credentials_that_were_changed_while_it_was_off(rig: Rig) -> None:
    """A worker that starts with other credentials tries them by itself."""
    rig.environ["YUJU_TOKEN"] = "old"
    rig.restart()
    send_orders(rig, 1)
    work_until(rig, lambda: gate(rig, "yuju-mx").paused)
    rig.environ["YUJU_TOKEN"] = "sandbox-yuju-token"
    rig.restart()
    work_until(rig, lambda: states_at(rig, "yuju-mx") == [(S.SUCCEEDED, 1)])

    assert len(rig.arrivals("set_status")) == 2


def test_refused_key_of_rayo(rig: Rig) -> None:
    """
    A key that Rayo gives no token for pauses it too; the new key is tried.
    """
    rig.environ["RAYO_API_KEY"] = "old"
    rig.restart()
    send_orders(rig, 1)
    work_until(rig, lambda: gate(rig, "rayo-mx").paused)
    refused = gate(rig, "rayo-mx").refused
    rig.environ["RAYO_API_KEY"] = "sandbox-rayo-key"
    rig.restart()
    work_until(rig, lambda: states_at(rig, "rayo-mx") == [(S.SUCCEEDED, 1)])

    assert refused is not None
    assert len(rig.arrivals("create_order")) == 1


# ------------------------------------------------------------------ circuit


def test_target_that_fails_is_left_alone(rig: Rig) -> None:
    """
    After five failures in a row nobody calls; then one call at a time asks,
    and the first answer opens the target to all. Other targets go on.
    """
    rig.fault("rayo", "error", times=None, operation="create_order")
    send_orders(rig, *range(1, 13))
    work_until(rig, lambda: gate(rig, "rayo-mx").probing)
    work_for(rig, 1)
    burnt = len(rig.arrivals("create_order"))
    yujus = states_at(rig, "yuju-mx")
    rig.later(opened_for(1) + 1)
    work_for(rig, 1)
    probed = len(rig.arrivals("create_order"))
    rig.heal()
    rig.later(opened_for(2) + 1)
    work_until(
        rig,
        lambda: (
            {s for s, _ in states_at(rig, "rayo-mx")}
            == {S.SUCCEEDED, S.UNCERTAIN}
        ),
    )

    assert FAILURES <= burnt < 12  # those under way when it was opened
    assert (S.SUCCEEDED, 1) in yujus
    assert probed == burnt + 1
    row = gate(rig, "rayo-mx")
    assert (row.failures, row.trips, row.probing) == (0, 0, False)


def test_target_that_is_down_makes_nothing_uncertain(rig: Rig) -> None:
    """
    Calls that never reach their target open its circuit as well; every
    delivery waits with its reason, and none is in doubt.
    """
    rig.stop_sandbox()
    send_orders(rig, *range(1, 9))
    work_until(rig, lambda: gate(rig, "rayo-mx").probing)
    work_for(rig, 0.3)

    states = states_at(rig, "rayo-mx")
    reasons = {d.reason for d in rig.deliveries() if d.target == "rayo-mx"}
    assert {state for state, _ in states} == {S.PENDING}
    assert "token_connect" in reasons


# ---------------------------------------------------------------------- 429


def test_rate_limit_shifts_the_whole_target(rig: Rig) -> None:
    """
    After a 429 nobody calls that target before its time, also not for
    other orders; other targets go on, and nothing is burnt.
    """
    rig.fault("rayo", "rate_limit", operation="create_order", seconds=60)
    send_orders(rig, 1)
    work_until(rig, lambda: gate(rig, "rayo-mx").closed_until)
    send_orders(rig, 2, 3)
    work_for(rig, 1)
    before = len(rig.arrivals("create_order"))
    yujus = [s for s, _ in states_at(rig, "yuju-mx")]
    rig.later(60 * SECOND)
    work_until(
        rig, lambda: states_at(rig, "rayo-mx") == [(S.SUCCEEDED, 1)] * 3
    )

    assert before == 1
    assert S.SUCCEEDED in yujus
    assert len(rig.arrivals("create_order")) == 4
