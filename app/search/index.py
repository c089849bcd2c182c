"""Keeps the index in step with the catalog, in the transaction that changes it (receivers stand in `app/wiring.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.adapters.database import upsert
from app.catalog.models import Episode, Title
from app.core.query import deletion_keys, index_words
from app.extensions import db
from app.search.models import WORD_LENGTH, SearchEntry, SearchKey, SearchWord

AT_ONCE = 200
ROWS_AT_ONCE = 400


def on_title_changed(_sender: Any, *, title_ids: Sequence[int]) -> None:
    refresh(title_ids)


def on_title_removed(_sender: Any, *, title_ids: Sequence[int]) -> None:
    for some in _slices(sorted(title_ids), AT_ONCE):
        _apply({}, _entries(some))


def refresh(title_ids: Iterable[int]) -> None:
    """Brings the entries of these titles and of their named episodes in step. Safe to repeat."""
    for some in _slices(sorted(set(title_ids)), AT_ONCE):
        _apply(_wanted(some), _entries(some))


Entry = tuple[int, int | None, str]


def _wanted(title_ids: Sequence[int]) -> dict[int, Entry]:
    """What the index should hold for these titles: `(title_id, episode_id, text)` by entry id."""
    found: dict[int, Entry] = {}
    names: dict[int, list[str]] = {}
    for title_id, search_text, year in db.session.execute(
        select(Title.id, Title.search_text, Title.year).where(Title.id.in_(title_ids))
    ):
        words = search_text.split()
        names[title_id] = words
        found[-title_id] = (title_id, None, _text([*words, str(year)] if year else words))
    for episode_id, title_id, name in db.session.execute(
        select(Episode.id, Episode.title_id, Episode.name).where(
            Episode.title_id.in_(title_ids), Episode.name.is_not(None)
        )
    ):
        found[episode_id] = (title_id, episode_id, _text([*index_words([name or ""]), *names.get(title_id, ())]))
    return found


def _text(words: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(word[:WORD_LENGTH] for word in words))


def _entries(title_ids: Sequence[int]) -> dict[int, str]:
    rows = db.session.execute(select(SearchEntry.id, SearchEntry.text).where(SearchEntry.title_id.in_(title_ids)))
    return dict(rows.all())


def _apply(wanted: dict[int, Entry], present: dict[int, str]) -> None:
    counts: Counter[str] = Counter()
    for key, text in present.items():
        if key not in wanted or wanted[key][2] != text:
            counts.subtract(text.split())
    for key, (_, _, text) in wanted.items():
        if present.get(key) != text:
            counts.update(text.split())
    session = db.session()
    if gone := [key for key in present if key not in wanted]:
        session.execute(delete(SearchEntry).where(SearchEntry.id.in_(gone)))
    changed = [
        {"id": key, "text": wanted[key][2]} for key in present if key in wanted and wanted[key][2] != present[key]
    ]
    if changed:
        session.execute(update(SearchEntry), changed)
    added = [
        {"id": key, "title_id": title_id, "episode_id": episode_id, "text": text}
        for key, (title_id, episode_id, text) in wanted.items()
        if key not in present
    ]
    if added:
        session.execute(insert(SearchEntry), added)
    _count({word: change for word, change in counts.items() if change})


def _count(changes: dict[str, int]) -> None:
    """Adds to the words' counts; in the order of the words, so that two writers cannot wait for each other."""
    session = db.session()
    words = sorted(changes)
    for some in _slices(words, ROWS_AT_ONCE):
        known = set(session.scalars(select(SearchWord.word).where(SearchWord.word.in_(some))))
        rows = [{"word": word, "count": changes[word]} for word in some if word in known or changes[word] > 0]
        if not rows:
            continue
        statement = upsert(session, SearchWord).values(rows)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["word"], set_={"count": SearchWord.count + statement.excluded.count}
            )
        )
        _learn([word for word in some if word not in known and changes[word] > 0])


def _learn(words: Sequence[str]) -> None:
    rows = [{"key": key, "word": word} for word in words for key in sorted(deletion_keys(word))]
    for some in _slices(rows, ROWS_AT_ONCE):
        statement = upsert(db.session(), SearchKey).values(some)
        db.session.execute(statement.on_conflict_do_nothing(index_elements=["key", "word"]))


def _slices(rows: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
