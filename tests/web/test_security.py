"""Who may call what."""

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from app.web.security import admin_only, signed_in, viewer
from tests.conftest import Person


@pytest.fixture(autouse=True)
def _views(app: Flask) -> None:
    app.add_url_rule("/t/open", "t_open", lambda: jsonify(name=viewer().name))
    app.add_url_rule("/t/signed", "t_signed", signed_in(lambda: jsonify(name=viewer().name)))
    app.add_url_rule("/t/admin", "t_admin", admin_only(lambda: jsonify(name=viewer().name)))


def test_a_stranger_may_call_only_what_is_open(client: FlaskClient) -> None:
    assert client.get("/t/open").get_json() == {"name": ""}
    assert client.get("/t/signed").status_code == 401
    assert client.get("/t/admin").status_code == 401


def test_a_user_may_not_call_what_is_the_administrators(user_client: FlaskClient, admin_client: FlaskClient) -> None:
    assert user_client.get("/t/signed").get_json() == {"name": "user"}
    assert user_client.get("/t/admin").status_code == 403
    assert admin_client.get("/t/admin").get_json() == {"name": "admin"}


def test_everything_below_admin_needs_the_role_even_where_a_view_forgot_it(app: Flask, user: Person) -> None:
    app.add_url_rule("/api/v1/admin/forgotten", "t_forgotten", lambda: "secret")

    assert app.test_client().get("/api/v1/admin/forgotten").status_code == 401
    assert user.client.get("/api/v1/admin/forgotten").status_code == 403


def test_a_bad_credential_is_refused_and_never_falls_back_to_the_next(app: Flask, user: Person) -> None:
    answer = app.test_client().get(
        "/t/open", headers={"Authorization": "Bearer nonsense", "X-API-Key": "mtk_1.nonsense"}
    )

    assert answer.status_code == 401
    assert answer.get_json()["code"] == "token_invalid"
