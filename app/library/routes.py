"""Libraries, the folder picker and scans over HTTP. The list of files is in `app/browse/routes.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, current_app
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import Field

from app.adapters import clock
from app.catalog import providers
from app.core.errors import Invalid, NotFound
from app.extensions import writing
from app.library import editing, folders, matching, queries, service
from app.web.inputs import (
    GivenName,
    IdPath,
    Input,
    MediaIdField,
    MediaIdPath,
    Moment,
    Output,
    Page,
    Paging,
    RowId,
    answer,
)
from app.web.security import admin_only, viewer

LIBRARY = Tag(name="library", description="Folders that are watched, and the files in them")
api = APIBlueprint("library_admin", __name__, url_prefix="/api/v1/admin", abp_tags=[LIBRARY])

media = APIBlueprint("matching", __name__, url_prefix="/api/v1/media", abp_tags=[LIBRARY])

Kind = Literal["movies", "shows", "anime", "mixed"]
PathText = Annotated[str, Field(min_length=1, max_length=4096)]


class LibraryBody(Input):
    """A new library: the absolute path of a folder on the server; its name is the folder's unless given."""

    path: PathText
    kind: Kind = "mixed"
    name: GivenName | None = None


class LibraryChanges(Input):
    """What to change; what is left out stays. Another `kind` identifies every file again."""

    name: GivenName | None = None
    kind: Kind | None = None
    path: PathText | None = None


class LibraryOut(Output):
    """A library, what was found in it, and how its last scan ended (`done`, `failed`, `cancelled`, `guarded`)."""

    id: int
    name: str
    path: str
    kind: Kind
    created_at: Moment
    scanned_at: Moment | None = None
    file_count: int = 0
    missing_count: int = 0
    problem_count: int = 0
    last_outcome: str | None = None
    last_detail: str | None = None


class LibraryPage(Page[LibraryOut]):
    """A page of libraries."""


class FolderQuery(Input):
    """`path` is absolute; the whole server when left out."""

    path: Annotated[str, Field(max_length=4096)] = "/"


class FolderLine(Output):
    """A folder in a folder, with how much is directly in it."""

    path: str
    name: str
    readable: bool
    video_files: int
    subtitle_files: int
    folders: int


class FolderOut(Output):
    """A folder, what is directly in it, and its folders."""

    path: str
    name: str
    parent: str | None
    video_files: int
    subtitle_files: int
    folders: list[FolderLine]


class ScanBody(Input):
    """What to scan: everything, one library, or one folder or file of a library (`path`, absolute).

    `accept_missing` says that files which vanished in number are really gone.
    """

    library_id: RowId | None = None
    path: PathText | None = None
    accept_missing: bool = False


class JobStarted(Output):
    """The job that does it: `GET /api/v1/admin/jobs/{id}`."""

    job_id: int


class MatchesQuery(Input):
    """What to search the provider for; without both, what was found for the title before."""

    q: Annotated[str | None, Field(min_length=1, max_length=300)] = None
    year: Annotated[int | None, Field(ge=1870, le=2100)] = None


class MatchChoice(Output):
    """A work that the title may be. `confidence` is 0..1, `reasons` say what speaks for and against it."""

    provider: str
    id: str
    kind: Literal["movie", "show"]
    title: str
    original_title: str | None = None
    year: int | None = None
    overview: str | None = None
    confidence: float
    reasons: list[str]


class Matches(Output):
    """What a title is held to be, and what it may be, best first.

    `state`: matched, chosen (by a person), doubtful, unknown (the provider has nothing like it), none (a person said
    so). `provider` and `id` name the work that it is held to be. `said_name` and `said_year` are what its files say,
    `path` is one of them.
    """

    state: Literal["matched", "chosen", "doubtful", "unknown", "none"]
    provider: str | None = None
    id: str | None = None
    reason: str
    said_name: str
    said_year: int | None = None
    path: str | None = None
    items: list[MatchChoice]


class MatchBody(Input):
    """The provider's work that this is; `id` null: none of its works is."""

    provider: Literal["tmdb"] = "tmdb"
    id: Annotated[str | None, Field(min_length=1, max_length=64)]


class Matched(Output):
    """The title as it is now: another one where the work was in the catalog already."""

    media_id: str


TitleField = Literal["title", "original_title", "year", "overview", "rating", "genres", "people"]


class TitleChanges(Input):
    """What to change; what is left out stays. What is changed is locked: neither a provider nor a file overwrites it.

    `locked` says instead which fields are locked from now on.
    """

    title: Annotated[str | None, Field(max_length=400)] = None
    original_title: Annotated[str | None, Field(max_length=400)] = None
    year: Annotated[int | None, Field(ge=1870, le=2100)] = None
    overview: Annotated[str | None, Field(max_length=20_000)] = None
    rating: Annotated[float | None, Field(ge=0, le=10)] = None
    genres: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]] | None, Field(max_length=40)] = None
    locked: list[TitleField] | None = None


class Edited(Output):
    """The title, and which of its fields are locked."""

    media_id: str
    locked: list[TitleField]


class JoinBody(Input):
    """The other title, which becomes part of this one."""

    media_id: MediaIdField


class SplitBody(Input):
    """The files that are another work."""

    media_file_ids: Annotated[list[RowId], Field(min_length=1, max_length=1000)]


FIELDS: dict[str, TitleField] = {"name": "title", "original_name": "original_title"}
"""Columns that the API calls otherwise."""
COLUMNS: dict[str, str] = {shown: column for column, shown in FIELDS.items()}


def init_app(app: OpenAPI) -> None:
    app.register_api(api)
    app.register_api(media)


