"""
Why something waits or was not done, in plain words, and what to do about it.

The journal keeps codes and an English sentence; what a person reads is here,
by code, in the page's language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    A reason in plain words.

    Args:
        title: a few words, for lists.
        advice: what a person does about it, one or two short sentences.
    """

    title: LazyString
    advice: LazyString


_WAIT = _("Nothing: it goes on by itself.")
_LOOK = _("Look at what was sent and answered, then decide.")
_MAPPING = _(
    "Correct the order's data and send. If the order is right, show this to"
    " whoever keeps the mapping files."
)
_FILE = _(
    "Show this to whoever keeps the mapping files. Once the file is mended it"
    " is sent by itself; there is nothing to press."
)
_CONNECT = Told(title=_("no connection to the target"), advice=_WAIT)
_LOST = Told(
    title=_("the answer was lost: was it created?"),
    advice=_(
        "Look at the target whether it has the order. If so, say that it"
        " exists, with its id; if not, send it again."
    ),
)
_TOKEN = Told(
    title=_("token refused"),
    advice=_(
        "Put a new token into the bridge's settings; it is tried within a"
        " second and everything goes on."
    ),
)
_WITHDRAWN = _("Nothing: there is nothing to send any more.")
_ADDRESS = Told(
    title=_("address not sure"),
    advice=_(
        "Compare it with what the customer wrote. Correct it and send, or ask"
        " the customer."
    ),
)

REASONS: Mapping[str, Told] = MappingProxyType(
    {
        "address_unsure": _ADDRESS,
        "place_unsure": _ADDRESS,
        "sku_unknown": Told(
            title=_("SKU unknown at Rayo"),
            advice=_(
                "Correct the SKU and send, or have Rayo add the product and"
                " send again."
            ),
        ),
        "out_of_stock": Told(
            title=_("no stock at the warehouse"),
            advice=_("Send again once there is stock, or skip it."),
        ),
        "credentials_refused": _TOKEN,
        "worker_lost": _LOST,
        "id_missing": Told(
            title=_("done, but the answer has no id"),
            advice=_(
                "Find the order at the target and say that it exists, with"
                " its id."
            ),
        ),
        "answer_unreadable": _LOST,
        "not_confirmed": _LOST,
        "not_found": _LOST,
        "lookup_unclear": _LOST,
        "look_ups_spent": _LOST,
        "not_looked_up": _LOST,
        "restored": Told(
            title=_("may have been sent before the copy was put back"),
            advice=_(
                "Look at the target. Say that it exists, send it again, or"
                " never send it."
            ),
        ),
        "applied_after_all": Told(
            title=_("it arrived after all"),
            advice=_("Cancel it at the target if it is not wanted."),
        ),
        "possible_duplicate": Told(
            title=_("may be there twice"),
            advice=_("Look at the target and cancel one of the two there."),
        ),
        "value_missing": Told(title=_("a value is missing"), advice=_MAPPING),
        "value_wrong": Told(title=_("a value can not be"), advice=_MAPPING),
        "expression_failed": Told(title=_("mapping error"), advice=_FILE),
        "nothing_to_send": Told(title=_("nothing to send"), advice=_MAPPING),
        "cash_differs": Told(
            title=_("the cash to collect is another one"), advice=_LOOK
        ),
        "link_missing": Told(
            title=_("the target's id is not known"),
            advice=_(
                "It waits for the call that learns the id. If you know it,"
                " tell it."
            ),
        ),
        "asked": Told(
            title=_("the mapping asks you"),
            advice=_("Do what it says, then say that it is done."),
        ),
        "changed": Told(
            title=_("changed after it was created"),
            advice=_("Change it at the target by hand, then say it is done."),
        ),
        "compliance": Told(
            title=_("a legal request, with a date"),
            advice=_("Do what it says before the date, then say it is done."),
        ),
        "came_back": Told(
            title=_("cancelled, and now it came back"),
            advice=_("Send it again if the shop still wants it."),
        ),
        "never_created": Told(
            title=_("it was never created there"),
            advice=_("Settle its create first; then skip this one."),
        ),
        "order_not_seen": Told(
            title=_("the order itself was not told yet"),
            advice=_("Save the order in the shop once more."),
        ),
        "unknown_at_target": Told(
            title=_("the target has no such order"),
            advice=_("Look for it there; tell its right id, or skip it."),
        ),
        "move_not_allowed": Told(
            title=_("no operation for this"),
            advice=_("Change it at the target by hand, then say it is done."),
        ),
        "mapping_off": Told(
            title=_("its mapping is switched off"),
            advice=_("Put the mapping in force again, or skip it."),
        ),
        "gave_up": Told(
            title=_("tried for three days"),
            advice=_("Look why, then send it again."),
        ),
        "poison": Told(
            title=_("the bridge stopped three times at it"),
            advice=_("Tell whoever runs the bridge before you send again."),
        ),
        "redirect": Told(
            title=_("the target's address leads elsewhere"),
            advice=_("Have the address in the settings corrected."),
        ),
        "not_the_api": Told(
            title=_("something else answers at that address"),
            advice=_("Have the address in the settings corrected."),
        ),
        "rate_limited": Told(
            title=_("the target asks for a pause"), advice=_WAIT
        ),
        "busy": Told(title=_("waits its turn"), advice=_WAIT),
        "unsendable": Told(
            title=_("it can not be sent as it is"), advice=_MAPPING
        ),
        "unexpected": Told(title=_("an odd answer"), advice=_LOOK),
        "found": Told(title=_("it was found at the target"), advice=_WAIT),
        "pruned": Told(
            title=_("what it said is gone"),
            advice=_("Save the order in the shop once more."),
        ),
        "operator": Told(title=_("somebody decided"), advice=_WAIT),
        "on_hold": Told(
            title=_("held by a person"),
            advice=_("Nothing is sent of it until somebody lets it go."),
        ),
        "not_due": Told(
            title=_("the order no longer asks for it"), advice=_WITHDRAWN
        ),
        "order_cancelled": Told(
            title=_("cancelled before it was sent"), advice=_WITHDRAWN
        ),
        "order_came_back": Told(
            title=_("the order came back"), advice=_WITHDRAWN
        ),
        "order_moved_on": Told(
            title=_("shipped or cancelled since"), advice=_WITHDRAWN
        ),
        "changed_back": Told(
            title=_("again as it was created"), advice=_WITHDRAWN
        ),
        "not_ours": Told(
            title=_("older than the mapping's start"), advice=_WITHDRAWN
        ),
        "rule_removed": Told(
            title=_("its rule was taken out"), advice=_WITHDRAWN
        ),
        "newer_order": Told(title=_("a newer one says it"), advice=_WITHDRAWN),
        "unchanged": Told(
            title=_("the target has it already"), advice=_WITHDRAWN
        ),
    }
)
"""Reasons of deliveries, by code."""

