"""Sessions: prepared, kept alive, reported on, ended."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from app.core.access import Viewer
from app.core.errors import Forbidden, NotFound
from app.core.media_id import MediaId
from app.core.playback import Decision, Device
from app.core.timeline import Timeline
from app.core.watching import is_watched, resume_at
from app.extensions import db, writing
from app.personal import queries as personal
from app.personal import service as progress
from app.playback import stretches, tokens
from app.playback.files import Choice, choose, chosen, facts_of, source_of
from app.playback.kept_tracks import Tracks, wished
from app.playback.live import Pulse, Pulses
from app.playback.models import PlaySession
from app.playback.plans import SessionPlan, plan_session, playlist_name, renditions
from app.transcoding import demand
from app.transcoding.renditions import Grid, Rendition
from app.transcoding.service import Asked, Transcoding
from app.transcoding.sources import require_unchanged, source_file

KEPT_SESSIONS = 512


@dataclass(frozen=True, slots=True)
class Session:
    """What never changes in a session. `start`, `whole`, `episode_ids`: as in `stretches.Stretch`."""

    id: str
    user_id: int | None
    profile_id: int | None
    sign_in_id: int | None
    key_id: int | None
    file_id: int
    media_id: str | None
    title_id: int | None
    episode_id: int | None
    signature: str
    method: str
    duration: float
    plan: SessionPlan
    start: float = 0.0
    whole: float | None = None
    episode_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Playing:
    """A session that may be served at this moment."""

    session: Session
    pulse: Pulse

    @property
    def asked(self) -> Asked:
        return Asked(self.session.id, self.session.file_id, self.session.plan.origin, self.pulse.position)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new session and everything the answer tells of it."""

    session: Session
    choice: Choice
    decision: Decision
    position: float


