"""The player page. Where the browser is known, the film is prepared while the page is made, so that playing starts
with the first script; where it is not, the page's script prepares it."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from flask import Flask, redirect, request
from pydantic import ValidationError
from werkzeug.wrappers import Response

from app.catalog import queries as catalog
from app.catalog.answers import Card
from app.core.errors import Failure, NotFound
from app.core.media_id import MediaId, parse_media_id
from app.personal import queries as personal
from app.playback.answers import DeviceIn, PrepareIn
from app.playback.routes import begin_with_opening
from app.web.inputs import number_asked
from app.web.phrases import own_name
from app.web.security import signed_in, viewer
from app.web.templating import page
from app.web.words import gettext, language

DEVICE_COOKIE = "matinee_device"
LONGEST_COOKIE = 4000
LONGEST_FILM_S = 10_000_000


def init_app(app: Flask) -> None:
    app.add_url_rule("/watch/<media_id>", "watch_page", watch)


@signed_in
def watch(media_id: str) -> Response:
    """Plays a film or an episode; a show's address leads to the episode that comes next for this viewer."""
    wanted = _media_id(media_id)
    if wanted.kind == "show":
        return _next_of_show(wanted)
    work = catalog.work(wanted)
    card = catalog.cards([media_id], language=language())[media_id]
    following = _following(work)
    file_id = number_asked("file")
    position = _place()
    plan, opening = _plan(wanted, file_id, position)
    response = page(
        "playback/watch.html",
        media_id=media_id,
        name=card.show.title if card.show else card.title,
        line=_line(card),
        back=f"/title/{card.show.media_id if card.show else media_id}",
        plan=plan,
        opening=opening,
        file_id=file_id,
        start=position,
        next=following,
        tracks=personal.kept_tracks(viewer().profile_id or 0, [str(media_id)]) or None,
        key_sheet=_key_sheet(),
    )
    response.headers["Cache-Control"] = "no-store"  # a plan belongs to one opening of the page
    return response


def _place() -> float | None:
    """Where the address says to begin (s); None for no place at all."""
    found = request.args.get("from", type=float)
    return found if found is not None and 0 <= found <= LONGEST_FILM_S else None


def _media_id(text: str) -> MediaId:
    try:
        return parse_media_id(text)
    except ValueError as error:
        raise NotFound("There is no such title.") from error


def _next_of_show(show: MediaId) -> Response:
    work = catalog.work(show)
    episode = personal.next_of_show(viewer().profile_id or 0, work.title.id)
    if episode is None:
        raise NotFound("No episode of this show is here now.")
    return redirect(f"/watch/e{episode.id}")


def _plan(media_id: MediaId, file_id: int | None, position: float | None) -> tuple[dict[str, Any] | None, list[str]]:
    """The answer of prepare and what the player will fetch first; None where the device is unknown or the film is
    refused (the script then asks, and says why)."""
    device = device_from_cookie(request.cookies.get(DEVICE_COOKIE))
    if device is None:
        return None, []
    wanted = PrepareIn.model_construct(
        media_id=None if file_id else media_id,
        media_file_id=file_id,
        device=device,
        audio=None,
        subtitle=None,
        position=position,
    )
    try:
        prepared, opening = begin_with_opening(wanted)
    except Failure:
        return None, []
    return prepared.model_dump(mode="json"), opening


def device_from_cookie(text: str | None) -> DeviceIn | None:
    """The profile that the player's script left in the cookie (base64url of JSON); None for anything else."""
    if not text or len(text) > LONGEST_COOKIE:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return DeviceIn.model_validate(found)
    except (binascii.Error, ValueError, RecursionError, ValidationError):
        return None


def _following(work: catalog.Work) -> Card | None:
    if work.episode is None or work.season_number is None:
        return None
    _before, after = personal.neighbours(work.episode, work.season_number)
    if after is None:
        return None
    return personal.dress(viewer().profile_id, catalog.episode_cards([after], language=language()))[0]


def _line(card: Card) -> str:
    """What stands under the name: `S2 E4 · The Relay`, or the year."""
    if card.show is None:
        return str(card.year or "")
    code = ""
    if card.season is not None and card.number is not None:
        code = gettext("S%(s)s E%(e)s", s=card.season, e=f"{card.number:g}")
    return " · ".join(part for part in (code, own_name(card.title)) if part)


def _key_sheet() -> list[tuple[list[str], str]]:
    return [
        (["Space", "K"], gettext("Pause or play")),
        (["J", "L"], gettext("10 seconds back or forward")),
        (["←", "→"], gettext("5 seconds back or forward")),
        (["↑", "↓"], gettext("Louder, quieter")),
        (["M"], gettext("Sound off")),
        (["C"], gettext("Subtitles on or off")),
        (["F"], gettext("Full screen")),
        (["<", ">"], gettext("Slower, faster")),
        (["0–9"], gettext("To a tenth of the film")),
        ([",", "."], gettext("Frame by frame, paused")),
        (["Shift", "N"], gettext("Next episode")),
        (["Enter"], gettext("To the controls")),
        (["?"], gettext("This sheet")),
    ]
