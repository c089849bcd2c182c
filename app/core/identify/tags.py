"""The vocabulary of release names: what is never part of a title.

`HARD` words end a title wherever they stand (resolutions, codecs, sources). `SOFT` words are ordinary words too, so
they count only in front of a hard tag or at the end of what is left. `EDITION` words say which cut of a film it is.
"""

from __future__ import annotations

import re

START, END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"

HARD = re.compile(
    START
    + r"""(?:
    (?:hd\s?|m|u)?(?:240|360|368|396|480|540|576|720|900|1[0o]8[0o]|1440|2160|4320)[pi](?:x\d+)?(?:\d\d)?|
    (?:640|704|720|848|852|1024|1152|1280|1440|1904|1916|1920|3840|4096)\s?[xX×]\s?\d{3,4}p?|
    4k(?=[\s._)\]-]*(?:$|uhd|ultra|hdr|web|blu|bd|hevc|x26|h\W?26|dv|sdr|remaster))|u(?:ltra)?[\s.]?hd(?=[\s._-]*(?:blu|bd|rip|$|\]|\)|x26|hevc))|
    (?:ultra[\s.]?hd[\s.]?)?b(?:lu|ul)[\s._-]?rays?(?:\d{3,4}p?|rip|[\s._-]?remux)?|(?:m|u)?bd[\s._-]?(?:rip|remux|mux)(?:mux)?|br[\s._-]?(?:rip|mux)|
    bd(?=[\s._)\]-]*(?:\d|x26|h\W?26|\)|\]|$|hevc|[,+]|box))|bd(?:25|50|66|100|iso)|
    dvdivx|ppv|(?:mp4|mkv|avi)(?=[\s._]+\S)|(?:hd|sd)?dvd(?:[\s._-]?(?:rip|scr(?:eener)?|r|mux|full|remux|5|9|iso|hd|source))|dvd(?=[\s._)\]-]*(?:$|\)|\]|x26|h\W?26|divx|xvid|\d\d+p))|
    (?:pre|true|hq)?web[\s._-]?(?:dlx?(?:26[45])|dl|rip|cap|mux|hd|uhd|master)(?:[\s._-]?(?:rip|mux))?|(?:pre)?web(?=[\s._)\]-]*(?:\d{3,4}p\b|x26|h\W?26|hevc|av1|avc|nl|multi|\]|\)))|
    (?:a|u)?(?:hd[\s._-]?|sd|pd|p|ld|ds|sat|s|t|dth|dvb|pp)tv(?:[\s._-]?rip|[\s._-]?mux|hd)?(?:[\s._-]?[xh][\s._-]?26[45])?|(?:sat|tv|dsr|vhs|vod|ppv|ld|dvb|dth|hc|pdtv)[\s._-]?rip|dsr(?:ip)?|
    (?:hq[\s._-]?)?(?:uhd|hd|dl|web[\s._-]?dl)[\s._-]?(?:rip|mux|remux|light)|hdcam|hd[\s._-]?(?:ts|tc|cam)|cam[\s._-]?rip|telesync|telecine|screener|scr[\s._-]?rip|predvd(?:rip)?|workprint|dm[\s._-]?rip|
    remux|(?:re)?encoded?(?=[\s._-]*[xh]\W?26)|
    [xh][\s._-]?26[3-6](?:\w*)|(?:x|h)\W?26[45]|hevc\d*|avc(?=\W|$)|avchd|av1|vp[89]|xvid(?:hd)?|divx\d*|mpeg[\s._-]?[24]|mpeg2|vc[\s._-]?1|10[\s._-]?bits?|8[\s._-]?bits?|12[\s._-]?bits?|hi10p?|hi444p*|10b|h26[2-6]|prores|
    hdr(?:10(?:\+|plus|p)?)?|dolby[\s._-]?(?:vision|digital|atmos|d)?|do[\s._-]?vi|hlg|sdr(?=\W|$)|bt2020|
    (?:he[\s._-]?|lc[\s._-]?)?aac(?:x?\d)?(?:[\s._-]?(?:\d[\s._]\d|\d+ch|lc))?|e?[\s._-]?ac[\s._-]?3(?:[\s._-]?\d[\s._]\d)?|dd[p+]?(?:[\s._-]?(?:[1257][\s._][01]|ex))|ddpa?(?=[\s._-]?\d|\W|$)|dd\+|
    dts(?:[\s._-]?(?:hd|x|es|ma|hra?|hdma))*(?:[\s._-]?ma)?(?:[\s._-]?[1257][\s._][01])?|true[\s._-]?hd(?:[\s._-]?[257][\s._][01])?|atmos|flac(?:x?\d)?(?:[\s._-]?\d[\s._]\d)?|mp3(?=\W|$)|vorbis|opus(?=[\s._\])-]*(?:\d|\]|\)|[xh]26))|lpcm|pcm(?=\W|$)|
    (?:5|7|2)\.[01](?:[\s._-]?ch)?(?=[\s._\])-]*(?:$|[xh]\W?26|ch|blu|\]))|[2568]ch|
    amzn|nf(?=[\s._-]*web)|dsnp|hmax|pcok|atvp|hulu(?=[\s._-]*web)|crunchyroll(?=[\s._-]*web)|itunes(?:hd)?(?=[\s._-]*(?:web|[xh]\W?26|$))|netflix(?:uhd|hd|[\s._-]*web)|btsport(?:hd)?|
    (?:multi|dual|eng?|fre?|ger|ita|spa|rus|nl|sve?|swe?|heb|vost|e|m|pl|sub|dk|nor|hun|fin|hard|soft|esp|no)[\s._-]?(?:subs?|subbed|audio|dubs?|dubbed)(?=\W|$)|vostfr|(?:sub|true)french|truefrench|napisypl|(?:pl|hun|ger|fr|eng)dub(?:bed)?|
    \d+(?:[.,]\d+)?[\s._]?(?:gb|mb|gib|mib)|\d+(?:\.\d+)?[\s._-]?[kmg](?:b(?:it)?s?p?s?)|\d{2,3}(?:\.\d+)?fps|
    hsbs|h-?ou|half[\s._-]?(?:sbs|ou|tab)|full[\s._-]?(?:sbs|ou)|sbs(?=\W|$)|
    dvdr|ntsc|pal(?=[\s._-]+(?:dvd|mpeg))|
    repack\d?|rerip|readnfo|webhd|mhd|hddvd|md(?=[\s._-]+(?:\d+p|dvd|ts|web))|vhs(?=\W|$)
    )"""
    + END,
    re.IGNORECASE | re.VERBOSE,
)

