"""What the packets of one stream say of its beginning, its end and its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

JUMP_BACK_S, JUMP_AHEAD_S = 1, 60


@dataclass
class Span:
    """Sums over packets, in ticks of the stream's time base. `jumped` is the sum of the clock's leaps.

    `untimed` packets came before the first that has a time; where the file says nothing of its beginning (`counted`),
    so did those that were dated by guess, after which the clock steps back.
    """

    tick: Fraction
    counted: bool = False
    first: int | None = None
    end: int | None = None
    last_dts: int | None = None
    jumped: int = 0
    leaps: int = 0
    packets: int = 0
    untimed: int = 0
    size: int = 0
    keyframes: list[int] = field(default_factory=list)

    def add(self, packet: Any, usual: int) -> None:
        """Takes the next packet; `usual` is how long it lasts where it does not say."""
        if self.counted and packet.dts is not None:
            self._look_back(packet.dts)
        at = packet.pts if packet.pts is not None or self.counted else packet.dts
        self.packets += 1
        self.size += packet.size
        if at is None:
            self.untimed += self.counted or self.first is None
            return
        dts = packet.dts if packet.dts is not None else at
        if self.last_dts is not None and not self.counted:
            step = (dts - self.last_dts) * self.tick
            if step < -JUMP_BACK_S or step > JUMP_AHEAD_S:
                self.leaps += 1
                self.jumped += dts - self.last_dts - usual
        if not self.counted:
            self.last_dts = dts
        if packet.is_keyframe:
            self.keyframes.append(at)
        if packet.is_discard:
            return  # an edit list has cut it off
        self.first = at if self.first is None else min(self.first, at)
        end = at - self.jumped + (packet.duration or usual)
        self.end = end if self.end is None else max(self.end, end)

    def _look_back(self, dts: int) -> None:
        if self.last_dts is not None and dts < self.last_dts:
            self.untimed, self.first, self.end = self.packets, None, None
        self.last_dts = dts
