"""What the administrator does about others: invitations, roles, passwords, closed accounts."""

from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.conftest import Clock
from tests.conftest import MakeUser, Person

PROFILE = "/api/v1/auth/profile"
NEW = {"username": "Newcomer", "password": "correct horse"}


def invite(admin: Person, **body: object) -> str:
    answer = admin.client.post("/api/v1/admin/invites", json=body)
    assert answer.status_code == 201
    code: str = answer.get_json()["code"]
    return code


def test_registration_is_closed_until_it_is_opened(client: FlaskClient, admin: Person) -> None:
    refused = client.post("/api/v1/auth/register", json=NEW)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "registration_closed")

    assert admin.client.patch("/api/v1/admin/registration", json={"open": True}).get_json() == {"open": True}

    made = client.post("/api/v1/auth/register", json=NEW)
    assert (made.status_code, made.get_json()["user"]["role"]) == (201, "user")


def test_an_invitation_lets_one_person_in(app: Flask, admin: Person) -> None:
    code = invite(admin)

    def register(name: str) -> int:
        body = {**NEW, "username": name, "invite": code}
        return app.test_client().post("/api/v1/auth/register", json=body).status_code

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(register, ["Ann", "Ben", "Cid"]))

    assert sorted(answers) == [201, 403, 403]


def test_an_invitation_is_not_spent_on_a_name_that_is_taken(client: FlaskClient, admin: Person) -> None:
    code = invite(admin, role="admin")

    assert client.post("/api/v1/auth/register", json={**NEW, "username": "ADMIN", "invite": code}).status_code == 409
    made = client.post("/api/v1/auth/register", json={**NEW, "invite": code})
    assert made.get_json()["user"]["role"] == "admin"


def test_an_invitation_expires_and_can_be_withdrawn(client: FlaskClient, admin: Person, fake_clock: Clock) -> None:
    admin.client.environ_base["HTTP_AUTHORIZATION"] = (
        "Bearer "
        + (client.post("/api/v1/auth/login", json={"username": "admin", "password": admin.password}).get_json())[
            "access_token"
        ]
    )
    late, withdrawn = invite(admin, expires_in=60), invite(admin)
    listed = admin.client.get("/api/v1/admin/invites").get_json()["items"]
    assert admin.client.delete(f"/api/v1/admin/invites/{listed[0]['id']}").status_code == 204
    fake_clock.advance(seconds=61)

    for code in (late, withdrawn, "made-up"):
        refused = client.post("/api/v1/auth/register", json={**NEW, "invite": code})
        assert (refused.status_code, refused.get_json()["code"]) == (403, "invite_invalid")


def test_everybody_is_listed_for_administrators_only(admin: Person, user: Person) -> None:
    listed = admin.client.get("/api/v1/admin/users").get_json()

    assert [(one["username"], one["role"], one["disabled"]) for one in listed["items"]] == [
        ("admin", "admin", False),
        ("user", "user", False),
    ]
    assert "password" not in str(listed)
    assert user.client.get("/api/v1/admin/users").status_code == 403


def test_a_role_holds_from_the_next_request_on(admin: Person, user: Person) -> None:
    assert user.client.get("/api/v1/admin/users").status_code == 403

    admin.client.patch(f"/api/v1/admin/users/{user.user_id}", json={"role": "admin"})
    assert user.client.get("/api/v1/admin/users").status_code == 200

    admin.client.patch(f"/api/v1/admin/users/{user.user_id}", json={"role": "user"})
    assert user.client.get("/api/v1/admin/users").status_code == 403


def test_the_last_administrator_stays(admin: Person, user: Person) -> None:
    for change in ({"role": "user"}, {"disabled": True}):
        refused = admin.client.patch(f"/api/v1/admin/users/{admin.user_id}", json=change)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "last_admin")
    assert admin.client.get("/api/v1/admin/users").status_code == 200


def test_two_administrators_who_demote_each_other_leave_one(make_user: MakeUser, admin: Person) -> None:
    other = make_user("other", role="admin")

    def demote(by: Person, whom: Person) -> int:
        return by.client.patch(f"/api/v1/admin/users/{whom.user_id}", json={"role": "user"}).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(demote, [admin, other], [other, admin]))

    assert answers[0] == 200
    assert answers[1] in {403, 409}


def test_a_disabled_account_is_out_at_once_and_cannot_come_back(
    client: FlaskClient, app: Flask, admin: Person, user: Person
) -> None:
    key = user.client.post("/api/v1/auth/keys", json={"name": "k"}).get_json()["key"]
    script = app.test_client()
    script.environ_base["HTTP_X_API_KEY"] = key
    assert script.get(PROFILE).status_code == 200

    changed = admin.client.patch(f"/api/v1/admin/users/{user.user_id}", json={"disabled": True})

    assert changed.get_json()["disabled"] is True
    assert user.client.get(PROFILE).status_code == 401
    assert script.get(PROFILE).status_code == 401
    login = client.post("/api/v1/auth/login", json={"username": "user", "password": user.password})
    assert (login.status_code, login.get_json()["code"]) == (403, "account_disabled")
    admin.client.patch(f"/api/v1/admin/users/{user.user_id}", json={"disabled": False})
    assert script.get(PROFILE).status_code == 200


def test_a_password_that_the_administrator_sets_ends_the_users_sign_ins(
    client: FlaskClient, admin: Person, user: Person
) -> None:
    admin.client.patch(f"/api/v1/admin/users/{user.user_id}", json={"password": "given to her"})

    assert user.client.get(PROFILE).status_code == 401
    login = client.post("/api/v1/auth/login", json={"username": "user", "password": "given to her"})
    assert login.status_code == 200


def test_there_is_no_user_with_a_number_nobody_has(admin: Person) -> None:
    assert admin.client.patch("/api/v1/admin/users/999", json={"role": "user"}).status_code == 404
    assert admin.client.patch(f"/api/v1/admin/users/{2**40}", json={"role": "user"}).status_code == 422
