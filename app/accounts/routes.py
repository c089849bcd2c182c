"""The accounts API: set-up, register, sign in and out, profile, keys, pairing; people and invites for admins."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Response, current_app, request
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from app.accounts import guards, pairing, payloads, queries, service, sign_ins
from app.accounts.models import SignIn, User
from app.accounts.pairing import Pairings, Screen
from app.accounts.tokens import ACCESS_LIFETIME
from app.adapters import clock
from app.core.devices import device_name
from app.core.errors import Forbidden, NotFound, Unauthenticated
from app.core.names import fold_username
from app.extensions import db, get_redis, writing
from app.web.inputs import IdPath, Page, Paging, answer
from app.web.limits import limiter, per_caller
from app.web.proxies import client_address, is_local
from app.web.security import SESSION_COOKIE, admin_only, identity, signed_in, viewer
from config import Config

COOKIE_LIFETIME = timedelta(days=365)
EXPIRES_IN = int(ACCESS_LIFETIME.total_seconds())

api = APIBlueprint("accounts", __name__, abp_tags=[Tag(name="accounts")], url_prefix="/api/v1")


def init_app(app: OpenAPI) -> None:
    guards.init_app(app)
    app.register_api(api)


def _tried_account() -> str:
    """One count for each name tried from each address."""
    body = request.get_json(silent=True)
    name = body.get("username") if isinstance(body, dict) else None
    return f"{fold_username(name) if isinstance(name, str) else ''}|{client_address()}"


def _tried_name() -> str:
    return _tried_account().partition("|")[0] or "nobody"


def _failed(response: Response) -> bool:
    return response.status_code in {401, 403}


# Set-up ---------------------------------------------------------------------------------------------------------------


@api.get("/setup", summary="Whether the first administrator is missing", responses={200: payloads.SetupAnswer})
def setup_state() -> Response:
    """`code_needed` says whether this caller must show the code from the server's terminal."""
    needed = not queries.has_users()
    return answer(payloads.SetupAnswer(needed=needed, code_needed=needed and not is_local()))


@api.post("/setup", summary="Create the first administrator", responses={201: payloads.UserAnswer, 409: None})
@limiter.limit("20/minute", deduct_when=_failed)
def setup(body: payloads.SetupBody) -> Response:
    """Without the code only from the server's own machine. 409 ever after."""
    config: Config = current_app.config["MATINEE"]
    service.require_no_users()
    _require_setup_code(body.setup_code, config.secret_key)
    db.session.rollback()
    password_hash, now = guards.passwords().hash(body.password), clock.now()
    with writing():
        user = service.create_first_admin(username=body.username, password_hash=password_hash, now=now)
        made = payloads.UserView.model_validate(user)
    return answer(payloads.UserAnswer(user=made), 201)


def _require_setup_code(shown: str | None, secret_key: str) -> None:
    if shown is None and is_local():
        return
    if shown is None:
        raise Forbidden("Type the set-up code that the server shows in its terminal.", code="setup_code_needed")
    if not service.is_setup_code(shown, secret_key):
        raise Forbidden("This is not the set-up code in the server's terminal.", code="setup_code_wrong")


# Register, sign in, sign out ------------------------------------------------------------------------------------------


@api.post("/auth/register", summary="Create an account", responses={201: payloads.UserAnswer, 409: None})
@limiter.limit("60/minute")
def register(body: payloads.RegisterBody) -> Response:
    """Closed unless the administrator opened it or the invitation is good."""
    now = clock.now()
    welcome = queries.invite_is_good(body.invite, now=now) if body.invite else queries.registration_is_open()
    db.session.rollback()
    password_hash = guards.passwords().hash(body.password) if welcome else ""
    with writing():
        user = service.register(username=body.username, password_hash=password_hash, invite=body.invite, now=now)
        made = payloads.UserView.model_validate(user)
    return answer(payloads.UserAnswer(user=made), 201)