LANGUAGE_WORDS = (
    r"english|french|german|italian|spanish|russian|japanese|korean|chinese|mandarin|cantonese|portuguese|brazilian|"
    r"polish|dutch|flemish|swedish|danish|norwegian|finnish|icelandic|hungarian|czech|slovak|romanian|bulgarian|greek|"
    r"turkish|arabic|hebrew|hindi|tamil|telugu|malayalam|kannada|bengali|bangla|marathi|punjabi|urdu|thai|vietnamese|"
    r"ukrainian|latvian|lithuanian|estonian|serbian|croatian|slovenian|persian|indonesian|malay|nordic|castellano|"
    r"latino|español|espanol|français|francais|deutsch|italiano|vff|vfq|vfi|vf2?|vo|vost|multi|dl|ml|dual|"
    r"ita|eng|ger|fre|fra|spa|esp|rus|jpn|jap|kor|chi|por|pol|plsub|pl|ukr|hin|tam|tel|swe|dan|nor|fin|hun|cze|rum|tur|fr|de|es"
)

SOFT = re.compile(
    START
    + rf"""(?:{LANGUAGE_WORDS}|
    limited|internal|int|proper|real|complete|completa|completo|collection|integrale|intégrale|repack|festival|retail|read[\s._]?nfo|nfofix|dirfix|
    fix|proof|sample|subbed|dubbed|dublado|legendado|subtitulado|hdr|dv|hd|sd|uhd|hq|hc|ts|tc|cam|r5|r6|line|ws|fs|ld|md|docu|dubs?|subs?|
    untouched|convert|pal|ntsc|secam|integral|custom|hybrid|ac3d|bluray|remastered|dvd|web|tv|nf|stan|crav|cbs|nbc|amc|hbo|max|vrv|seso|dc|se|xxx|
    3d|open[\s._]matte|mkv|mp4|avi|4k|8k|batch|full|vcd|svcd|bd|blu|org|2in1|audio)"""
    + END,
    re.IGNORECASE | re.VERBOSE,
)

EDITION = re.compile(
    START
    + r"""(?:
    (?:the[\s._]+)?(?:alternative[\s._]+)?(?:(?:\d+(?:st|nd|rd|th)[\s._]+)?anniversary|collector'?s?|special|ultimate|extended|limited|criterion|deluxe|imperial|diamond|platinum|final|restored|remastered|integral|definitive|signature|legacy|bootleg|fan)
        (?:[\s._]+(?:rekall|collector'?s?|director'?s?|hunter|remastered|extended|fan|alternative|version|limited|cut))*[\s._]+(?:edition|cut|version|edit)(?:[\s._]+(?:remastered|restored))?|
    (?:extended[\s._]+)?director'?s?[\s._]+cut(?:[\s._]+(?:fan[\s._]?edit|extended|remastered))?|
    (?:extended|special|theatrical|unrated|uncut|assembly|final|international|redux|ultimate|producer'?s?|rogue|despecialized|super[\s._]duper|open[\s._]matte)[\s._]+(?:director'?s?[\s._]+)?(?:cut|edition|version|edit)(?:[\s._]+(?:fan[\s._]?edit|extended|remastered))?|
    despecialized|extended|theatrical|unrated|uncut|uncensored|remastered|restored|imax|fan[\s._]?edit|criterion|open[\s._]matte|integral[\s._]+version|hybrid
    )"""
    + END,
    re.IGNORECASE | re.VERBOSE,
)

