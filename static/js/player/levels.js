// The renditions and sound tracks that can be chosen, whichever engine plays.

/** @typedef {import("./player.js").Player} Player */
/** @typedef {{index: number, width: number, height: number, bit_rate: number, method?: string}} Level */

/** Everything on offer, whichever multivariant playlist holds it. @param {Player} player @returns {Level[]} */
export function levels(player) {
  const plan = player.plan();
  if (!plan || plan.method === "direct") return [];
  return plan.renditions.map((one, index) => ({
    index, width: one.width, height: one.height, bit_rate: one.bit_rate, method: one.method,
  }));
}

/** @param {Player} player @returns {{chosen: number, playing: number}} indexes into `levels`; chosen -1: automatic */
export function levelState(player) {
  const hls = player.hls();
  const plan = player.plan();
  const level = hls && hls.levels[hls.currentLevel];
  const playing = !level || !plan ? -1 : plan.renditions.findIndex((one) => one.name === level.name);
  return { chosen: player.chosenLevel(), playing };
}

/** @param {Player} player @param {number} index -1: automatic */
export function chooseLevel(player, index) {
  player.chooseLevel(index);
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
  const own = plan && plan.audio_tracks[index];
  if (own && (own.title || own.language)) player.keep({ audio: own.title || own.language });
  if (hls && hls.audioTracks.length > index) hls.audioTrack = index;
  else if (plan) {
    const track = plan.audio_tracks[index];
    player.wish("audio", track.id !== undefined ? track.id : track.index);
  }
}
