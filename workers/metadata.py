"""Decides which works titles are, from the NFO files beside them and from what providers tell, and writes it down.

Payload `{title_ids?: [...], force?}`; without titles those that are new and those whose time has come. NFO files are
read first: an id in them is asked for by that id, and their texts win. Files and the network are read while no
transaction is open; each title is one short write unit. A provider that does not answer puts its titles off, and fails
nothing; without one the NFO files alone tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog

from app import outbox
from app.adapters.clock import now
from app.adapters.http import Outage, Rejected
from app.catalog import metadata, providers
from app.catalog.finding import Provider, find
from app.core import nfo
from app.core.match import Evidence, Verdict
from app.core.metadata import WorkFacts
from app.extensions import db, writing
from app.jobs import ARTWORK
from app.library import evidence as files
from app.library import nfos
from app.library.matching import facts_of, settle
from app.library.nfos import Beside, Told
from app.library.service import slices
from workers.runtime import Work, application, job

log = structlog.get_logger(__name__)

BATCH = 40
PICTURED = 400
"""Titles whose pictures one job makes."""
NOTHING_SAID = Verdict(None, (), "")


def run(job_id: int) -> None:
    with job(job_id) as work:
        matching = Matching(work, providers.tmdb(application().config["MATINEE"]))
        has_provider = matching.provider is not None
        total = len(work.payload.get("title_ids") or ()) or metadata.count_due(now=now(), has_provider=has_provider)
        db.session.rollback()
        done = 0
        for some in batches(work, has_provider):
            matching.batch(some, done, max(total, done + len(some)))
            done += len(some)
        matching.tell()


def batches(work: Work, has_provider: bool) -> Iterator[Sequence[int]]:
    """The titles to look at, forty at a time: those that were asked for, else what is due."""
    asked = work.payload.get("title_ids")
    if asked is not None:
        yield from slices(asked, BATCH)
        return
    last = 0
    while some := metadata.due(now=now(), has_provider=has_provider, after=last, limit=BATCH):
        db.session.rollback()
        yield some
        last = some[-1]


@dataclass(frozen=True, slots=True)
class Case:
    """One title to decide. `holder` and `value` are the provider and the work that it is held to be so far."""

    title_id: int
    evidence: Evidence
    key: str
    beside: Beside | None
    told: Told
    state: str
    holder: str | None
    value: str | None

    @property
    def is_chosen(self) -> bool:
        return self.state == "chosen"

    @property
    def is_held(self) -> bool:
        """Whether a provider or a person said what it is, and not an NFO file."""
        return self.state in metadata.SETTLED and self.holder not in {None, nfo.PROVIDER}

    def known_to(self, provider: Provider) -> str | None:
        """What the provider calls the work that it is held to be; None where that is to be found (again)."""
        if self.state not in metadata.SETTLED or self.holder != provider.name:
            return None
        if not self.is_chosen and nfo.contradicts(self.told.work, self.evidence.ids):
            return None
        return self.value

    @property
    def alone(self) -> WorkFacts | None:
        """The work as the NFO file alone tells it."""
        return nfo.alone(self.told.work, self.evidence.kind, self.title_id)


class Matching:
    """One run over any number of titles; counts what came of it."""

    def __init__(self, work: Work, provider: Provider | None) -> None:
        self.work, self.provider = work, provider
        self.is_forced = bool(work.payload.get("force"))
        self.counts = dict.fromkeys(("matched", "doubtful", "unknown", "unchanged", "put_off"), 0)
        self.problem: str | None = None
        self.pictured = 0

    def batch(self, title_ids: Sequence[int], done: int, of: int) -> None:
        """Some titles, each in a write unit of its own."""
        beside = nfos.of_titles(title_ids)
        if self.provider is None:
            self._leave_be([one for one in title_ids if one not in beside])
        found = files.of_titles(title_ids if self.provider is not None else list(beside))
        known = metadata.matches(title_ids)
        decided = {key: (row.state, row.provider, row.value, row.evidence_key) for key, row in known.items()}
        due = {key for key, row in known.items() if self._is_time(row.next_at)}
        db.session.rollback()
        for place, title_id in enumerate(title_ids):
            self.work.raise_if_cancelled()
            self.work.report((done + place) / of, counts=dict(self.counts))
            evidence = found.get(title_id)
            if evidence is None:
                continue
            mine = beside.get(title_id)
            key = files.key_of(evidence, mine.fingerprint if mine else "")
            state, holder, value, old_key = decided.get(title_id, ("unknown", None, None, ""))
            is_due = self.is_forced or old_key != key or title_id in due
            if not is_due or (state == "none" and not self.is_forced):
                self.counts["unchanged"] += 1
                continue
            self._one(Case(title_id, evidence, key, mine, self._read(mine), state, holder, value))

    def tell(self) -> None:
        """The last report."""
        more = {"problem": self.problem} if self.problem else {}
        self.work.report(1.0, counts=self.counts, **more)

    def _is_time(self, next_at: datetime) -> bool:
        return next_at <= now() or (self.provider is not None and next_at >= metadata.NOBODY_TO_ASK)

    def _leave_be(self, title_ids: Sequence[int]) -> None:
        """No file tells of these, and there is nobody to ask."""
        db.session.rollback()
        if title_ids:
            with writing():
                self.work.hold()
                metadata.nobody_to_ask(title_ids, now=now())
        self.counts["unchanged"] += len(title_ids)

    def _read(self, beside: Beside | None) -> Told:
        told = nfos.read(beside)
        for path, reason in told.problems:
            log.warning("an NFO file was passed over", path=path, reason=reason)
        return told

    def _one(self, case: Case) -> None:
        """Decides one title, or fetches again what it is; its pictures are asked for in the same unit."""
        verdict, facts = NOTHING_SAID, None
        is_put_off = self.problem is not None
        if self.provider is not None and not is_put_off:
            try:
                verdict, facts = self._asked(case, self.provider)
            except (Outage, Rejected) as failure:
                self.problem = failure.detail
                log.warning("a provider could not be asked", reason=failure.detail)
                is_put_off = True
        with writing():
            self.work.hold()
            if not self._is_as_read(case):
                self.counts["put_off"] += 1  # it was scanned again meanwhile, and is due again
            elif (title_id := self._write(case, verdict, facts, is_put_off=is_put_off)) is not None:
                self._ask_for_pictures(title_id)

    def _ask_for_pictures(self, title_id: int) -> None:
        """One job for some hundred titles: it waits behind this one, and is told of each as it is written."""
        key = f"{ARTWORK.name}:of:{self.work.id}:{self.pictured // PICTURED}"
        self.pictured += 1
        waiting = next((one for one in outbox.open_with(key) if one.state == "queued"), None)
        ids = [*waiting.payload["title_ids"], title_id] if waiting is not None else [title_id]
        if waiting is None or not outbox.amend(waiting.id, {"title_ids": ids}):
            outbox.enqueue(ARTWORK, {"title_ids": [title_id]}, dedupe_key=key, now=now())

    def _asked(self, case: Case, provider: Provider) -> tuple[Verdict, WorkFacts | None]:
        """What the provider says, with what the NFO file says."""
        value = case.known_to(provider)
        if value is None:
            verdict = find(nfo.widen(case.evidence, case.told.work), provider)
            value = verdict.chosen.candidate.value if verdict.chosen else None
            if verdict.chosen is not None and nfo.agrees(case.told.work, _ids(verdict)):
                verdict = replace(verdict, reason=nfo.BY_ID)
        else:
            verdict = Verdict(None, (), "what was known of it was fetched again")
        facts = None if value is None else facts_of(case.evidence, provider, value)
        if facts is None:
            return verdict, None
        wins = not case.is_chosen or nfo.agrees(case.told.work, facts.ids)
        return verdict, nfo.joined(case.told.work, facts, wins=wins)

    def _is_as_read(self, case: Case) -> bool:
        """Whether the NFO files beside it are still those that were read."""
        beside = nfos.of_titles([case.title_id]).get(case.title_id)
        return (beside.fingerprint if beside else "") == (case.beside.fingerprint if case.beside else "")

    def _write(self, case: Case, verdict: Verdict, facts: WorkFacts | None, *, is_put_off: bool) -> int | None:
        """Writes down what came of it, inside a write unit. `facts` are a provider's, where one knows the work.

        Returns the title of which something was told: another one, where two became one.
        """
        until = None if self.provider is not None else metadata.NOBODY_TO_ASK
        alone, title_id, key = case.alone, case.title_id, case.key
        nobody_said = self.provider is None or is_put_off
        is_written = True
        if facts is not None:
            is_chosen = case.is_chosen and facts.provider == case.holder
            title_id = settle(title_id, facts, verdict, is_chosen=is_chosen, evidence_key=key, now=now())
        elif alone is not None and nobody_said and case.is_held:
            metadata.add(title_id, alone, evidence_key=key, now=now())
        elif alone is not None and (alone.name or nobody_said):
            said = replace(verdict, reason=nfo.REASON)
            title_id = settle(title_id, alone, said, is_chosen=False, evidence_key=key, now=now())
            until = until or now() + metadata.TRY_AGAIN
        else:
            is_written = False
            if not is_put_off and not (nobody_said and case.is_held):
                self._not_found(case, verdict)
        nfos.tell_episodes(case.told)
        if is_put_off:
            metadata.postpone(title_id, now=now())
        elif until is not None:
            metadata.rest(title_id, until=until)
        self.counts["put_off"] += is_put_off
        self.counts["matched"] += is_written and not is_put_off
        return title_id if is_written else None

    def _not_found(self, case: Case, verdict: Verdict) -> None:
        found: Literal["doubtful", "unknown"] = "doubtful" if verdict.ranked else "unknown"
        metadata.record(case.title_id, found, verdict, evidence_key=case.key, now=now())
        if case.alone is not None:
            metadata.add(case.title_id, case.alone, evidence_key=case.key, now=now())
        self.counts[found] += 1


def _ids(verdict: Verdict) -> dict[str, str]:
    chosen = verdict.chosen
    return {} if chosen is None else {**chosen.candidate.ids, chosen.candidate.provider: chosen.candidate.value}