FORMAT_3D = (
    ("mvc", re.compile(START + r"mvc" + END, re.IGNORECASE)),
    ("hsbs", re.compile(START + r"(?:h-?sbs|half[\s._-]?sbs)" + END, re.IGNORECASE)),
    ("hou", re.compile(START + r"(?:h-?(?:ou|tab)|half[\s._-]?(?:ou|tab))" + END, re.IGNORECASE)),
    ("sbs", re.compile(START + r"(?:full[\s._-]?)?sbs" + END, re.IGNORECASE)),
    ("ou", re.compile(r"(?<=3d[\s._-])(?:ou|tab)" + END, re.IGNORECASE)),
)
THREE_D = re.compile(START + r"3d" + END, re.IGNORECASE)

YEAR = re.compile(r"(?<![A-Za-z0-9])(18[89]\d|19[0-9]\d|20[0-4]\d)(?=г|$|[^\dA-Za-z]|[а-яё])(?![xX×]\d)")

CRC = re.compile(r"[\[(]?[0-9A-Fa-f]{8}[\])]")

MEDIA_EXTENSIONS = frozenset(
    [
        "3g2",
        "3gp",
        "asf",
        "avi",
        "bdmv",
        "bup",
        "divx",
        "dv",
        "dvr-ms",
        "f4v",
        "flv",
        "h264",
        "h265",
        "hevc",
        "ifo",
        "iso",
        "img",
        "m1v",
        "m2t",
        "m2ts",
        "m2v",
        "m4v",
        "mk3d",
        "mkv",
        "mov",
        "mp4",
        "mpe",
        "mpeg",
        "mpg",
        "mts",
        "mxf",
        "nsv",
        "nuv",
        "obu",
        "ogg",
        "ogm",
        "ogv",
        "qt",
        "rec",
        "rm",
        "rmvb",
        "strm",
        "tod",
        "tp",
        "trp",
        "ts",
        "vdr",
        "vob",
        "webm",
        "wmv",
        "wtv",
        "xvid",
        "y4m",
        "mp3",
        "flac",
        "m4a",
        "mka",
        "aac",
        "ac3",
        "eac3",
        "dts",
        "opus",
        "wav",
        "aiff",
        "wma",
        "oga",
        "srt",
        "ass",
        "ssa",
        "sub",
        "idx",
        "sup",
        "vtt",
        "smi",
        "ttml",
        "lrc",
        "mks",
        "nfo",
        "txt",
        "jpg",
        "jpeg",
        "png",
        "disc",
        "torrent",
        "nzb",
        "par2",
        "rar",
        "zip",
        "7z",
        "bin",
    ]
)


def format_3d(text: str) -> str | None:
    """`sbs`, `hsbs`, `ou`, `hou`, `mvc`, plain `3d` where only that is said, else None."""
    for name, pattern in FORMAT_3D:
        if pattern.search(text):
            return name
    return "3d" if THREE_D.search(text) else None


def edition(text: str) -> str | None:
    """Which cut the name says it is, as it says it (`Extended Directors Cut`)."""
    found = [match for match in EDITION.finditer(text) if match.start() > 0]
    if not found:
        return None
    longest = max(found, key=lambda match: len(match[0]))
    said = re.sub(r"[\s._]+", " ", longest[0]).strip()
    return said[4:] if said.lower().startswith("the ") else said


def first_hard(text: str, start: int = 0) -> int:
    """Where the first word stands that no title holds; the text's length where there is none."""
    match = HARD.search(text, start)
    return match.start() if match else len(text)


_SOFT_TAIL = re.compile(rf"(?:{SOFT.pattern}|{EDITION.pattern})[\s._\-,+&()\[\]]*$", SOFT.flags)
_EDITION_TAIL = re.compile(
    rf"[\s._\-(\[]*(?:{EDITION.pattern}|(?<=[\s._(\[])(?:limited|repack|proper|internal|custom|unrated)(?![A-Za-z]))[\s._\-)\]]*$",
    EDITION.flags,
)