@api.post("/auth/login", summary="Sign in", responses={200: payloads.SignInAnswer, 401: None, 403: None})
@limiter.limit("1000/hour", key_func=_tried_name, deduct_when=_failed)
@limiter.limit("60/minute", deduct_when=_failed)
@limiter.limit("10/minute", key_func=_tried_account, deduct_when=_failed)
def login(body: payloads.LoginBody) -> Response:
    """With `cookie` the answer also sets the session cookie and names the token for unsafe requests by it."""
    facts = queries.login_facts(body.username)
    db.session.rollback()
    if not guards.passwords().matches(body.password, facts.password_hash if facts else None) or facts is None:
        raise Unauthenticated("The user name or the password is wrong.", code="wrong_credentials")
    outdated = guards.passwords().is_outdated(facts.password_hash)
    fresh_hash = guards.passwords().hash(body.password) if outdated else None
    if facts.disabled:
        raise Forbidden("This account is disabled. Ask the administrator.", code="account_disabled")
    with writing():
        user = service.own(facts.user_id)
        if user.password_hash != facts.password_hash:
            raise Unauthenticated("The password was changed at this moment. Sign in again.", code="wrong_credentials")
        if fresh_hash is not None:
            user.password_hash = fresh_hash
        granted = _start(user, with_cookie=body.cookie, screen=_this_screen(body.device))
        known = payloads.UserView.model_validate(user)
    return _signed_in(granted, known)


@api.post(
    "/auth/refresh", summary="Change a refresh token for a new pair", responses={200: payloads.TokensAnswer, 401: None}
)
@limiter.limit("60/minute", deduct_when=_failed)
def refresh(body: payloads.RefreshBody) -> Response:
    """Each refresh token is good once; a second use ends the whole sign-in."""
    with writing():
        granted = sign_ins.rotate(body.refresh_token, attempt=body.attempt, signer=guards.signer(), now=clock.now())
    if granted is None:
        raise Unauthenticated(
            "This refresh token was used before, so its sign-in has ended. Sign in again.", code="token_reused"
        )
    return answer(
        payloads.TokensAnswer(
            access_token=granted.access_token, refresh_token=granted.refresh_token, expires_in=EXPIRES_IN
        )
    )


@api.post("/auth/logout", summary="Sign out", responses={204: None})
@signed_in
def logout() -> Response:
    """Ends this sign-in at once: its tokens, its cookie, its playback and its sockets."""
    with writing():
        sign_ins.end([_sign_in_id()], reason="signed out", now=clock.now())
    response = Response(status=204)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


# Profile, devices, keys -----------------------------------------------------------------------------------------------


@api.get("/auth/profile", summary="Who is signed in", responses={200: payloads.ProfileAnswer})
@signed_in
def profile() -> Response:
    """The caller's account, with the CSRF token of a web session."""
    return answer(_profile_answer(service.own(viewer().user_id)))


@api.patch(
    "/auth/profile",
    summary="Change one's name, language, profile or password",
    responses={200: payloads.ProfileAnswer, 403: None, 404: None, 409: None},
)
@limiter.limit("20/minute", key_func=per_caller, deduct_when=_failed)
@signed_in
def change_profile(body: payloads.ProfileChange) -> Response:
    """A new password needs the current one, and ends every other sign-in."""
    sign_in_id, now = _sign_in_id(), clock.now()
    new_hash = _checked_new_password(body) if body.password is not None else None
    with writing():
        user = service.own(viewer().user_id)
        if new_hash is not None:
            service.change_password(user, new_hash, but=sign_in_id, now=now)
        if body.username is not None:
            service.change_name(user, body.username)
        if body.language is not None:
            service.change_language(user, body.language)
        if body.profile_id is not None:
            service.choose_profile(user, body.profile_id, sign_in_id=sign_in_id)
        changed = _profile_answer(user)
    changed.profile_id = body.profile_id or changed.profile_id
    return answer(changed)


