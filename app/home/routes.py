"""`GET /api/v1/home`."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, OpenAPI, Tag

from app.adapters import clock
from app.home.rows import Home, home
from app.web.inputs import answer
from app.web.security import signed_in, viewer
from app.web.turns import in_turn

api = APIBlueprint("home", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="catalog")])


def init_app(app: OpenAPI) -> None:
    app.register_api(api)


@api.get("/home", summary="The home page's rows, each with its reason", responses={200: Home})
@signed_in
@in_turn
def rows() -> Response:
    return answer(home(viewer(), now=clock.now()))
