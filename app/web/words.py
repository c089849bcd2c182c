"""The interface's words: English is the key, a gettext catalog gives the other languages.

Catalogs (`app/web/translations/<language>/messages.po`) are read once, straight from their text: there is no compiled
file that could be stale. What scripts need is handed to the page as JSON (`script_words`); templates and pages use
`gettext` and `ngettext`.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import has_request_context, request
from flask_babel import Domain, get_locale

from app.core.access import ANONYMOUS, Viewer
from app.core.errors import Failure
from app.web.security import viewer

LANGUAGES = {"en": "English", "ru": "Русский"}
COOKIE = "matinee_language"
FOLDER = Path(__file__).parent / "translations"
SCRIPTS = "static/js/"


class Words(Domain):  # type: ignore[misc]
    """Our catalogs for `flask_babel.gettext` and its kin."""

    def get_translations(self) -> NullTranslations:
        return _translations(str(get_locale() or "en"))


def language() -> str:
    """The language of this request: the account's choice, else this browser's cookie, else what it asks for."""
    if not has_request_context():
        return "en"
    for chosen in (visitor().language, request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def visitor() -> Viewer:
    """Who looks at a page. A cookie that is no good any more counts as nobody: the page then asks to sign in."""
    try:
        return viewer()
    except Failure:
        return ANONYMOUS


def gettext(text: str, **values: Any) -> str:
    """The text in the request's language, `%(name)s` filled in."""
    found = _translations(str(get_locale() or "en")).gettext(text)
    return found % values if values else found


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """The counted phrase in the request's language; `%(num)s` is the number."""
    found = _translations(str(get_locale() or "en")).ngettext(one, many, number)
    return found % {"num": number, **values}


@lru_cache(maxsize=8)
def script_words(language: str) -> dict[str, Any]:
    """`{"locale", "words": {english: translation or [plural forms]}}` of everything that scripts say."""
    words: dict[str, Any] = {}
    for message in _catalog(language):
        if not message.id or not any(place.startswith(SCRIPTS) for place, _line in message.locations):
            continue
        if isinstance(message.id, tuple | list):
            words[message.id[0]] = list(message.string or ())
        else:
            words[message.id] = message.string
    return {"locale": language, "words": words}


@lru_cache(maxsize=8)
def _translations(language: str) -> NullTranslations:
    if not (FOLDER / language).is_dir():
        return NullTranslations()
    packed = io.BytesIO()
    write_mo(packed, _catalog(language))
    packed.seek(0)
    return Translations(packed)


@lru_cache(maxsize=8)
def _catalog(language: str) -> Catalog:
    file = FOLDER / language / "messages.po"
    if not file.is_file():
        return Catalog(locale=language)
    with file.open(encoding="utf-8") as text:
        return read_po(text, locale=language)
