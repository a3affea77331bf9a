"""
The console's words in other languages than English.

English stands in the code and the templates; each other language is one
catalog, read as it is written: there is no compiled file that could be older.
"""

from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context
from flask_babel import Babel, Domain, get_locale
from typing_extensions import override

LANGUAGES = {"es": "Español", "en": "English"}


class Catalogs(Babel):  # type: ignore[misc]
    """Flask-Babel with these catalogs."""

    @override
    def init_app(self, app: Flask, **options: Any) -> None:
        super().init_app(app, **options)
        words = _CATALOGS.get_translations
        app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
            gettext=lambda one: words().ugettext(one),
            ngettext=lambda one, many, n: words().ungettext(one, many, n),
            newstyle=True,
        )

    @property
    @override
    def domain_instance(self) -> Domain:
        return _CATALOGS


class _Catalogs(Domain):  # type: ignore[misc]
    @override
    def get_translations(self) -> NullTranslations:
        if not has_app_context():
            return catalog("en")
        if "catalog" not in g:  # a page has hundreds of words
            locale = get_locale()
            g.catalog = catalog(locale.language if locale else "en")
        found: NullTranslations = g.catalog
        return found


_CATALOGS = _Catalogs()


@cache
def catalog(language: str) -> NullTranslations:
    """Return the words of a language; English's are those in the code."""
    folder = resources.files("bridge.web").joinpath("translations")
    file = folder.joinpath(language, "messages.po")
    if not file.is_file():
        return Translations()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
    compiled.seek(0)
    return Translations(compiled, "messages")
