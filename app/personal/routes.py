"""`/api/v1/user/…`: history, continue, next, watch list, ratings, watched marks, playlists, preferences."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import AliasChoices, Field, field_validator

from app.adapters import clock
from app.catalog import queries as catalog
from app.catalog.answers import Card
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.media_id import MediaId
from app.extensions import writing
from app.personal import playlists, queries, service
from app.personal.answers import (
    HistoryItem,
    ListedOut,
    PlaylistItemOut,
    PlaylistOut,
    PlaylistWithItems,
    PreferencesOut,
    RatingOut,
    WatchedOut,
)
from app.personal.models import Playlist
from app.web.inputs import GivenName, IdPath, Input, MediaIdField, MediaIdPath, Output, Page, Paging, RowId, answer
from app.web.security import signed_in, viewer
from app.web.turns import in_turn

api = APIBlueprint(
    "personal", __name__, url_prefix="/api/v1/user", abp_tags=[Tag(name="personal", description="What you watch")]
)

PREFERENCES_LIMIT = 200
PREFERENCE_BYTES = 16_384


class HistoryQuery(Paging):
    """`GET /history`"""


class RatingBody(Input):
    """A rating, 0 to 10."""

    rating: Annotated[float, Field(ge=0, le=10, validation_alias=AliasChoices("rating", "value"))]


class SeasonQuery(Input):
    """`season`: of a show, this season only."""

    season: Annotated[int | None, Field(ge=0, le=100_000)] = None


class PlaylistBody(Input):
    """A new playlist."""

    name: GivenName
    description: Annotated[str | None, Field(max_length=5_000)] = None


class PlaylistPatch(Input):
    """What to change; `items` are all entries' ids in their new order."""

    name: GivenName | None = None
    description: Annotated[str | None, Field(max_length=5_000)] = None
    items: Annotated[list[RowId] | None, Field(max_length=playlists.LONGEST)] = None


class ItemsBody(Input):
    """Works to add, in order."""

    media_id: MediaIdField | None = None
    media_ids: Annotated[list[MediaIdField], Field(max_length=500)] = Field(default_factory=list)


class ItemsGoing(Input):
    """Entries (`ids`) or works (`media_id`, `media_ids`) to take out."""

    ids: Annotated[list[RowId], Field(max_length=playlists.LONGEST)] = Field(default_factory=list)
    media_id: MediaIdField | None = None
    media_ids: Annotated[list[MediaIdField], Field(max_length=500)] = Field(default_factory=list)


class PreferencesBody(Input):
    """Settings to store, by name; null takes one back to its default."""

    preferences: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")], Any]

    @field_validator("preferences")
    @classmethod
    def _bounded(cls, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) > PREFERENCES_LIMIT or len(repr(value)) > PREFERENCE_BYTES:
            raise ValueError("too many settings at once")
        return value


class TracksBody(Input):
    """`audio`, `subtitle`: languages or names of tracks, or `off`. Offsets in seconds, later > 0."""

    audio: Annotated[str | None, Field(max_length=200)] = None
    subtitle: Annotated[str | None, Field(max_length=200)] = None
    audio_offset: Annotated[float | None, Field(ge=-600, le=600)] = None
    subtitle_offset: Annotated[float | None, Field(ge=-600, le=600)] = None


class TracksOut(Output):
    """What is kept for a title."""

    media_id: str
    tracks: dict[str, Any]


class HistoryPage(Page[HistoryItem]):
    """Sittings, the latest first."""


class CardPage(Page[Card]):
    """Works."""


class PlaylistPage(Page[PlaylistOut]):
    """Playlists by name."""


class Done(Output):
    """It is so now."""

    ok: bool = True


def init_app(app: OpenAPI) -> None:
    app.register_api(api)


@api.get("/history", summary="What you watched, the latest first", responses={200: HistoryPage})
@signed_in
@in_turn
def history(query: HistoryQuery) -> Response:
    profile_id = _profile()
    rows, total = queries.history(profile_id, offset=query.offset, limit=query.per_page)
    known = catalog.cards([row.media_id for row in rows], language=viewer().language)
    queries.dress(profile_id, list(known.values()))
    items = [
        HistoryItem(
            id=row.id,
            media_id=row.media_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            position=row.position,
            media=known.get(row.media_id),
        )
        for row in rows
    ]
    return answer(HistoryPage.of(items, paging=query, total=total))


@api.delete("/history", summary="Forget the whole history", responses={200: Done})
@signed_in
def clear_history() -> Response:
    with writing():
        service.forget_history(profile_id=_profile())
    return answer(Done())


@api.delete("/history/<int:id>", summary="Forget one sitting", responses={200: Done})
@signed_in
def forget_sitting(path: IdPath) -> Response:
    with writing():
        service.forget_history(profile_id=_profile(), entry_id=path.id)
    return answer(Done())


