"""The door: signing in, making an account from an invitation, letting a TV in by the code it shows."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from app.accounts import queries
from app.web.proxies import shown_address
from app.web.templating import page
from app.web.words import visitor

LONGEST_CODE = 12


def init_app(app: Flask) -> None:
    app.add_url_rule("/login", "login_page", login)
    app.add_url_rule("/pair", "pair_page", pair)


def login() -> Response:
    """Signing in; with `?invite=` making an account. Who is signed in already goes on."""
    if not queries.has_users():
        return redirect("/setup")
    onward = own_path(request.args.get("next", "/"))
    if visitor().is_signed_in:
        return redirect(onward)
    return page("accounts/login.html", next=onward, invite=request.args.get("invite", ""))


def pair() -> Response:
    """To a stranger, a TV for instance, a code; to who is signed in, the place to type one."""
    if not queries.has_users():
        return redirect("/setup")
    code = request.args.get("code", "")[:LONGEST_CODE]
    if visitor().is_signed_in:
        return page("accounts/approve.html", here="pair", code=code)
    if code:
        here = f"/pair?{urlencode({'code': code})}"
        return redirect(f"/login?{urlencode({'next': here})}")
    onward = own_path(request.args.get("next", "/"))
    return page("accounts/pair.html", address=f"{shown_address()}/pair", next=onward)


def own_path(text: str) -> str:
    """A path on this server: what points anywhere else becomes the home page."""
    is_strange = any(character < " " or character in "\\\x7f" for character in text)  # browsers leave some of them out
    return "/" if is_strange or not text.startswith("/") or text.startswith("//") else text