class Playback:
    """One for each process: sessions over the grid."""

    def __init__(self, transcoding: Transcoding, pulses: Pulses, signer: tokens.Signer) -> None:
        self.transcoding = transcoding
        self.pulses = pulses
        self.signer = signer
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._renditions: OrderedDict[str, dict[str, Rendition]] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(
        self,
        viewer: Viewer,
        *,
        media_id: MediaId | None,
        file_id: int | None,
        device: Device,
        tracks: Tracks,
        position: float | None,
        now: datetime,
    ) -> Prepared:
        """Begins a session. Raises NotFound, Invalid, Unavailable."""
        if media_id is not None:
            choice = choose(media_id, device, profile_id=viewer.profile_id)
        elif file_id is not None:
            choice = chosen(file_id)
        else:
            raise NotFound("Say what to play: media_id or media_file_id.")
        at = self._position(viewer, choice) if position is None else position
        if media_id is not None and (part := stretches.at(choice.stretch, at)) not in (None, choice.file.id):
            choice = chosen(part)
        if media_id is not None or position is None:
            at = self._within(choice, at)
        wish = wished(tracks, choice, viewer.profile_id)
        source = source_file(choice.file.id)
        require_unchanged(source)
        db.session.remove()  # no database session is held while a worker reads the file's index
        grid = self.transcoding.grid(choice.file.id, source.origin)
        texts = [(facts_of(one), one.external_path) for one in choice.streams if one.kind == "subtitle"]
        decision, plan = plan_session(grid, source_of(choice), texts, device, wish)
        duration = float(grid.index.duration)
        at = min(max(at, 0.0), max(0.0, duration - 1.0))
        session = Session(
            id=secrets.token_hex(12),
            user_id=viewer.user_id,
            profile_id=viewer.profile_id,
            sign_in_id=viewer.sign_in_id,
            key_id=viewer.key_id,
            file_id=choice.file.id,
            media_id=choice.work.media_id,
            title_id=choice.work.title_id,
            episode_id=choice.work.episode_id,
            signature=source.signature or source.origin,
            method=decision.method,
            duration=duration,
            plan=plan,
            start=choice.stretch.start,
            whole=choice.stretch.whole,
            episode_ids=choice.stretch.episode_ids,
        )
        self._store(session, decision, at, now)
        self._begin(session, grid, at)
        return Prepared(session, choice, decision, at)

    def _position(self, viewer: Viewer, choice: Choice) -> float:
        if viewer.profile_id is None or choice.work.media_id is None:
            return 0.0
        known = personal.progress_of(viewer.profile_id, [choice.work.media_id]).get(choice.work.media_id)
        return resume_at(known.position, known.duration) if known else 0.0

    @staticmethod
    def _within(choice: Choice, position: float) -> float:
        """A place (s) on the work's clock as one in the file; the file's beginning where it lies in another part."""
        stretch = choice.stretch
        if stretch.whole is None:
            return position
        inside = position - stretch.start
        return inside if 0 <= inside < (choice.file.duration or 0.0) or stretch.next_file_id is None else 0.0

    def _store(self, session: Session, decision: Decision, position: float, now: datetime) -> None:
        with _file_is_known(), writing() as unit:
            unit.add(
                PlaySession(
                    id=session.id,
                    user_id=session.user_id,
                    profile_id=session.profile_id,
                    sign_in_id=session.sign_in_id,
                    file_id=session.file_id,
                    media_id=session.media_id,
                    signature=session.signature,
                    method=session.method,
                    reasons=[
                        {"stream": one.stream, "code": one.code, "detail": one.detail} for one in decision.reasons
                    ],
                    plan={
                        **session.plan.to_json(),
                        "duration": session.duration,
                        "title_id": session.title_id,
                        "episode_id": session.episode_id,
                        "key_id": session.key_id,
                        "start": session.start,
                        "whole": session.whole,
                        "episode_ids": list(session.episode_ids),
                    },
                    position=position,
                    created_at=now,
                    seen_at=now,
                )
            )
        self.pulses.start(session.id, position=position, now=now)
        self._keep(session)

    def _begin(self, session: Session, grid: Grid, position: float) -> None:
        """The player will ask for these next: a run is on its way before it does."""
        if session.method == "direct":
            return
        asked = Asked(session.id, session.file_id, session.plan.origin, position)
        for spec in (*session.plan.video[:1], session.plan.first_audio):
            if spec is None:
                continue
            self.transcoding.begin(grid.rendition(spec), position, asked)

    def opening(self, session: Session, position: float) -> list[tuple[str, Rendition, int]]:
        """What playing starts with: the playlist's name, the rendition and the cell, for the picture and the sound."""
        specs = [spec for spec in (*session.plan.video[:1], session.plan.first_audio) if spec is not None]
        found = [(playlist_name(spec), self.rendition(session, playlist_name(spec))) for spec in specs]
        return [(name, rendition, rendition.timeline.segment_at(position)) for name, rendition in found]

    def admit(
        self, token: str, *, may_play: Callable[[Session], bool], now: datetime, position: float | None = None
    ) -> Playing:
        """The session behind a token, which lives on from now. Raises Forbidden with the code of CONTRACT."""
        claims = self.signer.read(token, now=now)
        session = self._find(claims.session_id)
        if session.file_id != claims.file_id:
            raise tokens.invalid()
        pulse = self.pulses.require(session.id, now=now)
        if not may_play(session):
            raise tokens.ended()
        self.pulses.slide(session.id, pulse, now=now, position=position)
        return Playing(session, pulse if position is None else replace(pulse, position=position))

    def renew(self, session: Session, *, now: datetime) -> str:
        """A new token for a session that has not ended, whatever its old one's age. Raises Forbidden."""
        try:
            position = self.pulses.require(session.id, now=now).position
        except Forbidden as refused:
            if refused.kind != "token_expired":
                raise
            row = db.session.get(PlaySession, session.id)
            if row is None or row.ended_at is not None:
                raise tokens.ended() from refused
            position = row.position
        with writing():
            db.session.execute(update(PlaySession).where(PlaySession.id == session.id).values(seen_at=now))
        self.pulses.start(session.id, position=position or 0.0, now=now)
        return self.signer.token(session.id, session.file_id, now=now)

    def report(self, session: Session, *, position: float, paused: bool, now: datetime) -> None:
        """A player says where it is: kept with the session and with the profile's progress."""
        with writing():
            changed = db.session.execute(
                update(PlaySession)
                .where(PlaySession.id == session.id, PlaySession.ended_at.is_(None))
                .values(position=position, paused=paused, seen_at=now)
                .returning(PlaySession.id)
            ).scalar_one_or_none()
            if changed:
                self._record(session, session.start + min(position, session.duration), now)
        demand.refresh(self.transcoding.client, session.id)

    @staticmethod
    def _record(session: Session, position: float, now: datetime) -> None:
        """The profile's place in the work. Who saw a file of several episodes to its end saw them all."""
        if not (session.profile_id and session.media_id and session.title_id):
            return
        duration = session.whole or session.duration
        works: list[tuple[str, int | None, str | None]] = [(session.media_id, session.episode_id, session.id)]
        if is_watched(position, duration):
            others = (one for one in session.episode_ids if one != session.episode_id)
            works += [(str(MediaId("episode", one)), one, None) for one in others]
        for media_id, episode_id, session_id in works:
            progress.record_progress(
                profile_id=session.profile_id,
                media_id=media_id,
                title_id=session.title_id,
                episode_id=episode_id,
                position=position,
                duration=duration,
                signature=session.signature,
                session_id=session_id,
                now=now,
            )

    def end(self, session_id: str, *, now: datetime) -> None:
        """The session ends for good, and what was made for it alone is not made any further."""
        with writing():
            db.session.execute(
                update(PlaySession)
                .where(PlaySession.id == session_id, PlaySession.ended_at.is_(None))
                .values(ended_at=now)
            )
        self.pulses.end(session_id)
        demand.forget(self.transcoding.client, session_id)

    def session(self, session_id: str) -> Session:
        """A session by its id. Raises NotFound."""
        try:
            return self._find(session_id)
        except Forbidden:
            raise NotFound("There is no such session.") from None

    def grid(self, session: Session) -> Grid:
        return replace(self.transcoding.grid(session.file_id, session.plan.origin), build=session.plan.build)

    def rendition(self, session: Session, name: str) -> Rendition:
        """By its playlist's name. Raises NotFound."""
        found = self._all(session).get(name)
        if found is None:
            raise NotFound("There is no such rendition.")
        return found

    def timelines(self, session: Session) -> list[Timeline]:
        """Those of all its renditions, each once."""
        return list({id(one.timeline): one.timeline for one in self._all(session).values()}.values())

    def rendition_of(self, session: Session, recipe: str) -> Rendition:
        """By its recipe. Raises Forbidden for one that is not this session's: its token opens nothing else."""
        for found in self._all(session).values():
            if found.recipe == recipe:
                return found
        raise tokens.invalid()

    def cell(self, session: Session, rendition: Rendition, k: int, asked: Asked) -> tuple[str, float]:
        """The store's key of a cell and how long it was waited for (s); raises as `Transcoding.cell` does."""
        is_picture = rendition.kind == "video" and 0 <= k < len(rendition.timeline)
        if is_picture and session.plan.audio and not self.transcoding.has_cell(rendition, k):
            self.transcoding.bring_along(self._sound_of(session), rendition, k, asked)
        return self.transcoding.cell(rendition, k, asked)

    def prepared(self, session: Session) -> list[tuple[float, float]]:
        """The times (s) at which the picture that this session plays waits for nobody."""
        recipe = demand.recipe_of(self.transcoding.client, session=session.id, kind="video")
        if recipe is None:
            return []
        return self.transcoding.made(self.rendition_of(session, recipe))

    def _sound_of(self, session: Session) -> Rendition:
        """The sound that the session plays, the one it starts with where it asked for none lately."""
        recipe = demand.recipe_of(self.transcoding.client, session=session.id, kind="audio")
        sounds = [self.rendition(session, one.spec.name) for one in session.plan.audio]
        first = next(one for one in sounds if one.spec == session.plan.first_audio)
        return next((one for one in sounds if one.recipe == recipe), first)

    def _all(self, session: Session) -> dict[str, Rendition]:
        with self._lock:
            kept = self._renditions.get(session.id)
        if kept is None:
            kept = renditions(session.plan, self.grid(session))
            with self._lock:
                self._renditions[session.id] = kept
                while len(self._renditions) > KEPT_SESSIONS:
                    self._renditions.popitem(last=False)
        return kept

    def _keep(self, session: Session) -> None:
        with self._lock:
            self._sessions[session.id] = session
            while len(self._sessions) > KEPT_SESSIONS:
                self._sessions.popitem(last=False)

    def _find(self, session_id: str) -> Session:
        with self._lock:
            kept = self._sessions.get(session_id)
        if kept is not None:
            return kept
        row = db.session.get(PlaySession, session_id)
        if row is None:
            raise tokens.ended()
        session = session_of(row)
        self._keep(session)
        return session


