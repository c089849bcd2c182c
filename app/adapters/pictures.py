"""Pictures read, measured, shrunk and drawn with Pillow; whatever the bytes are, reading them harms nobody.

Only the five formats below are opened, from memory, after their size was checked in the header.
"""

from __future__ import annotations

import base64
import colorsys
import io
import math
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import thumbhash
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps, ImageStat, UnidentifiedImageError

from app.core.artwork import LARGEST, ArtKind, FrameFacts, tint

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
LARGEST_BYTES = 40 << 20
LARGEST_SIDE = 16_000
LARGEST_PIXELS = 60_000_000
SMALLEST_SIDE = 16

Image.MAX_IMAGE_PIXELS = None  # our own limit below is lower, and says so without a warning


class BrokenPicture(Exception):
    """These bytes are no picture that can be shown; the sentence says why."""


_UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    IndexError,
    KeyError,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it is kept: WebP bytes, its size, what stands in for it, and the page's tint."""

    data: bytes
    width: int
    height: int
    thumbhash: str
    tint: str


def read(data: bytes) -> Image.Image:
    """A decoded picture, upright. Raises BrokenPicture."""
    if len(data) > LARGEST_BYTES:
        raise BrokenPicture("the picture's file is too large")
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if max(width, height) > LARGEST_SIDE or width * height > LARGEST_PIXELS:
            raise BrokenPicture(f"the picture has too many pixels ({width}×{height})")
        if min(width, height) < SMALLEST_SIDE:
            raise BrokenPicture(f"the picture is too small ({width}×{height})")
        if image.format == "JPEG":
            image.draft("RGB", (2560, 2560))
        image.load()
        return ImageOps.exif_transpose(image)
    except _UNREADABLE as error:
        raise BrokenPicture(f"the picture cannot be read ({type(error).__name__})") from error


def flat(image: Image.Image) -> Image.Image:
    """Without transparency: laid on black."""
    if image.mode in {"RGB", "L"}:
        return image.convert("RGB")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return image.convert("RGB")


def prepare(image: Image.Image, kind: ArtKind) -> Prepared:
    """What is kept of a picture: no larger than it is ever shown."""
    shaped = image.convert("RGBA") if kind == "logo" else flat(image)
    shaped.thumbnail(LARGEST[kind], Image.Resampling.LANCZOS, reducing_gap=3.0)
    return Prepared(
        data=encode(shaped, "webp", quality=90),
        width=shaped.width,
        height=shaped.height,
        thumbhash=hash_of(shaped),
        tint=tint(dominant(shaped)),
    )


def encode(image: Image.Image, form: str, *, quality: int = 82) -> bytes:
    """Bytes in `webp`, `jpeg` or `png`."""
    target = io.BytesIO()
    if form == "webp":
        image.save(target, "WEBP", quality=quality, method=4)
    elif form == "png":
        image.save(target, "PNG", optimize=False)
    else:
        flat(image).save(target, "JPEG", quality=quality, progressive=True, optimize=True)
    return target.getvalue()


def resized(path: Path, width: int, form: str) -> bytes:
    """A kept picture in another width (never enlarged) and form. Raises BrokenPicture, or OSError where it is gone."""
    image = read(path.read_bytes())
    if width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return encode(image, form)


def hash_of(image: Image.Image) -> str:
    """The picture's thumbhash, base64; a transparent one is laid on black (thumbhash 0.1.2 fails on those)."""
    small = flat(image).convert("RGBA")
    small.thumbnail((48, 48), Image.Resampling.BILINEAR)
    rgba = list(small.tobytes())
    return base64.b64encode(bytes(thumbhash.rgba_to_thumb_hash(small.width, small.height, rgba))).decode()


def dominant(image: Image.Image) -> tuple[int, int, int]:
    """The colour that most of the picture has, colourful ones counted more than greys."""
    small = flat(image).resize((48, 48), Image.Resampling.BOX).quantize(8, Image.Quantize.MEDIANCUT)
    palette = small.getpalette() or [0, 0, 0]
    best, most = (0, 0, 0), -1.0
    for count, index in small.getcolors(256) or []:
        number = int(index) if isinstance(index, int | float) else 0
        red, green, blue = palette[3 * number : 3 * number + 3]
        weight = count * (24 + max(red, green, blue) - min(red, green, blue))
        if weight > most:
            best, most = (red, green, blue), weight
    return best


