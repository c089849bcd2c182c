"""The document says what the server does: complete, and true under generated requests."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from playwright.sync_api import Browser
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.web.security import access_of
from bench.house import House
from tests.conftest import MakeUser

EXAMPLES = 12
OPEN_TO_ALL = {
    "/api/v1/setup",
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/auth/pair",
    "/api/v1/auth/pair/poll",
    "/api/v1/player/progress",  # the playback token in the body is the credential
}


def operations(app: Flask) -> list[tuple[str, str]]:
    """`(METHOD, path as in the document)` of every API route."""
    return sorted(
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_every_operation_is_in_the_document_with_a_summary_and_an_answer(app: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for method, path in operations(app):
        operation = document["paths"][path][method.lower()]
        assert operation["summary"], path
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert good, (method, path)


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(re.findall(r"#/components/schemas/([^\"']+)", str(document)))

    assert found <= set(document["components"]["schemas"])


def test_whoever_may_call_is_decided_for_every_operation(app: Flask, document: dict[str, Any]) -> None:
    open_now = {rule.rule for rule in app.url_map.iter_rules() if is_open(app, rule.endpoint, rule.rule)}

    assert open_now <= OPEN_TO_ALL
    assert document["paths"]["/api/v1/auth/login"]["post"]["security"] == []
    assert document["paths"]["/api/v1/admin/users"]["get"]["security"] == [{"bearer": []}, {"key": []}, {"cookie": []}]
    assert "429" in document["paths"]["/api/v1/auth/login"]["post"]["responses"]


def is_open(app: Flask, endpoint: str, rule: str) -> bool:
    return (
        rule.startswith("/api/v1/")
        and not rule.startswith("/api/v1/admin/")
        and access_of(app.view_functions[endpoint]) is None
    )


def test_the_document_can_be_browsed_without_the_internet(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)

    assert len(addresses) == 4
    assert not re.search(r"<script>|<style>| style=| on\w+=", page.text)
    for address in addresses:
        assert address.startswith("/api/docs/")
        with closing(client.get(address)) as answer:
            assert answer.status_code == 200


@pytest.mark.slow
def test_no_generated_request_breaks_the_server_or_the_document(app: Flask, make_user: MakeUser) -> None:
    app.config["RATELIMIT_ENABLED"] = False
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    problems = []
    for number, result in enumerate(schema.get_all_operations()):
        operation = result.ok()
        if not operation.path.startswith("/api/"):
            continue
        admin = make_user(f"admin {number}", role="admin")
        problems += list(
            attack(operation, {"Authorization": f"Bearer {admin.access_token}", "Accept-Encoding": "identity"})
        )
    assert not problems, "\n\n".join(problems)


def attack(operation: Any, headers: dict[str, str]) -> list[str]:
    """What generated requests to one operation show to be wrong."""
    found: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        response = case.call(headers=headers)
        try:
            case.validate_response(
                response,
                checks=[
                    not_a_server_error,
                    status_code_conformance,
                    content_type_conformance,
                    response_schema_conformance,
                ],
            )
        except (Failure, FailureGroup) as failure:
            found.setdefault(f"{operation.label} {response.status_code}", f"{failure}"[:800])

    run()
    return [f"{where}: {what}" for where, what in found.items()]


@pytest.mark.browser
def test_a_browser_shows_the_document_and_asks_nobody_else(chromium: Browser, matinee: House) -> None:
    page = chromium.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{matinee.url}/api/docs")
    page.wait_for_selector(".opblock", timeout=60_000)

    assert page.locator(".opblock").count() > 20
    assert said == []
    assert [url for url in asked if not url.startswith((matinee.url, "data:"))] == []
    page.close()
