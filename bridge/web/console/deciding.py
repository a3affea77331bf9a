"""What a person may decide on a delivery, and what that would come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from bridge.holds import ON_HOLD, reason_of
from bridge.journal.protocol import Dossier
from bridge.model import Delivery, DeliveryState, Kind

TOGETHER = ("resend", "hold", "release", "done", "cancel")
"""What can be decided on many at once: an id is each one's own."""

PRESSES: Mapping[str, LazyString] = MappingProxyType(
    {
        "exists": _("It exists there"),
        "resend": _("Send it again"),
        "done": _("It is done"),
        "cancel": _("Skip it: never send"),
        "hold": _("Hold it for now"),
        "release": _("Let it go"),
    }
)
"""What stands on the buttons."""

OUTCOMES: Mapping[str, LazyString] = MappingProxyType(
    {
        "exists": _("It counts as delivered. Nothing is sent."),
        "resend": _("It is sent again, as the mapping says today."),
        "done": _("It counts as delivered. Nothing is sent."),
        "cancel": _("It is never sent."),
        "hold": _("Nothing of it is sent until somebody lets it go."),
        "release": _("It goes on as if nobody had held it."),
    }
)
"""What would happen."""

TWICE = _(
    "Look at the target first: if it has the order already, sending makes a"
    " second one."
)


class Left(StrEnum):
    """Why a decision can not be made on one of many."""

    CHANGED = "changed"
    """Somebody or something was faster."""
    NOT_FITTING = "not_fitting"
    REPLACED = "replaced"
    """A newer delivery says it."""


WHY_LEFT: Mapping[str, LazyString] = MappingProxyType(
    {
        Left.CHANGED: _("It has changed since you looked."),
        Left.NOT_FITTING: _("This can not be decided on it."),
        Left.REPLACED: _("A newer delivery has taken its place."),
    }
)


class Mend(StrEnum):
    """What of an order may be corrected, so that it can be sent."""

    ADDRESS = "address"
    SKU = "sku"
    BOTH = "both"


_MENDS: Mapping[str, Mend] = MappingProxyType(
    {
        "address_unsure": Mend.ADDRESS,
        "place_unsure": Mend.ADDRESS,
        "sku_unknown": Mend.SKU,
        "out_of_stock": Mend.SKU,
        "value_missing": Mend.BOTH,
        "value_wrong": Mend.BOTH,
    }
)


_OF_A_FILE = frozenset(
    {
        "expression_failed",
        "nothing_to_send",
        "unsendable",
        "value_missing",
        "value_wrong",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """
    What a decision would do to one of many.

    Args:
        left: why it is left out; None when it is not.
        twice: it may make a second one at the target.
    """

    delivery: Delivery
    left: Left | None = None
    twice: bool = False


def fitting(delivery: Delivery) -> tuple[str, ...]:
    """Return the decisions that a delivery waits for, likeliest first."""
    if not delivery.attention:
        return ()
    if delivery.reason == ON_HOLD:
        rest = [one for one in _to_settle(delivery) if one != "resend"]
        return ("release", *rest)
    return (*_to_settle(delivery), "hold")


def _to_settle(delivery: Delivery) -> tuple[str, ...]:
    if delivery.kind is not Kind.CALL:
        again = ("resend",) if delivery.reason == "came_back" else ()
        return (*again, "done", "cancel")
    if delivery.repeatable:
        return ("resend", "done", "cancel")
    if delivery.state is DeliveryState.UNCERTAIN:
        return ("exists", "resend", "done", "cancel")
    return ("resend", "exists", "done", "cancel")


def mend_of(delivery: Delivery) -> Mend | None:
    """Return what of its order may be corrected; None when nothing helps."""
    if not delivery.attention or delivery.kind is not Kind.CALL:
        return None
    if delivery.reason == ON_HOLD:
        return None  # let go first
    if delivery.state is DeliveryState.UNCERTAIN:
        return None
    known = _MENDS.get(delivery.reason or "")
    if known is None and delivery.state is DeliveryState.DEAD:
        return Mend.BOTH
    return known


def may_make_two(delivery: Delivery) -> bool:
    """Return whether sending it again may make a second one."""
    if delivery.repeatable or delivery.kind is not Kind.CALL:
        return False
    doubtful = reason_of(delivery) in {"restored", "possible_duplicate"}
    return delivery.state is DeliveryState.UNCERTAIN or doubtful


def is_of_a_file(delivery: Delivery) -> bool:
    """Return whether a line of a mapping file has to do with why it waits."""
    return delivery.reason in _OF_A_FILE and "file" in delivery.where


def foreseen(
    delivery: Delivery, dossier: Dossier, decision: str, version: int
) -> Foreseen:
    """Return what *decision* would do; *version* is the one looked at."""
    left = None
    if delivery.version != version:
        left = Left.CHANGED
    elif decision not in fitting(delivery):
        left = Left.NOT_FITTING
    elif decision == "resend" and _is_replaced(delivery, dossier):
        left = Left.REPLACED
    return Foreseen(
        delivery=delivery,
        left=left,
        twice=decision == "resend" and may_make_two(delivery),
    )


def _is_replaced(delivery: Delivery, dossier: Dossier) -> bool:
    return any(
        one.effect_key == delivery.effect_key
        and one.generation > delivery.generation
        for one in dossier.deliveries
    )


DECIDING = MappingProxyType(
    {
        "press": PRESSES.__getitem__,
        "outcome": OUTCOMES.__getitem__,
        "why_left": WHY_LEFT.__getitem__,
        "twice": TWICE,
        "is_of_a_file": is_of_a_file,
    }
)
"""For templates."""
