"""`/api/v1/player/…` and `/play/<token>/…`: sessions, and every byte of media behind them."""

from __future__ import annotations

import json
from dataclasses import replace

from flask import Blueprint, Response, request, url_for
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import ValidationError
from sqlalchemy import select

from app.accounts.models import User
from app.adapters import clock
from app.adapters.database import stored_time
from app.core import subtitles
from app.core.access import Viewer
from app.core.errors import Forbidden, Invalid, NotFound, Unauthenticated
from app.core.hls import media_playlist
from app.core.playback import codec_name, device_of
from app.core.subtitles import IMAGE_CODECS
from app.extensions import db
from app.library.models import MediaFile, MediaStream
from app.playback import guards
from app.playback.answers import (
    AudioTrackOut,
    ChapterOut,
    PreparedOut,
    PrepareIn,
    ProgressIn,
    ReasonOut,
    RenditionOut,
    RenewedOut,
    ReportedOut,
    SessionOut,
    SessionPage,
    SessionPath,
    SourcePictureOut,
    SubtitleOut,
    SubtitlesOut,
    SubtitlesQuery,
    SubtitleTrackOut,
)
from app.playback.files import source_of
from app.playback.guards import admit, file_response, may_play, own_session, playback, require_own, stored, text
from app.playback.kept_tracks import Tracks
from app.playback.models import PlaySession
from app.playback.plans import FIRST_SIDECAR, TextChoice, master
from app.playback.service import Playing, Prepared, Session
from app.playback.tokens import IDLE
from app.transcoding.sources import require_unchanged, sidecar, source_file
from app.web.hanging_up import hung_up
from app.web.inputs import Paging, answer
from app.web.limits import PREPARE, limiter, per_caller
from app.web.security import signed_in, viewer

M3U8 = "application/vnd.apple.mpegurl"
LONGEST_BODY = 10_000
EXPIRES_S = int(IDLE.total_seconds())
SMALL_SOURCE = 1 << 30

api = APIBlueprint(
    "player", __name__, url_prefix="/api/v1/player", abp_tags=[Tag(name="player", description="Playing")]
)
media = Blueprint("play", __name__, url_prefix="/play/<token>")


def init_app(app: OpenAPI) -> None:
    guards.init_app(app)
    app.register_api(api)
    app.register_blueprint(media)


@api.post("/prepare", summary="Begin to play", responses={201: PreparedOut, 404: None})
@signed_in
@limiter.limit(PREPARE, key_func=per_caller)
def prepare(body: PrepareIn) -> Response:
    """Decides how this device gets the film and answers with addresses that any player can follow."""
    return answer(begin(body), 201)


def begin(body: PrepareIn) -> PreparedOut:
    """A new session of the caller, as `prepare` answers it."""
    return begin_with_opening(body)[0]


def begin_with_opening(body: PrepareIn) -> tuple[PreparedOut, list[str]]:
    """The same, and the addresses that a player will ask for first: the player page has them fetched at once."""
    if (body.media_id is None) == (body.media_file_id is None):
        raise Invalid("Say what to play: either media_id or media_file_id.")
    now = clock.now()
    prepared = playback().prepare(
        viewer(),
        media_id=body.media_id,
        file_id=body.media_file_id,
        device=device_of(body.device.model_dump() if body.device else None),
        tracks=Tracks(body.audio, body.subtitle),
        position=body.position,
        now=now,
    )
    session = prepared.session
    token = playback().signer.token(session.id, session.file_id, now=now)
    return _prepared(prepared, token), _opening(prepared, token)


def _opening(prepared: Prepared, token: str) -> list[str]:
    """The multivariant playlist, then playlist, init and first cell of each rendition that playing starts with."""
    if prepared.session.method == "direct":
        return []
    found = [url_for("play.multivariant", token=token, name="master")]
    for name, rendition, k in playback().opening(prepared.session, prepared.position):
        found += [
            url_for("play.rendition_playlist", token=token, name=name),
            url_for("play.init_segment", token=token, recipe=rendition.recipe),
            url_for("play.cell", token=token, recipe=rendition.recipe, k=k),
        ]
    return found


