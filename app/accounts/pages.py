"""The door: signing in, or making an account from an invitation."""

from __future__ import annotations

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from app.accounts import queries
from app.web.templating import page
from app.web.words import visitor


def init_app(app: Flask) -> None:
    app.add_url_rule("/login", "login_page", login)


def login() -> Response:
    """Signing in; with `?invite=` making an account. Who is signed in already goes on."""
    if not queries.has_users():
        return redirect("/setup")
    onward = own_path(request.args.get("next", "/"))
    if visitor().is_signed_in:
        return redirect(onward)
    return page("accounts/login.html", next=onward, invite=request.args.get("invite", ""))


def own_path(text: str) -> str:
    """A path on this server: what points anywhere else becomes the home page."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or "\\" in text or "\n" in text:
        return "/"
    return text
