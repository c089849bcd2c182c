// Keys as people know them from YouTube, and a remote's arrows. While the focus is on a control, arrows walk between
// controls; otherwise left and right seek. Enter reaches the controls; Back leaves them, then the film; Escape leaves the
// film at once.
import { nextSpeed } from "../core/seek.js";
import { need, on } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { fullscreen, inFullScreen } from "./chrome.js";

const BACK = [461, 10009]; // webOS, Tizen; Escape stands apart: a keyboard's owner wants out at once

/** What the volume's slider does with keys itself; the others mean the same there as everywhere. */
const OWN_OF_SLIDER = /^(ArrowUp|ArrowDown|PageUp|PageDown|Home|End)$/;

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 * @param {import("./captions.js").Captions} captions
 * @param {{showKeys: () => void, next: () => void, toTitle: () => void, back: () => void}} actions
 */
export function attach(root, player, captions, actions) {
  const { video } = player;
  const tv = () => document.documentElement.hasAttribute("data-tv");
  const first = need('[data-do="toggle"]', root);
  const scrub = need("[data-scrub]", root);
  const trouble = need("[data-trouble]", root);

  /** @param {number} by */
  const skip = (by) => () => player.seek(player.position() + by);
  /** @param {number} by */
  const louder = (by) => () => {
    video.muted = false;
    video.volume = Math.max(0, Math.min(1, video.volume + by));
  };
  /** @param {1 | -1} step */
  const speed = (step) => () => (video.playbackRate = nextSpeed(video.playbackRate, step));
  /** @param {number} frames */
  const frame = (frames) => () => video.paused && player.seek(player.position() + frames / 24);

  /** @type {Record<string, () => unknown>} */
  const letters = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    j: skip(-10),
    l: skip(10),
    m: () => (video.muted = !video.muted),
    f: () => fullscreen(root),
    c: () => captions.toggle(),
    "<": speed(-1),
    ">": speed(1),
    ",": frame(-1),
    ".": frame(1),
    "?": () => actions.showKeys(),
    N: () => actions.next(),
    Home: () => player.seek(0),
    End: () => player.seek(player.duration()),
    MediaPlayPause: () => player.toggle(),
    MediaPlay: () => player.play(),
    MediaPause: () => video.pause(),
    MediaRewind: skip(-10),
    MediaFastForward: skip(10),
    MediaTrackNext: () => actions.next(),
  };
  // The same as typed on a Russian keyboard: the key's place counts, not its letter.
  const places = /** @type {Record<string, string>} */ ({ KeyK: "k", KeyJ: "j", KeyL: "l", KeyM: "m", KeyF: "f", KeyC: "c" });

  function controls() {
    root.classList.add("is-keyed");
    player.tell("wake");
    focus(first);
  }

  /** @type {Record<string, () => unknown>} */
  const free = {
    ArrowLeft: skip(-5),
    ArrowRight: skip(5),
    ArrowUp: () => (tv() ? controls() : louder(0.05)()),
    ArrowDown: () => (tv() ? controls() : louder(-0.05)()),
    Enter: () => {
      player.toggle();
      controls();
    },
  };
  /** @type {Record<string, () => unknown>} */
  const onBar = { ArrowLeft: skip(-5), ArrowRight: skip(5), PageUp: skip(60), PageDown: skip(-60), Enter: () => player.toggle() };

  function leave() {
    if (document.activeElement !== root && root.contains(document.activeElement)) {
      root.classList.remove("is-keyed");
      root.focus({ preventScroll: true });
      return true;
    }
    return false;
  }

  /** @param {KeyboardEvent} event */
  function deed(event) {
    const at = document.activeElement;
    const inControls = at && at !== root && root.contains(at) && at !== document.body;
    if (event.keyCode === 27) return inFullScreen() ? null : actions.toTitle;
    if (BACK.indexOf(event.keyCode) >= 0) return leave() ? () => undefined : actions.back;
    if (at === scrub && onBar[event.key]) return onBar[event.key];
    if (!inControls && free[event.key]) return free[event.key];
    if (inControls && (event.key === " " || event.key === "Enter") && at.tagName === "BUTTON") return null;
    if (/^[0-9]$/.test(event.key)) return () => player.seek((player.duration() * Number(event.key)) / 10);
    return letters[event.key] || letters[places[event.code]] || null;
  }

  return on(window, "keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const trap = document.querySelector("[data-trap]:not([hidden])");
    const out = event.keyCode === 27 || BACK.indexOf(event.keyCode) >= 0;
    if ((trap && !(out && trap === trouble)) || (event.target.tagName === "INPUT" && OWN_OF_SLIDER.test(event.key))) return;
    if (event.key.indexOf("Arrow") === 0) root.classList.add("is-keyed");
    const run = deed(event);
    if (!run) return;
    event.preventDefault();
    run();
    player.tell("wake");
  }, true);
}

