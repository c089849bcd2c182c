// What this device can play, as the contract's `device`. Pure: the browser's answers come in as two functions.

const VIDEO = [
  ["h264", 'avc1.640029'],
  ["h264-10", 'avc1.6e0029'],
  ["hevc", 'hvc1.1.6.L120.90'],
  ["hevc-10", 'hvc1.2.4.L120.90'],
  ["av1", 'av01.0.08M.08'],
  ["vp9", 'vp09.00.40.08'],
];
const AUDIO = [
  ["aac", 'mp4a.40.2'],
  ["ac3", 'ac-3'],
  ["eac3", 'ec-3'],
  ["opus", 'opus'],
  ["flac", 'flac'],
];
const FILES = {
  mp4: { type: "video/mp4", video: ["h264", "hevc", "hevc-10", "av1", "vp9"], audio: ["aac", "ac3", "eac3", "opus", "flac", "mp3"] },
  webm: { type: "video/webm", video: ["vp8", "vp9", "av1"], audio: ["opus", "vorbis"] },
};
/** @type {Record<string, string>} */
const FILE_CODECS = { mp3: "mp3", vp8: "vp8", vorbis: "vorbis" };
for (const [name, codec] of VIDEO.concat(AUDIO)) FILE_CODECS[name] = codec;

/**
 * @param {{
 *   segments: (type: string) => boolean,
 *   file: (type: string) => boolean,
 *   height: number, hdr: boolean, channels: number, tv: boolean,
 * }} browser `segments`: plays it through MSE or native HLS; `file`: plays it as a plain file; `height` of the screen
 *   in device pixels
 * @returns {import("../types").DeviceProfile}
 */
export function deviceProfile(browser) {
  /** @param {string} type @param {string} codec */
  const typed = (type, codec) => `${type}; codecs="${codec}"`;
  const hls = VIDEO.filter(([, codec]) => browser.segments(typed("video/mp4", codec)))
    .concat(AUDIO.filter(([, codec]) => browser.segments(typed("audio/mp4", codec))))
    .map(([name]) => name);
  /** @type {string[]} */
  const direct = [];
  for (const container of /** @type {const} */ (["mp4", "webm"])) {
    const { type, video, audio } = FILES[container];
    for (const picture of video) {
      for (const sound of audio) {
        if (browser.file(typed(type, `${FILE_CODECS[picture]}, ${FILE_CODECS[sound]}`))) {
          direct.push(`${container}/${picture}/${sound}`);
        }
      }
    }
  }
  return {
    direct,
    hls,
    hdr: browser.hdr ? ["hdr10", "hlg"] : [],
    max_channels: browser.channels > 2 ? browser.channels : 2,
    max_height: rounded(browser.height),
    max_bit_rate: browser.tv ? 40_000_000 : 120_000_000,
  };
}

/** The rung a screen is worth: a 1440-line screen gets 1440, a small window on a big screen still the big one. */
/** @param {number} height */
function rounded(height) {
  const rungs = [720, 1080, 1440, 2160];
  return rungs.find((rung) => height <= rung) || 4320;
}