def _checked_new_password(body: payloads.ProfileChange) -> str:
    """The hash of the new password, once the current one was right."""
    stored = queries.password_hash_of(viewer().user_id or 0)
    db.session.rollback()
    if not guards.passwords().matches(body.current_password or "", stored):
        detail = "The current password is wrong."
        raise Forbidden(detail, code="wrong_password", errors=[{"field": "current_password", "message": detail}])
    return guards.passwords().hash(body.password or "")


@api.get("/auth/sessions", summary="One's devices", responses={200: Page[payloads.SessionView]})
@signed_in
def sessions(query: Paging) -> Response:
    """Everything that is signed in with this account, the one seen last first."""
    found, total = queries.live_sign_ins(
        viewer().user_id or 0, offset=query.offset, limit=query.per_page, now=clock.now()
    )
    shown = [_session_view(one) for one in found]
    return answer(Page[payloads.SessionView].of(shown, paging=query, total=total))


@api.delete("/auth/sessions/<int:id>", summary="Sign a device out", responses={204: None, 404: None})
@signed_in
def end_session(path: IdPath) -> Response:
    """Its tokens and open sockets end at once."""
    _sign_in_id()
    with writing():
        sign_ins.end_own(path.id, user_id=viewer().user_id or 0, now=clock.now())
    return Response(status=204)


@api.get("/auth/keys", summary="One's API keys", responses={200: Page[payloads.KeyView]})
@signed_in
def keys(query: Paging) -> Response:
    """Without their text, which only the answer to their creation holds."""
    found, total = queries.api_keys(viewer().user_id or 0, offset=query.offset, limit=query.per_page)
    shown = [payloads.KeyView.model_validate(one) for one in found]
    return answer(Page[payloads.KeyView].of(shown, paging=query, total=total))


@api.post("/auth/keys", summary="Create an API key", responses={201: payloads.NewKeyView, 403: None, 409: None})
@signed_in
def create_key(body: payloads.KeyBody) -> Response:
    """A key acts as its user, for scripts. `key` is in this answer only."""
    _sign_in_id()
    with writing():
        made, text = service.create_key(user_id=viewer().user_id or 0, name=body.name, now=clock.now())
        shown = payloads.KeyView.model_validate(made)
    return answer(payloads.NewKeyView(**shown.model_dump(), key=text), 201)


@api.delete("/auth/keys/<int:id>", summary="Delete an API key", responses={204: None, 404: None})
@signed_in
def delete_key(path: IdPath) -> Response:
    """Whoever uses it is refused from now on."""
    _sign_in_id()
    with writing():
        service.delete_key(path.id, user_id=viewer().user_id or 0)
    return Response(status=204)


# Pairing --------------------------------------------------------------------------------------------------------------


@api.post("/auth/pair", summary="Show a code on a TV", responses={201: payloads.PairAnswer})
@limiter.limit("20/minute")
def pair() -> Response:
    """The TV shows `code` and asks `pair/poll` every `interval` seconds."""
    code, poll_token = Pairings(get_redis()).begin(_this_screen(None))
    return answer(
        payloads.PairAnswer(
            code=code, poll_token=poll_token, expires_in=pairing.LIFETIME_S, interval=pairing.INTERVAL_S
        ),
        201,
    )


@api.post("/auth/pair/screen", summary="Which TV shows a code", responses={200: payloads.ApproveAnswer, 404: None})
@limiter.limit("10/minute", key_func=per_caller)
@signed_in
def screen_of_code(body: payloads.ApproveBody) -> Response:
    """For the question before `approve`: a code that somebody else sent must not let their device in unseen."""
    return answer(_screen_answer(Pairings(get_redis()).showing(body.code)))


@api.post("/auth/pair/approve", summary="Let a TV in", responses={200: payloads.ApproveAnswer, 403: None, 404: None})
@limiter.limit("10/minute", key_func=per_caller)
@signed_in
def approve(body: payloads.ApproveBody) -> Response:
    """The TV that shows this code is signed in as the caller. The answer says which device it was."""
    _sign_in_id()
    screen = Pairings(get_redis()).approve(body.code, user_id=viewer().user_id or 0)
    return answer(_screen_answer(screen))


