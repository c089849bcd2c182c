// The player page: the plan that the server put into the page starts at once, the controls attach beside it.
import { setCatalog } from "./core/words.js";
import * as chrome from "./player/chrome.js";
import { createCaptions } from "./player/captions.js";
import * as keys from "./player/keys.js";
import { createWaysOut } from "./player/leaving.js";
import * as menus from "./player/menus.js";
import { createPlayer } from "./player/player.js";
import { publishDevice } from "./player/probe.js";
import * as prompts from "./player/prompts.js";
import * as reports from "./player/reports.js";
import * as scrub from "./player/scrub.js";
import * as mediaSession from "./player/media_session.js";
import { createStats } from "./player/stats.js";
import * as status from "./player/status.js";
import { turnTo } from "./player/turning.js";
import { data, need, on } from "./ui/dom.js";
import * as navigation from "./ui/navigation.js";
import * as pictures from "./ui/pictures.js";
import * as popup from "./ui/popup.js";
import * as theme from "./ui/theme.js";

/** hls.js comes by a script tag of the page, before or after this one; where it is not there yet, it is fetched. */
function loadHls() {
  if (window.MatineeHls) return Promise.resolve(window.MatineeHls);
  return new Promise((resolve, reject) => {
    document.addEventListener("matinee:hls", () => resolve(window.MatineeHls), { once: true });
    const there = document.querySelector("script[data-hls][src]");
    if (there) return;
    const script = document.createElement("script");
    script.src = need("[data-hls-src]", document).dataset.hlsSrc || "";
    script.onerror = () => reject(new Error("the player's script did not arrive"));
    document.head.appendChild(script);
  });
}

/** @param {import("./player/player.js").Player} player @param {HTMLVideoElement} video */
function markFirstFrame(player, video) {
  const painted = () => performance.mark("first-frame");
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(painted);
  else video.addEventListener("playing", painted, { once: true });
}

/** @param {any} preferred @param {import("./player/captions.js").Captions} captions */
function firstCaptions(preferred, captions) {
  const tracks = captions.tracks();
  const wanted = preferred && preferred.subtitle;
  if (wanted === "off") return;
  const index = tracks.findIndex((track) => (wanted ? track.language === wanted || track.title === wanted : track.default || track.forced));
  if (preferred && preferred.subtitle_offset) captions.shift(preferred.subtitle_offset);
  if (index >= 0) captions.start(index);
}

let going = false;

/** Another title in this player. @param {string} mediaId */
async function go(mediaId) {
  if (going) return;
  going = true;
  try {
    if (!(await turnTo(root, mediaId, () => attached.detach()))) return;
    attached = attach(root);
    root.focus({ preventScroll: true });
  } finally {
    going = false;
  }
}

/** @param {HTMLElement} root */
export function attach(root) {
  const video = /** @type {HTMLVideoElement} */ (need("video", root));
  const sheet = need("#keys", root);
  const player = createPlayer(video, {
    mediaId: root.dataset.media || "",
    fileId: Number(root.dataset.file) || 0,
    habits: data("tracks") || {},
    loadHls,
  });
  markFirstFrame(player, video);
  const captions = createCaptions(player, need("[data-caption]", root));
  const unlisten = player.on("plan", () => {
    unlisten();
    firstCaptions(data("tracks"), captions);
  });
  const statusOff = status.attach(root, player);
  const plan = data("plan");
  const started = plan ? player.load(plan, true) : player.start(root.dataset.start === undefined ? undefined : Number(root.dataset.start));

  const stats = createStats(root, player);
  const showKeys = () => {
    sheet.hidden = false;
    need("button", sheet).focus();
  };
  const next = prompts.attach(root, player, go);
  const out = createWaysOut(root);
  const off = [
    statusOff,
    scrub.attach(root, player),
    chrome.attach(root, player),
    menus.attach(root, player, captions, { toggleStats: stats.toggle, showKeys }),
    keys.attach(root, player, captions, { showKeys, next: next.next, toTitle: out.toTitle, back: out.back }),
    reports.attach(player),
    out.detach,
    mediaSession.attach(player, {
      name: need("h1", root).textContent || "",
      line: need("[data-chapter]", root).dataset.line || "",
      next: next.hasNext ? next.next : null,
    }),
    on(sheet, "click keydown", (event) => {
      const shut = event.type === "click" ? event.target.closest("[data-close]") : [27, 461, 10009].indexOf(event.keyCode) >= 0;
      if (!shut) return;
      sheet.hidden = true;
      event.preventDefault();
      root.focus({ preventScroll: true });
    }),
  ];
  if (player.plan()) {
    player.tell("plan");
    player.tell("time");
  }
  return { started, detach: () => off.concat([stats.detach, next.detach, captions.detach, player.detach]).forEach((stop) => stop()) };
}

theme.attach(document.documentElement);
const words = data("words");
if (words) setCatalog(words);
const root = need("[data-player]", document);
let attached = attach(root);
pictures.attach(document);
navigation.attach(document);
popup.attach(document.body);
publishDevice();