_EDITION_LETTERS = re.compile(r"(?<=\w)[\s._]+(?:DC|SE|EE)[\s._]*$")
"""Director's cut, special and extended edition, as release groups abbreviate them."""


def without_soft_tail(text: str) -> str:
    """Drops words from the end that are tags when they stand in front of a tag."""
    while match := _SOFT_TAIL.search(text):
        if not re.search(r"\w", text[: match.start()]):
            break
        text = text[: match.start()].rstrip(" ._-,+&([")
    return text


def without_edition_tail(text: str) -> str:
    """Drops the edition from the end."""
    while match := _EDITION_TAIL.search(text) or _EDITION_LETTERS.search(text):
        if not re.search(r"\w", text[: match.start()]):
            break
        text = text[: match.start()]
    return text


_LANGUAGES = (
    ("en", r"english|eng|en"),
    ("fr", r"(?-i:FR)|french|truefrench|vff|vfq|vfi|vf2?|français|francais|fra|fre"),
    ("de", r"(?:swiss)?german|deutsch|ger"),
    ("it", r"italian|italiano|ita"),
    ("es", r"spanish|castellano|español|espanol|esp|spa"),
    ("es-419", r"latino|latin"),
    ("ru", r"russian|rus"),
    ("ja", r"japanese|jap|jpn"),
    ("ko", r"korean|kor"),
    ("zh", r"chinese|mandarin|cantonese|chi"),
    ("pt", r"portuguese|por"),
    ("pt-BR", r"brazilian|dublado"),
    ("pl", r"polish|lekpl|dubpl|pldub|pl"),
    ("nl", r"dutch|flemish"),
    ("sv", r"swedish|swe"),
    ("da", r"danish|dan"),
    ("no", r"norwegian|nor"),
    ("fi", r"finnish|fin"),
    ("is", r"icelandic"),
    ("hu", r"hungarian|hundub|hun"),
    ("cs", r"czech|cze|cz"),
    ("sk", r"slovak|sk"),
    ("ro", r"romanian|rodubbed|rum"),
    ("bg", r"bulgarian|bgaudio"),
    ("el", r"greek"),
    ("tr", r"turkish|tur"),
    ("ar", r"arabic"),
    ("he", r"hebrew|hebdub"),
    ("hi", r"hindi|hin"),
    ("ta", r"tamil"),
    ("te", r"telugu"),
    ("ml", r"malayalam"),
    ("kn", r"kannada"),
    ("bn", r"bengali|bangla"),
    ("mr", r"marathi"),
    ("ur", r"urdu"),
    ("th", r"thai"),
    ("vi", r"vietnamese"),
    ("uk", r"ukrainian|ukr"),
    ("lv", r"latvian"),
    ("lt", r"lithuanian"),
    ("et", r"estonian"),
    ("fa", r"persian"),
    ("ca", r"catalan|catalán|cat"),
    ("rm", r"romansch|romansh"),
    ("ka", r"georgian|geo"),
)
_LANGUAGE = re.compile(
    "|".join(rf"(?P<l{n}>(?<![^\W_])(?:{words})(?![^\W_]))" for n, (_, words) in enumerate(_LANGUAGES)), re.IGNORECASE
)
_CHINESE = re.compile(r"[简繁][体體中日英內内外繁]|中[文字日英]|国语|國語|双语|雙語")
_NOT_AUDIO = re.compile(r"^[\s._\-]*(?:soft|hard|e)?[\s._]?subs?(?:bed|titles?|titulado)?(?![a-z])", re.IGNORECASE)


def languages(text: str) -> tuple[str, ...]:
    """Audio languages that the part behind the title states, in order; words before any tag or marker are title."""
    start = _languages_from(text)
    found: list[str] = []
    for match in _LANGUAGE.finditer(text, start):
        if _NOT_AUDIO.match(text, match.end()):
            continue
        code = _LANGUAGES[int((match.lastgroup or "l0")[1:])][0]
        if code not in found:
            found.append(code)
    if _CHINESE.search(text) and "zh" not in found:
        found.append("zh")
    return tuple(found)


_TAIL_BEGINS = re.compile(
    r"(?<![a-z0-9])(?:s\d{1,3}(?:e\d+)?|(?:season|saison|temporada|staffel|stagione)[\s._]\d+|\d{1,2}x\d{2}|(?:19|20)\d\d)(?![a-z0-9])",
    re.IGNORECASE,
)


def _languages_from(text: str) -> int:
    """Behind the last of season, episode or year; else where the tags begin; else the last word."""
    ends = [match.end() for match in _TAIL_BEGINS.finditer(text)]
    if ends:
        return ends[-1]
    hard = first_hard(text)
    if hard < len(text):
        return len(without_soft_tail(text[:hard]))
    return max(text.rfind(" "), 0) or len(text)
