"""What an edited file does to deliveries."""

import pytest

from bridge.model import (
    UNSENT,
    DeliveryState,
)
from tests.mapping.plan.desk import (
    NOTHING,
    RAYO,
    YUJU,
    Desk,
    S,
    created,
    paid,
    parcel,
)


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_removed_rule_withdraws(state: DeliveryState) -> None:
    """
    A rule that is no longer in the file withdraws what it had not sent.
    """
    desk = created()
    desk.tell(paid(2, parcels=(parcel(),)))
    desk.put("tracking", state=state)
    desk.edit(RAYO.partition("  tracking:")[0])
    desk.look()

    assert ("tracking", 1, S.CANCELLED, "rule_removed") in desk.shown()


def test_renamed_file_creates_nothing_anew() -> None:
    """
    A create is done once, whatever the file is called.
    """
    desk = created()
    desk.edit(RAYO, "renamed")

    assert NOTHING == desk.tell(paid(2, note="edited"))


def test_renamed_rule_creates_nothing_anew() -> None:
    """
    A create is done once, whatever the rule is called.
    """
    desk = created()
    desk.edit(RAYO.replace("  create:", "  make:"))

    assert NOTHING == desk.tell(paid(2, note="edited"))


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_renamed_rule_takes_over_what_was_not_sent(
    state: DeliveryState,
) -> None:
    """
    What the old name had not sent is sent under the new one, once.
    """
    desk = Desk()
    desk.tell(paid(1))
    desk.put("create", state=state, reason="value_missing")
    desk.edit(RAYO.replace("  create:", "  make:"))
    desk.tell(paid(2, note="edited"))

    assert [
        ("create", 1, S.CANCELLED, "rule_removed"),
        ("make", 2, S.PENDING, None),
    ] == desk.shown()


def test_edited_rule_plans_nothing_by_itself() -> None:
    """
    An edited body is told with the order's next event, not before.
    """
    desk = Desk(YUJU)
    desk.tell(paid(1))
    desk.succeed("ready")
    desk.edit(YUJU.replace("id_channel: 1", "id_channel: 2"))

    assert NOTHING == desk.look()

    desk.tell(paid(1))

    assert {("ready", S.PENDING, None)} == desk.live()
