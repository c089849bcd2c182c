// The little of HLS playlists that captions need. Addresses are resolved against the playlist's own.

/**
 * Segments of a media playlist with their place in the film.
 * @param {string} playlist @param {string} base
 * @returns {{start: number, end: number, url: string}[]}
 */
export function segmentsOf(playlist, base) {
  const out = [];
  let at = 0;
  let length = 0;
  for (const line of playlist.split("\n").map((one) => one.trim())) {
    const found = /^#EXTINF:([\d.]+)/.exec(line);
    if (found) length = parseFloat(found[1]);
    else if (line && line[0] !== "#") {
      out.push({ start: at, end: at + length, url: new URL(line, base).href });
      at += length;
    }
  }
  return out;
}
