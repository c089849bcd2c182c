"""Rules of pictures: which sidecar file is what, which frame is worth showing, which sizes are made, which tint fits.

Pixels are for others: this module sees names and numbers only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

ArtKind = Literal["poster", "backdrop", "still", "logo"]
KINDS: tuple[ArtKind, ...] = get_args(ArtKind)

WIDTHS: dict[ArtKind, tuple[int, ...]] = {
    "poster": (120, 240, 360, 480, 720, 1080),
    "backdrop": (480, 960, 1280, 1920, 2560),
    "still": (240, 480, 720, 960, 1280),
    "logo": (240, 480, 720),
}
"""Sizes that are made: a page's wish is rounded up to one, so that a picture has few forms."""

USUAL_WIDTH: dict[ArtKind, int] = {"poster": 480, "backdrop": 1280, "still": 480, "logo": 480}
SHAPES: dict[ArtKind, float] = {"poster": 2 / 3, "backdrop": 16 / 9, "still": 16 / 9, "logo": 5 / 2}
"""Width by height of a picture that is composed."""

LARGEST: dict[ArtKind, tuple[int, int]] = {
    "poster": (1080, 1620),
    "backdrop": (2560, 1440),
    "still": (1280, 960),
    "logo": (1200, 600),
}
"""What is kept of an original: nothing larger is ever sent."""

TINT_LUMINANCE = 0.15
PICTURES = frozenset({"jpg", "jpeg", "png", "webp", "gif", "bmp", "tbn"})

_GENERIC: dict[ArtKind, tuple[str, ...]] = {
    "poster": ("poster", "folder", "cover", "movie", "show", "default", "jacket", "season-all-poster"),
    "backdrop": ("fanart", "backdrop", "background", "art", "landscape", "thumb", "banner"),
    "logo": ("logo", "clearlogo"),
    "still": (),
}
_BESIDE: dict[ArtKind, tuple[str, ...]] = {
    "poster": ("-poster", "-cover", "-folder", ""),
    "backdrop": ("-fanart", "-backdrop", "-background", "-landscape"),
    "logo": ("-logo", "-clearlogo"),
    "still": ("-thumb", "-still", "", ".thumb", "-landscape"),
}
_SEASON_POSTER = re.compile(r"^season[\s._-]*\d+(?:-poster)?$")


def step(kind: ArtKind, wanted: int | None) -> int:
    """The width that is sent for a wish: the next step up, the largest for more."""
    if wanted is None:
        return USUAL_WIDTH[kind]
    return next((width for width in WIDTHS[kind] if width >= wanted), WIDTHS[kind][-1])


def sidecars(names: Iterable[str], kind: ArtKind, *, stem: str | None = None, shared: bool = False) -> list[str]:
    """Names of a folder that are a picture of this kind, best first.

    `stem` is the media file's name without extension (None: the folder is a show's or a season's). In a `shared` folder
    (works of several titles) only names that repeat the stem count.
    """
    ranked: list[tuple[int, str, str]] = []
    for name in names:
        base, dot, extension = name.rpartition(".")
        if not dot or extension.casefold() not in PICTURES:
            continue
        rank = _rank(base.casefold(), kind, None if stem is None else stem.casefold(), shared)
        if rank is not None:
            ranked.append((rank, name.casefold(), name))
    return [name for _, _, name in sorted(ranked)]


def _rank(base: str, kind: ArtKind, stem: str | None, shared: bool) -> int | None:
    if stem is not None and base.startswith(stem):
        rest = base[len(stem) :]
        return _BESIDE[kind].index(rest) if rest in _BESIDE[kind] else None
    if shared:
        return None
    plain = re.sub(r"[\s._-]*\d*$", "", base) or base
    generic = _GENERIC[kind]
    if base in generic:
        return 10 + generic.index(base)
    if plain in generic:
        return 30 + generic.index(plain)
    return 50 if kind == "poster" and stem is None and _SEASON_POSTER.match(base) else None


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What is measured on a frame: mean and standard deviation of its brightness (0..255), entropy of its brightness
    (bits, 0..8), strength of its edges (standard deviation of the edge picture), and how colourful it is (0..255)."""

    mean: float
    contrast: float
    entropy: float
    detail: float
    colour: float


def is_presentable(frame: FrameFacts) -> bool:
    """Neither black, white, near-uniform nor blurred beyond recognition."""
    return 14 <= frame.mean <= 242 and frame.contrast >= 12 and frame.entropy >= 3.2 and frame.detail >= 5


def appeal(frame: FrameFacts) -> float:
    """How much a frame shows: higher is better. Middling brightness, contrast, detail and colour count."""
    light = 1 - abs(frame.mean - 118) / 128
    return frame.entropy + 0.02 * min(frame.contrast, 70) + math.log1p(frame.detail) + 0.01 * frame.colour + 1.5 * light


def good_enough(frame: FrameFacts) -> bool:
    """Worth stopping the search for."""
    return is_presentable(frame) and appeal(frame) >= 11.5


def moments(duration: float | None) -> tuple[float, ...]:
    """Seconds into the film where frames are tried, best guess first: past the titles, before the ending."""
    if not duration or duration <= 0:
        return (0.0,)
    return tuple(round(duration * share, 3) for share in (0.2, 0.32, 0.12, 0.45, 0.58, 0.7))


def tint(rgb: Sequence[float]) -> str:
    """`"r,g,b"` of the same hue, no brighter than TINT_LUMINANCE (relative luminance, WCAG 2.2)."""
    linear = [_to_linear(min(255.0, max(0.0, channel)) / 255) for channel in rgb[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    share = min(1.0, TINT_LUMINANCE / luminance) if luminance > 0 else 1.0
    return ",".join(str(math.floor(255 * _from_linear(channel * share))) for channel in linear)


def _to_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def _from_linear(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * math.pow(value, 1 / 2.4) - 0.055
