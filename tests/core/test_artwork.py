"""Which picture is what, which frame is worth showing, how dark a tint is."""

from __future__ import annotations

import pytest

from app.core.artwork import FrameFacts, appeal, good_enough, is_presentable, moments, sidecars, step, tint

FILES = [
    "Film.mkv",
    "Film-poster.jpg",
    "FOLDER.JPG",
    "fanart2.png",
    "fanart.png",
    "Film.jpg",
    "clearlogo.PNG",
    "notes.txt",
]


def test_a_picture_beside_a_film_is_told_by_its_name_whatever_its_case() -> None:
    assert sidecars(FILES, "poster", stem="Film") == ["Film-poster.jpg", "Film.jpg", "FOLDER.JPG"]
    assert sidecars(FILES, "backdrop", stem="Film") == ["fanart.png", "fanart2.png"]
    assert sidecars(FILES, "logo", stem="Film") == ["clearlogo.PNG"]


def test_in_a_folder_of_many_films_only_pictures_of_the_films_name_count() -> None:
    assert sidecars(FILES, "poster", stem="Film", shared=True) == ["Film-poster.jpg", "Film.jpg"]
    assert sidecars(FILES, "backdrop", stem="Film", shared=True) == []


def test_another_films_picture_is_not_taken() -> None:
    assert sidecars(["Film 2-poster.jpg", "Filmed.jpg"], "poster", stem="Film") == []


def test_a_still_is_named_like_its_episode() -> None:
    names = ["Show S01E01-thumb.jpg", "Show S01E02.jpg", "poster.jpg"]
    assert sidecars(names, "still", stem="Show S01E01", shared=True) == ["Show S01E01-thumb.jpg"]
    assert sidecars(names, "still", stem="Show S01E02", shared=True) == ["Show S01E02.jpg"]


def test_a_shows_folder_may_have_season_posters_after_its_own() -> None:
    assert sidecars(["season01-poster.jpg", "poster.png"], "poster") == ["poster.png", "season01-poster.jpg"]


@pytest.mark.parametrize(("wanted", "given"), [(None, 480), (1, 120), (240, 240), (241, 360), (99_999, 1080)])
def test_a_wish_is_rounded_up_to_a_size_that_is_made(wanted: int | None, given: int) -> None:
    assert step("poster", wanted) == given


BLACK = FrameFacts(mean=3, contrast=1, entropy=0.4, detail=1, colour=0)
GREY = FrameFacts(mean=120, contrast=2, entropy=1.1, detail=1, colour=0)
BLURRED = FrameFacts(mean=110, contrast=40, entropy=7, detail=2, colour=60)
SCENE = FrameFacts(mean=105, contrast=52, entropy=7.3, detail=30, colour=80)
DARK_SCENE = FrameFacts(mean=30, contrast=25, entropy=5.5, detail=12, colour=90)


def test_black_empty_and_blurred_frames_are_not_shown() -> None:
    assert [is_presentable(frame) for frame in (BLACK, GREY, BLURRED)] == [False, False, False]
    assert is_presentable(SCENE)
    assert is_presentable(DARK_SCENE)


def test_a_clear_scene_appeals_more_than_a_dark_one_and_ends_the_search() -> None:
    assert appeal(SCENE) > appeal(DARK_SCENE)
    assert good_enough(SCENE)
    assert not good_enough(DARK_SCENE)


def test_frames_are_tried_within_the_film() -> None:
    assert moments(None) == (0.0,)
    assert all(0 < moment < 100 for moment in moments(100.0))


@pytest.mark.parametrize("colour", [(255, 255, 255), (250, 20, 30), (0, 0, 0), (30, 40, 50)])
def test_a_tint_is_dark_enough_for_white_text(colour: tuple[int, int, int]) -> None:
    channels = [int(part) / 255 for part in tint(colour).split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    assert 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] <= 0.15
