// A rendition of the plan among the levels of the engine that plays. The server names both.

const COPIED = "copy";

/**
 * Which of hls.js's levels shows this rendition, or -1.
 * @param {any} hls
 * @param {import("../types").Rendition} rendition
 */
export const ownLevel = (hls, rendition) =>
  hls.levels.findIndex((/** @type {any} */ level) => level.name === rendition.name);

/**
 * Which level is the file's own picture beside encoded ones, the highest; -1 where there is none or it is alone.
 * @param {{name: string}[]} levels
 */
export const copiedLevel = (levels) => (levels.length > 1 ? levels.findIndex((level) => level.name === COPIED) : -1);
