"""A show's title from what stands in front of its marker: groups, tags, years and countries taken off."""

from __future__ import annotations

import re

from app.core.identify import films, names, tags

_COUNTRY = re.compile(r"[\s._]+[(\[]?(?P<country>US|UK|AU|NZ|CA)[)\]]?$")
_YEAR_TAIL = re.compile(r"[\s._\-]*[(\[]?(?P<year>19[3-9]\d|20[0-4]\d)[)\]]?[\s._\-]*$")
_COMPLETE = re.compile(
    r"[\s._\-([]+(?:the[\s._]+)?(?:complete|full|all|integrale|intégrale)(?:[\s._]+(?:series|seasons?|collection|tv[\s._]+series|mini[\s._]?series))?[\s._\-)\]]*$",
    re.IGNORECASE,
)
_VOLUME = re.compile(
    r"[\s._\-]+vol(?:ume)?[\s._]*\d+(?:[&\-]\d+)?(?:v\d)?(?:[\s._]*&[\s._]*vol[\s._]*\d+)?[\s._\-]*$", re.IGNORECASE
)
_DATED_HEAD = re.compile(r"^\d{6}(?:\d\d)?[\s._\-]+(?=\S)")
_NEW_SEASON = re.compile(r"^[\s★]*\d{1,2}月新番[\s★]*")


def title_of(head: str, *, certain: bool) -> tuple[str | None, int | None, str | None]:
    """Title, year and country of a show from what stands before its marker."""
    text = names.strip_group(head)
    text = names.straighten(text)
    text = _DATED_HEAD.sub("", text)
    text = _NEW_SEASON.sub("", text)
    stated = [c for c in names.bracketed(text) if re.fullmatch(r"(?:19[3-9]|20[0-4])\d", c)]
    if not re.search(r"\w", names.BRACKETS.sub("", text)) and names.bracketed(text):
        text = _bracket_title(names.bracketed(text))
    else:
        text = _drop_bracketed(text)
    hard = tags.first_hard(text)
    if not certain and 0 < hard < len(text):
        text = tags.without_soft_tail(text[:hard])
    text = names.prefer_latin(text.rstrip(" ._-([{"))
    text = _COMPLETE.sub("", text)
    if not head.startswith("["):
        text = films.ALTERNATIVE.sub("", text)
    text = _VOLUME.sub("", text)
    while (trailing := re.search(r"[\s._\-]*\[(?!(?:19|20)\d\d\])[^\[\]]*\][\s._\-]*$", text)) and re.search(
        r"\w", text[: trailing.start()]
    ):
        text = text[: trailing.start()]
    year: int | None = int(stated[0]) if stated else None
    match = _YEAR_TAIL.search(text)
    if match and re.search(r"\w", text[: match.start()]):
        year, text = int(match["year"]), text[: match.start()]
    country: str | None = None
    nation = _COUNTRY.search(text)
    if nation and re.search(r"[a-z]", text):
        country, text = nation["country"], text[: nation.start()]
    title = names.readable(text)
    if not re.search(r"\w", title):
        return None, year, country
    return title, year, country


def _bracket_title(contents: list[str]) -> str:
    """The title of a name that is all brackets: the first in Latin letters behind the group's."""
    left = contents[1:] if len(contents) > 1 else contents
    left = [c for c in left if not re.fullmatch(r"[\d\s\-]+", c) and tags.first_hard(c) > 0] or left
    latin = [c for c in left if re.search(r"[A-Za-z]{2}", c)]
    return (latin or left or [""])[0]


def _drop_bracketed(text: str) -> str:
    """Without brackets that hold tags, sites or another script; a word of the title in brackets stays."""

    def keep(match: re.Match[str]) -> str:
        inside = next(g for g in match.groups() if g is not None)
        if re.fullmatch(r"\s*(?:(?:19|20)\d\d|TV)\s*", inside):
            return match[0]
        tagged = (
            tags.HARD.search(inside) or tags.SOFT.fullmatch(inside.strip()) or tags.EDITION.fullmatch(inside.strip())
        )
        foreign = names.CJK.search(inside) and match[0][0] in "[【"
        return " " if tagged or foreign else match[0]

    return names.BRACKETS.sub(keep, text)
