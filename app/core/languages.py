"""Language codes and names, brought to one form.

The form is BCP 47 with the shortest ISO 639 code (`en`, not `eng`), script and region kept (`pt-BR`, `zh-Hans`).
"""

from __future__ import annotations

import functools
import re

from babelfish import LANGUAGE_MATRIX

UNDETERMINED = frozenset({"und", "unk", "mis", "mul", "zxx", "qaa", "unknown", "undetermined"})
_BIBLIOGRAPHIC = {
    "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cze": "cs", "dut": "nl", "fre": "fr",
    "geo": "ka", "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi", "may": "ms", "per": "fa",
    "rum": "ro", "scc": "sr", "scr": "hr", "slo": "sk", "tib": "bo", "wel": "cy", "jap": "ja", "iw": "he",
    "in": "id", "ji": "yi", "mo": "ro", "pob": "pt-BR", "pb": "pt-BR", "zht": "zh-Hant", "zhs": "zh-Hans",
    "zhe": "zh-Hans", "ze": "zh-Hans", "ea": "es-419",
}  # fmt: skip
"""ISO 639-2/B codes, withdrawn ones, and those that subtitle sites made up."""
_NAMES = {
    "brazilian": "pt-BR", "portuguese brazilian": "pt-BR", "brazilian portuguese": "pt-BR", "portuguese br": "pt-BR",
    "latin american": "es-419", "latino": "es-419",
    "spanish latin american": "es-419", "latin american spanish": "es-419",
    "spanish latin america": "es-419", "castilian": "es-ES", "castellano": "es-ES", "european spanish": "es-ES",
    "chinese simplified": "zh-Hans", "simplified chinese": "zh-Hans", "simplified": "zh-Hans",
    "chinese traditional": "zh-Hant", "traditional chinese": "zh-Hant", "traditional": "zh-Hant",
    "mandarin": "zh", "cantonese": "yue", "farsi": "fa", "persian": "fa", "greek": "el", "flemish": "nl-BE",
    "canadian french": "fr-CA", "french canadian": "fr-CA", "vff": "fr-FR", "vfq": "fr-CA", "american": "en-US",
    "british": "en-GB", "deutsch": "de", "francais": "fr", "français": "fr", "espanol": "es", "español": "es",
    "italiano": "it", "portugues": "pt", "português": "pt", "nederlands": "nl", "svenska": "sv", "norsk": "no",
    "dansk": "da", "suomi": "fi", "polski": "pl", "cesky": "cs", "česky": "cs", "čeština": "cs", "magyar": "hu",
    "turkce": "tr", "türkçe": "tr", "русский": "ru", "украинский": "uk", "українська": "uk", "български": "bg",
    "српски": "sr", "ελληνικά": "el", "日本語": "ja", "中文": "zh", "简体": "zh-Hans", "简体中文": "zh-Hans",
    "繁體": "zh-Hant", "繁體中文": "zh-Hant", "한국어": "ko", "العربية": "ar", "עברית": "he", "ไทย": "th",
    "tiếng việt": "vi", "bahasa indonesia": "id", "norwegian": "no", "norwegian bokmal": "nb", "slovene": "sl",
    "malay": "ms", "khmer": "km", "swahili": "sw", "nepali": "ne", "estonian": "et", "latvian": "lv",
}  # fmt: skip
_TAG = re.compile(r"^([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?:-.*)?$", re.IGNORECASE)


@functools.cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """Codes and English names, each to the shortest code."""
    codes, names = dict(_BIBLIOGRAPHIC), dict(_NAMES)
    for row in LANGUAGE_MATRIX:
        short = row.alpha2 or row.alpha3
        codes.setdefault(row.alpha3, short)
        if row.alpha3b:
            codes.setdefault(row.alpha3b, short)
        if row.alpha2:
            codes[row.alpha2] = row.alpha2
            for name in re.split(r"[;,(]", row.name):
                names.setdefault(name.strip(" )").casefold(), short)
    return codes, names


@functools.lru_cache(maxsize=4096)
def normalise(text: str | None) -> str | None:
    """The BCP 47 form of a code (`eng`, `ger`, `pt_BR`, `zh-hans`); None for none, undetermined and nonsense."""
    cleaned = (text or "").strip().strip("\x00").replace("_", "-")
    found = _TAG.match(cleaned)
    if not found or cleaned.casefold() in UNDETERMINED:
        return from_name(cleaned)
    language, script, region = found.groups()
    if language.casefold() in UNDETERMINED:
        return None
    base = _tables()[0].get(language.casefold())
    if base is None:
        return None
    if "-" in base:
        return base
    return "-".join(part for part in (base, script.title() if script else "", region.upper() if region else "") if part)


@functools.lru_cache(maxsize=4096)
def from_name(text: str | None) -> str | None:
    """The code of a language named in English or in itself (`Spanish`, `Русский`); None for anything else."""
    name = re.sub(r"[\s._()\[\]-]+", " ", text or "").strip().casefold()
    if not name or name in UNDETERMINED:
        return None
    return _tables()[1].get(name)
