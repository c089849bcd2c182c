"""One's own account: names, passwords, devices, keys, the people of a household."""

from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.conftest import Browser, Clock
from tests.conftest import MakeUser, Person

PROFILE = "/api/v1/auth/profile"


def with_key(app: Flask, key: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = key
    return client


def test_a_user_can_be_renamed_but_not_to_look_like_another(make_user: MakeUser, user: Person) -> None:
    make_user("Admin")

    assert user.client.patch(PROFILE, json={"username": "Zoë"}).get_json()["username"] == "Zoë"
    assert user.client.get(PROFILE).get_json()["username"] == "Zoë"
    taken = user.client.patch(PROFILE, json={"username": "аdmіn"})  # Cyrillic а and і
    assert (taken.status_code, taken.get_json()["code"]) == (409, "username_taken")


def test_a_name_nobody_can_read_is_refused(user: Person) -> None:
    for name in ("   ", "\u200b", "a\nb", "a\u202eb", "x" * 33, "ﷺ" * 5):
        assert user.client.patch(PROFILE, json={"username": name}).status_code == 422, name


def test_a_new_password_needs_the_current_one(user: Person) -> None:
    for current in ({}, {"current_password": "wrong"}):
        refused = user.client.patch(PROFILE, json={"password": "another one", **current})
        assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_password")


def test_a_new_password_ends_every_other_sign_in(app: Flask, browser: Browser, user: Person) -> None:
    browser.sign_in("user", user.password)
    body = {"password": "another one", "current_password": user.password}

    assert user.client.patch(PROFILE, json=body).status_code == 200

    assert user.client.get(PROFILE).status_code == 200
    assert browser.client.get(PROFILE).status_code == 401
    old, new = ({"username": "user", "password": word} for word in (user.password, "another one"))
    assert app.test_client().post("/api/v1/auth/login", json=old).status_code == 401
    assert app.test_client().post("/api/v1/auth/login", json=new).status_code == 200


def test_a_password_never_comes_back_in_an_error(client: FlaskClient) -> None:
    answer = client.post("/api/v1/auth/register", json={"username": 7, "password": "s3cret!"})

    assert answer.status_code == 422
    assert "s3cret" not in answer.text


def test_one_sees_and_ends_ones_own_devices(make_user: MakeUser, browser: Browser, user: Person) -> None:
    browser.sign_in("user", user.password)
    stranger = make_user("stranger")

    listed = user.client.get("/api/v1/auth/sessions").get_json()
    other = next(one["id"] for one in listed["items"] if not one["current"])

    assert (listed["total"], listed["page"]) == (2, 1)
    assert stranger.client.delete(f"/api/v1/auth/sessions/{other}").status_code == 404
    assert browser.client.get(PROFILE).status_code == 200
    assert user.client.delete(f"/api/v1/auth/sessions/{other}").status_code == 204
    assert browser.client.get(PROFILE).status_code == 401
    assert user.client.delete(f"/api/v1/auth/sessions/{other}").status_code == 404


def test_a_device_says_when_it_was_last_seen(fake_clock: Clock, user: Person) -> None:
    fake_clock.advance(minutes=12)
    pair = user.client.post("/api/v1/auth/refresh", json={"refresh_token": user.refresh_token}).get_json()
    fake_clock.advance(minutes=11)
    user.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {pair['access_token']}"

    user.client.get(PROFILE)

    seen = user.client.get("/api/v1/auth/sessions").get_json()["items"][0]["seen_at"]
    assert seen == "2026-11-20T18:23:00.000Z"


def test_a_key_acts_as_its_user_until_it_is_deleted(app: Flask, user: Person) -> None:
    made = user.client.post("/api/v1/auth/keys", json={"name": "backup script"})
    key = made.get_json()
    script = with_key(app, key["key"])

    assert made.status_code == 201
    assert script.get(PROFILE).get_json()["username"] == "user"
    listed = user.client.get("/api/v1/auth/keys").get_json()["items"][0]
    assert listed["name"] == "backup script"
    assert "key" not in listed
    assert listed["used_at"] is not None
    assert user.client.delete(f"/api/v1/auth/keys/{key['id']}").status_code == 204
    assert script.get(PROFILE).status_code == 401


def test_a_key_cannot_do_what_would_outlive_it(app: Flask, user: Person) -> None:
    script = with_key(app, user.client.post("/api/v1/auth/keys", json={"name": "k"}).get_json()["key"])

    refused = [
        script.post("/api/v1/auth/keys", json={"name": "another"}),
        script.patch(PROFILE, json={"password": "another one", "current_password": user.password}),
        script.delete(f"/api/v1/auth/sessions/{user.sign_in_id}"),
        script.post("/api/v1/auth/logout"),
        script.post("/api/v1/auth/pair/approve", json={"code": "ABCDEF"}),
    ]

    assert {answer.status_code for answer in refused} == {403}


def test_nobody_deletes_anothers_key(make_user: MakeUser, user: Person) -> None:
    key = user.client.post("/api/v1/auth/keys", json={"name": "k"}).get_json()

    assert make_user("stranger").client.delete(f"/api/v1/auth/keys/{key['id']}").status_code == 404


def test_a_guessed_key_is_refused(app: Flask, user: Person) -> None:
    key = user.client.post("/api/v1/auth/keys", json={"name": "k"}).get_json()["key"]

    for guess in (key[:-1], key + "x", key.replace("mtk_1", "mtk_2"), "mtk_1.", "mtk_", "mtk_99999999999.x", "x"):
        assert with_key(app, guess).get(PROFILE).status_code == 401, guess


def test_a_household_has_several_people_and_a_device_belongs_to_one(make_user: MakeUser, user: Person) -> None:
    made = user.client.post("/api/v1/user/profiles", json={"name": "Kids"})
    kids = made.get_json()["id"]

    assert made.status_code == 201
    assert [one["name"] for one in user.client.get("/api/v1/user/profiles").get_json()["items"]] == ["user", "Kids"]
    assert user.client.patch(PROFILE, json={"profile_id": kids}).get_json()["profile_id"] == kids
    assert user.client.get(PROFILE).get_json()["profile_id"] == kids
    assert make_user("stranger").client.patch(PROFILE, json={"profile_id": kids}).status_code == 404


def test_a_language_that_the_interface_does_not_speak_is_refused(user: Person) -> None:
    refused = user.client.patch(PROFILE, json={"language": "xx"})

    assert refused.status_code == 422
    assert "en, ru" in refused.json["detail"]  # type: ignore[index]
    assert user.client.patch(PROFILE, json={"language": "ru"}).status_code == 200