def _prepared(prepared: Prepared, token: str) -> PreparedOut:
    session, plan = prepared.session, prepared.session.plan
    codecs = {stream.index: stream.codec for stream in prepared.choice.streams}
    picture = source_of(prepared.choice).video
    return PreparedOut(
        session_id=session.id,
        method=prepared.decision.method,
        reasons=[ReasonOut.model_validate(one) for one in prepared.decision.reasons],
        url=_url(session, token),
        hls_url=url_for("play.multivariant", token=token, name="master"),
        ladder_url=url_for("play.multivariant", token=token, name="ladder") if plan.encoded else None,
        mime_type=plan.mime_type if session.method == "direct" else M3U8,
        expires_in=EXPIRES_S,
        duration=session.duration,
        position=prepared.position,
        media_id=session.media_id,
        media_file_id=session.file_id,
        part=prepared.choice.stretch.part,
        parts=max(1, len(prepared.choice.stretch.parts)),
        next_media_file_id=prepared.choice.stretch.next_file_id,
        source=SourcePictureOut(codec=codec_name(picture), width=picture.width or 0, height=picture.height or 0)
        if picture
        else None,
        renditions=[
            RenditionOut(
                name=spec.name,
                width=spec.width,
                height=spec.height,
                bit_rate=spec.bit_rate,
                method=spec.method,
                codecs=spec.codecs,
                master=f"{name}.m3u8",
            )
            for name, specs in (("master", plan.video), ("ladder", plan.beside))
            for spec in sorted(specs, key=lambda one: (-one.height, one.method))
        ],
        audio_tracks=[
            AudioTrackOut(
                index=one.spec.stream_index,
                language=one.language,
                title=one.title,
                channels=one.spec.channels,
                codec=codecs.get(one.spec.stream_index),
                method=one.spec.method,
                default=one.default,
            )
            for one in plan.audio
        ],
        subtitle_tracks=[_subtitle_track(one, token) for one in plan.text],
        chapters=[ChapterOut(start=one.start, end=one.end, title=one.title) for one in prepared.choice.chapters],
    )


def _url(session: Session, token: str) -> str:
    if session.method == "direct":
        return url_for("play.original", token=token, suffix=session.plan.suffix)
    return url_for("play.multivariant", token=token, name="master")


def _subtitle_track(one: TextChoice, token: str) -> SubtitleTrackOut:
    url = None if one.image else url_for("play.subtitle", token=token, index=one.index)
    return SubtitleTrackOut(
        index=one.index,
        language=one.language,
        title=one.title,
        codec=one.codec,
        default=one.default,
        forced=one.forced,
        hearing_impaired=one.hearing_impaired,
        image=one.image,
        url=url,
    )


@api.post(
    "/progress",
    summary="Say where the player is",
    responses={200: ReportedOut, 401: None, 403: None, 404: None, 422: None},
)
def report_progress() -> Response:
    """Body: `{session_id | token, position, paused}`, as JSON whatever its content type says (sendBeacon)."""
    body = _progress_body()
    if body.token is not None:
        session = admit(body.token, position=body.position).session
    elif body.session_id is not None:
        session = _own_living(body.session_id, body.position)
    else:
        raise Invalid("Say which session: token or session_id.")
    playback().report(session, position=body.position, paused=body.paused, now=clock.now())
    return answer(ReportedOut(expires_in=EXPIRES_S, prepared=playback().prepared(session)))


def _progress_body() -> ProgressIn:
    data = request.get_data(cache=False) if (request.content_length or 0) <= LONGEST_BODY else b""
    try:
        return ProgressIn.model_validate(json.loads(data))
    except ValidationError as error:
        errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
        raise Invalid("This is no progress report.", errors=errors) from None
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.") from None


