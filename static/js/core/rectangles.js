// Spatial navigation on plain rectangles: no document, no layout.

/** @typedef {{left: number, top: number, right: number, bottom: number}} Rectangle */
/** @typedef {"left" | "right" | "up" | "down"} Direction */

/**
 * Index of the rectangle that one step leads to, or -1. Distance along the step counts once, distance across it three
 * times; what lies behind is no candidate, and a sideways step stays on its line.
 * @param {Rectangle} from
 * @param {Rectangle[]} rectangles
 * @param {Direction} direction
 */
export function pick(from, rectangles, direction) {
  const across = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const [near, far] = across ? /** @type {const} */ (["left", "right"]) : /** @type {const} */ (["top", "bottom"]);
  const [low, high] = across ? /** @type {const} */ (["top", "bottom"]) : /** @type {const} */ (["left", "right"]);
  let best = -1;
  let least = Infinity;
  rectangles.forEach((one, index) => {
    const ahead = sign * ((one[near] + one[far]) / 2 - (from[near] + from[far]) / 2);
    const gap = sign > 0 ? one[near] - from[far] : from[near] - one[far];
    const overlap = Math.min(from[far], one[far]) - Math.max(from[near], one[near]);
    if (ahead <= 1 || overlap > 0.5 * Math.min(from[far] - from[near], one[far] - one[near])) return;
    const side = Math.max(0, one[low] - from[high], from[low] - one[high]);
    if (across && side > from.bottom - from.top) return;
    const middle = (from[low] + from[high]) / 2;
    const drift = Math.max(0, one[low] - middle, middle - one[high]);
    const cost = Math.max(0, gap) + 3 * side + 0.2 * drift;
    if (cost < least) {
      least = cost;
      best = index;
    }
  });
  return best;
}
