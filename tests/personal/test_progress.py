"""Where a profile is: saved, kept, offered again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import Profile
from app.core.media_id import parse_media_id
from app.extensions import db, writing
from app.personal import queries, service
from app.personal.models import HistoryEntry, Progress
from tests.catalog.world import NOW, World
from tests.conftest import MakeUser

HOUR = 3600.0
pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def profile(make_user: MakeUser, world: World) -> int:
    person = make_user("anna")
    return db.session.scalars(select(Profile.id).where(Profile.user_id == person.user_id)).one()


def report(profile: int, media_id: str, position: float, *, minutes: float = 0, session: str | None = "s") -> None:
    work = queries.catalog.work(parse_media_id(media_id))
    with writing():
        service.record_progress(
            profile_id=profile,
            media_id=media_id,
            title_id=work.title.id,
            episode_id=work.episode_id,
            position=position,
            duration=HOUR,
            signature="abc",
            session_id=session,
            now=NOW + timedelta(minutes=minutes),
        )


def continuing(profile: int) -> list[str]:
    return queries.continuing(profile)[0]


def next_up(profile: int) -> list[int]:
    return queries.next_up(profile)[0]


def test_a_film_is_offered_again_where_it_was_left(world: World, profile: int) -> None:
    media_id = f"m{world.film('Heat', 1995)}"
    report(profile, media_id, 100)
    report(profile, media_id, 1200, minutes=20)

    found = queries.progress_of(profile, [media_id])[media_id]

    assert (found.position, found.resume_at, found.watched) == (1200, 1200, False)
    assert continuing(profile) == [media_id]


def test_a_late_report_does_not_turn_the_clock_back(world: World, profile: int) -> None:
    media_id = f"m{world.film('Heat', 1995)}"
    report(profile, media_id, 1200, minutes=20)
    report(profile, media_id, 100, minutes=1)
    assert queries.progress_of(profile, [media_id])[media_id].position == 1200


def test_a_film_that_was_hardly_begun_is_not_offered(world: World, profile: int) -> None:
    report(profile, f"m{world.film('Heat', 1995)}", 20)
    assert continuing(profile) == []


def test_nine_tenths_are_the_whole_film(world: World, profile: int) -> None:
    media_id = f"m{world.film('Heat', 1995)}"
    report(profile, media_id, 0.9 * HOUR)
    found = queries.progress_of(profile, [media_id])[media_id]
    assert (found.watched, found.resume_at) == (True, 0)
    assert continuing(profile) == []


def test_a_film_seen_again_stays_seen_and_can_be_gone_on_with(world: World, profile: int) -> None:
    media_id = f"m{world.film('Heat', 1995)}"
    report(profile, media_id, 0.95 * HOUR)
    report(profile, media_id, 600, minutes=60, session="t")
    found = queries.progress_of(profile, [media_id])[media_id]
    assert (found.watched, found.resume_at) == (True, 600)
    assert found.watched_at == NOW


def test_a_sitting_is_one_line_of_history(world: World, profile: int) -> None:
    media_id = f"m{world.film('Heat', 1995)}"
    for minute in range(3):
        report(profile, media_id, 60.0 * minute, minutes=minute, session="one")
    report(profile, media_id, 500, minutes=90, session="two")
    rows = db.session.scalars(select(HistoryEntry).order_by(HistoryEntry.id)).all()
    assert [(row.position, row.ended_at - row.started_at) for row in rows] == [
        (120, timedelta(minutes=2)),
        (500, timedelta(0)),
    ]


def test_a_show_is_gone_on_with_once(world: World, profile: int) -> None:
    _, first, second = world.show("Lost", {1: 2})
    report(profile, f"e{first}", 600)
    report(profile, f"e{second}", 600, minutes=5)
    assert continuing(profile) == [f"e{second}"]


def test_the_next_episode_comes_after_the_last_one_seen(world: World, profile: int) -> None:
    _, s1e1, s1e2, s2e1 = world.show("Lost", {1: 2, 2: 1})
    report(profile, f"e{s1e1}", HOUR)
    assert next_up(profile) == [s1e2]
    report(profile, f"e{s1e2}", HOUR, minutes=60)
    assert next_up(profile) == [s2e1]
    report(profile, f"e{s2e1}", HOUR, minutes=120)
    assert next_up(profile) == []


def test_a_show_that_is_in_the_middle_of_an_episode_is_not_next(world: World, profile: int) -> None:
    _, first, second = world.show("Lost", {1: 2})
    report(profile, f"e{first}", HOUR)
    report(profile, f"e{second}", 600, minutes=70)
    assert next_up(profile) == []


def test_specials_are_never_next(world: World, profile: int) -> None:
    _, _special, first, second = world.show("Lost", {0: 1, 1: 2})
    report(profile, f"e{first}", HOUR)
    assert next_up(profile) == [second]


def test_marking_a_show_marks_its_episodes(world: World, profile: int) -> None:
    show, *episodes = world.show("Lost", {1: 2, 2: 1})
    with writing():
        service.mark_watched(profile_id=profile, work=parse_media_id(f"s{show}"), title_id=show, watched=True, now=NOW)
    seen = queries.seen_of(profile, [show])[show]
    assert (seen.episodes, seen.watched) == (3, 3)
    with writing():
        service.mark_watched(
            profile_id=profile, work=parse_media_id(f"e{episodes[0]}"), title_id=show, watched=False, now=NOW
        )
    assert queries.seen_of(profile, [show])[show].watched == 2


def test_marking_a_season_leaves_the_others(world: World, profile: int) -> None:
    show, *_ = world.show("Lost", {1: 2, 2: 1})
    with writing():
        service.mark_season_watched(
            profile_id=profile,
            season_id=queries.catalog.season_id(show, 1),
            title_id=show,
            watched=True,
            now=NOW,
        )
    assert queries.seen_of(profile, [show])[show].watched == 2


def test_play_on_a_show_goes_on_then_to_the_first_unseen(world: World, profile: int) -> None:
    show, first, second, third = world.show("Lost", {1: 3})
    assert _play(profile, show) == first
    report(profile, f"e{first}", HOUR)
    assert _play(profile, show) == second
    report(profile, f"e{third}", 600, minutes=5)
    assert _play(profile, show) == third


def test_two_profiles_do_not_see_each_other(world: World, profile: int, make_user: MakeUser) -> None:
    other = make_user("boris").user_id
    media_id = f"m{world.film('Heat', 1995)}"
    report(profile, media_id, 1200)
    assert queries.continuing(db.session.scalars(select(Profile.id).where(Profile.user_id == other)).one())[0] == []


def test_what_somebody_saw_keeps_its_title_without_files(world: World, profile: int) -> None:
    seen, unseen = world.film("Heat", 1995), world.film("Ran", 1985)
    report(profile, f"m{seen}", 1200)
    assert queries.held_titles([seen, unseen]) == {seen}
    assert db.session.scalars(select(Progress.signature)).all() == ["abc"]


def _play(profile: int, show: int) -> int | None:
    found = queries.next_of_show(profile, show)
    return found.id if found else None
