"""What is inside a media file, as frozen values read from ffprobe's JSON.

Pure: finding ffprobe and running it is for `workers/engines/ffprobe.py`, whether a file is admitted to the catalog for
`app/core/admission.py`.
"""

from __future__ import annotations

from app.core.media.parse import parse_ffprobe
from app.core.media.values import (
    ChapterFacts,
    Colour,
    Hdr,
    LocalFile,
    MediaFacts,
    Origin,
    StreamFacts,
    StreamKind,
    quality,
)

__all__ = [
    "ChapterFacts",
    "Colour",
    "Hdr",
    "LocalFile",
    "MediaFacts",
    "Origin",
    "StreamFacts",
    "StreamKind",
    "parse_ffprobe",
    "quality",
]
