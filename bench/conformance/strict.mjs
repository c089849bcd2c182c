// Parses playlists (paths as arguments) with hls-parser in strict mode; says what it found of each as JSON lines.
import { readFileSync } from "node:fs";
import * as HLS from "hls-parser";

HLS.setOptions({ strictMode: true });
for (const path of process.argv.slice(2)) {
  const playlist = HLS.parse(readFileSync(path, "utf8"));
  const found = playlist.isMasterPlaylist
    ? { variants: playlist.variants.length, codecs: playlist.variants.map((variant) => variant.codecs) }
    : { segments: playlist.segments.length, ended: playlist.endlist, length: playlist.segments.reduce((sum, segment) => sum + segment.duration, 0) };
  console.log(JSON.stringify({ path, ...found }));
}
