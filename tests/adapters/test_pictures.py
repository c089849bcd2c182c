"""Pictures are read without harm, whatever they are, and come out as promised."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.adapters import picture_store, pictures
from app.adapters.picture_store import SizedPictures
from app.adapters.pictures import BrokenPicture


def picture(size: tuple[int, int] = (600, 400), *, mode: str = "RGB", form: str = "PNG") -> bytes:
    image = Image.linear_gradient("L").resize(size).convert(mode)
    target = io.BytesIO()
    image.save(target, form)
    return target.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG whose header promises this many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


HOSTILE = {
    "nothing": b"",
    "text": b"<html>poster</html>",
    "cut short": picture(form="JPEG")[:900],
    "cut in its header": picture()[:30],
    "a bomb": bomb(60_000, 60_000),
    "a long line": bomb(200_000, 16),
    "wrong data": bomb(640, 480),
    "a script": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n",
    "one pixel": picture((1, 1)),
    "a TIFF": picture(form="TIFF"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(BrokenPicture, match="picture"):
        pictures.read(HOSTILE[name])


@pytest.mark.parametrize(
    ("mode", "form"),
    [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "GIF"), ("1", "BMP"), ("I;16", "PNG")],
)
def test_every_usual_kind_of_picture_is_kept(mode: str, form: str) -> None:
    prepared = pictures.prepare(pictures.read(picture(mode=mode, form=form)), "poster")
    kept = Image.open(io.BytesIO(prepared.data))
    assert (kept.format, kept.size) == ("WEBP", (prepared.width, prepared.height))
    assert len(base64.b64decode(prepared.thumbhash)) >= 5
    assert len(prepared.tint.split(",")) == 3


def test_a_picture_turned_by_its_camera_stands_upright() -> None:
    image = Image.new("RGB", (300, 200))
    turned = Image.Exif()
    turned[0x0112] = 6
    target = io.BytesIO()
    image.save(target, "JPEG", exif=turned)
    assert pictures.read(target.getvalue()).size == (200, 300)


def test_nothing_larger_is_kept_than_is_ever_shown() -> None:
    prepared = pictures.prepare(pictures.read(picture((5000, 4000), form="JPEG")), "backdrop")
    assert (prepared.width, prepared.height) == (1800, 1440)


def test_a_logo_keeps_its_transparency() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (300, 100), (255, 0, 0, 90)).save(target, "PNG")
    prepared = pictures.prepare(pictures.read(target.getvalue()), "logo")
    assert Image.open(io.BytesIO(prepared.data)).mode == "RGBA"


def test_a_picture_is_shrunk_and_never_enlarged(tmp_path: Path) -> None:
    kept = tmp_path / "kept.webp"
    kept.write_bytes(pictures.prepare(pictures.read(picture()), "backdrop").data)
    assert Image.open(io.BytesIO(pictures.resized(kept, 240, "webp"))).size == (240, 160)
    assert Image.open(io.BytesIO(pictures.resized(kept, 9000, "jpeg"))).size == (600, 400)


def test_a_card_says_the_title() -> None:
    with_title, without = pictures.card("Harbour", "1987", (240, 360)), pictures.card("", "", (240, 360))
    assert with_title.size == (240, 360)
    assert with_title.getextrema() != without.getextrema()


def test_a_poster_made_of_a_frame_has_a_posters_shape() -> None:
    frame = pictures.read(picture((1920, 800)))
    assert pictures.poster_from(frame, "Harbour Lights").size == (720, 1080)
    assert pictures.poster_from(pictures.read(picture((300, 900))), "").size == (720, 1080)


def test_the_same_picture_is_kept_once(tmp_path: Path) -> None:
    assert picture_store.keep(tmp_path, b"one") == picture_store.keep(tmp_path, b"one")
    assert picture_store.keep(tmp_path, b"two") != picture_store.keep(tmp_path, b"one")
    assert len(list(tmp_path.rglob("*.webp"))) == 2


def test_a_size_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []
    sized = SizedPictures(tmp_path)

    def make() -> bytes:
        made.append(1)
        return b"bytes"

    assert sized.get("abc-240", "webp", make) == sized.get("abc-240", "webp", make) == b"bytes"
    assert len(made) == 1


def test_the_cache_of_sizes_stays_within_its_budget(tmp_path: Path) -> None:
    sized = SizedPictures(tmp_path, budget_bytes=1000)
    for number in range(40):
        sized.get(f"k{number:02}-240", "webp", lambda: b"x" * 100)
    sized.sweep()
    left = sorted(path.name for path in (tmp_path / "sized").rglob("*.webp"))
    assert sum(100 for _ in left) <= 1000
    assert left[-1] == "k39-240.webp"


def test_a_picture_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise BrokenPicture("the picture is broken")

    with pytest.raises(BrokenPicture):
        SizedPictures(tmp_path).get("abc-240", "webp", fail)
    assert not list(tmp_path.rglob("*.webp"))
