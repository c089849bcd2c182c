"""Names of files are kept to the byte, whatever they hold."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from app.adapters.database import path_from, stored_path


@given(st.binary().map(lambda raw: raw.replace(b"\0", b"")) | st.text().map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_come_back_and_are_stored_as_text_that_a_database_takes(raw: bytes) -> None:
    path = os.fsdecode(raw)
    stored = stored_path(path)
    stored.encode("utf-8")
    assert os.fsencode(path_from(stored)) == raw


@given(st.binary(), st.binary())
def test_two_names_never_share_a_stored_form(one: bytes, other: bytes) -> None:
    assert (stored_path(os.fsdecode(one)) == stored_path(os.fsdecode(other))) == (one == other)


def test_private_characters_and_broken_bytes_do_not_meet() -> None:
    broken, private = b"a\xff", "a\uf7ff".encode()
    assert stored_path(os.fsdecode(broken)) != stored_path(os.fsdecode(private))