def _own_living(session_id: str, position: float) -> Session:
    if not viewer().is_signed_in:
        raise Unauthenticated("Sign in first, or send the playback token.")
    session = playback().session(session_id)
    require_own(session)
    now = clock.now()
    pulse = playback().pulses.require(session.id, now=now)
    playback().pulses.slide(session.id, pulse, now=now, position=position)
    return session


@api.get("/sessions", summary="What is played now", responses={200: SessionPage})
@signed_in
def list_sessions(query: Paging) -> Response:
    """The caller's own, the latest first; an administrator sees everyone's."""
    found = playing_now(viewer())
    shown = found[query.offset : query.offset + query.per_page]
    return answer(SessionPage.of(shown, paging=query, total=len(found)))


def playing_now(caller: Viewer) -> list[SessionOut]:
    """The living sessions that this caller may see, the latest first."""
    now = clock.now()
    wanted = (
        select(PlaySession, User.username)
        .outerjoin(User, User.id == PlaySession.user_id)
        .where(PlaySession.ended_at.is_(None), PlaySession.seen_at > now - IDLE)
        .order_by(PlaySession.created_at.desc())
        .limit(500)
    )
    if not caller.is_admin:
        wanted = wanted.where(PlaySession.user_id == caller.user_id)
    return [_session(row, name) for row, name in db.session.execute(wanted)]


def _session(row: PlaySession, username: str | None) -> SessionOut:
    return SessionOut(
        id=row.id,
        user_id=row.user_id,
        username=username,
        media_id=row.media_id,
        media_file_id=row.file_id,
        method=row.method,
        reasons=[ReasonOut.model_validate(one) for one in row.reasons],
        position=row.position,
        paused=row.paused,
        duration=row.plan.get("duration"),
        renditions=[str(one["name"]) for one in row.plan.get("video", [])],
        created_at=row.created_at,
        seen_at=row.seen_at,
    )


@api.delete("/sessions/<id>", summary="End a session", responses={204: None})
@signed_in
def end_session(path: SessionPath) -> Response:
    """Its token opens nothing from here on."""
    playback().end(own_session(path.id).id, now=clock.now())
    return Response(status=204)


@api.post("/sessions/<id>/renew", summary="A new token for a session", responses={200: RenewedOut})
@signed_in
def renew_session(path: SessionPath) -> Response:
    """For a page that slept longer than its token lived."""
    session = playback().session(path.id)
    require_own(session)
    if not may_play(session):
        raise Forbidden("This playback session has ended. Start playing again.", code="session_ended")
    token = playback().renew(session, now=clock.now())
    hls_url = url_for("play.multivariant", token=token, name="master")
    return answer(RenewedOut(token=token, url=_url(session, token), hls_url=hls_url, expires_in=EXPIRES_S))


@api.get("/subtitles", summary="Subtitles of a file", responses={200: SubtitlesOut, 404: None})
@signed_in
def list_subtitles(query: SubtitlesQuery) -> Response:
    """Embedded tracks and files beside it."""
    if db.session.get(MediaFile, query.media_file_id) is None:
        raise NotFound("There is no such file.")
    rows = db.session.scalars(
        select(MediaStream)
        .where(MediaStream.file_id == query.media_file_id, MediaStream.kind == "subtitle")
        .order_by(MediaStream.index)
    )
    return answer(
        SubtitlesOut(
            items=[
                SubtitleOut(
                    index=row.index,
                    language=row.language,
                    title=row.title,
                    codec=row.codec or "unknown",
                    forced=row.is_forced,
                    default=row.is_default,
                    external=row.external_path is not None,
                    image=row.codec in IMAGE_CODECS,
                )
                for row in rows
            ]
        )
    )


@media.get("/<any(master, ladder):name>.m3u8")
def multivariant(token: str, name: str) -> Response:
    plan = admit(token).session.plan
    return text(master(plan, plan.encoded if name == "ladder" else plan.video), M3U8)


@media.get("/s<int:index>.m3u8")
def text_playlist(token: str, index: int) -> Response:
    session = admit(token).session
    _text_choice(session, index)
    timeline = subtitles.segments(playback().grid(session).index.duration)
    return text(media_playlist(timeline, segment_uri=lambda k: f"subtitles/{index}/{k}.vtt"), M3U8)


