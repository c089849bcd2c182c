"""Sources made with ffmpeg, and a sink that keeps a run's products in memory."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from app.core.ladder import AudioSpec, VideoSpec
from app.core.timeline import plan
from workers.engines import ffmpeg, grid
from workers.engines.slicer import read_index

Make = Callable[..., Path]


class Kept:
    """A sink: one init for each rendition, cells by (rendition, k)."""

    def __init__(self) -> None:
        self.inits: dict[str, bytes] = {}
        self.cells: dict[tuple[str, int], bytes] = {}
        self.asked: list[int] = []

    def init(self, rendition: str, data: bytes) -> bool:
        return self.inits.setdefault(rendition, data) == data

    def publish(self, rendition: str, k: int, data: bytes) -> None:
        self.cells[rendition, k] = data

    def wanted(self, k: int) -> bool:
        self.asked.append(k)
        return True

    def whole(self, spec: VideoSpec | AudioSpec) -> bytes:
        """The rendition as one file."""
        cells = sorted(k for name, k in self.cells if name == spec.name)
        return self.inits[spec.name] + b"".join(self.cells[spec.name, k] for k in cells)


def pictures(data: bytes | Path) -> list[tuple[int | None, bytes]]:
    """Every decoded picture: its time in ticks, and a 16x9 grey miniature."""
    with av.open(io.BytesIO(data) if isinstance(data, bytes) else str(data), "r") as container:
        return [
            (frame.pts, bytes(frame.reformat(16, 9, "gray").planes[0]))
            for frame in container.decode(container.streams.video[0])
        ]


def difference(one: bytes, other: bytes) -> float:
    """Mean absolute difference of two miniatures, 0..255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def packet_times(data: bytes, kind: str) -> list[tuple[int, int]]:
    """(DTS, PTS) of every packet, in the file's order."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = getattr(container.streams, kind)[0]
        return [(packet.dts, packet.pts) for packet in container.demux(stream) if packet.size]


def builds() -> list[str]:
    """The ffmpegs on this machine: the wheel's and the system's, where it is another."""
    system = shutil.which("ffmpeg")
    return [ffmpeg.find(), *([system] if system and system != ffmpeg.find() else [])]


@pytest.fixture(scope="session", params=builds(), ids=lambda path: Path(path).name.split("-v")[0])
def tool(request: pytest.FixtureRequest) -> ffmpeg.Ffmpeg:
    """Each ffmpeg of this machine."""
    return ffmpeg.inspect(request.param)


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a source once: make("name.mkv", "-f", "lavfi", …). The same name made another way is another file."""
    root = tmp_path_factory.mktemp("sources")

    def made(name: str, *arguments: str | Path) -> Path:
        folder = root / hashlib.sha256("\0".join(map(str, arguments)).encode()).hexdigest()[:12]
        folder.mkdir(exist_ok=True)
        path = folder / name
        if not path.exists():
            done = subprocess.run(
                [ffmpeg.find(), "-nostdin", "-v", "error", "-y", *map(str, arguments), str(path)],
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
        return path

    return made


def film(*, rate: str = "24", seconds: float = 12, size: str = "320x180") -> list[str]:
    """Input options of a moving test picture with its time in it."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def tone(*, rate: int = 48_000, seconds: float = 12) -> list[str]:
    """Input options of a sound that never repeats."""
    return ["-f", "lavfi", "-i", f"anoisesrc=d={seconds}:r={rate}:seed=5:a=0.3"]


H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
IRREGULAR = [*H264, "-bf", "2", "-force_key_frames", "1.1,3,7.5,9", "-g", "1000", "-sc_threshold", "0"]


def source_of(path: Path) -> grid.Source:
    """The file as runs want it."""
    index = read_index(path)
    return grid.Source(path, index, plan(index))
