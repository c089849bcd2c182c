// Seek arithmetic: where a key, a click or a digit leads, and what the bar shows. Seconds throughout.

/** @typedef {{start: number, end: number}} Range */

/** @param {number} value @param {number} low @param {number} high */
export const within = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * The place a seek goes to: inside the film, and never onto its last frame, where a player would call it ended.
 * @param {number} to
 * @param {number} duration
 */
export const target = (to, duration) => within(to, 0, Math.max(0, duration - 0.25));

/**
 * The place that a point on the bar stands for.
 * @param {number} x
 * @param {{left: number, right: number}} bar
 * @param {number} duration
 */
export const atPoint = (x, bar, duration) =>
  target(within((x - bar.left) / Math.max(1, bar.right - bar.left), 0, 1) * duration, duration);

/**
 * Index of the chapter that a position lies in, or -1 before the first.
 * @param {{start: number}[]} chapters
 * @param {number} position
 */
export function chapterAt(chapters, position) {
  let found = -1;
  chapters.forEach((chapter, index) => {
    if (chapter.start <= position + 0.05) found = index;
  });
  return found;
}

/**
 * Chapter starts worth a cut in the bar: not the beginning, not the end, not a crowd.
 * @param {{start: number}[]} chapters
 * @param {number} duration
 */
export function cuts(chapters, duration) {
  const inside = chapters.map((one) => one.start).filter((start) => start > 1 && start < duration - 1);
  return inside.length > 60 ? [] : inside;
}

/**
 * Ranges in order, those that touch joined.
 * @param {Range[]} ranges
 * @param {number} [slack]
 * @returns {Range[]}
 */
export function joined(ranges, slack = 0.1) {
  /** @type {Range[]} */
  const out = [];
  const ordered = ranges.filter((one) => one.end > one.start).sort((a, b) => a.start - b.start);
  for (const range of ordered) {
    const last = out[out.length - 1];
    if (last && range.start <= last.end + slack) last.end = Math.max(last.end, range.end);
    else out.push({ start: range.start, end: range.end });
  }
  return out;
}

/**
 * Seconds that play on from a position without a request.
 * @param {Range[]} ranges
 * @param {number} position
 */
export function ahead(ranges, position) {
  const here = joined(ranges).find((one) => one.start <= position + 0.25 && position < one.end);
  return here ? here.end - position : 0;
}

export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/**
 * The neighbouring speed.
 * @param {number} rate
 * @param {1 | -1} step
 */
export function nextSpeed(rate, step) {
  const faster = SPEEDS.filter((one) => one > rate + 0.01);
  const slower = SPEEDS.filter((one) => one < rate - 0.01);
  if (step > 0) return faster.length ? faster[0] : SPEEDS[SPEEDS.length - 1];
  return slower.length ? slower[slower.length - 1] : SPEEDS[0];
}
