// The renditions and sound tracks that can be chosen, whichever engine plays.

/** @typedef {import("./player.js").Player} Player */
/** @typedef {{index: number, width: number, height: number, bit_rate: number, method?: string}} Level */

/** @param {Player} player @returns {Level[]} */
export function levels(player) {
  const hls = player.hls();
  const plan = player.plan();
  if (!hls || !plan) return [];
  return hls.levels.map((/** @type {any} */ level, /** @type {number} */ index) => {
    const same = plan.renditions.find((one) => one.height === level.height && one.width === level.width);
    return { index, width: level.width, height: level.height, bit_rate: level.bitrate, method: same && same.method };
  });
}

/** @param {Player} player */
export const levelState = (player) => {
  const hls = player.hls();
  return { chosen: hls && !hls.autoLevelEnabled ? hls.manualLevel : -1, playing: hls ? hls.currentLevel : -1 };
};

/** @param {Player} player @param {number} index -1: automatic */
export function chooseLevel(player, index) {
  const hls = player.hls();
  if (!hls) return;
  hls.nextLevel = index; // what is buffered beyond the next cell is replaced, the picture goes on
  player.tell("levels");
}

/** @param {number} channels */
const layout = (channels) => /** @type {Record<number, string>} */ ({ 1: "1.0", 6: "5.1", 8: "7.1" })[channels] || `${channels}.0`;

/** @typedef {{index: number, name: string, language: string, note: string, checked: boolean}} Sound */

/** @param {Player} player @returns {Sound[]} */
export function sounds(player) {
  const hls = player.hls();
  const plan = player.plan();
  const tracks = (plan && plan.audio_tracks) || [];
  const offered = hls && hls.audioTracks.length ? hls.audioTracks : tracks;
  const chosen = offered === tracks ? tracks.findIndex((one) => one.default) : hls.audioTrack;
  return offered.map((/** @type {any} */ track, /** @type {number} */ index) => {
    const own = tracks[index] || track;
    return {
      index,
      name: own.title || own.name || track.name || "",
      language: own.language || track.lang || "",
      note: [own.codec && String(own.codec).toUpperCase(), own.channels && layout(Number(own.channels))].filter(Boolean).join(" "),
      checked: index === Math.max(0, chosen),
    };
  });
}

/** @param {Player} player @param {number} index */
export function chooseSound(player, index) {
  const hls = player.hls();
  const plan = player.plan();
  if (hls && hls.audioTracks.length > index) hls.audioTrack = index;
  else if (plan) {
    const track = plan.audio_tracks[index];
    player.wish("audio", track.id !== undefined ? track.id : track.index);
  }
}