@media.get("/<name>.m3u8")
def rendition_playlist(token: str, name: str) -> Response:
    session = admit(token).session
    db.session.remove()
    found = playback().rendition(session, name)
    recipe, beside = found.recipe, playback().timelines(session)
    playlist = media_playlist(
        found.timeline,
        segment_uri=lambda k: f"{recipe}/{k}.m4s",
        init_uri=f"{recipe}/init.mp4",
        beside=beside,
    )
    return text(playlist, M3U8)


@media.get("/<recipe>/init.mp4")
def init_segment(token: str, recipe: str) -> Response:
    playing = admit(token)
    db.session.remove()
    found = playback().rendition_of(playing.session, recipe)
    key = playback().transcoding.init(found, replace(playing.asked, gone=hung_up()))
    return stored(key, mimetype=f"{found.kind}/mp4", etag=f"{recipe}-init")


@media.get("/<recipe>/<int:k>.m4s")
def cell(token: str, recipe: str, k: int) -> Response:
    playing = admit(token)
    db.session.remove()  # no database session is held across a wait
    found = playback().rendition_of(playing.session, recipe)
    key, waited = playback().cell(playing.session, found, k, replace(playing.asked, gone=hung_up()))
    pace = playback().transcoding.pace(found)
    return stored(key, mimetype=f"{found.kind}/mp4", etag=f"{recipe}-{k}", waited=waited, pace=pace)


@media.get("/subtitles/<int:index>/<int:k>.vtt")
def subtitle_segment(token: str, index: int, k: int) -> Response:
    playing = admit(token)
    cues = _cues(playing, index)
    timeline = subtitles.segments(playback().grid(playing.session).index.duration)
    if not 0 <= k < len(timeline):
        raise NotFound("There is no such segment.")
    start, end = timeline.boundaries[k : k + 2]
    return text(subtitles.webvtt_segment(cues, start, end), "text/vtt")


@media.get("/subtitles/<int:index>.vtt")
def subtitle(token: str, index: int) -> Response:
    """The whole track; a WebVTT file beside the film is served untouched."""
    playing = admit(token)
    if _text_choice(playing.session, index).whole:
        path = sidecar(playing.session.file_id, index)
        try:
            found = path.stat()
            etag = f"{found.st_size:x}-{found.st_mtime_ns:x}"
            modified = stored_time(found.st_mtime_ns) // 10**9
            return file_response(path, mimetype="text/vtt", etag=etag, modified=modified)
        except OSError:
            raise NotFound("The subtitle file is not there any more.") from None
    return text(subtitles.webvtt(_cues(playing, index)), "text/vtt")


def _text_choice(session: Session, index: int) -> TextChoice:
    for one in session.plan.text:
        if one.index == index and not one.image:
            return one
    raise NotFound("There is no such text track.")


def _cues(playing: Playing, index: int) -> list[subtitles.Cue]:
    session = playing.session
    _text_choice(session, index)
    source = source_file(session.file_id)
    db.session.remove()
    lane = "copy" if index >= FIRST_SIDECAR else ("now" if source.size <= SMALL_SOURCE else "ahead")
    document = playback().transcoding.cues(session.file_id, session.plan.origin, index, lane=lane)  # type: ignore[arg-type]
    return subtitles.from_json(json.loads(document))


@media.get("/original", defaults={"suffix": ""})
@media.get("/original<suffix>")
def original(token: str, suffix: str) -> Response:  # noqa: ARG001
    """The file as it is. The suffix is for players that go by names."""
    session = admit(token).session
    source = source_file(session.file_id)
    db.session.remove()
    require_unchanged(source)
    if source.origin != session.plan.origin:
        raise Forbidden("This file has changed. Start playing again.", code="session_ended")
    mimetype = session.plan.mime_type
    return file_response(
        source.path, mimetype=mimetype, etag=f"{source.origin}-{source.size:x}", modified=source.mtime_ns // 10**9
    )
