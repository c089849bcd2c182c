"""What no file embodies any more is forgotten, unless somebody's data hangs on it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from app.accounts.models import Profile
from app.catalog.models import Episode, Season, Title
from app.extensions import db, writing
from app.library.counts import recount
from app.library.models import FilePart, MediaFile
from app.personal import service
from app.personal.forgetting import forget_empty
from app.search.queries import Narrowing, search
from tests.catalog.world import NOW, World
from tests.conftest import MakeUser

pytestmark = pytest.mark.usefixtures("inside")


def lose_every_file() -> None:
    with writing() as session:
        session.execute(delete(MediaFile))
        recount(session.scalars(select(Title.id)).all())


def forget() -> int:
    with writing():
        place, count = forget_empty()
    assert place == (0, 0)
    return count


def test_a_film_and_a_show_without_files_are_forgotten(world: World) -> None:
    world.film("Heat", 1995)
    world.show("Lost", {1: 2}, names={(1, 1): "Pilot"})
    assert forget() == 0
    lose_every_file()
    assert forget() == 4
    for model in (Title, Season, Episode):
        assert db.session.scalars(select(model)).all() == []
    assert search("pilot", Narrowing()) == []


def test_what_somebody_watched_or_listed_stays(world: World, make_user: MakeUser) -> None:
    profile_id = db.session.scalars(select(Profile.id).where(Profile.user_id == make_user("anna").user_id)).one()
    film = world.film("Heat", 1995)
    show, first, _second = world.show("Lost", {1: 2})
    with writing():
        service.put_on_list(profile_id=profile_id, media_id=f"m{film}", title_id=film, now=NOW)
        service.record_progress(
            profile_id=profile_id,
            media_id=f"e{first}",
            title_id=show,
            episode_id=first,
            position=600,
            duration=3600,
            signature=None,
            session_id=None,
            now=NOW,
        )
    lose_every_file()
    assert forget() == 1
    assert db.session.scalars(select(Title.id).order_by(Title.id)).all() == [film, show]
    assert db.session.scalars(select(Episode.id)).all() == [first]


def test_a_missing_file_still_holds_its_work(world: World) -> None:
    film = world.film("Heat", 1995)
    with writing() as session:
        session.execute(update(MediaFile).values(missing_since=NOW))
        recount([film])
    assert forget() == 0
    assert db.session.get_one(Title, film).file_count == 0


def test_an_extra_holds_its_title(world: World) -> None:
    film = world.film("Heat", 1995)
    with writing() as session:
        session.execute(update(MediaFile).values(role="extra"))
        recount([film])
    assert forget() == 0
    assert db.session.scalars(select(FilePart.title_id)).all() == [film]
