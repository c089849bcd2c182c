"""`/api/v1/media/search` and `/api/v1/media/suggest`."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import Field

from app.catalog import queries as catalog
from app.catalog.answers import Card, Picture
from app.personal import queries as personal
from app.search import queries
from app.search.queries import Narrowing
from app.web.inputs import Input, Output, Page, Paging, answer
from app.web.limits import SEARCH, limiter, per_caller
from app.web.security import signed_in, viewer
from app.web.turns import in_turn

api = APIBlueprint("search", __name__, url_prefix="/api/v1/media", abp_tags=[Tag(name="search")])

SUGGESTIONS = 10


class SearchQuery(Paging):
    """What to look for, and which titles to look among."""

    q: Annotated[str, Field(max_length=500)] = ""
    kind: Literal["movie", "show", "episode"] | None = None
    genre: Annotated[str | None, Field(max_length=64)] = None
    year: Annotated[int | None, Field(ge=1800, le=3000)] = None
    min_rating: Annotated[float | None, Field(ge=0, le=10)] = None
    anime: bool | None = None


class SuggestQuery(Input):
    """What somebody has typed so far."""

    q: Annotated[str, Field(max_length=500)] = ""
    limit: Annotated[int, Field(ge=1, le=50)] = SUGGESTIONS


class SearchPage(Page[Card]):
    """Works that answer, best first; `total` stops counting at about 680."""


class Suggestion(Output):
    """A completion: what to show, and where it leads."""

    text: str
    media_id: str
    kind: Literal["movie", "show", "episode"]
    year: int | None = None
    poster: Picture | None = None


class Suggestions(Output):
    """Completions, best first."""

    items: list[Suggestion]


def init_app(app: OpenAPI) -> None:
    app.register_api(api)


@api.get("/search", summary="Search titles and episodes", responses={200: SearchPage})
@signed_in
@in_turn
@limiter.limit(SEARCH, key_func=per_caller)
def search(query: SearchQuery) -> Response:
    narrowing = Narrowing(
        query.kind, query.genre, query.year, query.min_rating, query.anime, profile_id=viewer().profile_id
    )
    hits = queries.search(query.q, narrowing)
    shown = [hit.media_id for hit in hits[query.offset : query.offset + query.per_page]]
    known = catalog.cards(shown, language=viewer().language)
    cards = personal.dress(viewer().profile_id, [known[media_id] for media_id in shown if media_id in known])
    return answer(SearchPage.of(cards, paging=query, total=len(hits)))


@api.get("/suggest", summary="Complete what is being typed", responses={200: Suggestions})
@signed_in
@in_turn
@limiter.limit(SEARCH, key_func=per_caller)
def suggest(query: SuggestQuery) -> Response:
    hits = queries.search(query.q, Narrowing(profile_id=viewer().profile_id))[: query.limit]
    known = catalog.cards([hit.media_id for hit in hits], language=viewer().language)
    return answer(Suggestions(items=[_suggestion(known[hit.media_id]) for hit in hits if hit.media_id in known]))


def _suggestion(card: Card) -> Suggestion:
    return Suggestion(
        text=card.title, media_id=card.media_id, kind=card.kind, year=card.year, poster=card.artwork.get("poster")
    )
