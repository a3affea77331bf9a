"""An older copy is put back, and nothing is created twice."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge import compose
from bridge.errors import OlderCopy
from bridge.journal.mark import mark_of
from bridge.journal.opening import open_journal
from bridge.model import DeliveryState
from tests.end_to_end.rig import Rig, changed

PAID = "shopify-mx-orders-paid-multiline"
CREATE = "cafe-mx-rayo/create"


def backed_up(rig: Rig, tmp_path: Path) -> Path:
    copy = tmp_path / "copy.db"
    rig.journal.backup(str(copy))
    return copy


def put_back(rig: Rig, copy: Path) -> None:
    """
    Let the copy stand where the database was, beside its mark.

    In a folder of its own: this process still has the other one open.
    """
    rig.journal.keep_mark()
    rig.worker.close()
    rig.journal.close()
    folder = copy.parent / "put-back"
    folder.mkdir()
    path = folder / "bridge.db"
    shutil.copy(copy, path)
    shutil.copy(mark_of(copy.parent / "bridge.db"), folder)
    rig.environ["BRIDGE_DATABASE"] = f"sqlite:///{path}"
    rig.journal = open_journal(rig.environ["BRIDGE_DATABASE"])


def restored(rig: Rig) -> int:
    """Go on with the copy; return how many creates became uncertain."""
    for part in (compose.web, compose.worker):
        with pytest.raises(OlderCopy, match="bridge restore"):
            part(rig.environ)
    moved = rig.journal.accept_copy(actor="cli:ana", now=compose.now())
    rig.web = compose.web(rig.environ).test_client()
    rig.worker = compose.worker(rig.environ)
    return moved


def creates(rig: Rig) -> list[dict[str, Any]]:
    return rig.arrivals("create_order")


def test_order_that_the_copy_never_saw(rig: Rig, tmp_path: Path) -> None:
    """
    Created after the backup and told again by the store: it is held, and a
    person who found it at Rayo says so.
    """
    copy = backed_up(rig, tmp_path)
    rig.send("cafe-mx", PAID)
    rig.settle()
    assert rig.states()[CREATE] == "succeeded"
    put_back(rig, copy)
    assert restored(rig) == 0

    assert rig.send("cafe-mx", PAID) == 200
    rig.settle()
    assert rig.states()[CREATE] == "held:restored"
    assert len(creates(rig)) == 1

    (create,) = [d for d in rig.deliveries() if d.rule == "create"]
    status, _body = rig.admin(
        "POST", f"/deliveries/{create.id}/redeliver", reason="again"
    )
    assert status == 409  # it may be there: that needs `force`
    status, _body = rig.admin(
        "POST",
        f"/deliveries/{create.id}/resolve",
        decision="exists",
        links={"rayo_order": "909521d0-e398-4701-b393-ddfd07ce24f9"},
        reason="found in Rayo's panel",
    )
    assert status == 200
    rig.settle()
    assert rig.states()[CREATE] == "succeeded:operator"
    assert len(creates(rig)) == 1


def test_order_that_the_copy_had_only_stored(rig: Rig, tmp_path: Path) -> None:
    """
    Its event is in the copy and its plan is not: the copy would create it.
    """
    rig.send("cafe-mx", PAID)
    copy = backed_up(rig, tmp_path)
    rig.settle()
    put_back(rig, copy)
    restored(rig)

    rig.settle()
    assert rig.states()[CREATE] == "held:restored"
    assert len(creates(rig)) == 1


def test_create_that_the_copy_had_planned(rig: Rig, tmp_path: Path) -> None:
    """
    Planned in the copy and made since: it is uncertain, and a person who
    knows that it is not there sends it.
    """
    rig.send("cafe-mx", PAID)
    rig.worker._planner.run_once()  # noqa: SLF001
    copy = backed_up(rig, tmp_path)
    rig.settle()
    put_back(rig, copy)
    assert restored(rig) == 1

    rig.send("cafe-mx", PAID)
    rig.settle()
    (create,) = [d for d in rig.deliveries() if d.rule == "create"]
    assert create.state is DeliveryState.UNCERTAIN
    assert len(creates(rig)) == 1

    status, _body = rig.admin(
        "POST",
        f"/deliveries/{create.id}/resolve",
        decision="resend",
        reason="Rayo does not have it",
    )
    assert status == 200
    rig.settle()
    assert rig.states()[CREATE] == "succeeded"
    assert len(creates(rig)) == 2


def test_order_placed_since_is_no_doubt(rig: Rig, tmp_path: Path) -> None:
    """
    What is placed after the copy was accepted is created at once.
    """
    copy = backed_up(rig, tmp_path)
    rig.send("cafe-mx", PAID)
    rig.settle()
    put_back(rig, copy)
    restored(rig)

    at = datetime.fromtimestamp(compose.now() / 1000 + 60, UTC).isoformat()
    body = changed(PAID, id=99, created_at=at, updated_at=at)
    rig.send("cafe-mx", PAID, body=body, webhook_id="later")
    rig.settle()
    assert rig.states()[CREATE] == "succeeded"
    assert len(creates(rig)) == 2
