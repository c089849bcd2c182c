"""What every request and answer is made of."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from app.core.media_id import MediaId, parse_media_id
from app.web.inputs import IdPath, Input, MediaIdPath, Moment, Output, Page, Paging


class Note(Input):
    text: str
    weight: float = 0.0


class Seen(Output):
    at: Moment


def test_a_media_id_reads_back_as_it_was_written() -> None:
    assert parse_media_id("m12") == MediaId("movie", 12)
    assert [str(parse_media_id(text)) for text in ("m12", "s3", "e40")] == ["m12", "s3", "e40"]


@pytest.mark.parametrize("text", ["", "m", "m0", "m01", "x1", "M1", "m1 ", "m1\n", "m-1", "m9999999999", "m١"])
def test_what_is_no_media_id_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MediaIdPath.model_validate({"media_id": text})


def test_a_page_says_where_it_is() -> None:
    paging = Paging(page=3, per_page=20)

    assert paging.offset == 40
    assert Page[int].of([1, 2], paging=paging, total=42).model_dump() == {
        "items": [1, 2],
        "page": 3,
        "per_page": 20,
        "total": 42,
    }


@pytest.mark.parametrize("asked", [{"per_page": 201}, {"per_page": 0}, {"page": 0}, {"page": "x"}, {"order": "up"}])
def test_a_page_that_cannot_be_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Paging.model_validate(asked)


@pytest.mark.parametrize(
    "sent", [{"kind": "movie", "number": 10**30}, {"kind": "movie", "number": 8}, 8, None, ["m8"], True]
)
def test_a_media_id_is_sent_as_a_string_or_not_at_all(sent: object) -> None:
    with pytest.raises(ValidationError):
        MediaIdPath.model_validate({"media_id": sent})


@pytest.mark.parametrize(
    "body",
    [{"text": "a\x00b"}, {"text": "\ud800"}, {"text": "a", "weight": float("nan")}, {"text": "a", "x": ["\x00"]}],
)
def test_what_a_database_could_not_hold_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Note.model_validate(body)


def test_a_number_beyond_the_databases_is_refused() -> None:
    with pytest.raises(ValidationError):
        IdPath.model_validate({"id": 2**31})


def test_instants_are_sent_as_rfc_3339() -> None:
    seen = Seen(at=datetime(2026, 11, 20, 18, 51, tzinfo=UTC))

    assert seen.model_dump_json() == '{"at":"2026-11-20T18:51:00.000Z"}'
