"""The grid of one source as others use it: its index, its plan, and the renditions that cells belong to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core import ladder
from app.core.ladder import AudioSpec, VideoSpec
from app.core.timeline import Plan, SourceIndex, Timeline, plan
from app.transcoding.keys import cell_key, init_key
from app.transcoding.runs import Lane, Run

NOW_CELLS = 4
AHEAD_CELLS = 5
COPY_CELLS = 4
NOW_AUDIO_CELLS = 4
AUDIO_RUN_S = 60.0
AHEAD_S = {"video": 24.0, "audio": 60.0}


@dataclass(frozen=True, slots=True)
class Grid:
    """What a source's cells are planned by. `build` names the ffmpeg that encodes them."""

    origin: str
    index: SourceIndex
    plan: Plan
    build: str

    @classmethod
    def of(cls, origin: str, document: Mapping[str, Any], *, build: str | None = None) -> Grid:
        """From the index document on the store. Raises ValueError for one of another version."""
        index = SourceIndex.from_json(document["index"])
        return cls(origin, index, plan(index), build or document["build"])

    def rendition(self, spec: VideoSpec | AudioSpec) -> Rendition:
        """The rendition of this spec, with the identity of its cells."""
        build = self.build if spec.method == "encode" else ""
        return Rendition(ladder.recipe(self.origin, self.index, spec, build), spec, self.timeline(spec))

    def timeline(self, spec: VideoSpec | AudioSpec) -> Timeline:
        """Where the cells of a rendition begin and end. Raises KeyError when this grid has none for it."""
        found: Timeline | None
        if isinstance(spec, AudioSpec):
            timelines = self.plan.audio if spec.method == "encode" else self.plan.copied_audio
            found = timelines[spec.stream_index]
        else:
            found = self.plan.video if spec.method == "encode" else self.plan.copied
        if found is None:
            raise KeyError(spec.name)
        return found


def index_document(index: SourceIndex, build: str) -> bytes:
    """What `Grid.of` reads."""
    return json.dumps({"index": index.to_json(), "build": build}).encode()


@dataclass(frozen=True, slots=True)
class Rendition:
    """One row of the grid. `recipe` names its cells on the store."""

    recipe: str
    spec: VideoSpec | AudioSpec
    timeline: Timeline

    @property
    def kind(self) -> str:
        """video or audio"""
        return "audio" if isinstance(self.spec, AudioSpec) else "video"

    @property
    def init_key(self) -> str:
        return init_key(self.recipe)

    def cell_key(self, k: int) -> str:
        return cell_key(self.recipe, k)

    def needed_until(self, k: int, *, position: float | None = None) -> int:
        """The last cell that a player at cell `k` (or further, at this position) will soon want."""
        at = float(self.timeline.start(k))
        if position is not None:
            at = max(at, position)
        return max(k, self.timeline.segment_at(at + AHEAD_S[self.kind]))

    def spans(self, cells: Iterable[int]) -> list[tuple[float, float]]:
        """From when to when (s) these cells last, neighbours as one."""
        found: list[tuple[float, float]] = []
        for k in sorted(cells):
            start = round(float(self.timeline.start(k)), 3)
            end = round(float(self.timeline.start(k + 1)), 3)
            if found and found[-1][1] == start:
                start = found.pop()[0]
            found.append((start, end))
        return found

    def run(self, file_id: int, origin: str, k: int, *, waited_for: bool) -> Run:
        """A run that begins with cell `k`: short while somebody waits, longer ahead of the player."""
        lane: Lane = "now" if waited_for else "ahead"
        if self.spec.method == "copy":
            lane, count = "copy", COPY_CELLS
        elif self.kind == "audio":
            count = NOW_AUDIO_CELLS if waited_for else self._cells_in(k, AUDIO_RUN_S)
        else:
            count = NOW_CELLS if waited_for else AHEAD_CELLS
        count = max(1, min(count, len(self.timeline) - k))
        spec = ladder.spec_to_json(self.spec)
        return Run("cells", lane, self.cell_key(k), file_id, origin, self.recipe, spec, k, count)

    def _cells_in(self, k: int, seconds: float) -> int:
        return self.timeline.segment_at(float(self.timeline.start(k)) + seconds) - k + 1