@media.patch("/<media_id>/details", summary="Edit a title and lock its fields", responses={200: Edited, 404: None})
@admin_only
def edit_title(path: MediaIdPath, body: TitleChanges) -> Response:
    told = body.model_dump(exclude_unset=True)
    locked = told.pop("locked", None)
    with writing():
        title = editing.edit(
            path.media_id,
            {COLUMNS.get(field, field): value for field, value in told.items()},
            locked=None if locked is None else [COLUMNS.get(field, field) for field in locked],
            now=clock.now(),
        )
        shown = [FIELDS.get(field, field) for field in title.locked_fields]
    return answer(Edited(media_id=str(path.media_id), locked=shown))  # type: ignore[arg-type]


@media.post("/<media_id>/join", summary="Two titles are one work", responses={200: Matched, 404: None})
@admin_only
def join_titles(path: MediaIdPath, body: JoinBody) -> Response:
    with writing():
        title_id = editing.join(path.media_id, body.media_id, now=clock.now())
    return answer(Matched(media_id=_shown_id(path.media_id.kind, title_id)))


@media.post("/<media_id>/split", summary="Some files are another work", responses={200: Matched, 404: None})
@admin_only
def split_title(path: MediaIdPath, body: SplitBody) -> Response:
    with writing():
        title_id = editing.split(path.media_id, body.media_file_ids, now=clock.now())
    return answer(Matched(media_id=_shown_id(path.media_id.kind, title_id)))


def _shown_id(kind: str, title_id: int) -> str:
    return f"{'m' if kind == 'movie' else 's'}{title_id}"


@media.get("/<media_id>/matches", summary="What a title may be", responses={200: Matches, 404: None, 503: None})
@admin_only
def list_matches(path: MediaIdPath, query: MatchesQuery) -> Response:
    found = matching.choices(
        path.media_id, providers.tmdb(current_app.config["MATINEE"]), name=query.q, year=query.year
    )
    return answer(
        Matches(
            state=found.state,  # type: ignore[arg-type]
            provider=found.provider,
            id=found.value,
            reason=found.reason,
            said_name=found.said_name,
            said_year=found.said_year,
            path=found.path,
            items=[MatchChoice.model_validate(one) for one in found.items],
        )
    )


@media.post("/<media_id>/match", summary="Say which work a title is", responses={200: Matched, 404: None, 503: None})
@admin_only
def choose_match(path: MediaIdPath, body: MatchBody) -> Response:
    media_id = path.media_id
    if body.id is None:
        with writing():
            matching.unmatch(media_id, now=clock.now())
        return answer(Matched(media_id=str(media_id)))
    if not body.id.isdigit():
        raise Invalid("TMDB's ids are numbers.")
    title_id = matching.choose(media_id, providers.tmdb(current_app.config["MATINEE"]), body.id, now=clock.now())
    return answer(Matched(media_id=_shown_id(media_id.kind, title_id)))


@api.get("/libraries", summary="Libraries", responses={200: LibraryPage})
@admin_only
def list_libraries(query: Paging) -> Response:
    found = queries.libraries()
    shown = found[query.offset : query.offset + query.per_page]
    return answer(LibraryPage.of([_shown(one) for one in shown], paging=query, total=len(found)))


@api.post("/libraries", summary="Make a folder a library", responses={201: LibraryOut})
@admin_only
def create_library(body: LibraryBody) -> Response:
    with writing():
        library_id = service.create(body.path, body.kind, name=body.name, now=clock.now()).id
    return answer(_library(library_id), 201)


@api.get("/libraries/<int:id>", summary="One library", responses={200: LibraryOut})
@admin_only
def get_library(path: IdPath) -> Response:
    return answer(_library(path.id))


@api.patch("/libraries/<int:id>", summary="Rename or move a library, or say what it holds", responses={200: LibraryOut})
@admin_only
def change_library(path: IdPath, body: LibraryChanges) -> Response:
    with writing():
        service.change(path.id, name=body.name, kind=body.kind, path=body.path, now=clock.now())
    return answer(_library(path.id))


@api.delete("/libraries/<int:id>", summary="Forget a library; its files stay where they are", responses={204: None})
@admin_only
def remove_library(path: IdPath) -> Response:
    with writing():
        service.remove(path.id, now=clock.now())
    return Response(status=204)


@api.get("/folders", summary="Folders of the server, to choose a library from", responses={200: FolderOut})
@admin_only
def list_folders(query: FolderQuery) -> Response:
    found = folders.look(query.path or "/")
    parent = None if found.path == "/" else found.path.rpartition("/")[0] or "/"
    return answer(
        FolderOut(
            path=found.path,
            name=found.name,
            parent=parent,
            video_files=found.video_files,
            subtitle_files=found.subtitle_files,
            folders=[FolderLine.model_validate(one) for one in found.below],
        )
    )


@api.post("/scan", summary="Look for new, changed and vanished files", responses={202: JobStarted, 404: None})
@admin_only
def start_scan(body: ScanBody) -> Response:
    with writing():
        job_id = service.request_scan(
            library_id=body.library_id,
            path=body.path,
            accept_missing=body.accept_missing,
            requested_by_id=viewer().user_id,
            now=clock.now(),
        )
    return answer(JobStarted(job_id=job_id), 202)


def _library(library_id: int) -> LibraryOut:
    found = [one for one in queries.libraries() if one.id == library_id]
    if not found:
        raise NotFound("There is no such library.")
    return _shown(found[0])


def _shown(row: queries.LibraryRow) -> LibraryOut:
    return LibraryOut.model_validate(row)