@contextmanager
def _file_is_known() -> Iterator[None]:
    """Raises NotFound where the file, its work or the sign-in went while its index was waited for."""
    try:
        yield
    except IntegrityError as error:
        raise NotFound("There is no such file to play.") from error


def session_of(row: PlaySession) -> Session:
    """The frozen part of a row."""
    return Session(
        id=row.id,
        user_id=row.user_id,
        profile_id=row.profile_id,
        sign_in_id=row.sign_in_id,
        key_id=row.plan.get("key_id"),
        file_id=row.file_id,
        media_id=row.media_id,
        title_id=row.plan.get("title_id"),
        episode_id=row.plan.get("episode_id"),
        signature=row.signature,
        method=row.method,
        duration=row.plan["duration"],
        plan=SessionPlan.from_json(row.plan),
        start=row.plan.get("start", 0.0),
        whole=row.plan.get("whole"),
        episode_ids=tuple(row.plan.get("episode_ids", ())),
    )


def end_sessions_of(_sender: object, *, sign_in_ids: Iterable[int]) -> None:
    """Receiver of `sign_in_ended`: sessions begun by these sign-ins have ended (in the sender's transaction)."""
    from app.adapters import clock

    ids: Sequence[int] = list(sign_in_ids)
    db.session.execute(
        update(PlaySession)
        .where(PlaySession.sign_in_id.in_(ids), PlaySession.ended_at.is_(None))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def forget_old(*, before: datetime) -> None:
    """Forgets sessions that nobody has heard of since then; a page that still shows one prepares again."""
    db.session.execute(
        delete(PlaySession).where(PlaySession.seen_at < before).execution_options(synchronize_session=False)
    )
