"""Names as people and release groups write them, made readable: folders, extensions, groups, sites, separators."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.identify import tags

_PATH_SEPARATOR = re.compile(r"(?<! )/|/(?! )|\\+")
_SLASHED_LANGUAGES = re.compile(
    r"(?<![^\W\d_])((?:ukr|rus|eng|ing|sub|ita|spa|ger|fre|jpn|pol)[a-z]*)/(?=(?:ukr|rus|eng|sub|ita|spa|ger|fre|jpn|pol|latino))",
    re.IGNORECASE,
)
_SITE = re.compile(
    r"^[\s._]*[\[(【{]?[\s]*(?:www[.,][\w\-]+\.[a-z]{2,12}(?:\.[a-z]{2,3}(?![^\W_]))?|[\w\-]+(?:\.[\w\-]+)?\.(?:com|org|net|"
    r"ru|to|me|tv|cc|info|biz|su|in|pl|eu|mx|se|ch|li|art|wiki)(?=[\s\])】}])|"
    r"[\w\-]+(?:\.[a-z]{2,3}){1,2}(?=\s+-\s)|www [\w\-]+ [a-z]{2,5}(?=\s+-\s))[\s]*[\])】}]?(?:[\s._\-–]+|"
    r"(?<=[\])】}]))",
    re.IGNORECASE,
)
_LEADING_GROUP = re.compile(r"^[\s._\-]*(?:\[[^\[\]]*\]|【[^【】]*】|\{[^{}]*\})[\s._\-]*")
BRACKETS = re.compile(r"\[([^\[\]]*)\]|【([^【】]*)】|\(([^()]*)\)|\{([^{}]*)\}|「([^「」]*)」|★([^★]*)★")
_OTHER_SCRIPT = (
    "\u0400-\u052f\u0590-\u06ff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uff0f\uff1a-\uff20"
)
_LEADING_OTHER = re.compile(
    rf"^[^A-Za-z]*[{_OTHER_SCRIPT}][^A-Za-z]*?(?:(?<=[\s._·:：，,\-–—])|(?<=[！!？?.]))(?=[A-Za-z0-9][^{_OTHER_SCRIPT}]*$)"
)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_OTHER = re.compile(rf"[{_OTHER_SCRIPT}]")
_ACRONYM = re.compile(r"(?<![^\W_])(?:[A-Za-z]\.){2,}(?:[A-Za-z](?![^\W_]))?")
_CRC = re.compile(
    r"[\s_.\-]*[\[(](?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]{8}[\])]|[\s_]-[\s_](?=[0-9A-F]*[0-9])[0-9A-F]{8}$|"
    r"[\s_]-[\s_](?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8}$"
)
_TRAILING_CJK = re.compile(
    r"^([A-Za-z][^\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]*[A-Za-z!?\d])[\s_.]+[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af].*$"
)
_ARTICLE_LAST = re.compile(r"^(?P<rest>[^,]+), (?P<article>The|A|An|Der|Die|Das|Le|La|Les|El|Los|Las|Il)$")
_HEX = re.compile(r"^(?=.*\d)[0-9a-f]{10,}$|^[0-9a-f]{24,}$", re.IGNORECASE)
_REVERSED = re.compile(r"(?:^|[\s._\-])(?:p?027|p?0801|p084|[ip]0612|\d{2,3}E-?\d{2,3}S)(?=[\s._\-]|$)")
_FORWARD = re.compile(r"(?<![a-z])s\d\d-?e\d\d|\d{3,4}p", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """A path in parts: `folders` from the outermost in, `stem` the last name without its media extension."""

    folders: tuple[str, ...]
    stem: str
    extension: str | None


def split(path: str) -> Named:
    """Parts of a path with `/` or `\\` between folders (` / ` within a name, as trackers write it, is not one)."""
    path = _SLASHED_LANGUAGES.sub(r"\1 ", _unslash_brackets(path))
    pieces = [p for p in _PATH_SEPARATOR.split(path) if p.strip() and not re.fullmatch(r"[A-Za-z]:", p)]
    if not pieces:
        return Named((), "", None)
    name = pieces[-1].strip()
    stem, dot, extension = name.rpartition(".")
    if dot and extension.lower() in tags.MEDIA_EXTENSIONS and (stem.strip(" .") or len(pieces) > 1):
        return Named(tuple(pieces[:-1]), stem, extension.lower())
    match = re.search(r"\.(mkv|mp4|avi)\s*\(\d+(?:\.\d+)? ?[GM]i?B\)$", name)
    if match:
        return Named(tuple(pieces[:-1]), name[: match.start()], match[1])
    return Named(tuple(pieces[:-1]), name, None)


def _unslash_brackets(path: str) -> str:
    """A slash inside brackets (`[1080p/mkv]`) separates words, not folders."""
    if not re.search(r"[\[(][^\[\]()]*/[^\[\]()]*[\])]", path):
        return path
    return re.sub(r"[\[(][^\[\]()]*[\])]", lambda match: match[0].replace("/", " / "), path)


def straighten(stem: str) -> str:
    """The name read forwards (some releases are spelt backwards), without the site that advertises itself in it."""
    if _REVERSED.search(stem) and not _FORWARD.search(stem):
        stem = stem[::-1]
    stem = _CRC.sub("", stem)
    stem = stem.replace("\u3000", " ").replace("“", '"').replace("”", '"')
    for _ in range(2):
        shorter = _SITE.sub("", stem)
        if shorter == stem or not re.search(r"\w", shorter):
            break
        stem = shorter
    return stem


def is_meaningless(stem: str) -> bool:
    """A hash or a random word: letters and digits that nobody would say aloud."""
    if re.match(r"^(?:video_ts|vts_\d|bdmv|stream)", stem, re.IGNORECASE):
        return True
    whole = re.sub(r"^_?unpack[\s_]+", "", stem, flags=re.IGNORECASE).strip()
    word = re.sub(r"[\s._\-]", "", whole)
    if not word:
        return True
    if _HEX.match(word) or re.fullmatch(r"[\d_\-]+", whole):
        return True
    if re.fullmatch(r"(?:abc|xyz|video|movie|film|sample|test|file|title|untitled|\W)+", whole, re.IGNORECASE):
        return True
    pieces = [p for p in re.split(r"[\s._\-]+", whole) if p]
    if any(_HEX.match(p) for p in pieces) and all(len(p) <= 3 or _HEX.match(p) for p in pieces):
        return True
    longest = max(pieces, key=len)
    if len(pieces) > 2 or len(longest) < 11 or not longest.isascii() or len(longest) < len(word) * 0.6:
        return False
    switches = len(re.findall(r"\d(?=[A-Za-z])|[A-Za-z](?=\d)", longest))
    cases = len(re.findall(r"[a-z](?=[A-Z])", longest))
    if re.fullmatch(r"[A-Za-z]+\d{2,4}", longest) and not re.search(r"\d{3}$", longest) and cases < 4:
        return False
    return (
        switches >= 3
        or (switches >= 1 and cases + switches >= 3)
        or bool(re.fullmatch(r"[A-Z]{9,}\d{2,}|[a-z]{9,}\d{3,}", longest))
        or cases >= 6
    )


def is_shout(stem: str) -> bool:
    """Three or more words, all in capitals, and nothing else: no release and no person names a work so."""
    return bool(re.fullmatch(r"[A-Z]+(?: [A-Z]+){2,}", stem.strip()))


def strip_group(text: str) -> str:
    """Without the group in brackets at the front, where something else remains."""
    for _ in range(3):
        match = _LEADING_GROUP.match(text)
        if match is None:
            return text
        rest = text[match.end() :]
        if not re.search(r"[^\W\d_]|\d", BRACKETS.sub("", rest)):
            return text
        text = rest
    return text


def bracketed(text: str) -> list[str]:
    """The contents of the brackets, in order."""
    return [next(g for g in match.groups() if g is not None) for match in BRACKETS.finditer(text)]


def has_latin(text: str) -> bool:
    return bool(_LATIN.search(text))


def has_other_script(text: str) -> bool:
    """Whether some of it is in Cyrillic, Chinese, Japanese, Korean, Arabic, Hebrew or Thai letters."""
    return bool(_OTHER.search(text))


def prefer_latin(text: str) -> str:
    """Of a name in two scripts the Latin one, which providers know best; a name in one script stays as it is."""
    if not _OTHER.search(text) or not _LATIN.search(text):
        return text
    if " " not in text.strip():
        text = re.sub(r"[._]+", " ", text)
    parts = [p for p in re.split(r"\s/\s|/|·|\s\|\s|\s_\s", text) if p.strip(" -_.")]
    latin = [p for p in parts if _LATIN.search(p)]
    if len(parts) > 1 and latin:
        text = next((part for part in reversed(latin) if not _OTHER.search(part)), latin[-1])
    text = _TRAILING_CJK.sub(r"\1", text)
    inside = re.match(rf"^[^A-Za-z]*\(([^{_OTHER_SCRIPT}()]*[A-Za-z]{{2}}[^{_OTHER_SCRIPT}()]*)\)\s*$", text)
    if inside:
        return inside[1]
    shorter = _LEADING_OTHER.sub("", text)
    if shorter != text and _LATIN.search(shorter):
        return shorter
    split_under = re.match(rf"^[^A-Za-z]*[{_OTHER_SCRIPT}][^A-Za-z]*?_([A-Za-z][^{_OTHER_SCRIPT}]*)$", text)
    return split_under[1] if split_under else text


def readable(text: str) -> str:
    """A title as a person would write it: separators to spaces, brackets balanced, edges clean."""
    text = re.sub(r"[_]+", " ", text)
    acronyms: list[str] = []

    def keep(match: re.Match[str]) -> str:
        acronyms.append(match[0])
        return f"\0{len(acronyms) - 1}\0"

    if text.count(".") and (text.count(" ") < text.count(".") or " " not in text.strip()):
        text = _ACRONYM.sub(keep, text)
        text = re.sub(r"(?<!\.)\.(?!\.)|\.(?=\0)|(?<=\0)\.", " ", text)
        text = re.sub(r"\0(\d+)\0", lambda m: acronyms[int(m[1])] + " ", text)
    text = re.sub(r"\(\s*\)|\[\s*\]|\{\s*\}", " ", text)
    text = re.sub(r"\s+", " ", text).strip(' \t-–—_~,;:/|+="•⭐·')
    for opening, closing in ("()", "[]", "{}"):
        if text.count(opening) > text.count(closing):
            text = text[: text.rfind(opening)] if text.rfind(opening) > 0 else text.replace(opening, "")
        elif text.count(closing) > text.count(opening):
            text = text.replace(closing, " ")
    text = re.sub(r"\s+", " ", text).strip(' \t-–—_~,;:/|+="•⭐·')
    if text.endswith(".") and not _ACRONYM.search(text[-4:]) and text.count(".") < 3:
        text = (
            text
            if re.search(r"\b(?:co|bros|inc|jr|sr|dr|mr|vs|vol|pt|st)\.$", text, re.IGNORECASE)
            else text.rstrip(". ")
        )
    article = _ARTICLE_LAST.match(text.strip())
    return f"{article['article']} {article['rest']}" if article else text.strip()


def fold(text: str) -> str:
    """For comparison only: letters and digits, without case."""
    return "".join(c for c in text.casefold().replace("&", "and") if c.isalnum())
