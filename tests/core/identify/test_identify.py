"""What a path says: conventions of film folders, releases, fansubs and people's own habits."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.core.identify import identify


@pytest.mark.parametrize(
    ("path", "title", "year"),
    [
        ("Films/Harbour Lights (1987)/Harbour Lights (1987).mkv", "Harbour Lights", 1987),
        ("Harbour.Lights.1987.1080p.BluRay.x264-GRP.mkv", "Harbour Lights", 1987),
        ("2049.Harbours.2017.2160p.WEB-DL.mkv", "2049 Harbours", 2017),
        ("1917 (2019)/1917 (2019) 1080p.mkv", "1917", 2019),
        ("Films/1917.mkv", "1917", None),
        ("[site.com] - Harbour Lights 1987 [Bluray-720p].mkv", "Harbour Lights", 1987),
        ("Harbour.Lights.EXTENDED.1987.German.DL.1080p.BluRay.x264-GRP", "Harbour Lights", 1987),
        ("Огни гавани / Harbour Lights (1987) WEB-DL 1080p", "Harbour Lights", 1987),
        ("Огни гавани (1987) DVDRip.avi", "Огни гавани", 1987),
        ("Harbour.Lights.1987.1080p.BluRay.x264-GRP/grp-hl.1080p.mkv", "Harbour Lights", 1987),
        ("Harbour Lights 1987 1080p WEB-DL/8f3ac0197b6e4d1ea55d0f4c2b7a9e01.mkv", "Harbour Lights", 1987),
        ("The.Harbour.S.P.E.C.T.R.E.1987.720p.mkv", "The Harbour S.P.E.C.T.R.E.", 1987),
    ],
)
def test_a_film_is_named_by_what_stands_before_its_year_or_its_tags(path: str, title: str, year: int | None) -> None:
    found = identify(path, "movies")
    assert (found.kind, found.title, found.year) == ("movie", title, year)


@pytest.mark.parametrize(
    ("path", "title", "season", "episodes"),
    [
        ("Night Post/Season 02/Night Post - S02E05 - Letters.mkv", "Night Post", 2, (5,)),
        ("Night.Post.S02E05E06.720p.WEB.H264-GRP.mkv", "Night Post", 2, (5, 6)),
        ("Night.Post.S02E05-E08.1080p.BluRay.mkv", "Night Post", 2, (5, 6, 7, 8)),
        ("Night Post - 2x05-07 - Three at once.avi", "Night Post", 2, (5, 6, 7)),
        ("Night Post/Specials/Night Post S00E03.mkv", "Night Post", 0, (3,)),
        ("Night Post/Season 2/05 - Letters.mkv", "Night Post", 2, (5,)),
        ("Night Post/2/205.mkv", "Night Post", 2, (5,)),
        ("Night Post - Temporada 2 [HDTV 720p][Cap.205]", "Night Post", 2, (5,)),
        ("Ночная почта/Сезон 2/Серия 5.mkv", "Ночная почта", 2, (5,)),
        ("Ночная почта 2 сезон 5 серия.avi", "Ночная почта", 2, (5,)),
        ("night.post.205.hdtv-grp.avi", "night post", 2, (5,)),
        ("Night.Post.S02E05.720p.HDTV-GRP/x7k2.mkv", "Night Post", 2, (5,)),
        ("1923/Season 1/1923 S01E02.mkv", "1923", 1, (2,)),
        ("tsoPthgiN/PRG-462.H.LD-BEW.p0801.50E20S.tsoP.thgiN.mkv", "Night Post", 2, (5,)),
    ],
)
def test_a_show_is_named_by_its_marker_or_its_folders(
    path: str, title: str, season: int, episodes: tuple[int, ...]
) -> None:
    found = identify(path, "shows")
    assert (found.kind, found.title, found.season, found.episodes) == ("episode", title, season, episodes)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Night Post - S02E05 - Letters from Home.mkv", "Letters from Home"),
        ("Night.Post.S02E05.Letters.from.Home.720p.WEB.H264-GRP.mkv", "Letters from Home"),
        ("Night Post - 2x05 - Letters (1080p).mkv", "Letters"),
        ("Night.Post.S02E05.PROPER.720p.WEB-GRP.mkv", None),
        ("Night.Post.S02E05-GRP.mkv", None),
        ("Night Post S02E05.mkv", None),
        ("[Group] Night Post - 05v2 [1080p].mkv", None),
        ("Night Post/Season 2/05 - Letters.mkv", "Letters"),
    ],
)
def test_an_episodes_own_title_is_read_where_it_is_given(name: str, title: str | None) -> None:
    assert identify(name, "shows").episode_title == title


@pytest.mark.parametrize(
    ("path", "title", "absolute"),
    [
        ("[Group] Hoshi no Eki - 07 [1080p][ABCD1234].mkv", "Hoshi no Eki", (7,)),
        ("[Group]_Hoshi_no_Eki_-_07v2_(1280x720_x264)_[0BCD1234].mkv", "Hoshi no Eki", (7,)),
        ("[Group] Hoshi no Eki - 01 ~ 03 [BD 1080p]", "Hoshi no Eki", (1, 2, 3)),
        ("[字幕组][星之站 / Hoshi no Eki][112][1080P][MP4]", "Hoshi no Eki", (112,)),
        ("[Group] Hoshi no Eki - 12.5 [720p].mkv", "Hoshi no Eki", (12.5,)),
        ("Hoshi no Eki/[Group] Hoshi no Eki - 1043 (1080p).mkv", "Hoshi no Eki", (1043,)),
    ],
)
def test_anime_counts_through_the_whole_show(path: str, title: str, absolute: tuple[float, ...]) -> None:
    found = identify(path, "anime")
    assert (found.title, found.absolute, found.episodes) == (title, absolute, ())


def test_anime_with_a_season_in_its_name_counts_within_it() -> None:
    found = identify("[Group] Hoshi no Eki S2 - 07 [1080p].mkv", "anime")
    assert (found.title, found.season, found.episodes, found.absolute) == ("Hoshi no Eki", 2, (7,), ())


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("Late.Talk.2019.03.07.Guest.720p.HDTV-GRP.mkv", "2019-03-07"),
        ("Late Talk - 07-03-2019.mkv", "2019-03-07"),
        ("Late.Talk.190307.720p.HDTV-GRP.mkv", "2019-03-07"),
    ],
)
def test_a_daily_show_is_numbered_by_its_day(path: str, date: str) -> None:
    found = identify(path, "shows")
    assert (found.kind, found.title, found.date, found.episodes) == ("episode", "Late Talk", date, ())


def test_a_season_pack_has_a_season_and_no_episode() -> None:
    found = identify("Night.Post.S02.1080p.BluRay.x264-GRP", "shows")
    assert (found.kind, found.title, found.season, found.episodes) == ("season", "Night Post", 2, ())


def test_shows_of_one_name_are_told_apart_by_year_and_country() -> None:
    found = identify("Night.Post.US.S01E01.720p.mkv", "shows")
    assert (found.title, found.country) == ("Night Post", "US")
    assert identify("Night Post (2008)/Night Post (2008) - S01E01.mkv", "shows").year == 2008


def test_a_year_behind_the_episode_is_not_held_to_be_the_shows() -> None:
    found = identify("Night.Post.S02E01.2021.1080p.WEB.mkv", "shows")
    assert (found.year, found.year_of_release) == (2021, True)


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("Harbour Lights (1987)/Trailers/teaser one.mkv", "trailer"),
        ("Harbour Lights (1987)/Harbour Lights (1987)-trailer.mkv", "trailer"),
        ("Harbour Lights (1987)/Behind the Scenes/Day 3.mkv", "behind_the_scenes"),
        ("Harbour Lights (1987)/Deleted Scenes/The pier.mkv", "deleted_scene"),
        ("Harbour.Lights.1987.720p-GRP/Sample/hl-sample.mkv", "sample"),
        ("Harbour.Lights.1987.720p-GRP/sample-harbour.lights.mkv", "sample"),
        ("[Group] Hoshi no Eki - NCOP1 [1080p].mkv", "theme_video"),
    ],
)
def test_extras_and_samples_are_kept_apart(path: str, extra: str) -> None:
    found = identify(path, "movies")
    assert (found.kind, found.extra, found.is_sample) == ("extra", extra, extra == "sample")


def test_an_extra_knows_its_film() -> None:
    assert identify("Harbour Lights (1987)/Trailers/x.mkv", "movies").title == "Harbour Lights"


def test_a_word_that_is_also_a_sort_of_extra_may_be_a_title() -> None:
    assert identify("The Big Short (2015)/The Big Short (2015).mkv", "movies").kind == "movie"
    assert identify("The Sample (2003)/The Sample (2003).mkv", "movies").kind == "movie"


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("Harbour Lights (1987) {tmdb-4321}/Harbour Lights.mkv", {"tmdb": "4321"}),
        ("Harbour Lights (1987) [tmdbid-4321].mkv", {"tmdb": "4321"}),
        ("Night Post [tvdbid=77]/Season 1/Night Post S01E01.mkv", {"tvdb": "77"}),
        ("Harbour Lights (1987) [imdbid-tt0123456].mkv", {"imdb": "tt0123456"}),
    ],
)
def test_an_explicit_id_is_read_and_is_no_part_of_the_title(path: str, ids: dict[str, str]) -> None:
    found = identify(path, "mixed")
    assert dict(found.ids) == ids
    assert found.title in {"Harbour Lights", "Night Post"}
    assert found.confidence >= 0.95


@pytest.mark.parametrize(
    ("name", "edition"),
    [
        ("Harbour Lights (1987) Director's Cut.mkv", "Director's Cut"),
        ("Harbour.Lights.EXTENDED.1987.1080p.mkv", "EXTENDED"),
        ("Harbour Lights (1987) - 25th Anniversary Edition.mkv", "25th Anniversary Edition"),
        ("Harbour Lights (1987).mkv", None),
    ],
)
def test_the_edition_is_what_the_name_says(name: str, edition: str | None) -> None:
    found = identify(name, "movies")
    assert (found.title, found.edition) == ("Harbour Lights", edition)


@pytest.mark.parametrize(
    ("name", "part"), [("Lights.1987.CD2.avi", 2), ("Lights (1987) part1.mkv", 1), ("Lights (1987).mkv", None)]
)
def test_a_film_in_several_files_says_which_part_it_is(name: str, part: int | None) -> None:
    assert identify(name, "movies").part == part


def test_a_part_in_the_title_is_the_title() -> None:
    found = identify("Harbour.Lights.Part.Two.1989.1080p.mkv", "movies")
    assert (found.title, found.part) == ("Harbour Lights Part Two", None)


@pytest.mark.parametrize(
    ("name", "form"),
    [("Lights (1987).3D.SBS.mkv", "sbs"), ("Lights.1987.3D.Half-OU.1080p.mkv", "hou"), ("Lights (1987).mkv", None)],
)
def test_three_dimensions_are_recognised(name: str, form: str | None) -> None:
    assert identify(name, "movies").format_3d == form


@pytest.mark.parametrize(
    "name", ["3f2504e04f8941d39a0c0305e82c3301.mkv", "a8Kd93jXq01LmPz7Rt5w.mkv", "NOTHING TO SEE HERE", ""]
)
@pytest.mark.parametrize("kind", ["movies", "shows", "mixed"])
def test_a_name_that_says_nothing_gives_no_title(name: str, kind: str) -> None:
    found = identify(name, kind)
    assert (found.kind, found.title) == ("none", None)
    assert found.reasons


def test_a_mixed_library_tells_films_from_shows() -> None:
    assert identify("Harbour Lights (1987)/Harbour Lights.mkv", "mixed").kind == "movie"
    assert identify("Night Post/Season 1/03.mkv", "mixed").kind == "episode"
    assert identify("[Group] Hoshi no Eki - 07 [1080p].mkv", "mixed").absolute == (7,)


def test_a_group_s_anime_stays_anime_in_a_mixed_library_that_holds_more_of_it() -> None:
    files = [f"[Group] Hoshi no Eki - {n:02} [1080p].mkv" for n in range(1, 13)]
    found = identify(files[6], "mixed", neighbours=files)
    assert (found.title, found.season, found.episodes, found.absolute) == ("Hoshi no Eki", None, (), (7,))


def test_numbered_neighbours_make_episodes_in_a_mixed_library() -> None:
    files = [f"Pier Talk {n:02}.mkv" for n in range(1, 6)]
    assert identify(f"Pier Talk/{files[2]}", "mixed", neighbours=files).episodes == (3,)
    assert identify("Pier Talk/Pier Talk 03.mkv", "mixed").kind == "movie"


def test_every_answer_gives_reasons_and_is_the_same_each_time() -> None:
    first = identify("Night Post/Season 02/Night Post - S02E05.mkv", "shows")
    assert first == identify("Night Post/Season 02/Night Post - S02E05.mkv", "shows")
    assert any("season 2, episode 5" in reason for reason in first.reasons)
    assert first.confidence > 0.9


def test_a_name_read_by_sure_rules_loads_no_other_parser() -> None:
    code = (
        "import sys; from app.core.identify import identify; identify('Night.Post.S01E01.720p.mkv', 'shows');"
        "assert not {'PTT', 'guessit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "path", ["/", "a/", "...", "[[[[", "((()))/((.mkv", "\udcff\udcfe.mkv", "x" * 5000, "1" * 400, "- " * 300]
)
@pytest.mark.parametrize("kind", ["movies", "shows", "anime", "mixed"])
def test_no_name_breaks_it(path: str, kind: str) -> None:
    assert identify(path, kind).path == path
