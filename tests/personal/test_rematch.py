"""When a file turns out to be another work, what people did goes with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import Profile
from app.extensions import db, writing
from app.personal import queries, service
from app.personal.models import HistoryEntry, ListItem, Rating
from app.signals import file_rematched
from tests.catalog.world import NOW, World
from tests.conftest import MakeUser

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def profile(make_user: MakeUser, world: World) -> int:
    return db.session.scalars(select(Profile.id).where(Profile.user_id == make_user("anna").user_id)).one()


def watch(profile: int, title_id: int, position: float, *, hours: int) -> None:
    with writing():
        service.record_progress(
            profile_id=profile,
            media_id=f"m{title_id}",
            title_id=title_id,
            episode_id=None,
            position=position,
            duration=3600,
            signature="abc",
            session_id=f"{title_id}",
            now=NOW + timedelta(hours=hours),
        )


def rematch(old: int, new: int) -> None:
    with writing():
        file_rematched.send("library", from_media_id=f"m{old}", to_media_id=f"m{new}", title_id=new, episode_id=None)


def test_progress_rating_list_and_history_move(world: World, profile: int) -> None:
    old, new = world.film("Haet", 1995), world.film("Heat", 1995)
    watch(profile, old, 1200, hours=1)
    with writing():
        service.rate(profile_id=profile, media_id=f"m{old}", title_id=old, value=9, now=NOW)
        service.put_on_list(profile_id=profile, media_id=f"m{old}", title_id=old, now=NOW)
    rematch(old, new)
    assert queries.continuing(profile)[0] == [f"m{new}"]
    for model in (Rating, ListItem, HistoryEntry):
        assert db.session.scalars(select(model.media_id)).all() == [f"m{new}"]
    assert queries.held_titles([old, new]) == {new}


@pytest.mark.parametrize(("old_hours", "new_hours", "kept"), [(5, 1, 1200), (1, 5, 700)])
def test_where_two_meet_the_newer_stays(
    world: World, profile: int, old_hours: int, new_hours: int, kept: float
) -> None:
    old, new = world.film("Haet", 1995), world.film("Heat", 1995)
    watch(profile, old, 1200, hours=old_hours)
    watch(profile, new, 700, hours=new_hours)
    rematch(old, new)
    assert queries.progress_of(profile, [f"m{old}", f"m{new}"])[f"m{new}"].position == kept
    assert f"m{old}" not in queries.progress_of(profile, [f"m{old}"])
