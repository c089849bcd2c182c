"""`/api/v1/admin/jobs`, `/problems` and `/doubtful`: what runs, what waits, what a person should look at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import Field

from app import outbox
from app.adapters import clock
from app.admin import queries
from app.core.errors import Invalid, NotFound
from app.extensions import writing
from app.library import matching
from app.library import queries as library
from app.library.routes import JobStarted, MatchChoice
from app.playback import preparing
from app.playback.guards import playback
from app.web.inputs import IdPath, Input, MediaIdField, Moment, Output, Page, Paging, RowId, answer
from app.web.security import admin_only, viewer

api = APIBlueprint(
    "admin", __name__, url_prefix="/api/v1/admin", abp_tags=[Tag(name="admin", description="Running the server")]
)

State = Literal["queued", "running", "done", "failed", "cancelled"]


class JobOut(Output):
    """One piece of background work. `progress` is 0..1; `detail` depends on the kind; `error` is a sentence."""

    id: int
    kind: str
    state: State
    progress: float
    detail: dict[str, Any]
    payload: dict[str, Any]
    error: str | None = None
    attempt: int
    created_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None


class JobPage(Page[JobOut]):
    """A page of jobs."""


class JobsQuery(Paging):
    """What runs comes first, then what waits, then what ended."""

    kind: Annotated[str | None, Field(max_length=32)] = None
    state: State | None = None


class PreparationIn(Input):
    """Exactly one of `media_id` (a show means its episodes, a film all its parts) and `media_file_id`.

    `renditions`: names as `POST /api/v1/player/prepare` tells them ("720p", "copy"); left out, every encoded rung.
    """

    media_id: MediaIdField | None = None
    media_file_id: RowId | None = None
    renditions: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=32)]] | None, Field(min_length=1, max_length=50)
    ] = None


class ProblemOut(Output):
    """A file that is broken (cannot be read), refused (may not be opened) or doubtful, and why.

    `media_id` is the work it is held to be, `confidence` how sure that is.
    """

    file_id: int
    library_id: int
    path: str
    kind: Literal["broken", "refused", "doubtful"]
    reason: str
    size: int
    seen_at: Moment
    media_id: str | None = None
    confidence: float | None = None


class ScanProblem(Output):
    """A library whose last scan changed nothing about what seems gone, or failed."""

    library_id: int
    outcome: str
    reason: str | None
    at: Moment


class ProblemPage(Page[ProblemOut]):
    """A page of problems; `scans` tells of whole libraries."""

    scans: list[ScanProblem]


class DoubtOut(Output):
    """A title that could be several works: what its files say (`path` is one of them), and what it may be, best first.

    `POST /api/v1/media/{media_id}/match` settles it.
    """

    media_id: str
    title: str
    path: str | None = None
    said_name: str
    said_year: int | None = None
    reason: str
    candidates: list[MatchChoice]


class DoubtPage(Page[DoubtOut]):
    """A page of doubtful titles."""


class ProblemsQuery(Paging):
    """Broken and refused files come first."""

    library_id: RowId | None = None
    kind: Literal["broken", "refused", "doubtful"] | None = None


def init_app(app: OpenAPI) -> None:
    app.register_api(api)


@api.get("/jobs", summary="Background work", responses={200: JobPage})
@admin_only
def list_jobs(query: JobsQuery) -> Response:
    rows, total = queries.jobs(kind=query.kind, state=query.state, offset=query.offset, limit=query.per_page)
    return answer(JobPage.of([JobOut.model_validate(row) for row in rows], paging=query, total=total))


@api.get("/jobs/<int:id>", summary="One job", responses={200: JobOut})
@admin_only
def get_job(path: IdPath) -> Response:
    return answer(JobOut.model_validate(queries.job(path.id)))


@api.delete("/jobs/<int:id>", summary="Cancel a job", responses={200: JobOut})
@admin_only
def cancel_job(path: IdPath) -> Response:
    """A waiting job is cancelled at once, a running one within about a second; one that has ended stays as it is."""
    with writing():
        outbox.cancel(path.id, now=clock.now())
    return answer(JobOut.model_validate(queries.job(path.id)))


@api.post(
    "/prepare",
    summary="Make a title's renditions ahead of time",
    responses={202: JobStarted, 404: None, 503: None},
)
@admin_only
def prepare(body: PreparationIn) -> Response:
    """Makes what is missing of the ladder, and of every audio track, while nobody who plays needs the machine.

    Asked for again while the job waits or runs, it is that job.
    """
    if (body.media_id is None) == (body.media_file_id is None):
        raise Invalid("Say what to prepare: either media_id or media_file_id.")
    wanted = preparing.wanted(
        playback().transcoding, media_id=body.media_id, file_id=body.media_file_id, renditions=body.renditions
    )
    with writing():
        job_id = preparing.enqueue(wanted, requested_by_id=viewer().user_id, now=clock.now())
    return answer(JobStarted(job_id=job_id), 202)


@api.get("/problems", summary="Broken, refused and doubtful files", responses={200: ProblemPage, 404: None})
@admin_only
def list_problems(query: ProblemsQuery) -> Response:
    if query.library_id is not None and query.library_id not in library.roots():
        raise NotFound("There is no such library.")
    found, total = library.problems(
        library_id=query.library_id, kind=query.kind, offset=query.offset, limit=query.per_page
    )
    return answer(
        ProblemPage(
            items=[ProblemOut.model_validate(one) for one in found],
            page=query.page,
            per_page=query.per_page,
            total=total,
            scans=[_scan(run) for run in library.guarded_runs()],
        )
    )


@api.get("/doubtful", summary="Titles that could be several works", responses={200: DoubtPage})
@admin_only
def list_doubtful(query: Paging) -> Response:
    found, total = matching.doubtful(offset=query.offset, limit=query.per_page)
    return answer(DoubtPage.of([DoubtOut.model_validate(one) for one in found], paging=query, total=total))


def _scan(run: Any) -> ScanProblem:
    return ScanProblem(
        library_id=run.library_id,
        outcome=run.outcome,
        reason=run.detail,
        at=run.finished_at or run.started_at,
    )
