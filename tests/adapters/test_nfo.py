"""NFO files as programs write them and as disks hold them."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.adapters import nfo
from app.core.metadata import EpisodeFacts, Part, SeasonFacts, WorkFacts
from app.core.nfo import BY_ID, NOTHING, REASON, BrokenNfo, Nfo
from app.web.words import FOLDER, script_words

KODI_FILM = """<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<!--created on 2024-03-09 18:22:01 - by Kodi-->
<movie>
    <title>The Matrix</title>
    <originaltitle>The Matrix</originaltitle>
    <sorttitle>Matrix 1</sorttitle>
    <ratings>
        <rating name="metacritic" max="100"><value>73.000000</value><votes>36</votes></rating>
        <rating name="themoviedb" max="10" default="true"><value>8.234000</value><votes>24015</votes></rating>
    </ratings>
    <userrating>0</userrating>
    <outline></outline>
    <plot>Set in the 22nd century, The Matrix tells the story of a hacker &amp; his friends.</plot>
    <runtime>136</runtime>
    <mpaa>Rated R</mpaa>
    <uniqueid type="imdb">tt0133093</uniqueid>
    <uniqueid type="tmdb" default="true">603</uniqueid>
    <id>603</id>
    <genre>Action</genre>
    <genre>Science Fiction</genre>
    <set>
        <name>The Matrix Collection</name>
        <overview>Machines.</overview>
    </set>
    <credits>Lilly Wachowski</credits>
    <credits>Lana Wachowski</credits>
    <director>Lana Wachowski</director>
    <premiered>1999-03-31</premiered>
    <year>1999</year>
    <fileinfo><streamdetails><video><codec>h264</codec></video></streamdetails></fileinfo>
    <actor>
        <name>Keanu Reeves</name>
        <role>Neo</role>
        <order>0</order>
        <thumb>https://image.tmdb.org/t/p/original/reeves.jpg</thumb>
    </actor>
    <actor><name>Laurence Fishburne</name><role>Morpheus</role><order>1</order><thumb>/local/f.jpg</thumb></actor>
    <actor><role>nobody</role></actor>
</movie>
"""


def read(text: str | bytes) -> Nfo:
    return nfo.parse(text.encode() if isinstance(text, str) else text)


def work(text: str | bytes) -> WorkFacts:
    found = read(text).work
    assert found is not None
    return found


def test_a_film_as_kodi_writes_it() -> None:
    found = read(KODI_FILM)

    assert (found.kind, found.ids, found.is_locked) == ("movie", {"imdb": "tt0133093", "tmdb": "603"}, False)
    assert found.work == WorkFacts(
        provider="nfo",
        value="",
        kind="movie",
        name="The Matrix",
        original_name="The Matrix",
        sort_name="Matrix 1",
        year=1999,
        overview="Set in the 22nd century, The Matrix tells the story of a hacker & his friends.",
        rating=8.2,
        runtime_min=136.0,
        genres=("Action", "Science Fiction"),
        people=(
            Part("Keanu Reeves", "actor", "", "Neo", 0, "https://image.tmdb.org/t/p/original/reeves.jpg"),
            Part("Laurence Fishburne", "actor", "", "Morpheus", 1),
            Part("Lana Wachowski", "director", ""),
            Part("Lilly Wachowski", "writer", ""),
            Part("Lana Wachowski", "writer", "", order=1),
        ),
        collection=("", "The Matrix Collection"),
    )


def test_a_film_as_tinymediamanager_writes_it() -> None:
    found = read("""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!--created on 2023-11-01 10:00:00 - tinyMediaManager 4.3.13-->
<movie>
  <title>Die fabelhafte Welt der Amélie</title>
  <originaltitle>Le Fabuleux Destin d'Amélie Poulain</originaltitle>
  <year>2001</year>
  <ratings><rating default="false" max="5" name="own"><value>4,5</value></rating></ratings>
  <set>Paris Films</set>
  <plot/>
  <outline>Paris.</outline>
  <runtime>2h 2m</runtime>
  <id>tt0211915</id>
  <tmdbid>194</tmdbid>
  <genre>Comedy / Romance</genre>
  <premiered>2001-04-25</premiered>
  <credits tmdbid="1">Guillaume Laurant</credits>
</movie>""")
    assert found.ids == {"tmdb": "194", "imdb": "tt0211915"}
    assert found.work is not None
    told = found.work
    assert (told.name, told.year, told.overview, told.runtime_min) == (
        "Die fabelhafte Welt der Amélie",
        2001,
        "Paris.",
        122.0,
    )
    assert (told.collection, told.rating, told.genres) == (("", "Paris Films"), 9.0, ("Comedy", "Romance"))


def test_a_show_as_jellyfin_writes_it() -> None:
    found = read("""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<tvshow>
  <plot><![CDATA[A harbor & its <lights>.]]></plot>
  <outline />
  <lockdata>true</lockdata>
  <dateadded>2022-01-01 00:00:00</dateadded>
  <title>Harbor Lights</title>
  <rating>7.5</rating>
  <year>2015</year>
  <imdb_id>tt4000001</imdb_id>
  <tmdbid>61</tmdbid>
  <tvdbid>290001</tvdbid>
  <premiered>2015-02-03</premiered>
  <namedseason number="1">The Letters</namedseason>
  <actor><name>Ann Light</name><role>Mara</role><type>Actor</type><sortorder>0</sortorder></actor>
  <actor><name>Bo Dark</name><type>Director</type></actor>
  <actor><name>Cy Money</name><type>Producer</type></actor>
  <id>290001</id>
  <season>-1</season><episode>-1</episode>