@api.get("/continue", summary="What to go on with", responses={200: CardPage})
@signed_in
@in_turn
def continuing(query: Paging) -> Response:
    media_ids, total = queries.continuing(_profile(), offset=query.offset, limit=query.per_page)
    return answer(_cards(media_ids, query, total))


@api.get("/next", summary="The next episode of each show you follow", responses={200: CardPage})
@signed_in
@in_turn
def next_up(query: Paging) -> Response:
    episode_ids, total = queries.next_up(_profile(), offset=query.offset, limit=query.per_page)
    return answer(_cards([f"e{episode_id}" for episode_id in episode_ids], query, total))


@api.get("/watchlist", summary="Your watch list, the latest first", responses={200: CardPage})
@signed_in
@in_turn
def watchlist(query: Paging) -> Response:
    media_ids, total = queries.watchlist(_profile(), offset=query.offset, limit=query.per_page)
    return answer(_cards(media_ids, query, total))


@api.put("/watchlist/<media_id>", summary="Put on the watch list", responses={200: ListedOut})
@signed_in
def put_on_list(path: MediaIdPath) -> Response:
    profile_id, now = _profile(), clock.now()
    with writing():
        found = catalog.work(path.media_id)
        service.put_on_list(profile_id=profile_id, media_id=str(path.media_id), title_id=found.title.id, now=now)
    return answer(ListedOut(media_id=str(path.media_id), listed=True))


@api.delete("/watchlist/<media_id>", summary="Take off the watch list", responses={200: ListedOut})
@signed_in
def take_off_list(path: MediaIdPath) -> Response:
    profile_id = _profile()
    with writing():
        service.take_off_list(profile_id=profile_id, media_id=str(path.media_id))
    return answer(ListedOut(media_id=str(path.media_id), listed=False))


@api.put("/ratings/<media_id>", summary="Rate", responses={200: RatingOut})
@signed_in
def rate(path: MediaIdPath, body: RatingBody) -> Response:
    profile_id, now = _profile(), clock.now()
    with writing():
        found = catalog.work(path.media_id)
        service.rate(
            profile_id=profile_id,
            media_id=str(path.media_id),
            title_id=found.title.id,
            value=body.rating,
            now=now,
        )
    return answer(RatingOut(media_id=str(path.media_id), rating=body.rating))


@api.delete("/ratings/<media_id>", summary="Take a rating back", responses={200: Done})
@signed_in
def unrate(path: MediaIdPath) -> Response:
    profile_id = _profile()
    with writing():
        service.unrate(profile_id=profile_id, media_id=str(path.media_id))
    return answer(Done())


@api.put(
    "/watched/<media_id>", summary="Mark as seen; a show or season marks its episodes", responses={200: WatchedOut}
)
@signed_in
def mark_watched(path: MediaIdPath, query: SeasonQuery) -> Response:
    return _mark(path.media_id, query.season, watched=True)


@api.delete("/watched/<media_id>", summary="Mark as not seen", responses={200: WatchedOut})
@signed_in
def mark_unwatched(path: MediaIdPath, query: SeasonQuery) -> Response:
    return _mark(path.media_id, query.season, watched=False)


@api.get("/playlists", summary="Your playlists", responses={200: PlaylistPage})
@signed_in
@in_turn
def list_playlists(query: Paging) -> Response:
    found, total = queries.playlists(_profile(), offset=query.offset, limit=query.per_page)
    return answer(PlaylistPage.of([_playlist(one, count) for one, count in found], paging=query, total=total))


@api.post("/playlists", summary="Make a playlist", responses={201: PlaylistWithItems})
@signed_in
def make_playlist(body: PlaylistBody) -> Response:
    profile_id, now = _profile(), clock.now()
    with writing():
        made = playlists.create(profile_id=profile_id, name=body.name, description=body.description, now=now)
    return answer(_with_items(made), 201)


@api.get("/playlists/<int:id>", summary="A playlist and what is on it", responses={200: PlaylistWithItems})
@signed_in
@in_turn
def show_playlist(path: IdPath) -> Response:
    return answer(_with_items(queries.playlist(_profile(), path.id)))


@api.patch("/playlists/<int:id>", summary="Rename, describe or rearrange", responses={200: PlaylistWithItems})
@signed_in
def change_playlist(path: IdPath, body: PlaylistPatch) -> Response:
    profile_id, now = _profile(), clock.now()
    with writing():
        found = queries.playlist(profile_id, path.id)
        playlists.change(found, name=body.name, description=body.description, now=now)
        if body.items is not None:
            playlists.arrange(found, body.items, now=now)
    return answer(_with_items(found))


