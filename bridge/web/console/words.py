"""Codes of the journal in words of people, in the page's language."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from bridge.holds import hold_of
from bridge.model import DeliveryState, EventState
from bridge.web.console.expecting import remark
from bridge.web.console.known import known, own_words
from bridge.web.console.reasons import advice, pause, pause_advice, title
from bridge.web.console.refusals import problem
from bridge.web.console.sentences import Teller
from bridge.web.console.unread import unread, what_then

Words = Mapping[str, LazyString]

STATES: Words = MappingProxyType(
    {
        DeliveryState.WAITING: _("waits for an id"),
        DeliveryState.PENDING: _("to be sent"),
        DeliveryState.CLAIMED: _("being prepared"),
        DeliveryState.SENDING: _("being sent"),
        DeliveryState.SETTLING: _("answer was lost, goes again"),
        DeliveryState.UNCERTAIN: _("nobody knows: was it created?"),
        DeliveryState.HELD: _("held for you"),
        DeliveryState.SUCCEEDED: _("delivered"),
        DeliveryState.DEAD: _("refused"),
        DeliveryState.CANCELLED: _("withdrawn"),
        DeliveryState.SUPERSEDED: _("not needed: a newer one says it"),
        DeliveryState.UNCHANGED: _("not needed: it is there already"),
        EventState.STORED: _("received"),
        EventState.PLANNED: _("understood"),
        EventState.IGNORED: _("of no concern"),
        EventState.UNUSABLE: _("not understood"),
    }
)

MARKS: Mapping[str, str] = MappingProxyType(
    {
        DeliveryState.UNCERTAIN: "?",
        DeliveryState.HELD: "!",
        DeliveryState.DEAD: "✕",
        DeliveryState.SUCCEEDED: "✓",
        EventState.PLANNED: "✓",
        EventState.UNUSABLE: "!",
    }
)
"""What stands before a state, so that its colour is not its only sign."""

ACTIONS: Words = MappingProxyType(
    {
        "exists": _("it exists at the target"),
        "done": _("it is done"),
        "resend": _("send it again"),
        "cancel": _("never send it"),
        "hold": _("hold it for now"),
        "release": _("let it go"),
        "redeliver": _("sent again"),
        "resolve": _("decided"),
        "pause": _("paused"),
        "resume": _("resumed"),
        "correct": _("corrected"),
        "link": _("told an id"),
        "look": _("looked at the customer's data"),
    }
)

PHASES: Words = MappingProxyType(
    {
        "prepared": _("not a byte was sent"),
        "writing": _("it was being sent"),
        "answered": _("the target answered"),
    }
)

OUTCOMES: Words = MappingProxyType(
    {
        "applied": _("done at the target"),
        "rejected": _("refused by the target"),
        "notsent": _("not sent"),
        "notprocessed": _("sent, and not processed"),
        "maybe": _("nobody knows whether it was done"),
        "unread": _("the target could not be asked"),
        "found": _("found there"),
        "absent": _("not found there"),
    }
)

MOMENTS: Words = MappingProxyType(
    {
        "placed": _("placed"),
        "paid": _("paid"),
        "ready": _("ready to send"),
        "shipped": _("shipped"),
        "fulfilled": _("all of it shipped"),
        "delivered": _("handed over"),
        "cancelled": _("cancelled"),
        "refunded": _("refunded"),
    }
)

FLOWS: Words = MappingProxyType(
    {
        "flowing": _("flowing"),
        "idle": _("nothing to do"),
        "slow": _("slow"),
        "limit": _("limit reached"),
        "closed": _("left alone for a moment"),
        "paused": _("paused"),
        "silent": _("silent, which is unusual"),
        "quiet": _("quiet"),
        "never": _("never heard"),
    }
)

FLOW_MARKS: Mapping[str, str] = MappingProxyType(
    {"flowing": "▶", "slow": "◔", "limit": "◔", "closed": "◔",
     "paused": "‖", "silent": "!", "idle": "·", "quiet": "·", "never": "·"}
)  # fmt: skip


STANDINGS: Words = MappingProxyType(
    {
        "in_force": _("in force"),
        "new": _("new: it comes in force in a moment"),
        "refused": _("not taken: the version before is in force"),
        "off": _("off: the file is wrong"),
        "gone": _("the file is gone"),
    }
)

STANDING_MARKS: Mapping[str, str] = MappingProxyType(
    {"in_force": "✓", "new": "◔", "refused": "✕", "off": "✕", "gone": "!"}
)

TURNS: Words = MappingProxyType(
    {
        "breaks": _("works today, and would fail"),
        "fails": _("would be asked for, and fail"),
        "differs": _("would say something else"),
        "sends": _("would be sent, and is not today"),
        "stops": _("would not be sent any more"),
        "waits": _("would wait for an id"),
        "mends": _("fails today, and would not any more"),
    }
)

KINDS: Words = MappingProxyType(
    {
        "null": _("nothing"),
        "truth": _("true or false"),
        "number": _("number"),
        "text": _("text"),
        "list": _("list"),
        "object": _("object with fields"),
    }
)


def word(words: Mapping[str, object], code: object) -> str:
    """Return a code's words, or the code itself where there are none."""
    key = getattr(code, "value", code)
    return str(words.get(str(key), key))


sentence = Teller(MOMENTS, STATES).sentence
"""Tells a sentence of the mapping language."""

WORDS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "state": lambda code: word(STATES, code),
        "mark": lambda code: MARKS.get(str(getattr(code, "value", code)), ""),
        "action": lambda code: word(ACTIONS, code),
        "moment": lambda code: word(MOMENTS, code),
        "flow": lambda code: word(FLOWS, code),
        "standing": lambda code: word(STANDINGS, code),
        "standing_mark": lambda code: word(STANDING_MARKS, code),
        "turn": lambda code: word(TURNS, code),
        "kind": lambda code: word(KINDS, code),
        "hold": hold_of,
        "reason": title,
        "known": known,
        "own_words": own_words,
        "problem": problem,
        "advice": advice,
        "pause": pause,
        "pause_advice": pause_advice,
        "unread": unread,
        "what_then": what_then,
        "remark": remark,
        "sentence": sentence,
        "phase": lambda code: word(PHASES, code),
        "outcome": lambda code: word(OUTCOMES, code),
        "flow_mark": lambda code: FLOW_MARKS.get(code, ""),
    }
)
"""For templates."""
