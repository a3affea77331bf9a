"""Why a webhook was not understood or not used, and what to do about it."""

from collections.abc import Mapping
from types import MappingProxyType

from flask_babel import lazy_gettext as _

from bridge.web.console.reasons import Told

_AGAIN = _(
    "Find the order in the shop and save it once more: the shop then tells of"
    " it again. If that does not help, tell whoever runs the bridge."
)
_NOTHING = _("Nothing: it brings nothing to be sent.")
_DAMAGED = Told(title=_("its body can not be read"), advice=_AGAIN)
_NO_ORDER = Told(title=_("it is no order as we know them"), advice=_AGAIN)
_ODD = Told(title=_("a value in it can not be"), advice=_AGAIN)

UNREAD: Mapping[str, Told] = MappingProxyType(
    {
        **dict.fromkeys(
            ("empty", "encoding", "json", "not_json", "depth"), _DAMAGED
        ),
        **dict.fromkeys(("shape", "no_order_id", "events_form"), _NO_ORDER),
        **dict.fromkeys(("number", "quantity", "time", "too_big"), _ODD),
        "topic_mismatch": Told(
            title=_("it says one thing and shows another"), advice=_AGAIN
        ),
        "other_shop": Told(
            title=_("it comes from another shop"),
            advice=_(
                "Check in that shop to which address its webhooks go, and"
                " have the shop's name in our settings checked."
            ),
        ),
        "woocommerce_error": Told(
            title=_("WooCommerce sent an error instead of the order"),
            advice=_(
                "Save the webhook in WooCommerce again as a shop manager,"
                " then save the order."
            ),
        ),
        "internal_error": Told(
            title=_("the bridge stumbled over it"),
            advice=_("Tell whoever runs the bridge, with this number."),
        ),
        "store_gone": Told(
            title=_("its store is no longer in the settings"), advice=_NOTHING
        ),
        "topic": Told(title=_("its topic does not matter"), advice=_NOTHING),
        "test_order": Told(title=_("it is a test order"), advice=_NOTHING),
        "nothing_shipped": Told(
            title=_("nothing of it is on its way"), advice=_NOTHING
        ),
        "ping": Told(title=_("the shop only tried it"), advice=_NOTHING),
    }
)
"""Reasons of webhooks, by code."""


def unread(code: str | None) -> str:
    """Return a reason's few words, or its code where there are none."""
    known = UNREAD.get(code or "")
    return str(known.title) if known else (code or "")


def what_then(code: str | None) -> str:
    """Return what to do; nothing where nobody knows."""
    known = UNREAD.get(code or "")
    return str(known.advice) if known else ""
