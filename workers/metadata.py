"""Asks providers which works titles are, and writes down what they tell.

Payload `{title_ids?: [...], force?}`; without titles those that are new and those whose time has come. The network is
asked while no transaction is open; each title is one short write unit. A provider that does not answer puts its titles
off, and fails nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import structlog

from app import outbox
from app.adapters.clock import now
from app.adapters.http import Outage, Rejected
from app.catalog import metadata, providers
from app.catalog.finding import Provider, find
from app.core.match import Evidence, Verdict
from app.extensions import db, writing
from app.jobs import ARTWORK
from app.library import evidence as files
from app.library.matching import facts_of, settle
from app.library.service import slices
from workers.runtime import Work, application, job

log = structlog.get_logger(__name__)

BATCH = 40


def run(job_id: int) -> None:
    with job(job_id) as work:
        tmdb = providers.tmdb(application().config["MATINEE"])
        if tmdb is None:
            work.report(1.0, outcome="no provider", problem="No key for TMDB is set; files and their names are used.")
            return
        matching = Matching(work, tmdb)
        total = len(work.payload.get("title_ids") or ()) or metadata.count_due(now=now())
        db.session.rollback()
        done = 0
        for some in _batches(work):
            matching.batch(some, done, max(total, done + len(some)))
            done += len(some)
        matching.tell()


def _batches(work: Work) -> Iterator[Sequence[int]]:
    asked = work.payload.get("title_ids")
    if asked is not None:
        yield from slices(asked, BATCH)
        return
    last = 0
    while some := metadata.due(now=now(), after=last, limit=BATCH):
        db.session.rollback()
        yield some
        last = some[-1]


class Matching:
    """One run over any number of titles; counts what came of it."""

    def __init__(self, work: Work, provider: Provider) -> None:
        self.work, self.provider = work, provider
        self.is_forced = bool(work.payload.get("force"))
        self.counts = dict.fromkeys(("matched", "doubtful", "unknown", "unchanged", "put_off"), 0)
        self.problem: str | None = None

    def batch(self, title_ids: Sequence[int], done: int, of: int) -> None:
        """Some titles; their pictures are asked for at the end, all at once."""
        found = files.of_titles(title_ids)
        known = metadata.matches(title_ids)
        decided = {key: (row.state, row.provider, row.value, row.evidence_key) for key, row in known.items()}
        due = {key for key, row in known.items() if row.next_at <= now()}
        db.session.rollback()
        changed = []
        for place, title_id in enumerate(title_ids):
            self.work.raise_if_cancelled()
            self.work.report((done + place) / of, counts=dict(self.counts))
            evidence = found.get(title_id)
            if evidence is None:
                continue
            key = files.key_of(evidence)
            state, provider, value, old_key = decided.get(title_id, ("unknown", None, None, ""))
            is_due = self.is_forced or old_key != key or title_id in due
            if not is_due or (state == "none" and not self.is_forced):
                self.counts["unchanged"] += 1
                continue
            is_settled = state in metadata.SETTLED and provider == self.provider.name and value
            if self._one(title_id, evidence, key, value if is_settled else None, state):
                changed.append(title_id)
        if changed:
            with writing():
                self.work.hold()
                outbox.enqueue(ARTWORK, {"title_ids": changed}, now=now())

    def tell(self) -> None:
        """The last report."""
        more = {"problem": self.problem} if self.problem else {}
        self.work.report(1.0, counts=self.counts, **more)

    def _one(self, title_id: int, evidence: Evidence, key: str, value: str | None, state: str) -> bool:
        """Decides one title, or fetches again what it is; True when its facts were written."""
        if self.problem is not None:
            self._put_off(title_id)
            return False
        try:
            if value is None:
                verdict = find(evidence, self.provider)
                value = verdict.chosen.candidate.value if verdict.chosen else None
                state = "matched"
            else:
                verdict = Verdict(None, (), "what was known of it was fetched again")
            facts = None if value is None else facts_of(evidence, self.provider, value)
        except (Outage, Rejected) as failure:
            self.problem = failure.detail
            log.warning("a provider could not be asked", reason=failure.detail)
            self._put_off(title_id)
            return False
        with writing():
            self.work.hold()
            if facts is None:
                found: Literal["doubtful", "unknown"] = "doubtful" if verdict.ranked else "unknown"
                metadata.record(title_id, found, verdict, evidence_key=key, now=now())
                self.counts[found] += 1
                return False
            settle(title_id, facts, verdict, is_chosen=state == "chosen", evidence_key=key, now=now())
        self.counts["matched"] += 1
        return True

    def _put_off(self, title_id: int) -> None:
        with writing():
            self.work.hold()
            metadata.postpone(title_id, now=now())
        self.counts["put_off"] += 1
