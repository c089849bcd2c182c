"""Pictures over HTTP: `/art/{m12|s3|e40|p7|c2}/{poster|backdrop|still|logo}?w=`.

Only who is signed in sees a picture, or a guest that of the title the party plays. A work without one gets a card with
its name drawn on it, never a broken picture.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Annotated, Literal

from flask import Response, current_app, request
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import Field

from app.adapters import pictures
from app.adapters.picture_store import SizedPictures
from app.catalog import artwork
from app.catalog.artwork import Kept, Owner, Subject
from app.core.artwork import SHAPES, ArtKind, step
from app.core.errors import NotFound, Unauthenticated
from app.extensions import db
from app.web.inputs import Input
from app.web.security import viewer
from config import Config

api = APIBlueprint("artwork", __name__, abp_tags=[Tag(name="artwork")])

OWNERS: dict[str, tuple[Owner, str | None]] = {
    "m": ("title_id", "movie"),
    "s": ("title_id", "show"),
    "e": ("episode_id", None),
    "p": ("person_id", None),
    "c": ("collection_id", None),
}
VERSIONED = "private, max-age=31536000, immutable"
CHANGING = "private, max-age=3600"
MADE_UP = "private, max-age=60"


class ArtPath(Input):
    """Whose picture: a media id, `p` and a person's number, or `c` and a collection's; and which."""

    name: Annotated[str, Field(pattern=r"^[msepc][1-9][0-9]{0,9}$")]
    kind: ArtKind


class ArtQuery(Input):
    """`w` is the wished width in pixels, rounded up to a size that is made; `v` a version for caches."""

    w: Annotated[int, Field(ge=1, le=10_000)] | None = None
    v: Annotated[str, Field(max_length=64)] | None = None


def init_app(app: OpenAPI) -> None:
    config: Config = app.config["MATINEE"]
    app.extensions["matinee_sized_pictures"] = SizedPictures(config.data_dir / "art")
    app.register_api(api)


@api.get(
    "/art/<name>/<kind>",
    summary="A picture of a work, a person or a collection",
    responses={200: {"content": {"image/webp": {}, "image/jpeg": {}, "image/png": {}, "image/svg+xml": {}}}},
)
def picture(path: ArtPath, query: ArtQuery) -> Response:
    """WebP or JPEG (logos PNG) by Accept, resized. Missing ones are drawn."""
    _require_sight(path.name)
    owner, kind = OWNERS[path.name[0]]
    number = int(path.name[1:])
    of = artwork.subject(owner, number, kind) if number < 2**31 else None
    if of is None:
        raise NotFound("There is no such work, person or collection.")
    kept = artwork.kept(of, path.kind)
    db.session.rollback()  # nothing is read from here on: the connection waits for no pixels
    answer = _kept(kept, path.kind, query) if kept is not None else None
    return answer or _composed(of, path.kind, query)


def _require_sight(name: str) -> None:
    caller = viewer()
    if not caller.is_signed_in and name not in caller.party_titles:
        raise Unauthenticated("Sign in to see pictures.")


def _form(kind: ArtKind) -> Literal["webp", "jpeg", "png"]:
    if request.accept_mimetypes["image/webp"] and "image/webp" in request.headers.get("Accept", ""):
        return "webp"
    return "png" if kind == "logo" else "jpeg"


def _kept(kept: Kept, kind: ArtKind, query: ArtQuery) -> Response | None:
    """The kept picture in the wished size, or None where its file is lost or broken."""
    root: Path = current_app.config["MATINEE"].data_dir / "art"
    width, form = min(step(kind, query.w), kept.width), _form(kind)
    key = f"{kept.version}-{width}"
    answer = Response(mimetype=f"image/{form}")
    answer.set_etag(f"{key}-{form}")
    answer.vary.add("Accept")
    answer.headers["Cache-Control"] = VERSIONED if query.v == kept.version else CHANGING
    if request.if_none_match.contains(f"{key}-{form}"):
        answer.status_code = 304
        return answer
    sized: SizedPictures = current_app.extensions["matinee_sized_pictures"]
    try:
        answer.set_data(sized.get(key, form, lambda: pictures.resized(root / kept.path, width, form)))
    except (FileNotFoundError, pictures.BrokenPicture):
        return None
    return answer


def _composed(of: Subject, kind: ArtKind, query: ArtQuery) -> Response:
    width = step(kind, query.w)
    height = round(width / SHAPES[kind])
    form = _form(kind)
    if "image/svg+xml" in request.headers.get("Accept", "") or not pictures.is_drawable(of.name):
        answer = Response(_svg(of, width, height), mimetype="image/svg+xml")
        answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'none'"
    else:
        drawn = pictures.card(of.name, of.small, (width, height))
        answer = Response(pictures.encode(drawn, form), mimetype=f"image/{form}")
    answer.headers["Cache-Control"] = MADE_UP
    answer.vary.add("Accept")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _svg(of: Subject, width: int, height: int) -> str:
    """The same card as text: the reader's own fonts know letters that ours do not."""
    lines = _lines(of.name, 14 if width < height else 26)
    size = max(12, min(width // 9, round(height * 0.6 / max(1, len(lines)))))
    top = (height - len(lines) * size * 1.2) / 2 + size
    hue = sum(map(ord, of.name)) % 360
    words = "".join(
        f'<text x="{width // 12}" y="{top + number * size * 1.2:.0f}" font-size="{size}">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<rect width="100%" height="100%" fill="hsl({hue},22%,18%)"/>'
        f'<g fill="#f4f4f6" font-family="system-ui,sans-serif" font-weight="700">{words}</g>'
        f'<text x="{width // 12}" y="{width // 9}" fill="#bec2cc" font-family="system-ui,sans-serif" '
        f'font-size="{max(11, width // 18)}">{html.escape(of.small)}</text></svg>'
    )


def _lines(text: str, length: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= length:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines[:8]
