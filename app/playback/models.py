"""Play sessions: what somebody plays, how and why. The live part (last seen, position) is also in Redis."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.adapters.database import Instant, Json
from app.extensions import Model


class PlaySession(Model):
    """One `prepare`. `plan` is the whole decision (method, renditions, audio and subtitle tracks) as answered."""

    __tablename__ = "play_session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    profile_id: Mapped[int | None] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"))
    sign_in_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in.id", ondelete="CASCADE"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id", ondelete="CASCADE"), index=True)
    media_id: Mapped[str | None] = mapped_column(String(24))
    signature: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(12))
    reasons: Mapped[list[Any]] = mapped_column(Json, default=list)
    plan: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    position: Mapped[float] = mapped_column(Float, default=0.0)
    paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_play_session_live", "ended_at", "seen_at"),)