@api.post(
    "/auth/pair/poll",
    summary="Whether the code was approved",
    responses={200: payloads.SignInAnswer, 202: payloads.WaitingAnswer, 401: None, 403: None, 410: None},
)
@limiter.limit("240/minute")
def poll(body: payloads.PollBody) -> Response:
    """202 while waiting; then, once, the same answer as a sign-in."""
    screen = Pairings(get_redis()).collect(body.poll_token)
    if screen is None:
        return answer(payloads.WaitingAnswer(interval=pairing.INTERVAL_S), 202)
    with writing():
        user = service.own(screen.approved_by)
        if user.disabled_at is not None:
            raise Forbidden("This account is disabled. Ask the administrator.", code="account_disabled")
        granted = _start(user, with_cookie=body.cookie, screen=screen)
        known = payloads.UserView.model_validate(user)
    return _signed_in(granted, known)


# The household --------------------------------------------------------------------------------------------------------


@api.get("/user/profiles", summary="The people of this account", responses={200: Page[payloads.PersonView]})
@signed_in
def people(query: Paging) -> Response:
    """Each has a history and lists of their own."""
    found, total = queries.profiles(viewer().user_id or 0, offset=query.offset, limit=query.per_page)
    shown = [payloads.PersonView.model_validate(one) for one in found]
    return answer(Page[payloads.PersonView].of(shown, paging=query, total=total))


@api.post("/user/profiles", summary="Add a person", responses={201: payloads.PersonView, 409: None})
@signed_in
def add_person(body: payloads.PersonBody) -> Response:
    """A device changes to a person with `PATCH /auth/profile {profile_id}`."""
    with writing():
        made = service.add_profile(user_id=viewer().user_id or 0, name=body.name, now=clock.now())
        shown = payloads.PersonView.model_validate(made)
    return answer(shown, 201)


# For administrators ---------------------------------------------------------------------------------------------------


@api.get("/admin/users", summary="Everybody", responses={200: Page[payloads.AdminUserView]})
@admin_only
def users(query: Paging) -> Response:
    """By name, with the moment each was last seen."""
    found, total = queries.users(offset=query.offset, limit=query.per_page)
    seen = queries.last_seen([user.id for user in found])
    shown = [_admin_user_view(user, seen_at=seen.get(user.id)) for user in found]
    return answer(Page[payloads.AdminUserView].of(shown, paging=query, total=total))


@api.patch(
    "/admin/users/<int:id>",
    summary="Change a user's role or password, or disable the account",
    responses={200: payloads.AdminUserView, 404: None, 409: None, 429: None},
)
@admin_only
def change_user(path: IdPath, body: payloads.UserChange) -> Response:
    """Never takes the last administrator away. A new password and a disabled account end every sign-in of the user."""
    new_hash = guards.passwords().hash(body.password) if body.password is not None else None
    now = clock.now()
    with writing():
        user = queries.user_with_id(path.id)
        if user is None:
            raise NotFound("There is no such user.")
        if new_hash is not None:
            own = viewer().sign_in_id if user.id == viewer().user_id else None
            service.change_password(user, new_hash, but=own, now=now)
        if body.role is not None:
            service.change_role(user, body.role)
        if body.disabled is not None:
            service.set_disabled(user, body.disabled, now=now)
        changed = _admin_user_view(user, seen_at=queries.last_seen([user.id]).get(user.id))
    return answer(changed)


@api.get("/admin/invites", summary="Invitations", responses={200: Page[payloads.InviteView]})
@admin_only
def invites(query: Paging) -> Response:
    """Without their codes, which only the answer to their creation holds."""
    found, total = queries.invites(offset=query.offset, limit=query.per_page)
    shown = [payloads.InviteView.model_validate(one) for one in found]
    return answer(Page[payloads.InviteView].of(shown, paging=query, total=total))


