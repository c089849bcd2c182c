// What the player says when the picture does not move: first nothing, then what is happening, then what can be done.
// There is no state in which it stays silent and black.
import { t } from "../core/words.js";
import { all, fill, h, icon, need } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";

const SILENT_MS = 300;
const LONG_MS = 20000;
const BLIND_MS = 4000;
const ASK_MS = 3000;

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 */
export function attach(root, player) {
  const { video } = player;
  const say = need("[data-say]", root);
  const trouble = need("[data-trouble]", root);
  let waitingSince = 0;
  let making = false;
  let soundOnlySince = 0;
  let reachable = true;
  let askedAt = 0;
  /** Whether what is on the screen is only that nobody answered. */
  let cutOff = false;

  /** @param {string} text */
  function tell(text) {
    if (say.textContent === text) return;
    fill(say, text ? [/** @type {any} */ (icon("clock")), text] : []);
    say.hidden = !text;
  }

  /**
   * An open one leaves the controls in sight and in reach; the others hold the focus.
   * @param {string} title @param {string} text @param {[string, () => void][]} deeds @param {"alert" | "status"} role
   * @param {boolean} open
   */
  function screen(title, text, deeds, role = "alert", open = false) {
    const buttons = deeds.map(([label, run], index) =>
      h("button", { class: index ? "btn" : "btn btn--strong", type: "button", onclick: () => {
        clear();
        run();
      } }, [label]));
    const back = h("a", { class: "btn btn--bare", href: root.dataset.back || "/" }, [t("Back to the title")]);
    fill(trouble, [h("div", { class: "trouble__body", role }, [
      h("h2", { class: "h2" }, [title]),
      h("p", { class: "text" }, [text]),
      h("div", { class: "hero__acts", "data-row": true }, buttons.concat([back])),
    ])]);
    trouble.classList.toggle("trouble--open", open);
    if (open) trouble.removeAttribute("data-trap");
    else trouble.setAttribute("data-trap", "");
    trouble.hidden = false;
    root.classList.add("is-stuck");
    const first = trouble.querySelector("button") || back;
    focus(/** @type {HTMLElement} */ (first));
  }

  function clear() {
    const held = trouble.contains(document.activeElement) || document.activeElement === document.body;
    trouble.hidden = true;
    fill(trouble, []);
    root.classList.remove("is-stuck");
    if (held) root.focus({ preventScroll: true });
    waitingSince = Date.now();
  }

  /** Whether the server is there at all; once it is again, the film goes on by itself. */
  async function ask() {
    if (Date.now() - askedAt < ASK_MS) return;
    askedAt = Date.now();
    const before = reachable;
    try {
      await fetch("/health/live", { cache: "no-store" });
      reachable = true;
    } catch (_unreached) {
      reachable = false;
      return;
    }
    if (!before) waitingSince = Date.now();
    if (!cutOff) return;
    cutOff = false;
    clear();
    here();
  }

  const here = () => player.restart(true);
  const plainer = () => player.again();

  /** @param {{kind: string, detail?: string, status?: number}} what */
  function onTrouble(what) {
    tell("");
    cutOff = what.kind === "offline";
    if (what.kind === "refused") {
      screen(t("This film cannot be played now"), what.detail || t("The server refused it without a reason."), [[t("Try again"), here]]);
    } else if (what.kind === "offline") {
      screen(t("The server does not answer"), t("What is buffered plays on. Your place is kept on this device."), [[t("Try again"), here]]);
    } else if (what.kind === "signed-out") {
      video.pause();
      screen(t("You were signed out"), t("This account was signed out on another screen. Sign in again and the film goes on from here."), [[t("Sign in"), signIn]]);
    } else if (what.kind === "decode") {
      screen(t("This browser cannot show this film"), t("Every way of playing it failed here. It may play in another browser; the server has noted why."), [[t("Try again"), here]]);
    } else {
      screen(t("The server could not make this part"), t("The rest of the film still plays: seek past this place, or try again."), [[t("Try again"), here], [t("Convert it another way"), plainer]]);
    }
  }

  function signIn() {
    const file = root.dataset.file ? `&file=${root.dataset.file}` : "";
    const here_ = `${location.pathname}?from=${Math.floor(player.position())}${file}`;
    location.href = `/login?next=${encodeURIComponent(here_)}`;
  }

  /** Sound without a picture, where there should be one: this engine cannot show the codec after all. */
  function blind() {
    const plan = player.plan();
    const moving = !video.paused && video.currentTime > 0 && video.readyState >= 2;
    const pictureless = !plan || !plan.renditions.length || video.videoWidth > 0 || !moving;
    if (pictureless) soundOnlySince = 0;
    else if (!soundOnlySince) soundOnlySince = Date.now();
    else if (Date.now() - soundOnlySince > BLIND_MS) {
      soundOnlySince = 0;
      player.again();
    }
  }

  function look() {
    blind();
    const stuck = !video.paused && !video.ended && video.readyState < 3;
    const opening = !player.plan() || (video.readyState < 2 && !video.ended);
    if (!stuck && !opening && !cutOff) {
      waitingSince = 0;
      reachable = true;
      making = false;
      tell("");
      return;
    }
    waitingSince = waitingSince || Date.now();
    const waited = Date.now() - waitingSince;
    if (cutOff || waited > ASK_MS) ask();
    if (!trouble.hidden || waited < SILENT_MS) return;
    if (!reachable) {
      tell(t("The server does not answer. Trying again…"));
      return;
    }
    const converting = player.plan() && /** @type {any} */ (player.plan()).method === "transcode";
    if (waited > LONG_MS) {
      screen(t("This takes longer than it should"), t("The server is still preparing this part. You can wait, or play it another way."), [[t("Wait"), () => undefined], [t("Convert it another way"), plainer]], "status");
    } else if (converting || making) tell(waited > 6000 ? t("Still preparing the picture, {n} s…", { n: Math.round(waited / 1000) }) : t("Preparing the picture…"));
    else tell(t("Loading…"));
  }

  const timer = window.setInterval(look, 250);
  return all(
    player.on("making", () => (making = true)),
    player.on("trouble", onTrouble),
    player.on("fallback", (how) => tell(how === "direct" ? t("This browser cannot play the file itself: converting it") : t("Trying a plainer picture format…"))),
    player.on("blocked", () => screen(t("Ready"), t("The browser wants a press before it plays with sound."), [[t("Play"), () => player.play()]], "status", true)),
    player.on("captions-failed", () => tell(t("The subtitles did not arrive; the film plays on."))),
    player.on("state", (name) => {
      if (name === "playing" && !trouble.hidden) clear();
    }),
    () => window.clearInterval(timer),
  );
}
