"""Grids of titles, and the page of one."""

from __future__ import annotations

from flask import Flask, Response, request

from app.browse import title_page
from app.core.errors import NotFound
from app.core.media_id import parse_media_id
from app.web.security import signed_in, viewer
from app.web.templating import page


def init_app(app: Flask) -> None:
    app.add_url_rule("/title/<media_id>", "title_page", title)


@signed_in
def title(media_id: str) -> Response:
    """A film, a show or an episode. Raises NotFound."""
    try:
        wanted = parse_media_id(media_id)
    except ValueError as error:
        raise NotFound("There is no such title.") from error
    season = request.args.get("season", type=int)
    values = title_page.values(wanted, viewer().profile_id or 0, season)
    here = "movies" if wanted.kind == "movie" else "shows"
    return page("browse/title.html", here="anime" if values["media"].anime else here, **values)
