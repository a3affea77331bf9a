"""When what waits will probably be sent, in the page's language."""

from collections.abc import Mapping
from types import MappingProxyType

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from bridge.estimate import Estimate, Remark
from bridge.web.console.reasons import pause
from bridge.web.console.showing import number

REMARKS: Mapping[Remark, LazyString] = MappingProxyType(
    {
        Remark.NO_FILE: _("no file names %(what)s"),
        Remark.PAUSED: _("%(what)s is paused: %(why)s"),
        Remark.IN_DOUBT: _(
            "after delivery %(what)s, once the target has said whether it was"
            " applied"
        ),
        Remark.NEEDS_A_PERSON: _(
            "after delivery %(what)s, which needs a person"
        ),
        Remark.MANY: _("or later: more than %(what)s go before it"),
        Remark.MISSING: _(
            "at the earliest: something is missing, and is looked for then"
        ),
        Remark.BEHIND_MISSING: _(
            "at the earliest: delivery %(what)s waits for something"
        ),
        Remark.AFTER: _("after delivery %(what)s"),
        Remark.AHEAD: _("%(what)s go before it"),
    }
)

_COUNTS = {Remark.MANY, Remark.AHEAD}


def remark(estimate: Estimate) -> str:
    """Return why nobody can tell, or what else there is to say of it."""
    if estimate.remark is None:
        return ""
    what, why = (*estimate.about, "", "")[:2]
    if estimate.remark in _COUNTS:
        what = number(int(what))
    told = str(REMARKS[estimate.remark])
    return told % {"what": what, "why": pause(str(why)) if why else ""}
