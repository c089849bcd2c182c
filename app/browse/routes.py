"""`/api/v1/library/…` lists, `/api/v1/media/…`, genres, people, collections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BeforeValidator, Field
from werkzeug.routing import BaseConverter

from app.adapters import clock
from app.browse import queries, titles
from app.browse.answers import Letter, Letters, MediaOut, PersonWork, SourcesOut
from app.catalog import queries as catalog
from app.catalog.answers import Card, CollectionOut, GenreOut, Picture
from app.core.errors import NotFound
from app.library import queries as library
from app.library.files import MediaFileOut, files_with
from app.personal import queries as personal
from app.web.inputs import IdPath, Input, MediaIdField, MediaIdPath, Output, Page, Paging, RowId, answer
from app.web.security import signed_in, viewer
from app.web.turns import in_turn

TRENDING = timedelta(days=14)
SHOWN_AS = {"title": "name", "added_at": "added"}
TAG = Tag(name="catalog", description="Films, shows and what is known of them")

api = APIBlueprint("browse", __name__, url_prefix="/api/v1", abp_tags=[TAG])


class Which(Input):
    """Which films or shows. `unmatched`: nobody knows for sure what it is."""

    genre: Annotated[str | None, Field(max_length=64)] = None
    year: Annotated[int | None, Field(ge=1800, le=3000)] = None
    min_rating: Annotated[float | None, Field(ge=0, le=10)] = None
    anime: bool | None = None
    library_id: RowId | None = None
    unmatched: bool | None = None
    watched: bool | None = None

    def filter(self, kind: Literal["movie", "show"]) -> queries.Filter:
        """As a question to the database, for the caller's profile."""
        return queries.Filter(
            kind=kind,
            genre=self.genre,
            year=self.year,
            min_rating=self.min_rating,
            anime=self.anime,
            library_id=self.library_id,
            unmatched=self.unmatched,
            watched=self.watched,
            profile_id=viewer().profile_id,
        )


class ListQuery(Which, Paging):
    """One page of a list; `added` is the latest first unless `order` says otherwise.

    `title` and `added_at`, the fields that an entry shows, are the same as `name` and `added`.
    """

    sort: Annotated[queries.Sort, BeforeValidator(lambda value: SHOWN_AS.get(value, value))] = "name"
    order: Literal["asc", "desc"] | None = None  # type: ignore[assignment]

    @property
    def is_descending(self) -> bool:
        """Names and years of a shelf read upwards; what is newest, best or best known comes first."""
        return self.order == "desc" if self.order else self.sort in {"added", "rating", "popularity"}


class FilesQuery(Paging):
    """Which media files; everything narrows further."""

    sort: Literal["added_at", "path", "size", "duration", "id"] = "added_at"
    order: Literal["asc", "desc"] = "desc"
    library_id: RowId | None = None
    media_id: MediaIdField | None = None
    genre: Annotated[str | None, Field(max_length=64)] = None
    year: Annotated[int | None, Field(ge=1, le=9999)] = None
    min_rating: Annotated[float | None, Field(ge=0, le=10)] = None
    anime: bool | None = None
    unmatched: bool | None = None
    state: Literal["ok", "broken", "refused"] | None = None
    role: Literal["main", "extra", "sample"] | None = None
    missing: bool | None = None
    watched: bool | None = None


class FilePage(Page[MediaFileOut]):
    """A page of media files."""


class CardPage(Page[Card]):
    """Works."""


class CollectionPage(Page[CollectionOut]):
    """Collections by name."""


class CollectionWithTitles(CollectionOut):
    """A collection and its titles by year."""

    items: list[Card]


class GenrePage(Page[GenreOut]):
    """Genres by name."""


class PersonOut(Output):
    """Somebody and the titles of this server they have a part in, the newest first."""

    id: int
    name: str
    picture: Picture | None = None
    works: list[PersonWork]


class WorkConverter(BaseConverter):
    """A letter and a number. Any other word under `/media/` is an address that does not exist: 404, not 422."""

    regex = "[A-Za-z][0-9]+"


def init_app(app: OpenAPI) -> None:
    app.url_map.converters["work"] = WorkConverter
    app.register_api(api)
    for prefix in ("/api/v1/library", "/api/library"):
        app.register_api(_lists(prefix))
        app.register_api(_files(prefix))


def _lists(prefix: str) -> APIBlueprint:
    """The lists, once for each address they are known under."""
    name = prefix.strip("/").replace("/", "_")
    lists = APIBlueprint(f"lists_{name}", __name__, url_prefix=prefix, abp_tags=[TAG])

    @lists.get("/movies", summary="Films", responses={200: CardPage})
    @signed_in
    @in_turn
    def movies(query: ListQuery) -> Response:
        return answer(_list("movie", query))

    @lists.get("/shows", summary="Shows", responses={200: CardPage})
    @signed_in
    @in_turn
    def shows(query: ListQuery) -> Response:
        return answer(_list("show", query))

    @lists.get("/movies/letters", summary="Letter jump for films by name", responses={200: Letters})
    @signed_in
    @in_turn
    def movie_letters(query: Which) -> Response:
        return answer(_letters("movie", query))

    @lists.get("/shows/letters", summary="Letter jump for shows by name", responses={200: Letters})
    @signed_in
    @in_turn
    def show_letters(query: Which) -> Response:
        return answer(_letters("show", query))

    return lists


