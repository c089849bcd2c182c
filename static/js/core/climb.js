// Which rung plays next: the file's own picture as long as the line carries it, for it costs the server nothing; else
// what the line carries and the encoder can keep up with. Pure.

/** A rung is climbed to where it is made this much faster than it plays. */
export const SUSTAINED = 1.15;
/** With this much buffered (s), less than the highest rung is climbed to: every climb costs a beginning. */
const SOME = 6;
/** With this much buffered (s), a rung of which nothing is known may be tried. */
const PLENTY = 10;
/** A picture that is made too slowly gives way while its next cell would leave less than this (s). */
const SPARE = 0.5;
/** A smaller picture is begun only where two of its cells take at most this share of the time. */
const CLEARLY = 0.9;
/** What decoding and scaling a picture of the source takes, as a share of what encoding one of its size does; measured. */
const DECODING = 0.5;
/** @type {Record<string, number>} */
const DECODING_OF = { hevc: 0.65, mpeg1video: 0.25, mpeg2video: 0.25, mpeg4: 0.3 };
/** More than that where a sample has more than eight bits. */
const DEEP = 0.95;
/** A run that has just been asked for takes so many seconds more, and so much longer, for its first cell; measured. */
const BEGINNING = 1.2;
const SLOWER = 1.1;
/** A cell that comes within this time (s) is worth waiting for where nothing is buffered. */
const AT_ONCE = 0.5;

/** Of the line's rate, what a picture that plays may need, and what one may need that is gone back to. */
const KEPT = 0.95;
const RETAKEN = 0.7;
/** An encoded picture of at most so many lines is there at once: what follows on a copied one begins with it. */
const START_LINES = 360;

/** A pace says something of the present for so long (ms): what was busy then may be idle now. */
const LATELY_MS = 120000;

/** @typedef {{width: number, height: number}} Rung */
/** @typedef {Record<number, {pace: number, at: number}>} Heard paces by rung, each with when it was told (ms) */

const pixels = (/** @type {Rung} */ rung) => rung.width * rung.height;

/**
 * What decoding costs every rung, in pixels that are encoded.
 * @param {{codec: string, width: number, height: number} | null} source the picture as it lies in the file (`hevc-10`)
 * @param {Rung[]} rungs what it is made into: the largest stands for a source of which nothing is known
 */
export function decoding(source, rungs) {
  const size = source && source.width ? pixels(source) : Math.max.apply(null, rungs.map(pixels));
  const [codec, depth] = ((source && source.codec) || "").split("-");
  return size * ((DECODING_OF[codec] || DECODING) + (parseInt(depth, 10) > 8 ? DEEP : 0));
}

/**
 * Seconds of film that are made in a second on this rung: measured, else reckoned from the nearest one that was.
 * @param {Rung[]} rungs
 * @param {Record<number, number>} paces measured ones by rung
 * @param {number} index
 * @param {number} base what every rung costs besides, as `decoding` tells
 * @returns {number | null} null: nothing was measured
 */
export function paceOf(rungs, paces, index, base) {
  const known = Object.keys(paces).map(Number).filter((one) => rungs[one]);
  if (!known.length) return null;
  const nearest = known.sort((a, b) => Math.abs(a - index) - Math.abs(b - index))[0];
  return (paces[nearest] * (pixels(rungs[nearest]) + base)) / (pixels(rungs[index]) + base);
}

/**
 * What is still to be reckoned with of what was heard: the paces of the last two minutes, else the newest one.
 * @param {Heard} heard @param {number} now ms
 * @returns {Record<number, number>}
 */
export function lately(heard, now) {
  const rungs = Object.keys(heard).map(Number);
  const newest = Math.max.apply(null, rungs.map((rung) => heard[rung].at));
  /** @type {Record<number, number>} */
  const paces = {};
  rungs.forEach((rung) => {
    const { pace, at } = heard[rung];
    if (now - at <= LATELY_MS || at === newest) paces[rung] = pace;
  });
  return paces;
}

/**
 * Whether the line carries the file's own picture. One that plays is kept while it is carried, or what is buffered makes
 * up for it; one that does not is gone back to with some rate to spare, and where its next cell comes in time.
 * @param {{plays: boolean, bandwidth: number, need: number, recent: number, buffer: number, cell: number}} state
 *   `bandwidth` of the line, 0 where nothing is known yet; `need` the picture's mean rate with its sound, `recent` what its
 *   last cells took, 0 where none came lately (all bits/s); `buffer` the seconds buffered ahead; `cell` those of its next cell
 */
export function carried({ plays, bandwidth, need, recent, buffer, cell }) {
  if (!bandwidth) return plays;
  const rate = buffer < PLENTY ? Math.max(need, recent) : need;
  const takes = (rate * cell) / bandwidth;
  if (plays) return bandwidth * KEPT >= rate || buffer - takes >= PLENTY;
  return bandwidth * RETAKEN >= rate && buffer > takes * 1.2;
}

/**
 * What the encoded rungs below a copied one begin with.
 * @param {Rung[]} rungs from the smallest
 * @param {number} copied
 */
export function firstEncoded(rungs, copied) {
  const small = rungs.slice(0, copied).filter((one) => Math.min(one.width, one.height) <= START_LINES);
  return Math.max(0, small.length - 1);
}

/**
 * The rung of the next cell, of those that are encoded.
 * @param {{
 *   rungs: Rung[], current: number, first: number, line: number, paces: Record<number, number>, buffer: number,
 *   cell: number, base: number
 * }} state rungs from the smallest; `first` is the one to start with; `line` the highest that the line carries;
 *   `buffer` the seconds buffered ahead; `cell` the seconds of the next cell; `base` what `decoding` tells
 */
export function nextRung({ rungs, current, first, line, paces, buffer, cell, base }) {
  const here = Math.min(current, line);
  const pace = (/** @type {number} */ index) => paceOf(rungs, paces, index, base);
  if (pace(here) === null) return buffer >= PLENTY ? Math.min(here + 1, line) : here;
  const sustained = (/** @type {number} */ index) => Number(pace(index)) >= SUSTAINED;
  /** @param {number} top @param {(index: number) => boolean} good */
  const highest = (top, good) => {
    for (let index = top; index > 0; index -= 1) if (good(index)) return index;
    return 0;
  };
  if (buffer < AT_ONCE) {
    const soon = highest(here, (index) => sustained(index) && cell / Number(pace(index)) <= AT_ONCE);
    return Math.max(soon, Math.min(first, here));
  }
  const takes = (/** @type {number} */ index) => cell / Number(pace(index));
  const comes = (/** @type {number} */ index) => takes(index) * SLOWER + BEGINNING;
  if (Number(pace(here)) < 1 && buffer < takes(here) + SPARE) {
    const pays = (/** @type {number} */ index) => comes(index) + takes(index) < 2 * takes(here) * CLEARLY;
    return highest(here - 1, (index) => sustained(index) && pays(index)) || (pays(0) ? 0 : here);
  }
  const intime = (/** @type {number} */ index) => buffer > comes(index);
  const aim = highest(line, sustained);
  if (buffer < PLENTY && !((aim === line || buffer >= SOME) && intime(aim))) return here;
  return Math.max(here, highest(aim, (index) => sustained(index) && intime(index)));
}
