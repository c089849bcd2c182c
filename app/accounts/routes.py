"""The accounts API: set-up, register, sign in and out, keys, pairing, people."""

from __future__ import annotations

from flask_openapi3 import OpenAPI

from app.accounts import guards


def init_app(app: OpenAPI) -> None:
    guards.init_app(app)
