"""A person says which work a title is: what there is to choose from, and the choice.

Providers are asked while no transaction is open. What people did with a title stays with it through all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select

from app import outbox
from app.catalog import finding, metadata
from app.catalog.finding import Provider
from app.catalog.models import Episode, Title, TitleMatch
from app.core.errors import Invalid, NotFound, Unavailable
from app.core.match import Evidence, Verdict
from app.core.media_id import MediaId
from app.core.metadata import WorkFacts
from app.core.nfo import agrees, joined
from app.extensions import db, writing
from app.jobs import ARTWORK
from app.library import evidence, nfos, queries
from app.library.merging import merge, place_counted_through


@dataclass(frozen=True, slots=True)
class Choices:
    """What a title is held to be, and what it may be, best first (as `core.match.Ranked.as_json` tells each).

    `provider` and `value` name the work that it is held to be, `path` one of its files.
    """

    title_id: int
    state: str
    provider: str | None
    value: str | None
    reason: str
    said_name: str
    said_year: int | None
    path: str | None
    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A title that waits for a person: what its files say, and what it may be, best first (as in `Choices`)."""

    media_id: str
    title: str
    path: str | None
    said_name: str
    said_year: int | None
    reason: str
    candidates: list[dict[str, Any]]


def doubtful(*, offset: int, limit: int) -> tuple[list[Doubt], int]:
    """Titles that could be several works, the newest first, and how many wait in all."""
    waiting = (
        select(TitleMatch, Title.kind, Title.name)
        .join(Title, Title.id == TitleMatch.title_id)
        .where(TitleMatch.state == "doubtful", Title.file_count > 0)
    )
    total = db.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    rows = db.session.execute(waiting.order_by(TitleMatch.title_id.desc()).offset(offset).limit(limit)).all()
    paths = queries.first_paths([row.title_id for row, _, _ in rows])
    found = [
        Doubt(
            media_id=str(MediaId("show" if kind == "show" else "movie", row.title_id)),
            title=name,
            path=paths.get(row.title_id),
            said_name=row.said_name,
            said_year=row.said_year,
            reason=row.reason,
            candidates=list(row.candidates),
        )
        for row, kind, name in rows
    ]
    return found, total


def choices(media_id: MediaId, provider: Provider | None, *, name: str | None, year: int | None) -> Choices:
    """What a person may choose from: what was found before, or asked anew where a name or year is given, and where
    nothing but the work that it is held to be was found.

    Raises NotFound, and Unavailable where there is no provider to ask.
    """
    title = _title(media_id)
    row = metadata.matches([title.id]).get(title.id)
    state, reason = (row.state, row.reason) if row else ("unknown", "")
    held = (row.provider, row.value) if row else (None, None)
    said = (row.said_name, row.said_year) if row else (title.name, title.year)
    kept = list(row.candidates) if row else []
    about = _evidence(title)
    if held[1] is not None:
        about = replace(about, ids={})  # they came with the work that it is held to be, and lead to no other
    title_id = title.id
    path = queries.first_paths([title_id]).get(title_id)
    db.session.rollback()
    is_settled = all((one["provider"], one["id"]) == held for one in kept)
    if name or year or not kept or (is_settled and provider is not None):
        verdict = finding.candidates(about, _there(provider), name=name, year=year)
        kept = [one.as_json() for one in verdict.ranked]
    return Choices(title_id, state, *held, reason, *said, path, kept)


def choose(media_id: MediaId, provider: Provider | None, value: str, *, now: datetime) -> int:
    """The title is this work of the provider, because a person says so. Returns the title's id, another one where the
    work was in the catalog already. Raises NotFound and Invalid; a provider that does not answer, as its line."""
    title = _title(media_id)
    title_id, about = title.id, _evidence(title)
    beside = nfos.of_titles([title_id]).get(title_id)
    db.session.rollback()
    facts = facts_of(about, _there(provider), value)
    if facts is None:
        raise NotFound("The provider knows no such work.")
    if facts.kind != about.kind:
        raise Invalid("That work is of another kind: a film cannot be a show.")
    verdict = Verdict(None, (), "a person chose it")
    told = nfos.read(beside)
    facts = joined(told.work, facts, wins=agrees(told.work, facts.ids))
    key = evidence.key_of(about, beside.fingerprint if beside else "")
    with writing():
        title_id = settle(title_id, facts, verdict, is_chosen=True, evidence_key=key, now=now)
        nfos.tell_episodes(told)
        outbox.enqueue(ARTWORK, {"title_ids": [title_id]}, now=now)
    return title_id


def unmatch(media_id: MediaId, *, now: datetime) -> None:
    """The title is none of the provider's works: it is called again what its files call it. Raises NotFound."""
    title = _title(media_id)
    metadata.leave(title.id, state="none", now=now)


def facts_of(about: Evidence, provider: Provider, value: str) -> WorkFacts | None:
    """Everything of a work, with the episodes of the seasons that are here; also where files count through the show."""
    seasons = {season for season, _ in about.episodes if season >= 0}
    facts = provider.work(about.kind, value, seasons=sorted(seasons))
    if facts is None or not about.absolute:
        return facts
    counts = {season.number: season.episode_count for season in facts.seasons}
    further = {place[0] for number in about.absolute if (place := metadata.within(counts, number))}
    return provider.work(about.kind, value, seasons=sorted(seasons | further)) if further - seasons else facts


def settle(
    title_id: int, facts: WorkFacts, verdict: Verdict, *, is_chosen: bool, evidence_key: str, now: datetime
) -> int:
    """Writes down that a title is this work, inside a write unit; titles that are the same work become one.

    Returns the id of the title that stays.
    """
    others = [one for one in metadata.external_titles(facts.provider, facts.value, facts.kind) if one != title_id]
    state: Literal["chosen", "matched"] = "chosen" if is_chosen else "matched"
    metadata.adopt(title_id, facts, state=state, verdict=verdict, evidence_key=evidence_key, now=now)
    for other in others:
        oldest, newest = sorted((title_id, other))
        merge(oldest, newest, now=now)
        title_id = oldest
    if others:
        metadata.adopt(title_id, facts, state=state, verdict=verdict, evidence_key="", now=now)
    if facts.kind == "show" and place_counted_through(title_id, now=now):
        metadata.tell_episodes(title_id, facts)
    return title_id


def _title(media_id: MediaId) -> Title:
    """The film, the show, or an episode's show."""
    found: Title | None
    if media_id.kind == "episode":
        owner = select(Title).join(Episode, Episode.title_id == Title.id).where(Episode.id == media_id.number)
        found = db.session.scalars(owner).first()
    else:
        found = db.session.get(Title, media_id.number)
        found = found if found is not None and found.kind == media_id.kind else None
    if found is None:
        raise NotFound("There is no such title.")
    return found


def _evidence(title: Title) -> Evidence:
    """What its files say; of a title without files, its name and year alone."""
    found = evidence.of_titles([title.id]).get(title.id)
    if found is not None:
        return found
    return Evidence(kind="show" if title.kind == "show" else "movie", names=(title.name,), year=title.year)


def _there(provider: Provider | None) -> Provider:
    if provider is None:
        raise Unavailable("No provider is set up: the server needs a key for TMDB.", code="no_provider")
    return provider
