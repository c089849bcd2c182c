"""Works without any file are forgotten, unless somebody's data hangs on them.

A file that is missing still holds its work (the library forgets it only after a grace period); and a title that was
watched, rated or listed keeps its row, so that its history survives until its file comes back.
"""

from __future__ import annotations

from sqlalchemy import exists, select

from app.catalog import service as catalog
from app.catalog.models import Episode, Title
from app.extensions import db
from app.library.models import FilePart
from app.personal.queries import held_episodes, held_titles

AT_ONCE = 100


def forget_empty(*, after: tuple[int, int] = (0, 0)) -> tuple[tuple[int, int], int]:
    """One round in the caller's write unit, beyond the title and episode ids `after`.

    Answers where the next round goes on ((0, 0) when everything was looked at), and how many works were forgotten.
    """
    titles, episodes = after
    empty_titles = _empty_titles(titles)
    empty_episodes = _empty_episodes(episodes)
    going_titles = sorted(set(empty_titles) - held_titles(empty_titles))
    held = held_episodes([key for key, _ in empty_episodes])
    going_episodes = {key: title_id for key, title_id in empty_episodes if key not in held}
    catalog.forget_episodes(going_episodes, going_episodes.values())
    catalog.forget(going_titles)
    seen_titles = empty_titles[-1] if len(empty_titles) == AT_ONCE else 0
    seen_episodes = empty_episodes[-1][0] if len(empty_episodes) == AT_ONCE else 0
    return (seen_titles, seen_episodes), len(going_titles) + len(going_episodes)


def _empty_titles(after: int) -> list[int]:
    """Films without a file, and shows without an episode that has one; extras hold their title."""
    of_episode = exists().where(Episode.title_id == Title.id, FilePart.episode_id == Episode.id).correlate(Title)
    return list(
        db.session.scalars(
            select(Title.id)
            .where(Title.id > after, Title.file_count == 0)
            .where(~exists().where(FilePart.title_id == Title.id), ~of_episode)
            .order_by(Title.id)
            .limit(AT_ONCE)
        )
    )


def _empty_episodes(after: int) -> list[tuple[int, int]]:
    rows = db.session.execute(
        select(Episode.id, Episode.title_id)
        .where(Episode.id > after, Episode.file_count == 0, ~exists().where(FilePart.episode_id == Episode.id))
        .order_by(Episode.id)
        .limit(AT_ONCE)
    )
    return [(key, title_id) for key, title_id in rows]