def _files(prefix: str) -> APIBlueprint:
    """The list of files, once for each address it is known under."""
    name = prefix.strip("/").replace("/", "_")
    files = APIBlueprint(f"files_{name}", __name__, url_prefix=prefix, abp_tags=[TAG])

    @files.get("/media-files", summary="Media files", responses={200: FilePage})
    @signed_in
    def media_files(query: FilesQuery) -> Response:
        items, total = library.media_files(
            library.FileFilter(
                library_id=query.library_id,
                genre=query.genre,
                year=query.year,
                min_rating=query.min_rating,
                anime=query.anime,
                unmatched=query.unmatched,
                state=query.state,
                role=query.role,
                missing=query.missing,
                also=queries.files_seen(viewer().profile_id, query.watched),
                media_id=query.media_id,
            ),
            sort=query.sort,
            descending=query.order == "desc",
            offset=query.offset,
            limit=query.per_page,
        )
        return answer(FilePage.of(items, paging=query, total=total))

    @files.get("/media-files/<int:id>", summary="One media file", responses={200: MediaFileOut})
    @signed_in
    def media_file(path: IdPath) -> Response:
        found = files_with([path.id])
        if not found:
            raise NotFound("There is no such media file.")
        return answer(found[0])

    return files


@api.get("/media/popular", summary="What most people know", responses={200: CardPage})
@signed_in
@in_turn
def popular(query: Paging) -> Response:
    found = queries.popular(limit=query.per_page, offset=query.offset)
    return answer(_cards(found, query, queries.how_many()))


@api.get("/media/trending", summary="What this server's people watch these days", responses={200: CardPage})
@signed_in
@in_turn
def trending(query: Paging) -> Response:
    found, total = personal.trending(clock.now() - TRENDING, offset=query.offset, limit=query.per_page)
    return answer(_cards(found, query, total))


@api.get("/media/recent", summary="What came last", responses={200: CardPage})
@signed_in
@in_turn
def recent(query: Paging) -> Response:
    found = queries.recent(limit=query.per_page, offset=query.offset)
    return answer(_cards(found, query, queries.how_many()))


@api.get("/media/<work:media_id>", summary="Everything about one work", responses={200: MediaOut})
@signed_in
@in_turn
def media(path: MediaIdPath) -> Response:
    return answer(titles.media(catalog.work(path.media_id), viewer()))


@api.get("/media/<work:media_id>/sources", summary="What could be played, best first", responses={200: SourcesOut})
@signed_in
@in_turn
def sources(path: MediaIdPath) -> Response:
    return answer(SourcesOut(items=titles.sources(catalog.work(path.media_id), viewer())))


@api.get("/genres", summary="Genres", responses={200: GenrePage})
@signed_in
@in_turn
def genres(query: Paging) -> Response:
    found = catalog.genres()
    shown = found[query.offset : query.offset + query.per_page]
    return answer(GenrePage.of(shown, paging=query, total=len(found)))


@api.get("/people/<int:id>", summary="Somebody and their work", responses={200: PersonOut})
@signed_in
@in_turn
def person(path: IdPath) -> Response:
    found = catalog.person(path.id)
    works = catalog.titles_with_person(found.id)
    cards = catalog.title_cards([title_id for title_id, _, _ in works], language=viewer().language)
    known = {int(card.media_id[1:]): card for card in personal.dress(viewer().profile_id, cards)}
    return answer(
        PersonOut(
            id=found.id,
            name=found.name,
            picture=catalog.pictures_of("person_id", [found.id]).get(found.id, {}).get("poster"),
            works=[
                PersonWork(job=job, character=character, media=known[title_id])
                for title_id, job, character in works
                if title_id in known
            ],
        )
    )


@api.get("/collections", summary="Collections", responses={200: CollectionPage})
@signed_in
@in_turn
def collections(query: Paging) -> Response:
    found, total = catalog.collections(offset=query.offset, limit=query.per_page)
    return answer(CollectionPage.of(found, paging=query, total=total))


@api.get("/collections/<int:id>", summary="A collection and its titles", responses={200: CollectionWithTitles})
@signed_in
@in_turn
def collection(path: IdPath) -> Response:
    found = catalog.collection(path.id)
    cards = catalog.title_cards(catalog.titles_in_collection(found.id), language=viewer().language)
    return answer(
        CollectionWithTitles(
            id=found.id,
            name=found.name,
            overview=found.overview,
            artwork=catalog.pictures_of("collection_id", [found.id]).get(found.id, {}),
            count=len(cards),
            items=personal.dress(viewer().profile_id, cards),
        )
    )


def _list(kind: Literal["movie", "show"], query: ListQuery) -> CardPage:
    found, total = queries.page(
        query.filter(kind),
        sort=query.sort,
        descending=query.is_descending,
        offset=query.offset,
        limit=query.per_page,
    )
    return _cards(found, query, total)


def _letters(kind: Literal["movie", "show"], query: Which) -> Letters:
    return Letters(
        items=[
            Letter(letter=letter, count=count, offset=offset)
            for letter, count, offset in queries.letters(query.filter(kind))
        ]
    )


def _cards(title_ids: Sequence[int], paging: Paging, total: int) -> CardPage:
    cards = catalog.title_cards(title_ids, language=viewer().language)
    return CardPage.of(personal.dress(viewer().profile_id, cards), paging=paging, total=total)