@api.post("/admin/invites", summary="Invite somebody", responses={201: payloads.NewInviteView})
@admin_only
def invite(body: payloads.InviteBody) -> Response:
    """One code lets one person register. `code` is in this answer only."""
    with writing():
        made, code = service.invite(
            role=body.role,
            lifetime=timedelta(seconds=body.expires_in),
            created_by_id=viewer().user_id,
            now=clock.now(),
        )
        shown = payloads.InviteView.model_validate(made)
    return answer(payloads.NewInviteView(**shown.model_dump(), code=code), 201)


@api.delete("/admin/invites/<int:id>", summary="Withdraw an invitation", responses={204: None, 404: None})
@admin_only
def withdraw_invite(path: IdPath) -> Response:
    """Its code is good for nothing from now on."""
    with writing():
        service.withdraw_invite(path.id)
    return Response(status=204)


@api.get("/admin/registration", summary="Whether anybody may register", responses={200: payloads.RegistrationAnswer})
@admin_only
def registration() -> Response:
    """Closed until an administrator opens it; invitations work either way."""
    return answer(payloads.RegistrationAnswer(open=queries.registration_is_open()))


@api.patch("/admin/registration", summary="Open or close registration", responses={200: payloads.RegistrationAnswer})
@admin_only
def open_registration(body: payloads.RegistrationBody) -> Response:
    """Holds from the next request on."""
    with writing():
        service.open_registration(body.open, now=clock.now())
    return answer(payloads.RegistrationAnswer(open=body.open))


# What the views share -------------------------------------------------------------------------------------------------


def _sign_in_id() -> int:
    """The caller's sign-in; a key may not do what would outlive it. Raises Forbidden."""
    found = viewer().sign_in_id
    if found is None:
        raise Forbidden("An API key cannot do this. Sign in.", code="sign_in_needed")
    return found


def _this_screen(device: str | None) -> Screen:
    return Screen(device=(device or request.user_agent.string)[:200], address=client_address())


def _screen_answer(screen: Screen) -> payloads.ApproveAnswer:
    return payloads.ApproveAnswer(device=screen.device, name=device_name(screen.device), address=screen.address)


def _start(user: User, *, with_cookie: bool, screen: Screen) -> sign_ins.Granted:
    return sign_ins.start(
        user,
        device=sign_ins.Device(screen.device, screen.address),
        with_cookie=with_cookie,
        signer=guards.signer(),
        now=clock.now(),
    )


def _signed_in(granted: sign_ins.Granted, user: payloads.UserView) -> Response:
    response = answer(
        payloads.SignInAnswer(
            access_token=granted.access_token,
            refresh_token=granted.refresh_token,
            expires_in=EXPIRES_IN,
            user=user,
            csrf_token=granted.csrf_token,
        )
    )
    if granted.cookie is not None:
        response.set_cookie(
            SESSION_COOKIE,
            granted.cookie,
            max_age=COOKIE_LIFETIME,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response


def _profile_answer(user: User) -> payloads.ProfileAnswer:
    shown = payloads.UserView.model_validate(user).model_dump()
    return payloads.ProfileAnswer(
        **shown,
        profile_id=viewer().profile_id,
        sign_in_id=viewer().sign_in_id,
        csrf_token=identity().csrf_token,
    )


def _session_view(one: SignIn) -> payloads.SessionView:
    return payloads.SessionView(
        id=one.id,
        device=one.device,
        address=one.address,
        created_at=one.created_at,
        seen_at=one.seen_at,
        current=one.id == viewer().sign_in_id,
    )


def _admin_user_view(user: User, *, seen_at: datetime | None) -> payloads.AdminUserView:
    shown = payloads.UserView.model_validate(user).model_dump()
    return payloads.AdminUserView(**shown, disabled=user.disabled_at is not None, seen_at=seen_at)
