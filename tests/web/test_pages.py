"""Pages: the door, errors, languages, and what they promise to browsers."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.adapters.clock import now
from app.extensions import writing

HTML = {"Accept": "text/html,application/xhtml+xml"}


def make_user(app: Flask) -> None:
    with app.app_context(), writing() as session:
        session.add(User(username="aya", username_key="aya", password_hash="x", created_at=now()))


def test_a_server_without_users_leads_to_the_set_up(client: FlaskClient) -> None:
    answer = client.get("/login", headers=HTML)

    assert answer.status_code == 302
    assert answer.location == "/setup"


def test_the_sign_in_has_the_fields_of_the_contract(app: Flask, client: FlaskClient) -> None:
    make_user(app)

    text = client.get("/login", headers=HTML).get_data(as_text=True)

    assert 'name="username"' in text
    assert 'name="password"' in text


def test_after_the_sign_in_a_visitor_never_lands_on_another_server(app: Flask, client: FlaskClient) -> None:
    make_user(app)

    for evil in (
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"),
        *("/\t/evil.example", "/\r/evil.example", "/\n/evil.example", "\t//evil.example"),  # browsers leave these out
    ):
        text = client.get("/login", query_string={"next": evil}, headers=HTML).get_data(as_text=True)
        assert 'data-next="/"' in text


def test_a_page_carries_no_inline_script_and_no_style_attribute(app: Flask, client: FlaskClient) -> None:
    make_user(app)

    text = client.get("/login", headers=HTML).get_data(as_text=True)

    scripts = re.findall(r"<script([^>]*)>", text)
    assert all("src=" in one or 'type="application/json"' in one for one in scripts)
    assert " style=" not in text
    assert not re.search(r"\son\w+=", text)


def test_a_browser_that_goes_astray_gets_a_page_and_a_script_gets_a_problem(client: FlaskClient) -> None:
    page = client.get("/nothing/here", headers=HTML)
    problem = client.get("/nothing/here", headers={"Accept": "application/json"})

    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")


def test_the_interface_speaks_the_language_the_browser_asks_for(app: Flask, client: FlaskClient) -> None:
    make_user(app)

    russian = client.get("/login", headers=HTML | {"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"}).get_data(as_text=True)
    english = client.get("/login", headers=HTML | {"Accept-Language": "de"}).get_data(as_text=True)

    assert '<html lang="ru"' in russian
    assert "Войти" in russian
    assert '<html lang="en"' in english


def test_a_cookie_chooses_the_language_against_the_browser(app: Flask, client: FlaskClient) -> None:
    make_user(app)
    client.set_cookie("matinee_language", "ru")

    assert '<html lang="ru"' in client.get("/login", headers=HTML | {"Accept-Language": "en"}).get_data(as_text=True)


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "0", "x", "", "1e9", "nan", "inf"])
def test_a_page_bears_any_number_in_its_address(app: Flask, admin_client: FlaskClient, number: str) -> None:
    for address in (
        *("/list?page=", "/history?page=", "/admin/problems?page=", "/playlists?id=", "/movies?from="),
        *("/title/m1?season=", "/watch/m1?file=", "/watch/m1?from="),
    ):
        answer = admin_client.get(f"{address}{number}", headers=HTML)
        assert answer.status_code in {200, 404}, address
