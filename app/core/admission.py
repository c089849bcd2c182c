"""Which files a library takes in, by name and by what is inside. Pure; a refusal is a sentence for a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from app.core.media import MediaFacts, StreamFacts

FileSort = Literal["media", "subtitle", "nfo", "archive", "ignored"]
State = Literal["ok", "broken", "refused"]

SUBTITLES = frozenset({"srt", "ass", "ssa", "vtt", "sub", "sup", "ttml", "dfxp", "smi", "sami", "idx", "lrc", "mpl2"})
IGNORED = frozenset(
    re.findall(
        r"\S+",
        """txt jpg jpeg png gif webp bmp tbn tif tiff heic heif avif svg ico psd raw cr2 xml json yml yaml toml ini
        cfg conf log md rst html htm css js pdf doc docx xls xlsx odt rtf epub mobi cbr cbz csv tsv url lnk desktop
        webloc torrent magnet nzb sfv md5 sha1 sha256 par2 crc db sqlite bak old exe msi bat sh py dll so bin inf ifo
        bup plexmatch part partial crdownload download tmp temp aria2 filepart unconfirmed opdownload !qb !ut bc!
        trickplay bif edl vsmeta pls m3u m3u8 cue mpd xspf strm ism ismc nomedia ignore plexignore ffmeta ttf otf woff
        chapters jsonl""",
    )
)
ARCHIVES = frozenset({"rar", "zip", "7z", "tar", "gz", "tgz", "bz2", "xz"})
_ARCHIVE_PART = re.compile(r"(r\d\d|z\d\d|\d{3})$")
SKIPPED_FOLDERS = frozenset(
    {
        "@eadir",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "system volume information",
        "lost+found",
        "__macosx",
        "node_modules",
    }
)
FOLDER_MARKS = frozenset({".ignore", ".nomedia", ".plexignore"})
"""A folder that holds one of these is left out with all that is below it."""
_PICTURES = re.compile(r"(^|,)(\w+_pipe|gif|apng|ico|image2|jpegxl_anim)(,|$)")
_RAW = frozenset(
    {"h264", "hevc", "vvc", "m4v", "mpegvideo", "vc1", "obu", "h263", "h261", "mjpeg", "cavsvideo", "dirac"}
)


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a file: its state, and what a person should know about it."""

    state: State
    problem: str | None = None
    is_film: bool = False


VIDEO = frozenset(
    {"3g2", "3gp", "amv", "asf", "avi", "divx", "dv", "f4v", "flv", "ivf", "m1v", "m2t", "m2ts", "m2v", "m4v", "mk3d"}
    | {"mkv", "mov", "mp4", "mpe", "mpeg", "mpg", "mpv", "mts", "mxf", "nut", "ogm", "ogv", "qt", "rm", "rmvb", "ts"}
    | {"vob", "webm", "wmv", "wtv", "y4m"}
)


def sort_of(name: str) -> FileSort:
    """What a file's name says it is. Names that say nothing are looked into."""
    if name.startswith("."):
        return "ignored"
    stem, dot, extension = name.rpartition(".")
    extension = extension.casefold()
    if not dot or not stem:
        return "media"
    if extension in SUBTITLES:
        return "subtitle"
    if extension == "nfo":
        return "nfo"
    if extension in ARCHIVES:
        return "archive"
    if extension in IGNORED or _ARCHIVE_PART.fullmatch(extension):
        return "ignored"
    return "media"


def is_named_like_video(name: str) -> bool:
    """Whether the extension alone promises a film; for looking at a folder without opening its files."""
    return not name.startswith(".") and name.rpartition(".")[2].casefold() in VIDEO


def is_skipped_folder(name: str) -> bool:
    """Hidden folders, wastebaskets and what servers keep for themselves."""
    return name.startswith(".") or name.casefold() in SKIPPED_FOLDERS


def admit(facts: MediaFacts) -> Admission:
    """Whether what was found inside can be played."""
    if not facts.streams:
        return Admission("broken", "it holds no picture and no sound")
    if _PICTURES.search(facts.container):
        return Admission("refused", "it is a picture, not a film")
    video, audio = facts.video, facts.audio
    if video is not None:
        return _picture(facts, video)
    if audio is not None:
        if audio.is_encrypted:
            return Admission("refused", "it is encrypted (DRM) and cannot be played")
        if not facts.duration:
            return Admission("broken", "it has sound without a length: it is cut off or not meant to be played alone")
        return Admission("ok", "it has sound only; a film needs a picture")
    if facts.of_kind("subtitle"):
        return Admission("refused", "it holds subtitles only")
    return Admission("broken", "it holds no picture and no sound that can be played")


def _picture(facts: MediaFacts, video: StreamFacts) -> Admission:
    if video.is_encrypted:
        return Admission("refused", "it is encrypted (DRM) and cannot be played")
    if video.codec is None:
        return Admission("refused", "its picture is in a format that nothing here can read")
    if not video.width or not video.height:
        return Admission("broken", "its picture has no size: the file is cut off or damaged")
    if not facts.duration:
        if set(facts.container.split(",")) & _RAW:
            return Admission("ok", "its length is not stated; seeking in it may not work", is_film=True)
        if _is_empty(facts, video):
            return Admission("broken", "it is the beginning of a stream without any pictures")
        return Admission("ok", "its length is not stated; seeking in it may not work", is_film=True)
    if facts.size and facts.size * 8 / facts.duration < 60:
        return Admission("broken", "it states a length but holds no pictures")
    return Admission("ok", is_film=True)


def _is_empty(facts: MediaFacts, video: StreamFacts) -> bool:
    """An initialisation segment: a few KiB that only describe what would follow."""
    return not video.frame_count and (facts.size or 0) < 16 << 10
