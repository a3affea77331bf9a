"""Sentences of the mapping language, in the page's language."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flask_babel import get_locale, gettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from bridge.model import DeliveryState, Moment
from bridge.saying import Code, Foreign, Kept, Said
from bridge.web.console.known import is_told, known_of
from bridge.web.console.reasons import title
from bridge.web.console.unread import unread

_ENGLISH = Markup('<span lang="en">{}</span>')


class Teller:
    """
    Tells sentences.

    Args:
        moments, states: the console's words for them.
    """

    def __init__(
        self,
        moments: Mapping[str, LazyString],
        states: Mapping[str, LazyString],
    ) -> None:
        self._words: Mapping[type, Callable[[Any], object]] = MappingProxyType(
            {
                Said: self._said,
                Kept: _kept,
                Foreign: _ENGLISH.format,
                Code: title,
                Moment: lambda moment: moments[moment],
                DeliveryState: lambda state: states[state],
            }
        )

    def sentence(self, text: str) -> Markup:
        """
        Return a text as a page shows it.

        One that is no `Said`, or not any more, is marked as English.
        """
        if str(get_locale()) == "en":
            return escape(text)
        return self._said(text) if isinstance(text, Said) else _english(text)

    def _said(self, sentence: Said) -> Markup:
        template = escape(gettext(sentence.template))
        if not sentence.parts:
            return template
        return template % {
            name: self._part(part) for name, part in sentence.parts.items()
        }

    def _part(self, part: object) -> object:
        tell = self._words.get(type(part))
        return part if tell is None else tell(part)


def _english(text: str) -> Markup:
    return _ENGLISH.format(text) if text else escape("")


def _kept(reason: Kept) -> object:
    """Return what is known by its code, with the kept words where need be."""
    known = known_of(reason.code, reason.where)
    if not known and unread(reason.code) != reason.code:
        return unread(reason.code)
    if is_told(reason.code, reason.where):
        return known
    own = escape(reason) if reason.code == "asked" else _english(reason)
    return Markup("{} {}").format(known, own) if known else own
