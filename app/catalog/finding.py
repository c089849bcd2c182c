"""Asks a provider for the work that files are: which questions, in which order, and how many.

The network is asked here and nothing is written. What speaks for a candidate is weighed by `core.match`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from app.core.match import Candidate, Evidence, Kind, Verdict, decide, is_worth_a_look
from app.core.match.titles import bare, main_title
from app.core.match.weigh import weigh
from app.core.metadata import WorkFacts
from app.core.query import fold

MOST_DETAILS = 12
"""Candidates whose details are asked for; names borne by more works than this need a year."""
MOST_PAGES = 3
PER_PAGE = 20
MOST_SEASONS = 6


class Provider(Protocol):
    """Who is asked: `adapters.tmdb.Tmdb`, or what a test puts in its place."""

    name: str

    def search(self, kind: Kind, name: str, *, year: int | None = None, page: int = 1) -> list[Candidate]: ...

    def candidate(self, kind: Kind, value: str, *, seasons: Sequence[int] = ()) -> Candidate | None: ...

    def by_other_id(self, provider: str, value: str) -> list[Candidate]: ...

    def work(self, kind: Kind, value: str, *, seasons: Sequence[int] = ()) -> WorkFacts | None: ...


def find(evidence: Evidence, provider: Provider) -> Verdict:
    """The work that the evidence names, or what it may be. Raises what the provider's line raises."""
    search = _Search(evidence, provider)
    if search.by_ids():
        return decide(evidence, search.found)
    for name, year in questions(evidence):
        search.ask(name, year)
        verdict = decide(evidence, search.found)
        if verdict.chosen is not None:
            return verdict
    return decide(evidence, search.found)


def candidates(evidence: Evidence, provider: Provider, *, name: str | None, year: int | None) -> Verdict:
    """What a person may choose from, ranked by the evidence: for a name that they typed, else as `find` does."""
    if name is None:
        return find(replace(evidence, year=year or evidence.year), provider)
    search = _Search(evidence, provider)
    search.ask(name, year)
    if year is not None:
        search.ask(name, None)
    weighed = replace(evidence, names=(name, *evidence.names), year=year or evidence.year)
    return decide(weighed, search.found)


def questions(evidence: Evidence) -> Iterator[tuple[str, int | None]]:
    """Names to search for, each with the year that narrows it, the surest first; each question once."""
    asked: set[tuple[str, int | None]] = set()
    for name, year in _questions(evidence):
        key = (fold(name), year)
        if key[0] and key not in asked:
            asked.add(key)
            yield name, year


def _questions(evidence: Evidence) -> Iterator[tuple[str, int | None]]:
    years = [None] if evidence.year is None else [evidence.year, None]
    for year in years:
        for name in evidence.names:
            yield name, year
    for name in evidence.names:
        yield from ((spelt, years[0]) for spelt in _spellings(name))
    for name in evidence.names:
        if (shorter := main_title(name)) is not None:
            yield shorter, years[0]
        longest = max(fold(name).split(), key=len, default="")
        if evidence.year is not None and len(longest) >= 5:
            yield longest, evidence.year


def _spellings(name: str) -> Iterator[str]:
    """What a path had to leave out: the apostrophe of a genitive; and the name without a season at its end."""
    words = name.split()
    genitives = [
        f"{word[:-1]}'s" if len(word) > 3 and word.endswith("s") and word.isalpha() else word for word in words
    ]
    if genitives != words:
        yield " ".join(genitives)
    shorter = without_tail(name)
    if shorter != name:
        yield shorter


def without_tail(name: str) -> str:
    """The words of a name in front of a season or a year at its end."""
    words = name.split()
    for count in (1, 2):
        if len(words) > count and bare(" ".join(words[:-count])) == bare(name):
            return " ".join(words[:-count])
    return name


class _Search:
    """What has been found so far."""

    def __init__(self, evidence: Evidence, provider: Provider) -> None:
        self.evidence, self.provider = evidence, provider
        self._found: dict[str, Candidate] = {}
        self.read: set[str] = set()
        self.seasons = sorted({season for season, _ in evidence.episodes if season >= 0})[:MOST_SEASONS]

    @property
    def found(self) -> list[Candidate]:
        return list(self._found.values())

    def by_ids(self) -> bool:
        """Whether the files' own ids lead to a work of this kind. Where the provider's own id does, the others are not
        asked for: databases err about each other's ids."""
        own = self.evidence.ids.get(self.provider.name)
        if own is not None:
            self._look_into(own)
        for provider, value in self.evidence.ids.items():
            if provider != self.provider.name and not self._found:
                for one in self.provider.by_other_id(provider, value):
                    if one.kind == self.evidence.kind:
                        self._look_into(one.value)
        return bool(self._found)

    def ask(self, name: str, year: int | None) -> None:
        """One question, with further pages while all of a page bears the very name."""
        for page in range(1, MOST_PAGES + 1):
            answers = self.provider.search(self.evidence.kind, name, year=year, page=page)
            likely = [one for one in answers if is_worth_a_look(self.evidence, one)]
            likely += [one for one in answers[:3] if one not in likely and page == 1]
            for one in answers:
                self._found.setdefault(one.value, one)
            likely.sort(key=lambda one: -weigh(self.evidence, one)[0])
            for one in likely:
                if one.value not in self.read and len(self.read) < MOST_DETAILS:
                    self._look_into(one.value)
            if len(answers) < PER_PAGE or fold(answers[-1].names[0] if answers[-1].names else "") != fold(name):
                return

    def _look_into(self, value: str) -> None:
        self.read.add(value)
        whole = self.provider.candidate(self.evidence.kind, value, seasons=self.seasons)
        if whole is not None:
            self._found[value] = whole
