"""What the page of one title shows, composed from the features below. No HTML here, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog import queries as catalog
from app.catalog.answers import Card, PersonCredit, ProgressOut
from app.catalog.models import Episode, Season
from app.core.media_id import MediaId
from app.library import files as library
from app.library.files import MediaFileOut, StreamOut
from app.personal import queries as personal
from app.web.phrases import language_name as language_in_words
from app.web.phrases import length, number
from app.web.words import gettext, language, ngettext

BROWSER_VIDEO = {"h264", "vp8", "vp9", "av1"}
BROWSER_AUDIO = {"aac", "mp3", "opus", "vorbis", "flac"}
BROWSER_CONTAINERS = {"mp4", "mov", "webm", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"}
MAKERS = ("director", "writer")


@dataclass(frozen=True, slots=True)
class PlayButton:
    """What pressing Play does. `progress` where there is something to resume; `of` names the episode."""

    media_id: str
    label: str
    resumes: bool
    progress: ProgressOut | None = None
    of: str = ""


def values(media_id: MediaId, profile_id: int, season_number: int | None) -> dict[str, Any]:
    """Everything `browse/title.html` wants. Raises NotFound."""
    work = catalog.work(media_id)
    card = _card(str(media_id), profile_id)
    own = personal.personal(profile_id, work)
    show = _show(work, profile_id, season_number) if media_id.kind == "show" else {"seasons": [], "season": None}
    play = show.pop("play", None) if media_id.kind == "show" else _play_one(card)
    files = _files(work, play)
    credits = catalog.credits_of(work.title.id)
    seen = own.seen
    return {
        "media": card,
        "facts": _facts(work, card, show["seasons"]),
        "listed": own.is_listed,
        "watched": bool(
            (own.progress and own.progress.watched) or (seen and seen.episodes and seen.watched == seen.episodes)
        ),
        "play": play,
        "files": [_version(file) for file in files] if media_id.kind != "show" else [],
        "audio": _languages(files, "audio"),
        "subtitles": _languages(files, "subtitle"),
        "makers": _makers(credits),
        "cast": [one for one in credits if one.job == "actor"],
        "similar": [],
        "similar_why": "",
        **show,
    }


def _card(media_id: str, profile_id: int) -> Card:
    return personal.dress(profile_id, [catalog.cards([media_id], language=language())[media_id]])[0]


def _play_one(card: Card) -> PlayButton | None:
    if not card.available:
        return None
    resumes = bool(card.progress and card.progress.resume_at)
    label = gettext("Resume") if resumes else gettext("Play")
    return PlayButton(card.media_id, label, resumes, card.progress if resumes else None)


def _show(work: catalog.Work, profile_id: int, season_number: int | None) -> dict[str, Any]:
    """Seasons with one of them open: the asked one, else that of the episode that Play starts."""
    seasons = {season.id: season for season in catalog.seasons_of(work.title.id)}
    episodes = [one for one in catalog.episodes_of(work.title.id) if one.season_id in seasons]
    progress = personal.episode_progress(profile_id, work.title.id)
    upcoming = personal.next_of_show(profile_id, work.title.id)
    own = {season.id: [one for one in episodes if one.season_id == season.id] for season in seasons.values()}
    shown = [season for season in seasons.values() if own[season.id]]
    playing = seasons[upcoming.season_id].number if upcoming else None
    wanted = [number for number in (season_number, playing) if number is not None]
    opened = next((one for number in wanted for one in shown if one.number == number), shown[0] if shown else None)
    tabs = [
        {"number": one.number, "name": season_name(one.number, one.name), "count": len(own[one.id])} for one in shown
    ]
    season = _opened(opened, own[opened.id], profile_id, progress) if opened else None
    return {"seasons": tabs, "season": season, "play": _play_show(upcoming, seasons, progress)}


def _opened(
    season: Season, episodes: list[Episode], profile_id: int, progress: dict[int, ProgressOut]
) -> dict[str, Any]:
    cards = personal.dress(profile_id, catalog.episode_cards([one.id for one in episodes], language=language()))
    watched = sum(1 for one in episodes if one.id in progress and progress[one.id].watched)
    return {"number": season.number, "episodes": cards, "count": len(cards), "watched": watched}


def _play_show(
    upcoming: Episode | None, seasons: dict[int, Season], progress: dict[int, ProgressOut]
) -> PlayButton | None:
    if upcoming is None:
        return None
    code = gettext("S%(s)s E%(e)s", s=seasons[upcoming.season_id].number, e=f"{upcoming.number:g}")
    own = progress.get(upcoming.id)
    resumes = bool(own and own.resume_at)
    label = gettext("Resume %(code)s", code=code) if resumes else gettext("Play %(code)s", code=code)
    return PlayButton(f"e{upcoming.id}", label, resumes, own if resumes else None, upcoming.name or code)


def season_name(number: int, name: str | None) -> str:
    """`Season 2`, `Specials`, or the season's own name."""
    if name:
        return name
    return gettext("Season %(n)s", n=number) if number else gettext("Specials")


