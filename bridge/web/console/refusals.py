"""Why something was not done, or not shown, in the page's language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from pydantic import ValidationError

from bridge.errors import Conflict

PROBLEMS: Mapping[str, LazyString] = MappingProxyType(
    {
        "bad_request": _("This address or form can not be read."),
        "forbidden": _(
            "This form was not taken: it is too old, or from another page."
            " Go back, load the page anew and try once more."
        ),
        "not_found": _(
            "There is nothing here: it is gone, or the address is not right."
        ),
        "method_not_allowed": _("This address can not be opened by itself."),
        "request_entity_too_large": _(
            "That is more than can be sent at once."
        ),
        "unsupported_media_type": _("This form can not be read."),
        "unprocessable_entity": _("Something in the form can not be right."),
        "internal_server_error": _(
            "Something failed in the bridge. It is noted in its log."
        ),
        "journal_unavailable": _(
            "The bridge can not read its log just now. Try again in a moment;"
            " what the stores send is not lost."
        ),
        "service_unavailable": _("Not now. Try again in a moment."),
    }
)
"""Whole pages that could not be shown, by code."""

CONFLICTS: Mapping[str, LazyString] = MappingProxyType(
    {
        "conflict": _("This does not fit what is there now. Look again."),
        "not_found": _("There is nothing by that name or number."),
        "in_flight": _("It is being sent right now. Try again in a moment."),
        "correction_unread": _(
            "What was corrected is being read: try again in a moment."
        ),
        "too_many_questions": _(
            "Too much is being asked just now. Try again in a moment."
        ),
        "on_hold": _("Somebody holds it: let it go first."),
        "past": _("That time has passed: hold it until a later one."),
        "version_mismatch": _("It has changed since you looked. Look again."),
        "force_needed": _(
            "It was or may have been done there, and sending it again would"
            " make a second one. Say so if that is wanted."
        ),
        "not_decidable": _("This decision does not fit its state."),
        "question": _(
            "It is a question, not a call: say that it is done, or skip it."
        ),
        "maybe_applied": _(
            "It may have been done there: say whether it exists."
        ),
        "no_decision_waits": _("It waits for no decision any more."),
        "replaced": _("A newer one took its place: decide on that one."),
        "pruned": _(
            "Its data were deleted after their time. Save the order in the"
            " shop once more."
        ),
        "wrong_correction": _("%(about)s can not be corrected to this."),
        "no_body": _("The order itself was not told yet."),
        "nothing_changed": _(
            "Nothing was changed: correct it, or send it again as it is."
        ),
        "no_such_field": _("%(about)s can not be corrected."),
        "too_long": _("%(about)s is too long."),
        "country": _("A country is two letters, as MX."),
        "state": _(
            "This is no state of that country: write its name, as Jalisco."
        ),
    }
)
"""What an operator wanted and was not done, by why."""

FAULTS: Mapping[str, LazyString] = MappingProxyType(
    {
        "missing": _("is missing"),
        "time_unread": _(
            "is no date and time that there is: write it as 2026-11-21T18:30"
        ),
        "cursor_foreign": _("leads nowhere: begin with the first page"),
        "extra_forbidden": _("is not known here"),
        "enum": _("is none of those there are"),
        "literal_error": _("is none of those there are"),
        "string_too_short": _("must not be empty"),
        "string_too_long": _("is too long: %(max_length)s letters at most"),
        "string_pattern_mismatch": _("has letters that can not be in it"),
        "int_parsing": _("must be a whole number"),
        "int_parsing_size": _("is too large a number"),
        "greater_than_equal": _("must be %(ge)s at least"),
        "less_than_equal": _("must be %(le)s at most"),
        "bool_parsing": _("must be true or false"),
        "too_short": _("must not be empty"),
        "too_long": _("are too many: %(max_length)s at most"),
    }
)
"""What is wrong with a field, by pydantic's code or ours."""

FIELDS: Mapping[str, LazyString] = MappingProxyType(
    {
        "since": _("Since"),
        "until": _("Until"),
        "store": _("Store"),
        "target": _("Target"),
        "topic": _("Topic"),
        "state": _("State"),
        "order": _("Order id"),
        "reason": _("Reason"),
        "decision": _("Decision"),
        "links": _("Id at the target"),
        "fields": _("What is corrected"),
        "cursor": _("The page's address"),
        "limit": _("Rows of a page"),
        "attention": _("waiting for a person"),
    }
)
"""Fields of filters and forms, as their pages call them."""


def problem(code: str, detail: str) -> str:
    """Return why a page was not shown."""
    return str(PROBLEMS.get(code) or CONFLICTS.get(code) or detail)


def refused(conflict: Conflict) -> str:
    """Return why something was not done."""
    told = CONFLICTS.get(conflict.why) or CONFLICTS[Conflict.code]
    return str(told) % {"about": conflict.about}


def faults(error: ValidationError) -> str:
    """Return what is wrong, field by field."""
    return " ".join(
        _fault(fault["type"], fault["loc"], fault.get("ctx", {}))
        for fault in error.errors(include_url=False, include_input=False)
    )


def _fault(
    code: str, place: tuple[int | str, ...], about: Mapping[str, Any]
) -> str:
    name, *rest = map(str, place or ("",))
    field = ".".join([str(FIELDS.get(name, name)), *rest])
    text = FAULTS.get(code) or _("can not be like this")
    return f"{field}: {str(text) % about}."
