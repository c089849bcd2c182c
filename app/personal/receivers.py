"""What this feature does when others tell news. Runs in the sender's transaction."""

from __future__ import annotations

from typing import Any

from app.personal import service


def follow_file(_sender: Any, *, from_media_id: str, to_media_id: str, title_id: int, episode_id: int | None) -> None:
    """The only file of a work is another work now: what people did goes with it."""
    service.rematch(from_media_id=from_media_id, to_media_id=to_media_id, title_id=title_id, episode_id=episode_id)