def _facts(work: catalog.Work, card: Card, seasons: Sequence[Any]) -> list[dict[str, Any]]:
    year = str(card.year) if card.year else ""
    count = ngettext("%(num)s season", "%(num)s seasons", len(seasons)) if len(seasons) > 1 else ""
    genres = ", ".join(catalog.genre_names(work.title.id)[:3])
    rating = number(round(card.rating, 1)) if card.rating else ""
    plain = [year, count, length(card.runtime), genres, rating]
    return [{"text": text, "boxed": False} for text in plain if text]


def _files(work: catalog.Work, play: PlayButton | None) -> list[MediaFileOut]:
    """The files of a film or an episode; for a show those of the episode that Play starts."""
    if work.media_id.kind == "movie":
        found = library.files_of_title(work.title.id)
    elif work.episode_id is not None:
        found = library.files_of_episode(work.episode_id)
    else:
        found = library.files_of_episode(int(play.media_id[1:])) if play else []
    present = [one for one in found if one.missing_since is None]
    return sorted(present, key=lambda one: -(_height(one)))


def _video(file: MediaFileOut) -> StreamOut | None:
    return next((one for one in file.streams if one.kind == "video"), None)


def _height(file: MediaFileOut) -> int:
    video = _video(file)
    return (video.height or 0) if video else 0


def _version(file: MediaFileOut) -> dict[str, Any]:
    """A file in plain words: its size of picture, its codecs, and whether a browser plays it as it is."""
    video = _video(file)
    sound = [one for one in file.streams if one.kind == "audio"]
    name = " ".join(
        part for part in (file.quality or (f"{video.height}p" if video else ""), file.edition or "") if part
    )
    codecs = ", ".join(one for one in {(s.codec or "").upper(): None for s in [video, *sound] if s} if one)
    why = _obstacle(file, video, sound)
    reason = (
        gettext("May need converting: %(why)s", why=why) if why else gettext("Plays directly: nothing is converted")
    )
    return {
        "id": file.id,
        "path": file.path,
        "size": file.size,
        "name": name or (file.container or "").upper(),
        "codecs": codecs,
        "direct": not why,
        "reason": reason,
    }


def _obstacle(file: MediaFileOut, video: StreamOut | None, sound: list[StreamOut]) -> str:
    """What most browsers lack for this file; empty when nothing."""
    if video and (video.codec not in BROWSER_VIDEO or (video.bit_depth or 8) > 8):
        return f"{(video.codec or '?').upper()}{f' {video.bit_depth}-bit' if (video.bit_depth or 8) > 8 else ''}"
    if sound and not any(one.codec in BROWSER_AUDIO for one in sound):
        return (sound[0].codec or "?").upper()
    if (file.container or "") not in BROWSER_CONTAINERS:
        return (file.container or "?").split(",")[0].upper()
    return ""


def _languages(files: Sequence[MediaFileOut], kind: str) -> list[str]:
    names: dict[str, None] = {}
    for stream in (stream for file in files for stream in file.streams if stream.kind == kind):
        name = language_in_words(stream.language) or stream.title or ""
        layout = {6: " 5.1", 8: " 7.1"}.get(stream.channels or 0, "") if kind == "audio" else ""
        if name:
            names[name + layout] = None
    return list(names)


def _makers(credits: Sequence[PersonCredit]) -> list[dict[str, Any]]:
    jobs = {"director": gettext("Director"), "writer": gettext("Writer")}
    found = [{"job": jobs[job], "names": [one.name for one in credits if one.job == job]} for job in MAKERS]
    return [one for one in found if one["names"]]