_KINDS: tuple[tuple[str, Told], ...] = (
    (r"token_.*|http_40[13]", _TOKEN),
    (
        r"http_4\d\d",
        Told(title=_("the target refused it"), advice=_LOOK),
    ),
    (
        r"http_5\d\d",
        Told(title=_("the target has trouble"), advice=_WAIT),
    ),
    (r"connect|dns|tls|certificate|pool|bad_certificate", _CONNECT),
    (
        r"timeout|deadline|protocol|truncated|too_large|read|write|lost",
        _LOST,
    ),
)
"""Codes that have a number or a network's fault in them, by their form."""

PAUSES: Mapping[str, LazyString] = MappingProxyType(
    {
        "operator": _("by a person"),
        "credentials_refused": _("its token was refused"),
        "certificate": _("its certificate is not good"),
    }
)

_TROUBLE = _("Once the trouble is over, press “Send to it again”.")
_PAUSE_ADVICE: Mapping[str, LazyString] = MappingProxyType(
    {
        "operator": _(
            "Read below who paused it and why. Once that is over, press"
            " “Send to it again”: what waits is sent by itself."
        ),
        "credentials_refused": _(
            "Ask whoever runs the bridge for a new token: a new one is tried"
            " within a second. If the target takes the old one again, press"
            " “Send to it again”."
        ),
    }
)


def told(code: str | None) -> Told | None:
    """Return a reason in plain words; None for a vendor's own code."""
    if code is None:
        return None
    known = REASONS.get(code)
    if known is not None:
        return known
    return next(
        (one for form, one in _KINDS if re.fullmatch(form, code)), None
    )


def title(code: str | None) -> str:
    """Return a reason's few words, or its code where there are none."""
    known = told(code)
    return str(known.title) if known else (code or "")


def advice(code: str | None) -> str:
    """Return what to do; nothing where nobody knows."""
    known = told(code)
    return str(known.advice) if known else ""


def pause(code: str) -> str:
    """Return why a target is paused."""
    return str(PAUSES.get(code) or title(code))


def pause_advice(code: str) -> str:
    """Return what to do so that a paused target goes on."""
    return str(_PAUSE_ADVICE.get(code, _TROUBLE))
