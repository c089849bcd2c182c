"""The pieces that requests and answers of every feature are made of.

Inputs derive from `Input`; a list takes a `Paging` and answers a `Page`; `answer` sends a model as JSON. What no
database could hold is refused here: NUL characters, lone surrogates, numbers beyond 32 bits, infinities.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from flask import Response, request
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from app.core.instants import rfc3339
from app.core.media_id import PATTERN, MediaId, parse_media_id

PER_PAGE_LIMIT = 200
LAST_PAGE = 1_000_000
T = TypeVar("T")


class _Described(BaseModel):
    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """As pydantic's, made once: flask-openapi3 asks for a query's at every request. Nobody changes what he gets."""
        key = (cls, args, tuple(sorted(options.items())))
        found = _SCHEMAS.get(key)
        if found is None:
            found = _SCHEMAS[key] = super().model_json_schema(*args, **options)
        return found


_SCHEMAS: dict[tuple[Any, ...], dict[str, Any]] = {}


class Input(_Described):
    """What a body, a query or a path derives from. Unknown fields are ignored, so old servers bear new clients."""

    model_config = ConfigDict(allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_broken_text(cls, value: Any) -> Any:
        if _holds_broken_text(value):
            raise ValueError("text must not hold NUL characters or lone surrogates")
        return value


class Output(_Described):
    """What an answer derives from; the names of its fields are the API's."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """As pydantic's: an answer from checked values, nothing is looked at.

        Answers have no aliases and no private or extra fields, so nothing has to be looked up for each of them: a list
        makes hundreds, and this takes an eighth of the time.
        """
        made = cls.__new__(cls)
        _put(made, "__dict__", {**_defaults(cls), **values})
        _put(made, "__pydantic_fields_set__", set(values) if _fields_set is None else _fields_set)
        _put(made, "__pydantic_extra__", None)
        _put(made, "__pydantic_private__", None)
        return made


_put = object.__setattr__


@cache
def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """What fields hold that are not named. A field whose default is made anew each time has to be named."""
    fields = model.model_fields.items()
    return {name: one.default for name, one in fields if not one.is_required() and one.default_factory is None}


RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""The number of a file, library, user, job or session."""

GivenName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""What a person calls something: never blank, no blanks around it."""

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""An instant, sent as RFC 3339 UTC."""


def _as_media_id(value: Any) -> MediaId:
    """A MediaId is made here only: its parts as a JSON object would pass by `parse_media_id` and its bounds."""
    if isinstance(value, MediaId):
        return value
    return parse_media_id(value if isinstance(value, str) else "")


MediaIdField = Annotated[
    MediaId,
    BeforeValidator(_as_media_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "description": "m12 a film, s3 a show, e40 an episode"}),
]
"""A media id in a path, query or body; arrives as `core.media_id.MediaId`."""


def number_asked(name: str, *, most: int = 2**31 - 1) -> int | None:
    """A number from 0 up in a page's address; None where there is none that a database could hold.

    Pages forgive where the API refuses: an address that somebody typed still leads somewhere.
    """
    found = request.args.get(name, type=int)
    return found if found is not None and 0 <= found <= most else None


class IdPath(Input):
    """`…/{id}`"""

    id: RowId


class MediaIdPath(Input):
    """`…/{media_id}`"""

    media_id: MediaIdField


class Paging(Input):
    """Which part of a list. A list that can be sorted adds `sort: Literal[…]` with its own default."""

    page: Annotated[int, Field(ge=1, le=LAST_PAGE)] = 1
    per_page: Annotated[int, Field(ge=1, le=PER_PAGE_LIMIT)] = 50
    order: Literal["asc", "desc"] = "asc"

    @property
    def offset(self) -> int:
        """How many items come before this page."""
        return (self.page - 1) * self.per_page


class Page(Output, Generic[T]):
    """One page of a list: `{"items", "page", "per_page", "total"}`."""

    items: list[T]
    page: int
    per_page: int
    total: int

    @classmethod
    def of(cls, items: Sequence[T], *, paging: Paging, total: int) -> Self:
        return cls(items=list(items), page=paging.page, per_page=paging.per_page, total=total)


def answer(body: BaseModel, status: int = 200) -> Response:
    """The model as a JSON response."""
    return Response(body.model_dump_json(), status=status, mimetype="application/json")


_BROKEN = re.compile("[\x00\ud800-\udfff]")


def _holds_broken_text(value: Any) -> bool:
    """Looks into lists and objects without recursion: a hostile body may nest deeper than the stack."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if _BROKEN.search(one):
                return True
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
    return False
