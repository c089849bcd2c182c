"""The application stands up."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.adapters.clock import now
from app.extensions import WriteOutsideUnit, db, writing


def test_an_unknown_address_is_a_problem_with_a_code(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing-here")

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"] == "not_found"


def test_a_write_outside_a_write_unit_is_refused(app: Flask) -> None:
    with app.app_context():
        user = User(username="a", username_key="a", password_hash="x", created_at=now())
        db.session.add(user)
        try:
            db.session.flush()
        except WriteOutsideUnit:
            refused = True
        else:
            refused = False
        db.session.rollback()
    assert refused


def test_a_write_unit_commits_and_a_failed_one_leaves_nothing(app: Flask) -> None:
    with app.app_context():
        with writing() as session:
            session.add(User(username="a", username_key="a", password_hash="x", created_at=now()))
        try:
            with writing() as session:
                session.add(User(username="b", username_key="b", password_hash="x", created_at=now()))
                session.flush()
                raise RuntimeError("on purpose")
        except RuntimeError:
            pass
        assert db.session.scalars(select(User.username)).all() == ["a"]
