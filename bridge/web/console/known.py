"""
What is known of a delivery's reason, in a sentence of the page's language.

The journal keeps a code, what it is about, and an English sentence. The
sentence here is made of the code and of what it is about; the kept one is
shown beside it only where it tells what no code can: somebody's own words, or
what a mapping's expression had to say.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from bridge.model import Delivery
from bridge.web.console.reasons import title

_LOST = _(
    "The call may have arrived, and its answer was lost. The target was asked"
    " and does not show it (yet)."
)
_CONNECT = _("The target could not be reached; nothing was sent.")
_ADDRESS = _("%(address)s is not clear: %(doubts)s.")
_REQUEST = _("The target refused the request (%(code)s).")

KNOWN: Mapping[str, LazyString] = MappingProxyType(
    {
        "address_unsure": _ADDRESS,
        "place_unsure": _ADDRESS,
        "sku_unknown": _("Rayo does not know %(skus)s."),
        "out_of_stock": _("Rayo has too few of %(skus)s."),
        "credentials_refused": _("The target refused the bridge's token."),
        "worker_lost": _("The bridge stopped while it was at it."),
        "id_missing": _(
            "It was done, but the answer does not have the id that was"
            " expected."
        ),
        "answer_unreadable": _(
            "The target answered that it is done, and the answer could not be"
            " read."
        ),
        "not_confirmed": _("The target answered, and did not confirm it."),
        "not_found": _LOST,
        "lookup_unclear": _(
            "The call may have arrived, and its answer was lost. The target"
            " was asked, and what it says does not tell."
        ),
        "look_ups_spent": _(
            "%(link)s was not found yet, and all pages that may be read in an"
            " hour are read."
        ),
        "not_looked_up": _(
            "The call may have arrived, and its answer was lost. The target"
            " could not be asked yet (%(last)s)."
        ),
        "restored": _(
            "The database was put back from a copy, and this may have been"
            " sent in the time that it lacks."
        ),
        "applied_after_all": _(
            "Try %(attempt)s of delivery %(delivery)s was given up, and then"
            " it was done after all. It was withdrawn here since."
        ),
        "possible_duplicate": _(
            "Try %(attempt)s of delivery %(delivery)s was given up, and then"
            " it was done after all. It was sent again since."
        ),
        "value_missing": _(
            "The target requires %(field)s, and the order gave nothing for it"
            " (%(place)s)."
        ),
        "value_wrong": _("%(field)s is not as the target wants (%(place)s)."),
        "expression_failed": _("The mapping stumbled at %(place)s."),
        "nothing_to_send": _("Nothing is left of the request."),
        "cash_differs": _(
            "The cash to collect is not what is still to be paid."
        ),
        "link_missing": _("%(link)s is not known yet."),
        "asked": _("The mapping asks:"),
        "changed": _(
            "The order changed after it was created there: %(fields)s."
        ),
        "compliance": _("The shop passed on a legal request (%(topic)s)."),
        "came_back": _(
            "The target heard that it was cancelled, and the order came back."
        ),
        "never_created": _("Cancelled before anything was created there."),
        "order_not_seen": _(
            "A parcel was told, and not yet the order that it belongs to."
        ),
        "unknown_at_target": _("The target says that it has no such order."),
        "move_not_allowed": _(
            "Yuju does not let the order become %(wanted)s now. It offers:"
            " %(offered)s."
        ),
        "mapping_off": _("The mapping's file is wrong or gone."),
        "gave_up": _("Tried for three days. Last: %(last)s."),
        "poison": _(
            "The bridge stopped three times in a row while it prepared this."
        ),
        "redirect": _("The target answers that it is at another address."),
        "not_the_api": _("A web page answered instead of the target."),
        "rate_limited": _("The target asks to be called later."),
        "busy": _("Nobody had time for it yet."),
        "unsendable": _("The request can not be sent as it was made."),
        "unexpected": _("The target failed inside; it may have been done."),
        "found": _(
            "The answer was lost; the target was asked, and has the order."
        ),
        "pruned": _("The order's data were deleted after their time."),
        "operator": _("%(actor)s: %(decision)s."),
        "not_due": _("The order no longer asks for it."),
        "order_cancelled": _("The order was cancelled before it was sent."),
        "order_came_back": _("The order was cancelled, and came back."),
        "order_moved_on": _("The order was shipped or cancelled since."),
        "changed_back": _("The order is again as it was created there."),
        "not_ours": _("The order is older than the mapping's start."),
        "rule_removed": _("The rule is no longer in the mapping's file."),
        "newer_order": _("The order has changed since."),
        "unchanged": _("The target has it already."),
    }
)
"""By code."""

_KINDS: tuple[tuple[str, LazyString], ...] = (
    (r"token_.*|http_4\d\d", _REQUEST),
    (r"http_5\d\d", _("The target failed (%(code)s).")),
    (r"connect|dns|pool", _CONNECT),
    (r"tls|certificate|bad_certificate", _(
        "The target's certificate was not accepted."
    )),
    (r"timeout|deadline", _("The target did not answer in time.")),
    (
        r"protocol|truncated|too_large|read|write|lost",
        _("The connection ended before a whole answer."),
    ),
)  # fmt: skip

OWN_WORDS = frozenset(
    {"asked", "compliance", "expression_failed", "value_wrong"}
)
"""Codes whose kept sentence tells more than the code does."""

DOUBTS: Mapping[str, LazyString] = MappingProxyType(
    {
        "no_street": _("no street"),
        "no_number": _("no house number"),
        "no_barrio": _("a block and a house, but not of which barrio"),
        "no_signs": _("numbers without # and -"),
        "number_or_name": _("a number that may be the street's name"),
        "second_number": _("a second number, and nothing says of what"),
        "two_streets": _("more than one street"),
        "two_neighbourhoods": _("more than one neighbourhood"),
        "unmarked": _("words that may be the neighbourhood or the flat"),
        "left_over": _("words that fit nowhere"),
        "landmark": _("the house is told by what stands near it"),
        "fields_disagree": _("the shop's own fields say something else"),
        "too_long": _("a line too long to be an address"),
        "no_city": _("no city"),
        "no_state": _("no state"),
        "state_unknown": _("a state that is none of the country's"),
        "no_postal_code": _("no postal code"),
        "postal_code_malformed": _("no postal code of this country"),
        "postal_code_elsewhere": _("a postal code of another state"),
        "nothing_read": _("nothing could be read of it"),
    }
)
"""What is not clear of an address, by code."""

_ANY_DOUBT = _("it can be read in more than one way")

_ADDRESSES: Mapping[str, LazyString] = MappingProxyType(
    {
        "ship_to": _("The shipping address"),
        "bill_to": _("The billing address"),
    }
)

_DECISIONS: Mapping[str, LazyString] = MappingProxyType(
    {
        "exists": _("it exists at the target"),
        "done": _("it is done"),
        "cancel": _("never to be sent"),
    }
)


def known(delivery: Delivery) -> str:
    """Return what is known, in the page's language; empty if nothing is."""
    return known_of(delivery.reason, delivery.where)


