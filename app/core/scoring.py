"""Which of several sources of one work to play first: a weighted score whose parts are shown.

`0.3 quality + 0.25 speed + 0.2 availability + 0.15 subtitles + 0.1 audio`, each part 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

WEIGHTS = {"quality": 0.3, "speed": 0.25, "availability": 0.2, "subtitles": 0.15, "audio": 0.1}
FULL_HEIGHT = 2160


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of one source. `speed` is its line's rate over its own bit rate (2 and more is full marks)."""

    height: int | None
    width: int | None
    is_hdr: bool
    bit_rate: int | None
    speed: float
    is_available: bool
    subtitle_languages: Collection[str]
    audio_languages: Collection[str]
    channels: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """`total` is the weighted sum of the parts, all 0..1, rounded to three places."""

    total: float
    quality: float
    speed: float
    availability: float
    subtitles: float
    audio: float


def score(source: SourceFacts, *, language: str | None = None) -> Score:
    """Scores one source for somebody who prefers `language` (ISO 639-1), or nobody in particular."""
    parts = {
        "quality": _quality(source),
        "speed": min(1.0, source.speed / 2),
        "availability": 1.0 if source.is_available else 0.0,
        "subtitles": _subtitles(source, language),
        "audio": _audio(source, language),
    }
    rounded = {name: round(value, 3) for name, value in parts.items()}
    return Score(total=round(sum(WEIGHTS[name] * value for name, value in parts.items()), 3), **rounded)


def _quality(source: SourceFacts) -> float:
    """Lines count most (a wide film has fewer of them: its width speaks for it), then HDR, then a sane bit rate."""
    lines = max(source.height or 0, round((source.width or 0) * 9 / 16))
    if lines <= 0:
        return 0.0
    share = min(1.0, math.sqrt(lines / FULL_HEIGHT))
    expected = 4_000_000 * math.pow(lines / 1080, 1.5)
    rate = min(1.0, (source.bit_rate or expected / 2) / expected)
    return 0.8 * share + 0.1 * source.is_hdr + 0.1 * rate


def _subtitles(source: SourceFacts, language: str | None) -> float:
    if not source.subtitle_languages:
        return 0.0
    return 1.0 if language is None or language in source.subtitle_languages else 0.5


def _audio(source: SourceFacts, language: str | None) -> float:
    if not source.channels:
        return 0.0
    spoken = 1.0 if language is None or language in source.audio_languages else 0.5
    return spoken * (0.7 + 0.3 * min(1.0, (source.channels - 1) / 5 if source.channels > 1 else 0.0))
