// The controls: their buttons, and their coming and going. They leave after three quiet seconds of playing.
import { icon, all, fill, many, need, on } from "../ui/dom.js";
import { t } from "../core/words.js";
import { createTouch } from "./touch.js";

const QUIET_MS = 3000;

export const inFullScreen = () => !!(document.fullscreenElement || document.webkitFullscreenElement);

/** @param {HTMLElement} root */
export function fullscreen(root) {
  const video = /** @type {HTMLVideoElement} */ (need("video", root));
  if (inFullScreen()) (document.exitFullscreen || document.webkitExitFullscreen || (() => undefined)).call(document);
  else if (root.requestFullscreen) root.requestFullscreen().then(layDown).catch(() => undefined); // refused without a press: no harm
  else if (root.webkitRequestFullscreen) root.webkitRequestFullscreen();
  else if (video.webkitEnterFullscreen) video.webkitEnterFullscreen();
}

/** A telephone turns the film by itself; elsewhere the wish is refused and nothing is lost. */
function layDown() {
  const { orientation } = screen;
  if (orientation && /** @type {any} */ (orientation).lock) return /** @type {any} */ (orientation).lock("landscape");
  return undefined;
}

/** @param {HTMLVideoElement} video */
function pictureInPicture(video) {
  if (document.pictureInPictureElement) return document.exitPictureInPicture();
  return video.requestPictureInPicture();
}

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 */
export function attach(root, player) {
  const { video } = player;
  const playButton = need('[data-do="toggle"]', root);
  const muteButton = need('[data-do="mute"]', root);
  const volume = /** @type {HTMLInputElement} */ (need("[data-volume]", root));
  const speedWord = need("[data-speed-word]", root);
  let timer = 0;
  let menu = false;

  function busy() {
    const inside = document.activeElement && document.activeElement !== root && root.contains(document.activeElement);
    const keyed = inside && root.classList.contains("is-keyed");
    return video.paused || menu || keyed || root.classList.contains("is-seeking") || root.classList.contains("is-stuck");
  }

  function hide() {
    if (busy()) {
      timer = window.setTimeout(hide, QUIET_MS);
      return;
    }
    root.classList.add("is-idle");
  }

  function wake() {
    root.classList.remove("is-idle");
    window.clearTimeout(timer);
    timer = window.setTimeout(hide, QUIET_MS);
  }

  function state() {
    const playing = !video.paused && !video.ended;
    playButton.setAttribute("aria-label", playing ? t("Pause") : t("Play"));
    fill(playButton, [/** @type {any} */ (icon(playing ? "pause" : "play"))]);
    wake();
  }

  function sound() {
    const quiet = video.muted || video.volume === 0;
    muteButton.setAttribute("aria-label", quiet ? t("Sound on") : t("Mute"));
    fill(muteButton, [/** @type {any} */ (icon(quiet ? "mute" : "volume"))]);
    volume.value = String(Math.round((video.muted ? 0 : video.volume) * 100));
  }

  /** @type {Record<string, () => unknown>} */
  const deeds = {
    toggle: () => player.toggle(),
    back: () => player.seek(player.position() - 10),
    forward: () => player.seek(player.position() + 10),
    mute: () => (video.muted = !video.muted),
    full: () => fullscreen(root),
    pip: () => pictureInPicture(video).catch(() => undefined), // the browser says itself why not
    cast: () => castTo(video),
  };
  many('[data-do="pip"]', root).forEach((button) => (button.hidden = !document.pictureInPictureEnabled));
  many('[data-do="cast"]', root).forEach((button) => {
    button.hidden = !video.webkitShowPlaybackTargetPicker;
  });

  const touch = createTouch(root, player, wake);
  const fullButton = need('[data-do="full"]', root);
  state();
  sound();
  return all(
    on(root, "click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button && deeds[button.dataset.do]) {
        deeds[button.dataset.do]();
        if (event.detail > 0) root.focus({ preventScroll: true }); // pressed by pointer: keys go on as before
      } else if (event.target === video || event.target.classList.contains("player__veil")) {
        if (touch.isOn()) touch.tapped(event.clientX);
        else player.toggle();
      }
    }),
    on(root, "dblclick", (event) => {
      if (event.target === video && !touch.isOn()) fullscreen(root);
    }),
    on(root, "mousemove mousedown", () => {
      root.classList.remove("is-keyed");
      if (!touch.isOn()) wake();
    }),
    on(root, "focusin", () => !touch.isOn() && wake()), // a tap gives the focus before it is a click
    on(document, "fullscreenchange webkitfullscreenchange", () => {
      fullButton.setAttribute("aria-label", inFullScreen() ? t("Leave full screen") : t("Full screen"));
    }),
    on(window, "keydown", (event) => {
      if (event.key === "Tab") root.classList.add("is-keyed");
      wake();
    }),
    on(volume, "input", () => {
      video.muted = false;
      video.volume = Number(volume.value) / 100;
    }),
    on(video, "ratechange", () => (speedWord.textContent = `${video.playbackRate}×`)),
    player.on("menu", (open) => {
      menu = open;
      wake();
    }),
    player.on("volume", sound),
    player.on("state", state),
    player.on("wake", wake),
    touch.detach,
    () => window.clearTimeout(timer),
  );
}

/** @param {HTMLVideoElement} video */
function castTo(video) {
  if (video.webkitShowPlaybackTargetPicker) video.webkitShowPlaybackTargetPicker();
}
