"""A person says which work a title is: what there is to choose from, and the choice.

Providers are asked while no transaction is open. What people did with a title stays with it through all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import outbox
from app.catalog import finding, metadata
from app.catalog.finding import Provider
from app.catalog.models import Episode, Title
from app.core.errors import Invalid, NotFound, Unavailable
from app.core.match import Evidence, Verdict
from app.core.media_id import MediaId
from app.core.metadata import WorkFacts
from app.extensions import db, writing
from app.jobs import ARTWORK
from app.library import evidence
from app.library.merging import merge, place_counted_through


@dataclass(frozen=True, slots=True)
class Choices:
    """What a title is held to be, and what it may be, best first (as `core.match.Ranked.as_json` tells each)."""

    title_id: int
    state: str
    reason: str
    said_name: str
    said_year: int | None
    items: list[dict[str, Any]]


def choices(media_id: MediaId, provider: Provider | None, *, name: str | None, year: int | None) -> Choices:
    """What a person may choose from: what was found before, or asked anew where a name or year is given.

    Raises NotFound, and Unavailable where there is no provider to ask.
    """
    title = _title(media_id)
    row = metadata.matches([title.id]).get(title.id)
    state, reason = (row.state, row.reason) if row else ("unknown", "")
    said = (row.said_name, row.said_year) if row else (title.name, title.year)
    kept = list(row.candidates) if row else []
    about = _evidence(title)
    title_id = title.id
    db.session.rollback()
    if name or year or not kept:
        verdict = finding.candidates(about, _there(provider), name=name, year=year)
        kept = [one.as_json() for one in verdict.ranked]
    return Choices(title_id, state, reason, *said, kept)


def choose(media_id: MediaId, provider: Provider | None, value: str, *, now: datetime) -> int:
    """The title is this work of the provider, because a person says so. Returns the title's id, another one where the
    work was in the catalog already. Raises NotFound and Invalid; a provider that does not answer, as its line."""
    title = _title(media_id)
    title_id, about = title.id, _evidence(title)
    db.session.rollback()
    facts = facts_of(about, _there(provider), value)
    if facts is None:
        raise NotFound("The provider knows no such work.")
    if facts.kind != about.kind:
        raise Invalid("That work is of another kind: a film cannot be a show.")
    verdict = Verdict(None, (), "a person chose it")
    with writing():
        title_id = settle(title_id, facts, verdict, is_chosen=True, evidence_key=evidence.key_of(about), now=now)
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
    state = "chosen" if is_chosen else "matched"
    metadata.adopt(title_id, facts, state=state, verdict=verdict, evidence_key=evidence_key, now=now)  # type: ignore[arg-type]
    for other in others:
        oldest, newest = sorted((title_id, other))
        merge(oldest, newest, now=now)
        title_id = oldest
    if others:
        metadata.adopt(title_id, facts, state=state, verdict=verdict, evidence_key="", now=now)  # type: ignore[arg-type]
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