</tvshow>""")
    assert (found.kind, found.is_locked) == ("show", True)
    assert found.ids == {"tmdb": "61", "imdb": "tt4000001", "tvdb": "290001"}
    assert found.work is not None
    assert found.work.overview == "A harbor & its <lights>."
    assert found.work.seasons == (SeasonFacts(1, name="The Letters"),)
    assert [(one.name, one.job) for one in found.work.people] == [("Ann Light", "actor"), ("Bo Dark", "director")]


def test_an_old_show_has_its_tvdb_number_as_its_id_and_a_new_one_whichever_is_its_default() -> None:
    assert read("<tvshow><title>A</title><id>121361</id></tvshow>").ids == {"tvdb": "121361"}
    new = '<tvshow><title>A</title><id>1399</id><uniqueid type="tmdb" default="true">1399</uniqueid></tvshow>'
    assert read(new).ids == {"tmdb": "1399"}


def test_several_episodes_in_one_file() -> None:
    one = """<episodedetails>
  <title>{name}</title><season>1</season><episode>{number}</episode>
  <plot>What happens.</plot><aired>2015-01-0{number}</aired><runtime>24</runtime>
</episodedetails>"""
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(
        one.format(name=name, number=number) for number, name in enumerate(("Arrival", "The Letter"), 1)
    )
    expected = (
        EpisodeFacts(1, 1.0, "Arrival", "What happens.", date(2015, 1, 1), 24.0),
        EpisodeFacts(1, 2.0, "The Letter", "What happens.", date(2015, 1, 2), 24.0),
    )
    assert read(text).episodes == expected
    wrapped = text.replace("?>\n", "?>\n<xbmcmultiepisode>") + "</xbmcmultiepisode>"
    assert read(wrapped).episodes == expected


def test_an_episode_that_does_not_say_its_place() -> None:
    assert read("<episodedetails><title>Pilot</title></episodedetails>").episodes == (EpisodeFacts(-1, -1.0, "Pilot"),)


@pytest.mark.parametrize(
    ("text", "kind", "ids"),
    [
        ("https://www.themoviedb.org/movie/603-the-matrix", "movie", {"tmdb": "603"}),
        ("https://www.themoviedb.org/tv/1399?language=de\r\n", "show", {"tmdb": "1399"}),
        ("https://www.imdb.com/title/tt0133093/", None, {"imdb": "tt0133093"}),
        ("http://thetvdb.com/?tab=series&id=121361&lid=7", "show", {"tvdb": "121361"}),
        ("https://thetvdb.com/dereferrer/series/121361", "show", {"tvdb": "121361"}),
        ("https://anidb.net/anime/23", "show", {"anidb": "23"}),
    ],
)
def test_a_file_that_is_only_an_address(text: str, kind: str | None, ids: dict[str, str]) -> None:
    assert read(text) == Nfo(kind, ids=ids)  # type: ignore[arg-type]


def test_an_address_behind_the_xml_fills_what_the_xml_does_not_say() -> None:
    text = "<movie><title>Heat</title></movie>\nhttps://www.themoviedb.org/movie/949\n"
    assert read(text).ids == {"tmdb": "949"}
    text = text.replace("</movie>", '<uniqueid type="tmdb">10</uniqueid></movie>')
    assert read(text).ids == {"tmdb": "10"}


def test_text_around_the_xml_does_no_harm() -> None:
    assert work("ripped by me\n\n<movie><title>Heat</title></movie>\n-- the end & all --").name == "Heat"


def test_a_release_groups_poster_tells_its_address_or_nothing() -> None:
    art = "  ▄▄▄ GRP presents ▄▄▄\n  <Heat.1995> & more <<<\n"
    assert read(art.encode("cp437", "replace")) == NOTHING
    assert read(art.encode("utf-8") + b"imdb: http://www.imdb.com/title/tt0113277/").ids == {"imdb": "tt0113277"}


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff<movie><title>Amélie</title></movie>".encode(),
        '\ufeff<?xml version="1.0" encoding="utf-16"?><movie><title>Amélie</title></movie>'.encode("utf-16-le"),
        '<?xml version="1.0" encoding="utf-16"?><movie><title>Amélie</title></movie>'.encode("utf-16-be"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><movie><title>Amélie</title></movie>'.encode("latin-1"),
        '<?xml version="1.0" encoding="utf-8"?><movie><title>Amélie</title></movie>'.encode("latin-1"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><movie><title>Amélie</title></movie>'.encode(),
        '<?xml version="1.0" encoding="no-such-thing"?><movie><title>Amélie</title></movie>'.encode("cp1252"),
        "<movie><title>Amélie\x00\x08</title></movie>".encode(),
    ],
)
def test_every_encoding_is_read(data: bytes) -> None:
    assert work(data).name == "Amélie"


def test_a_declared_encoding_is_believed_where_it_is_not_utf_8() -> None:
    told = work('<?xml version="1.0" encoding="windows-1251"?><movie><title>Амели</title></movie>'.encode("cp1251"))
    assert told.name == "Амели"


BOMB = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><movie><title>&b;</title></movie>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><movie><title>&x;</title></movie>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BOMB, "it declares entities"),
        (BOMB.encode("utf-16"), "it declares entities"),
        (OUTSIDE, "it declares entities"),
        ("<movie><title>Tom & Jerry</title></movie>", "it cannot be read: not well-formed"),
        ("<movie>\n<title>&nbsp;</title></movie>", "it cannot be read: undefined entity"),
        ("<movie><title>Heat</titel></movie>", "it cannot be read: mismatched tag"),
        ("<?xml version='1.0'?><movie><title>Heat</title>", "it ends before its XML does"),
        ("<movie", "it ends before its XML does"),
        ("", "it is empty"),
        ("\ufeff \r\n", "it is empty"),
        (f"<movie>{'<a>' * 5000}{'</a>' * 5000}</movie>", "it is nested too deeply"),
        (f"<movie>{'<a/>' * 30_000}</movie>", "it has far too many elements"),
        (b"<movie>" + b" " * nfo.MOST_BYTES + b"</movie>", "it is larger than"),
    ],
)
def test_what_is_broken_or_dangerous_is_refused_with_a_reason(data: str | bytes, reason: str) -> None:
    with pytest.raises(BrokenNfo, match=reason):
        read(data)


def test_a_mistake_is_told_with_its_line_in_the_file() -> None:
    with pytest.raises(BrokenNfo, match="line 4"):
        read('<?xml version="1.0"?>\n<!-- by hand -->\n<movie>\n<title>Tom & Jerry</title>\n</movie>')


def test_values_that_make_no_sense_are_left_out() -> None:
    told = read("""<movie><title> A
      film </title><year>soon</year><premiered>0001-01-01</premiered><runtime>about two hours</runtime>
      <rating>731</rating><uniqueid type="imdb">603</uniqueid><uniqueid type="tmdb">0</uniqueid>
      <uniqueid>7</uniqueid><uniqueid type="tvdb">../..</uniqueid><set/><genre> </genre></movie>""")
    assert told == Nfo("movie", WorkFacts("nfo", "", "movie", "A film"))


def test_a_film_without_a_word_tells_nothing() -> None:
    assert not read("<movie/>").says_something
    assert not read("<musicvideo><title>Song</title></musicvideo>").says_something


def test_a_crowd_of_actors_is_cut_short() -> None:
    crowd = "".join(f"<actor><name>Extra {number}</name></actor>" for number in range(500))
    assert len(work(f"<movie><title>Ben</title>{crowd}</movie>").people) == nfo.MOST_ACTORS


@pytest.mark.parametrize(
    "text",
    [
        "<movie><genre>a{}b</genre></movie>".replace("{}", " " * 1_000_000),
        "<movie><runtime>1{}</runtime></movie>".replace("{}", " " * 1_000_000),
        "thetvdb.com/aaaaa" * 60_000,
        "<movie " * 140_000,
        "<episodedetails>" * 60_000,
    ],
)
def test_hostile_text_costs_little_time(text: str) -> None:
    since = time.monotonic()
    with suppress(BrokenNfo):
        read(text)
    assert time.monotonic() - since < 5


def test_a_file_is_read_inside_its_library_only(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    outside = tmp_path / "secret.nfo"
    outside.write_text("<movie/>")
    (library / "link.nfo").symlink_to(outside)
    (library / "film.nfo").write_text("<movie/>")
    (library / "inner.nfo").symlink_to(library / "film.nfo")
    os.mkfifo(library / "pipe.nfo")
    (library / "huge.nfo").write_bytes(b" " * (nfo.MOST_BYTES + 1))

    assert nfo.read(str(library / "film.nfo"), str(library))[0] == b"<movie/>"
    assert nfo.read(str(library / "inner.nfo"), str(library))[1][0] == 8
    for name, reason in (("link", "leads out"), ("pipe", "plain file"), ("huge", "larger")):
        with pytest.raises(BrokenNfo, match=reason):
            nfo.read(str(library / f"{name}.nfo"), str(library))
    with pytest.raises(FileNotFoundError):
        nfo.read(str(library / "gone.nfo"), str(library))


def test_every_reason_has_its_russian_words() -> None:
    source = Path(nfo.__file__).read_text(encoding="utf-8")
    reasons = {*re.findall(r'BrokenNfo\("([^"]+)"\)', source), nfo.TOO_LARGE, nfo.ENTITIES}
    with (FOLDER / "ru" / "messages.po").open(encoding="utf-8") as file:
        known = {message.id for message in read_po(file, locale="ru") if message.string}
    assert len(reasons) > 6
    assert reasons - known == set()
    assert {BY_ID, REASON} <= set(script_words("ru")["words"])
