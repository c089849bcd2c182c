"""Text is compared as people mean it."""

import pytest

from app.core.query import (
    compact,
    deletion_keys,
    fold,
    index_words,
    initial,
    mistakes,
    name_key,
    query_tokens,
    sort_name,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Spider-Man: No Way Home", "spider man no way home"),
        ("Amélie & Björn", "amelie and bjorn"),
        ("Чёрный Поезд", fold("черный поезд")),
        ("Straße", "strasse"),
        ("  A.I. ", "a i"),
        ("...", ""),
    ],
)
def test_case_accents_and_punctuation_do_not_matter(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert fold("Ame\u0301lie Й Ё") == fold("Amélie Й Ё")


@pytest.mark.parametrize(
    ("one", "other"), [("Spider-Man", "Spider Man"), ("Mr. Robot", "Mr Robot"), ("A&B", "a and b")]
)
def test_one_work_written_two_ways_has_one_key(one: str, other: str) -> None:
    assert name_key("movie", one) == name_key("movie", other)


def test_names_of_punctuation_alone_stay_apart() -> None:
    assert compact("...") != compact("!!!")


def test_a_very_long_name_keeps_a_key_of_its_own() -> None:
    one, other = name_key("movie", "x" * 900 + "1"), name_key("movie", "x" * 900 + "2")
    assert one != other
    assert len(one) == 300


def test_lists_are_sorted_without_the_article_and_by_number() -> None:
    names = ["The Office", "Rocky 10", "Rocky 2", "A.I.", "Another", "Office Space", "The"]
    assert sorted(names, key=sort_name) == [
        "A.I.",
        "Another",
        "The Office",
        "Office Space",
        "Rocky 2",
        "Rocky 10",
        "The",
    ]


def test_the_letter_index_files_numbers_under_a_sign() -> None:
    assert [initial(sort_name(name)) for name in ("The Office", "12 Angry Men", "Ёлки", "…")] == ["O", "#", "Е", "#"]


def test_a_hyphenated_name_is_found_with_and_without_the_hyphen() -> None:
    assert index_words(["Spider-Man"]) == ["spider", "man", "spiderman"]
    assert query_tokens("spider-man  returns!") == [("spider", "man"), ("returns",)]


def test_chinese_and_japanese_characters_are_words() -> None:
    assert index_words(["風の歌"]) == ["風", "の", "歌"]


@pytest.mark.parametrize(
    ("typed", "word", "prefix", "expected"),
    [
        ("river", "river", False, 0),
        ("rver", "river", False, 1),
        ("irver", "river", False, 1),
        ("rivver", "river", False, 1),
        ("rixer", "river", False, 1),
        ("abcdef", "river", False, 3),
        ("termna", "terminator", True, 1),
        ("ter", "terminator", True, 0),
    ],
)
def test_typing_mistakes_are_counted(typed: str, word: str, prefix: bool, expected: int) -> None:
    assert mistakes(typed, word, prefix=prefix) == expected


@pytest.mark.parametrize(("typed", "word"), [("slient", "silent"), ("lanten", "lantern"), ("kigndom", "kingdom")])
def test_a_mistyped_word_shares_a_key_with_the_right_one(typed: str, word: str) -> None:
    assert deletion_keys(typed) & deletion_keys(word)


def test_two_mistakes_in_a_long_word_share_a_key() -> None:
    assert deletion_keys("valparaso") & deletion_keys("valparaiso")
    assert deletion_keys("samrkamd") & deletion_keys("samarkand")
