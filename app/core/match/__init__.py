"""Which of a provider's works files are: candidates weighed by evidence, and a choice only where it is sure.

Pure: it is given what is known on this side (`Evidence`) and what a provider offers (`Candidate`), and says what speaks
for and against each. Asking providers and writing down the answer is for others.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.match.values import Candidate, Evidence, Kind, Place, Ranked, Verdict
from app.core.match.weigh import weigh

__all__ = ["SURE", "Candidate", "Evidence", "Kind", "Place", "Ranked", "Verdict", "decide", "is_worth_a_look"]

SURE = 0.93
"""Below this share of what may be true a person is asked."""
UNKNOWN = 0.75
"""The weight of "none of these": works that a provider does not know, and bear the name of one that it does."""
KEPT = 8
STATED_OUTRIGHT = 6.0
"""Whoever writes an id into a path has looked; names and years may say what they like."""


def decide(evidence: Evidence, candidates: Iterable[Candidate]) -> Verdict:
    """Ranks the candidates and chooses one where it is sure enough. Deterministic; ties go to what more people know."""
    weighed = []
    for candidate in _distinct(candidates):
        weight, reasons = weigh(evidence, candidate)
        if _is_named(evidence, candidate):
            weight, reasons = max(weight, 0.0) + STATED_OUTRIGHT, ("the path names it by its id", *reasons)
        weighed.append((weight, candidate, reasons))
    weighed.sort(key=lambda one: (-one[0], -one[1].popularity, one[1].provider, one[1].value))
    whole = 10**UNKNOWN + sum(10**weight for weight, _, _ in weighed)
    ranked = tuple(Ranked(one, weight, 10**weight / whole, reasons) for weight, one, reasons in weighed[:KEPT])
    if not ranked:
        return Verdict(None, (), "nothing of that name was found")
    best = ranked[0]
    if best.confidence < SURE:
        return Verdict(None, ranked, _why_not(ranked))
    return Verdict(best, ranked, "; ".join(best.reasons[:3]))


def is_worth_a_look(evidence: Evidence, candidate: Candidate) -> bool:
    """Whether the details of a line of a search's answer are worth asking for: it may still win."""
    weight, _ = weigh(evidence, candidate)
    return weight > -1.0 or _is_named(evidence, candidate)


def _is_named(evidence: Evidence, candidate: Candidate) -> bool:
    known = {**candidate.ids, candidate.provider: candidate.value}
    return any(known.get(provider) == value for provider, value in evidence.ids.items())


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """One of each work: the one whose details were read, where both are there."""
    found: dict[tuple[str, str, str], Candidate] = {}
    for one in candidates:
        key = (one.provider, one.kind, one.value)
        if key not in found or (one.is_whole and not found[key].is_whole):
            found[key] = one
    return list(found.values())


def _why_not(ranked: tuple[Ranked, ...]) -> str:
    if len(ranked) > 1 and ranked[1].confidence > 0.2:
        return "several works fit about as well"
    return "nothing fits well enough"
