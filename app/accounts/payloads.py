"""What the accounts API takes and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from app.web.inputs import GivenName, Input, Moment, Output, RowId
from app.web.words import LANGUAGES

Password = Annotated[str, Field(min_length=8, max_length=256)]
"""A new password."""
KnownPassword = Annotated[str, Field(max_length=256)]
"""A password to be checked: whatever was once accepted."""
Username = Annotated[str, Field(min_length=1, max_length=64)]
Secret = Annotated[str, Field(min_length=1, max_length=200)]


def _spoken(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"is none of the interface's languages: {', '.join(LANGUAGES)}")
    return language


Language = Annotated[str, AfterValidator(_spoken), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})]


class SetupBody(Input):
    username: Username
    password: Password
    setup_code: Annotated[str, Field(max_length=64)] | None = None


class RegisterBody(Input):
    username: Username
    password: Password
    invite: Secret | None = None


class LoginBody(Input):
    username: Annotated[str, Field(max_length=200)]
    password: KnownPassword
    cookie: bool = False
    device: Annotated[str, Field(max_length=200)] | None = None


class RefreshBody(Input):
    refresh_token: Secret
    attempt: Annotated[str, Field(min_length=16, max_length=128)] | None = Field(
        default=None,
        description="A random word of the caller's own. Whoever lost the answer may ask again with the same word and "
        "gets the same new pair; without it a second use of the old token ends the sign-in.",
    )


class ProfileChange(Input):
    username: Username | None = None
    language: Language | None = None
    profile_id: RowId | None = None
    password: Password | None = None
    current_password: KnownPassword | None = None


class KeyBody(Input):
    name: Annotated[GivenName, Field(max_length=100)]


class ApproveBody(Input):
    code: Annotated[str, Field(min_length=1, max_length=32)]


class PollBody(Input):
    poll_token: Secret
    cookie: bool = False


class UserChange(Input):
    role: Literal["admin", "user"] | None = None
    disabled: bool | None = None
    password: Password | None = None


class InviteBody(Input):
    role: Literal["admin", "user"] = "user"
    expires_in: Annotated[int, Field(ge=60, le=90 * 86_400, description="seconds")] = 7 * 86_400


class RegistrationBody(Input):
    open: bool


class PersonBody(Input):
    name: Annotated[GivenName, Field(max_length=64)]


class UserView(Output):
    id: int
    username: str
    role: str
    language: str | None
    created_at: Moment


class UserAnswer(Output):
    user: UserView


class AdminUserView(UserView):
    disabled: bool
    seen_at: Moment | None


class SetupAnswer(Output):
    needed: bool
    code_needed: bool


class SignInAnswer(Output):
    """`csrf_token` comes with a session cookie only."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    user: UserView
    csrf_token: str | None = None


class TokensAnswer(Output):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class ProfileAnswer(UserView):
    """Who is signed in. `csrf_token` is for requests by cookie; None for other credentials."""

    profile_id: int | None
    sign_in_id: int | None
    csrf_token: str | None


class SessionView(Output):
    id: int
    device: str
    address: str
    created_at: Moment
    seen_at: Moment
    current: bool


class KeyView(Output):
    id: int
    name: str
    prefix: str
    created_at: Moment
    used_at: Moment | None


class NewKeyView(KeyView):
    """`key` is shown this once."""

    key: str


class PairAnswer(Output):
    code: str
    poll_token: str
    expires_in: int
    interval: int


class ApproveAnswer(Output):
    """`device` is what the screen says of itself, `name` what a person calls it; empty when that is not known."""

    device: str
    name: str
    address: str


class WaitingAnswer(Output):
    state: Literal["waiting"] = "waiting"
    interval: int


class InviteView(Output):
    id: int
    role: str
    created_at: Moment
    expires_at: Moment
    used_at: Moment | None


class NewInviteView(InviteView):
    """`code` is shown this once."""

    code: str


class RegistrationAnswer(Output):
    open: bool


class PersonView(Output):
    id: int
    name: str
    is_default: bool
    created_at: Moment