def known_of(code: str | None, where: Mapping[str, Any]) -> str:
    """Return what is known by a reason's code and what it is about."""
    text = _text(code)
    if not text:
        return ""
    about = _about(code or "", where)
    return text % {name: value or "–" for name, value in about.items()}


def own_words(delivery: Delivery) -> str:
    """Return the kept sentence, where no other tells what it does."""
    told = is_told(delivery.reason, delivery.where)
    return "" if told else delivery.reason_text


def is_told(code: str | None, where: Mapping[str, Any]) -> bool:
    """Return whether what is known says all that the kept sentence does."""
    text, about = _text(code), _about(code or "", where)
    lacks = any(not about[name] for name in re.findall(r"%\((\w+)\)", text))
    return bool(text) and not lacks and code not in OWN_WORDS


def _text(code: str | None) -> str:
    """Return the sentence of a code, with places for what it is about."""
    if code is None:
        return ""
    told = KNOWN.get(code) or next(
        (text for form, text in _KINDS if re.fullmatch(form, code)), ""
    )
    return str(told)


def _about(code: str, where: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a sentence may name; empty for what is not kept."""
    doubts = [str(DOUBTS.get(one, one)) for one in where.get("doubts") or ()]
    address = str(where.get("address") or "ship_to")
    said = {
        "code": code.removeprefix("http_"),
        "place": _place(where),
        "last": title(where.get("last")),
        "address": str(_ADDRESSES.get(address, address)),
        "doubts": "; ".join(doubts)
        or (str(_ANY_DOUBT) if "doubts" in where else ""),
        "decision": str(_DECISIONS.get(where.get("decision", ""), "")),
    }
    for name in _NAMED:
        said[name] = _listed(where.get(name))
    return said


_NAMED = (
    "skus", "link", "attempt", "delivery", "field", "fields", "topic",
    "wanted", "offered", "actor",
)  # fmt: skip


def _place(where: Mapping[str, Any]) -> str:
    parts = (where.get("file"), where.get("line"))
    return ":".join(str(part) for part in parts if part)


def _listed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
