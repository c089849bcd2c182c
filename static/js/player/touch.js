// Fingers on the picture: one tap shows or hides the controls, two at a side jump ten seconds, each further one ten more.
import { all, h, on } from "../ui/dom.js";
import { t } from "../core/words.js";

const AGAIN_MS = 350;
const CLICK_MS = 700;
const JUMP_S = 10;

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 * @param {() => void} wake
 */
export function createTouch(root, player, wake) {
  const sign = h("span", { class: "hop", "aria-hidden": true, hidden: true });
  root.appendChild(sign);
  let on_ = false;
  let off = 0;
  let gone = 0;
  let last = { at: 0, side: 0 };
  let sum = 0;

  /** @param {number} side -1 left, 1 right */
  function jump(side) {
    sum += side * JUMP_S;
    player.seek(player.position() + side * JUMP_S);
    sign.textContent = `${sum > 0 ? "+" : "−"}${Math.abs(sum)} ${t("s")}`;
    sign.className = `hop hop--${side < 0 ? "left" : "right"}`;
    sign.hidden = false;
    window.clearTimeout(gone);
    gone = window.setTimeout(() => (sign.hidden = true), CLICK_MS);
  }

  /** @param {number} x */
  function tapped(x) {
    const { left, width } = root.getBoundingClientRect();
    const part = (x - left) / Math.max(1, width);
    const side = part < 0.35 ? -1 : part > 0.65 ? 1 : 0;
    const again = side !== 0 && side === last.side && Date.now() - last.at < AGAIN_MS;
    last = { at: Date.now(), side };
    if (again) jump(side);
    else {
      sum = 0;
      if (root.classList.contains("is-idle")) wake();
      else root.classList.add("is-idle");
    }
  }

  return {
    /** Whether what comes now comes from a finger: mouse events follow each touch. */
    isOn: () => on_,
    tapped,
    detach: all(
      on(root, "touchstart", () => {
        window.clearTimeout(off);
        on_ = true;
      }, { passive: true }),
      on(root, "touchend touchcancel", () => {
        window.clearTimeout(off);
        off = window.setTimeout(() => (on_ = false), CLICK_MS);
      }, { passive: true }),
      () => window.clearTimeout(off),
      () => window.clearTimeout(gone),
      () => sign.remove(),
    ),
  };
}
