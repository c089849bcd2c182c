// A rendition of the plan among the levels of the engine that plays.

/**
 * Which of hls.js's levels shows this rendition, or -1.
 * @param {any} hls
 * @param {import("../types").Rendition} rendition
 */
export const ownLevel = (hls, rendition) =>
  hls.levels.findIndex((/** @type {any} */ level) => level.width === rendition.width && level.height === rendition.height);
