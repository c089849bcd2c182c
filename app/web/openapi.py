"""The application class whose routes describe themselves (OpenAPI 3.1, browsable offline at `/api/docs`).

The document is made from the code: inputs and answers from the views' models, credentials and problems from what the
views are marked with.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import resources
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import Info, OpenAPI
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from app.web.errors import problem
from app.web.limits import is_limited
from app.web.security import ADMIN_PREFIX, API_KEY_HEADER, SESSION_COOKIE, access_of

VERSION = "1"
MAX_BODY_BYTES = 1 << 20

CREDENTIALS: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "key": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER},
    "cookie": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
}


class FieldProblem(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | None = None
    request_id: str | None = None


class Json(DefaultJSONProvider):
    """Flask's, but a body that nests deeper than the stack is malformed like any other."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class Application(OpenAPI):
    """Flask with flask-openapi3; its document says in full what every operation may answer."""

    json_provider_class = Json

    @cached_property
    def _document(self) -> dict[str, Any]:
        self.generate_spec_json()  # type: ignore[no-untyped-call]
        document: dict[str, Any] = self.spec_json
        schemas = document["components"].setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["Problem"] = {name: value for name, value in problem.items() if name != "$defs"}
        schemas["FieldProblem"] = FieldProblem.model_json_schema()
        schemas.pop("ValidationErrorModel", None)
        views = _views_by_operation(self)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(operation, path, method, views.get((path, method.upper())))
        return document

    @property
    def api_doc(self) -> dict[str, Any]:
        return self._document


def create_app(root_path: str) -> Application:
    """An application without extensions or routes."""
    app = Application(
        "app",
        root_path=root_path,
        info=Info(title="Matinee", version=VERSION),
        security_schemes=CREDENTIALS,
        validation_error_callback=_on_validation_error,
        doc_ui=False,
        static_folder="static",
        static_url_path="/static",
        template_folder="templates",
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.register_blueprint(_docs())
    return app


def _on_validation_error(error: ValidationError) -> Any:
    """Names the fields and what is wrong with them, never what was sent: it may be a password."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    if _body_is_missing(found):
        return _problem_with_body()
    errors = [{"field": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in found]
    detail = "; ".join(f"{one['field'] or 'body'}: {one['message']}" for one in errors)
    return problem(422, "invalid", detail, errors=errors)


def _body_is_missing(found: Any) -> bool:
    """Whether no JSON object reached the model at all."""
    return any(not one["loc"] and one["type"] in {"model_type", "model_attributes_type"} for one in found)


def _problem_with_body() -> Response:
    if len(request.get_data()) >= MAX_BODY_BYTES:  # a chunked body is cut there, since it does not say how long it is
        return problem(413, "request_entity_too_large", "The body is too large.")
    if not request.is_json:
        return problem(415, "unsupported_media_type", "Send the body as JSON, with `Content-Type: application/json`.")
    try:
        request.get_json()
    except BadRequest:
        return problem(400, "malformed_json", "The body is not valid JSON.")
    return problem(422, "invalid", "The body is not a JSON object.")


def _views_by_operation(app: Flask) -> dict[tuple[str, str], Any]:
    """`(path as in the document, METHOD)` → view function."""
    return {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }


def _complete(operation: dict[str, Any], path: str, method: str, view: Any) -> None:
    """Adds credentials and problems that follow from how a view is marked."""
    access = "admin" if path.startswith(ADMIN_PREFIX) else access_of(view)
    operation["security"] = [{name: []} for name in CREDENTIALS] if access else []
    has_body = "requestBody" in operation
    may_fail = {
        400: has_body,
        401: access is not None,
        403: access == "admin" or method != "get",
        404: "{" in path,
        413: has_body,
        415: has_body,
        422: has_body or bool(operation.get("parameters")),
        429: is_limited(view),
    }
    responses = operation.setdefault("responses", {})
    if not may_fail[422] and "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]  # flask-openapi3 adds it everywhere
    for status in (status for status, possible in may_fail.items() if possible):
        responses.setdefault(str(status), {})
    for status, response in responses.items():
        if int(status) >= 400:
            response.update(_PROBLEM_RESPONSE)
            response["description"] = _DESCRIPTIONS.get(int(status), "The request could not be fulfilled.")


_PROBLEM_RESPONSE = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_DESCRIPTIONS = {
    400: "The body is not valid JSON.",
    401: "No credential was shown, or a bad one.",
    403: "Known, but not allowed; or a request of a foreign page.",
    404: "There is no such thing, or it is not to be seen.",
    409: "Something else happened first.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A field is missing or wrong; `errors` names it.",
    429: "Too many requests; come back after `Retry-After` seconds.",
    503: "A part that is needed does not answer now; come back after `Retry-After` seconds.",
}


def _docs() -> Blueprint:
    """The document and a page to browse it, without a word from the internet."""
    folder = str(resources.files("flask_openapi3_swagger") / "templates" / "swagger")
    docs = Blueprint("docs", __name__, static_folder=folder, static_url_path="/api/docs/assets")

    @docs.get("/api/openapi.json")
    def document() -> dict[str, Any]:
        found: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]
        return found

    @docs.get("/api/docs")
    def page() -> str:
        return _DOCS_PAGE

    @docs.get("/api/docs/start.js")
    def start() -> Response:
        return Response(_DOCS_SCRIPT, mimetype="text/javascript")

    return docs


_DOCS_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Matinee API</title>
<link rel="icon" href="/api/docs/assets/images/swagger.svg">
<link rel="stylesheet" href="/api/docs/assets/css/swagger-ui.css">
<script src="/api/docs/assets/js/swagger-ui-bundle.js" defer></script>
<script src="/api/docs/start.js" defer></script>
</head>
<body><main id="docs"></main></body>
</html>
"""
_DOCS_SCRIPT = """addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({ url: "/api/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });
});
"""
