"""PyAV at work on source files: the index that the grid is planned from, and copied segments.

Runs in workers only. Everything that libav says about a file is checked, since files lie.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from app.core.timeline import Plan, SourceIndex


class Unreadable(Exception):
    """The file cannot be opened, or holds neither video nor audio; the message is a sentence for the admin."""


def read_index(path: str | Path, *, budget_s: float = 8.0) -> SourceIndex:
    """Reads what the grid needs of a file: facts, keyframes, true durations.

    Takes 10–80 ms with a container index. Files without one (MPEG-TS, raw streams) are demuxed once, for at most
    `budget_s` seconds; keyframes beyond that stay unknown. Raises Unreadable.
    """
    raise NotImplementedError


class Slicer:
    """Copied segments of one file; opens it once. Not thread-safe. A context manager."""

    def __init__(self, path: str | Path, index: SourceIndex, plan: Plan) -> None:
        raise NotImplementedError

    def __enter__(self) -> Slicer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        raise NotImplementedError

    def video_init(self) -> bytes:
        """The init segment (ftyp + moov) of the copied video."""
        raise NotImplementedError

    def video_segment(self, k: int) -> bytes:
        """Segment k of `plan.copied` (moof + mdat)."""
        raise NotImplementedError

    def audio_init(self, stream_index: int) -> bytes:
        """The init segment of a copied audio track."""
        raise NotImplementedError

    def audio_segment(self, stream_index: int, k: int) -> bytes:
        """Segment k of `plan.copied_audio[stream_index]` (moof + mdat)."""
        raise NotImplementedError
