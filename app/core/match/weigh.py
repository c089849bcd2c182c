"""How much each fact speaks for a candidate.

Every weight is the decimal logarithm of a likelihood ratio: how often the fact is seen where the candidate is the work,
over how often where it is another one that happens to bear the name. Weights of facts add up. They are estimates of how
paths and providers err (years off by one between countries, cuts of other lengths, films at 25 pictures a second), not
fitted to any set.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from app.core.match.titles import Likeness, likeness, loose
from app.core.match.values import Candidate, Evidence, Place

PAL = 24 / 25
"""Films for television run faster: 100 minutes become 96."""
FRIENDLY_YEARS = 1
NAMES_COUNT_FROM = 4
"""Letters of an episode's name; shorter ones and `Episode 3` name nothing."""


def weigh(evidence: Evidence, candidate: Candidate) -> tuple[float, tuple[str, ...]]:
    """The sum of what speaks for the candidate, and the facts in words."""
    facts = [fact for fact in _facts(evidence, candidate) if fact.weight or fact.reason]
    return sum(fact.weight for fact in facts), tuple(fact.reason for fact in facts if fact.reason)


def _facts(evidence: Evidence, candidate: Candidate) -> Iterator[Likeness]:
    yield likeness(evidence.names, candidate.names, candidate.other_names)
    yield _year(evidence, candidate)
    yield from _nature(evidence, candidate)
    if evidence.kind == "movie":
        yield _runtime_of_film(evidence, candidate)
    else:
        yield _runtime_of_episodes(evidence, candidate)
        yield from _episodes(evidence, candidate)


def _year(evidence: Evidence, candidate: Candidate) -> Likeness:
    if evidence.year is None or candidate.year is None:
        return Likeness(0.0, "")
    apart = abs(evidence.year - candidate.year)
    if apart == 0:
        return Likeness(1.7, f"the same year ({evidence.year})")
    if evidence.kind == "show" and evidence.year in candidate.years:
        return Likeness(0.8, f"a season of it is of {evidence.year}")
    if apart <= FRIENDLY_YEARS:
        return Likeness(0.3, f"the year before or after ({candidate.year})")
    return Likeness(-0.9 if apart == 2 else -2.5, f"another year ({candidate.year}, the files say {evidence.year})")


def _nature(evidence: Evidence, candidate: Candidate) -> Iterator[Likeness]:
    if candidate.is_anime is not None and evidence.is_anime:
        yield Likeness(0.6, "anime, as the library") if candidate.is_anime else Likeness(-1.0, "no anime")
    if evidence.country and candidate.countries:
        said = {"UK": "GB"}.get(evidence.country, evidence.country)
        if said in candidate.countries:
            yield Likeness(0.7, f"made in {said}")
        else:
            yield Likeness(-1.2, f"not made in {said}")
    if evidence.languages and candidate.language and candidate.language in evidence.languages:
        yield Likeness(0.15, "its original language is among the sound tracks")


def _runtime_of_film(evidence: Evidence, candidate: Candidate) -> Likeness:
    """The nearest version counts: cuts differ."""
    lengths = [seconds / 60 for seconds in evidence.runtimes if seconds > 0]
    theirs = [minutes for minutes in candidate.runtimes if minutes > 0]
    if not lengths or not theirs:
        return Likeness(0.0, "")
    wanted = theirs[0]
    apart = min(min(abs(length - wanted), abs(length - wanted * PAL) + 1) for length in lengths)
    share = apart / wanted
    said = f"{wanted:g} minutes; the file has {min(lengths, key=lambda length: abs(length - wanted)):.0f}"
    if share <= 0.035 or apart <= 1.5:
        return Likeness(1.0, f"the same length ({said})")
    if share <= 0.08:
        return Likeness(0.1, f"nearly the same length ({said})")
    if share <= 0.2:
        return Likeness(-0.6, f"not quite its length ({said})")
    return Likeness(-1.1 if share <= 0.5 else -1.7, f"another length ({said})")


def _runtime_of_episodes(evidence: Evidence, candidate: Candidate) -> Likeness:
    lengths = [seconds / 60 for seconds in evidence.runtimes if seconds > 0]
    theirs = [minutes for minutes in candidate.runtimes if minutes > 0]
    if not lengths or not theirs:
        return Likeness(0.0, "")
    usual = median(lengths)
    share = min(abs(usual - wanted) / wanted for wanted in theirs)
    if share <= 0.12:
        return Likeness(0.4, f"episodes of that length ({usual:.0f} minutes)")
    if share <= 0.35:
        return Likeness(0.0, "")  # with and without advertisements
    return Likeness(-0.7, f"episodes of another length ({usual:.0f} minutes)")


def _episodes(evidence: Evidence, candidate: Candidate) -> Iterator[Likeness]:
    if candidate.seasons and (evidence.episodes or evidence.absolute):
        yield _places(evidence, candidate)
    if candidate.episode_names:
        yield from _names(evidence, candidate)


def _places(evidence: Evidence, candidate: Candidate) -> Likeness:
    """Whether it has the episodes that are there. Specials say nothing: every provider numbers its own."""
    whole = sum(count for season, count in candidate.seasons.items() if season > 0)
    numbered = [place for place in evidence.episodes if 0 < place[0] < 1900]
    there = [place for place in numbered if place[1] <= candidate.seasons.get(place[0], 0)]
    through = [*evidence.absolute, *(place[1] for place in numbered if place[0] == 1)]
    if len(there) == len(numbered) and (numbered or (through and max(through) <= whole)):
        furthest = max([place[0] for place in numbered], default=1)
        return Likeness(0.1 + 0.2 * min(3, furthest - 1), "it has the episodes that are here")
    if through and len(through) >= len(numbered) and max(through) <= whole:
        return Likeness(0.1, "it has as many episodes, counted through")
    missing = len(numbered) - len(there)
    if numbered and missing * 5 <= len(numbered):
        return Likeness(-0.1, f"{missing} of the episodes here are unknown to it")
    return Likeness(-1.2, "it does not have the episodes that are here")


def _names(evidence: Evidence, candidate: Candidate) -> Iterator[Likeness]:
    known = {place: loose(name) for place, name in candidate.episode_names.items()}
    told = {place: loose(name) for place, name in evidence.episodes.items() if name}
    told = {place: name for place, name in told.items() if len(name) >= NAMES_COUNT_FROM and _is_name(known.get(place))}
    if not told:
        return
    same = [place for place, name in told.items() if _same_name(name, known[place])]
    elsewhere = {name for place, name in told.items() if place not in same and name in known.values()}
    if same or elsewhere:
        yield Likeness(min(3.0, 1.6 * len(same) + 0.8 * len(elsewhere)), _said(same, elsewhere))
    # other names are weak evidence: files name episodes in any language
    others = len(told) - len(same) - len(elsewhere)
    if others:
        yield Likeness(-min(1.0, 0.5 * others) if not same else -0.2, "episodes that bear other names")


def _is_name(text: str | None) -> bool:
    """`Episode 3` is what providers write where they know no name."""
    return bool(text) and not (text or "").strip("0123456789").endswith(("episode", "folge", "серия", "第話", "эпизод"))


def _same_name(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= 8 and (one.startswith(other) or other.startswith(one)))


def _said(same: list[Place], elsewhere: set[str]) -> str:
    count = len(same) + len(elsewhere)
    return "an episode of that name" if count == 1 else f"{count} episodes of these names"
