"""Failures a person can act on. Edges translate them once (`app/web/errors.py`); nothing here knows HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Failure(Exception):
    """Something that could not be done, with a sentence that names the next step.

    `code` is stable and machine-readable; `retry_after` is in seconds; `errors` names fields.
    """

    code: ClassVar[str] = "failure"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        retry_after: int | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.kind = code or type(self).code
        self.retry_after = retry_after
        self.errors = tuple(errors)


class Invalid(Failure):
    """The request itself is wrong."""

    code = "invalid"


class Unauthenticated(Failure):
    """Nobody is signed in, or the credential is bad."""

    code = "unauthenticated"


class Forbidden(Failure):
    """Known, but not allowed."""

    code = "forbidden"


class NotFound(Failure):
    """There is no such thing, or it is not to be seen."""

    code = "not_found"


class Conflict(Failure):
    """Something else happened first."""

    code = "conflict"


class Gone(Failure):
    """It was here and has ended for good."""

    code = "gone"


class TooMany(Failure):
    """Come back after `retry_after` seconds."""

    code = "too_many"


class Unavailable(Failure):
    """A part that is needed does not answer now; try again after `retry_after` seconds."""

    code = "unavailable"
