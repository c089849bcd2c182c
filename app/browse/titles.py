"""A title's page: everything about one work, in a fixed number of queries whatever its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.browse.answers import EpisodeCard, MediaOut, ScoreParts, SeasonOut, SourceOut
from app.catalog import queries as catalog
from app.catalog.answers import Card, PersonCredit, Picture, ProgressOut, ShowOut
from app.catalog.models import Episode
from app.catalog.queries import Work
from app.core.access import Viewer
from app.core.scoring import SourceFacts, score
from app.library import files as library
from app.library.files import MediaFileOut
from app.personal import queries as personal


def media(work: Work, viewer: Viewer) -> MediaOut:
    """The work as this viewer sees it."""
    card = catalog.cards([str(work.media_id)], language=viewer.language)[str(work.media_id)]
    files = library.files_of_episode(work.episode.id) if work.episode else library.files_of_title(work.title.id)
    seasons = _seasons(card, work, files, viewer) if work.media_id.kind == "show" else []
    mine = personal.personal(viewer.profile_id, work) if viewer.profile_id is not None else None
    if mine is not None:
        card.progress, card.seen = mine.progress, mine.seen
    before, after = _around(work)
    return MediaOut.model_construct(
        **dict(card),
        ids=catalog.external_ids(work.title.id),
        titles=catalog.localized_names(work.title),
        genres=catalog.genre_names(work.title.id),
        cast=_cast(work),
        seasons=seasons,
        files=files,
        play=_play(work, card, seasons, viewer),
        previous=f"e{before}" if before else None,
        next=f"e{after}" if after else None,
        my_rating=mine.rating if mine else None,
        listed=mine.is_listed if mine else False,
    )


def sources(work: Work, viewer: Viewer) -> list[SourceOut]:
    """The work's files, the best first; of a show there are none, for it is episodes that play."""
    if work.media_id.kind == "show":
        return []
    files = library.files_of_episode(work.episode.id) if work.episode else library.files_of_title(work.title.id)
    found = [_source(file, viewer.language) for file in files]
    return sorted(found, key=lambda one: (-one.score, one.file.part, one.media_file_id))


def _source(file: MediaFileOut, language: str | None) -> SourceOut:
    videos = [stream for stream in file.streams if stream.kind == "video"]
    audio = [stream for stream in file.streams if stream.kind == "audio"]
    best = max(videos, key=lambda stream: (stream.width or 0) * (stream.height or 0), default=None)
    found = score(
        SourceFacts(
            height=best.height if best else None,
            width=best.width if best else None,
            is_hdr=best is not None and best.hdr is not None,
            bit_rate=file.bit_rate,
            speed=2.0,  # a disk of this server is never what a film waits for
            is_available=file.missing_since is None,
            subtitle_languages={s.language or "" for s in file.streams if s.kind == "subtitle"},
            audio_languages={stream.language or "" for stream in audio},
            channels=max((stream.channels or 0 for stream in audio), default=None),
        ),
        language=language,
    )
    return SourceOut(
        kind="file",
        media_file_id=file.id,
        label=_label(file),
        score=found.total,
        parts=ScoreParts(
            quality=found.quality,
            speed=found.speed,
            availability=found.availability,
            subtitles=found.subtitles,
            audio=found.audio,
        ),
        file=file,
    )


def _label(file: MediaFileOut) -> str:
    codec = next((stream.codec for stream in file.streams if stream.kind == "video" and stream.codec), None)
    told = (file.quality, file.edition, codec.upper() if codec else None, file.container)
    return " · ".join(part for part in told if part) or file.path.rsplit("/", 1)[-1]


def _cast(work: Work) -> list[PersonCredit]:
    return catalog.credits_of(work.title.id)


def _around(work: Work) -> tuple[int | None, int | None]:
    if work.episode is None or work.season_number is None:
        return None, None
    return personal.neighbours(work.episode, work.season_number)


def _play(work: Work, card: Card, seasons: Sequence[SeasonOut], viewer: Viewer) -> str | None:
    if work.media_id.kind != "show":
        return card.media_id if card.available else None
    if viewer.profile_id is not None:
        found = personal.next_of_show(viewer.profile_id, work.title.id)
        return f"e{found.id}" if found else None
    regular = [season for season in seasons if season.number > 0] or list(seasons)
    return regular[0].episodes[0].media_id if regular else None


def _seasons(card: Card, work: Work, files: Sequence[MediaFileOut], viewer: Viewer) -> list[SeasonOut]:
    title = work.title
    episodes: dict[int, list[Episode]] = {}
    for episode in catalog.episodes_of(title.id):
        episodes.setdefault(episode.season_id, []).append(episode)
    stills = catalog.pictures_of("episode_id", [episode.id for some in episodes.values() for episode in some])
    progress = personal.episode_progress(viewer.profile_id, title.id) if viewer.profile_id is not None else {}
    file_ids: dict[str, list[int]] = {}
    for file in files:
        for media_id in file.media_ids:
            file_ids.setdefault(media_id, []).append(file.id)
    show = ShowOut(media_id=card.media_id, title=card.title, year=card.year, anime=card.anime)
    return [
        SeasonOut.model_construct(
            number=season.number,
            name=season.name,
            overview=season.overview,
            episodes=[
                _episode(episode, season.number, show, stills.get(episode.id, {}), progress.get(episode.id), file_ids)
                for episode in episodes[season.id]
            ],
        )
        for season in catalog.seasons_of(title.id)
        if season.id in episodes
    ]


def _episode(
    episode: Episode,
    season: int,
    show: ShowOut,
    pictures: Mapping[str, Picture],
    progress: ProgressOut | None,
    file_ids: Mapping[str, Sequence[int]],
) -> EpisodeCard:
    media_id = f"e{episode.id}"
    return EpisodeCard.model_construct(
        media_id=media_id,
        kind="episode",
        title=episode.name or catalog.place(season, episode.number),
        original_title=None,
        year=episode.air_date.year if episode.air_date else show.year,
        anime=show.anime,
        overview=episode.overview,
        rating=None,
        popularity=0.0,
        runtime=episode.runtime_s,
        artwork=dict(pictures),
        added_at=episode.added_at,
        available=True,
        show=show,
        season=season,
        number=episode.number,
        absolute=episode.absolute,
        air_date=episode.air_date,
        progress=progress,
        seen=None,
        file_ids=list(file_ids.get(media_id, ())),
    )