@api.delete("/playlists/<int:id>", summary="Remove a playlist", responses={200: Done})
@signed_in
def remove_playlist(path: IdPath) -> Response:
    profile_id = _profile()
    with writing():
        playlists.remove(queries.playlist(profile_id, path.id))
    return answer(Done())


@api.post("/playlists/<int:id>/items", summary="Add works at the end", responses={200: PlaylistWithItems})
@signed_in
def add_items(path: IdPath, body: ItemsBody) -> Response:
    profile_id, now = _profile(), clock.now()
    wanted = [*([body.media_id] if body.media_id else []), *body.media_ids]
    if not wanted:
        raise Invalid("Name at least one work.", errors=[{"field": "media_ids", "message": "empty"}])
    with writing():
        found = queries.playlist(profile_id, path.id)
        playlists.append(found, _works(wanted), now=now)
    return answer(_with_items(found))


@api.delete("/playlists/<int:id>/items", summary="Take entries out", responses={200: PlaylistWithItems})
@signed_in
def take_out_items(path: IdPath, body: ItemsGoing) -> Response:
    profile_id, now = _profile(), clock.now()
    media_ids = [str(one) for one in (*([body.media_id] if body.media_id else []), *body.media_ids)]
    with writing():
        found = queries.playlist(profile_id, path.id)
        playlists.take_out(found, item_ids=body.ids, media_ids=media_ids, now=now)
    return answer(_with_items(found))


@api.put("/tracks/<media_id>", summary="Keep the tracks of a title", responses={200: TracksOut})
@signed_in
def keep_tracks(path: MediaIdPath, body: TracksBody) -> Response:
    """What this person hears and reads in this title from now on."""
    profile_id, now = _profile(), clock.now()
    kept = body.model_dump(exclude_none=True)
    with writing():
        catalog.work(path.media_id)
        service.set_preferences(profile_id=profile_id, values={f"tracks:{path.media_id}": kept or None}, now=now)
    return answer(TracksOut(media_id=str(path.media_id), tracks=kept))


@api.get("/preferences", summary="Your settings", responses={200: PreferencesOut})
@signed_in
def show_preferences() -> Response:
    return answer(PreferencesOut(preferences=queries.preferences(_profile())))


@api.post("/preferences", summary="Store settings", responses={200: PreferencesOut})
@signed_in
def store_preferences(body: PreferencesBody) -> Response:
    profile_id, now = _profile(), clock.now()
    with writing():
        service.set_preferences(profile_id=profile_id, values=body.preferences, now=now)
    return answer(PreferencesOut(preferences=queries.preferences(profile_id)))


def _profile() -> int:
    profile_id = viewer().profile_id
    if profile_id is None:
        raise Forbidden("This account has no profile to keep records for.")
    return profile_id


def _cards(media_ids: list[str], paging: Paging, total: int) -> CardPage:
    known = catalog.cards(media_ids, language=viewer().language)
    shown = [known[media_id] for media_id in media_ids if media_id in known]
    return CardPage.of(queries.dress(viewer().profile_id, shown), paging=paging, total=total)


def _mark(media_id: MediaId, season: int | None, *, watched: bool) -> Response:
    profile_id, now = _profile(), clock.now()
    with writing():
        found = catalog.work(media_id)
        if season is None:
            service.mark_watched(
                profile_id=profile_id, work=media_id, title_id=found.title.id, watched=watched, now=now
            )
        else:
            service.mark_season_watched(
                profile_id=profile_id,
                season_id=catalog.season_id(found.title.id, season),
                title_id=found.title.id,
                watched=watched,
                now=now,
            )
    return answer(WatchedOut(media_id=str(media_id), watched=watched))


def _works(wanted: list[MediaId]) -> list[tuple[str, int]]:
    """`(media_id, title_id)` of each. Raises NotFound when one does not exist."""
    titles = catalog.title_ids_of(wanted)
    for one in wanted:
        if one not in titles:
            raise NotFound(f"There is no {one.kind} {one}.")
    return [(str(one), titles[one]) for one in wanted]


def _playlist(found: Playlist, count: int) -> PlaylistOut:
    return PlaylistOut(
        id=found.id,
        name=found.name,
        description=found.description,
        count=count,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _with_items(found: Playlist) -> PlaylistWithItems:
    items = queries.playlist_items(found.id)
    known = catalog.cards([media_id for _, media_id in items], language=viewer().language)
    queries.dress(viewer().profile_id, list(known.values()))
    return PlaylistWithItems(
        **_playlist(found, len(items)).model_dump(),
        items=[PlaylistItemOut(id=key, media_id=media_id, media=known.get(media_id)) for key, media_id in items],
    )
