"""The application class whose routes describe themselves (OpenAPI 3.1, browsable offline at `/api/docs`)."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import Info, OpenAPI
from pydantic import ValidationError

from app.web.errors import problem


def _on_validation_error(error: ValidationError) -> Any:
    """Names the fields and what is wrong with them, never what was sent: it may be a password."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    errors = [{"field": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in found]
    detail = "; ".join(f"{one['field'] or 'body'}: {one['message']}" for one in errors)
    return problem(422, "invalid", detail, errors=errors)


def create_app(root_path: str) -> OpenAPI:
    """An application without extensions or routes."""
    return OpenAPI(
        "app",
        root_path=root_path,
        info=Info(title="Matinee", version="1"),
        validation_error_callback=_on_validation_error,
        doc_prefix="/api",
        doc_url="/openapi.json",
        static_folder="static",
        static_url_path="/static",
        template_folder="templates",
    )
