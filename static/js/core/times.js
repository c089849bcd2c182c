// Times as people read them. Pure: words come in as functions, numbers as seconds.

/** @param {number} value */
const two = (value) => (value < 10 ? `0${value}` : String(value));

/**
 * The one rule for every time that is shown (`app/web/phrases.py` has the same): the nearest whole second.
 * @param {number} seconds
 */
export const wholeSeconds = (seconds) => Math.max(0, Math.floor((Number.isFinite(seconds) ? seconds : 0) + 0.5));

/**
 * A position on a clock: `4:05`, `1:03:35`.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = wholeSeconds(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = two(whole % 60);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/**
 * A length in hours and whole minutes, never "0 min".
 * @param {number} seconds
 * @returns {{hours: number, minutes: number}}
 */
export function length(seconds) {
  const minutes = Math.max(1, Math.floor((wholeSeconds(seconds) + 30) / 60));
  return { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
}

/**
 * Bits per second as a person compares them.
 * @param {number} bits
 */
export function bitRate(bits) {
  const megabits = bits / 1e6;
  return megabits >= 10 ? `${Math.round(megabits)} Mb/s` : `${megabits.toFixed(1)} Mb/s`;
}

/**
 * Seconds with a sign, for subtitle timing: `+0.4`, `−1.2`, `0.0`.
 * @param {number} seconds
 */
export function signed(seconds) {
  const rounded = Math.round(seconds * 10) / 10;
  if (rounded === 0) return "0.0";
  return `${rounded > 0 ? "+" : "−"}${Math.abs(rounded).toFixed(1)}`;
}
