"""When two user names are one."""

import pytest

from app.core.names import fold_username


@pytest.mark.parametrize(
    "other", ["ADMIN", "аdmin", "аdміn", "ａｄｍｉｎ", "adm\u200bin", "ádmin", "adm1n", "admln", "𝐚𝐝𝐦𝐢𝐧", " admin "]
)
def test_names_that_look_alike_are_one(other: str) -> None:
    assert fold_username(other) == fold_username("admin")


def test_names_that_differ_are_not() -> None:
    names = ["anna", "hanna", "anna b", "Иван", "Ирина", "山田", "user", "user2", "a.b", "a-b"]

    assert len({fold_username(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["", " ", "\u200b\u200d", "\u0301"])
def test_a_name_of_nothing_visible_folds_to_nothing(name: str) -> None:
    assert fold_username(name) == ""