def measure(image: Image.Image) -> FrameFacts:
    """What tells a telling frame from a black, blurred or empty one."""
    small = flat(image)
    small.thumbnail((320, 320), Image.Resampling.BOX)
    grey = small.convert("L")
    light = ImageStat.Stat(grey)
    edges = ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES).crop((1, 1, grey.width - 1, grey.height - 1)))
    hue = ImageStat.Stat(small.convert("HSV").getchannel("S"))
    return FrameFacts(light.mean[0], light.stddev[0], grey.entropy(), edges.stddev[0], hue.mean[0])


def poster_from(frame: Image.Image, title: str) -> Image.Image:
    """A poster made of a frame: its most telling 2:3 cut, darkened towards the foot, with the title on it."""
    picture = flat(frame)
    height = picture.height
    width = max(1, min(picture.width, round(height * 2 / 3)))
    left = _busiest(picture, width)
    picture = picture.crop((left, 0, left + width, height)).resize((720, 1080), Image.Resampling.LANCZOS)
    shade = Image.linear_gradient("L").resize((720, 1080)).point(lambda value: max(0, (value - 110) * 2))
    picture.paste((6, 8, 12), (0, 0, 720, 1080), shade.point(lambda value: min(225, value)))
    _write(picture, title, foot=True)
    return picture


def _busiest(picture: Image.Image, width: int) -> int:
    """Where a window of this width holds most edges, nearer the middle where it makes no difference."""
    if width >= picture.width:
        return 0
    edges = picture.convert("L").filter(ImageFilter.FIND_EDGES).resize((64, 1), Image.Resampling.BOX)
    columns = list(edges.tobytes())
    span = max(1, round(64 * width / picture.width))
    sums = [sum(columns[start : start + span]) for start in range(64 - span + 1)]
    middle = (len(sums) - 1) / 2
    best = max(range(len(sums)), key=lambda start: sums[start] * (1 - 0.15 * abs(start - middle) / max(1.0, middle)))
    return min(picture.width - width, round(best * picture.width / 64))


def card(title: str, small: str, size: tuple[int, int]) -> Image.Image:
    """What stands where no picture is: a quiet ground with the title drawn on it."""
    hue = sum(ord(letter) for letter in title) % 360 / 360
    picture = Image.new("RGB", size, _rgb(hue, 0.35, 0.27))
    picture.paste(_rgb((hue + 0.11) % 1, 0.43, 0.13), (0, 0, *size), Image.linear_gradient("L").resize(size))
    _write(picture, title, small=small)
    return picture


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _write(picture: Image.Image, title: str, *, small: str = "", foot: bool = False) -> None:
    if not title or not is_drawable(title):
        return
    draw = ImageDraw.Draw(picture)
    margin = picture.width // 12
    lines, font = _fitted(draw, title, picture.width - 2 * margin, picture.height // 3)
    line_height = math.ceil(font.size * 1.18)
    top = (
        picture.height - margin - len(lines) * line_height if foot else (picture.height - len(lines) * line_height) // 2
    )
    for number, line in enumerate(lines):
        draw.text((margin, top + number * line_height), line, font=font, fill=(244, 244, 246))
    if small and is_drawable(small):
        draw.text((margin, margin), small, font=_font(max(12, picture.width // 18)), fill=(190, 194, 204))


def _fitted(draw: ImageDraw.ImageDraw, title: str, width: int, height: int) -> tuple[list[str], Any]:
    """The title in lines, in the largest size that fits."""
    for size in range(max(14, width // 6), 11, -2):
        font = _font(size)
        lines = _wrapped(draw, title, font, width)
        if len(lines) * size * 1.18 <= height and all(draw.textlength(line, font=font) <= width for line in lines):
            return lines, font
    font = _font(12)
    return _wrapped(draw, title[:80], font, width)[:8], font


def _wrapped(draw: ImageDraw.ImageDraw, text: str, font: Any, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(joined, font=font) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


_FONT_FILES = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf",
    "/usr/share/fonts/dejavu/DejaVuSans-Bold.ttf",
    "/usr/share/fonts/TTF/DejaVuSans-Bold.ttf",
    "/System/Library/Fonts/Supplemental/Arial Bold.ttf",
)


@lru_cache(maxsize=64)
def _font(size: int) -> Any:
    for name in _FONT_FILES:
        if Path(name).is_file():
            return ImageFont.truetype(name, size)
    return ImageFont.load_default(size)


@lru_cache(maxsize=1024)
def is_drawable(text: str) -> bool:
    """Whether the font at hand has every letter; a title in boxes is worse than none."""
    font = _font(24)
    missing = bytes(font.getmask("\uffff"))
    return all(letter.isspace() or bytes(font.getmask(letter)) != missing for letter in set(text))
