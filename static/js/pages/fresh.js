// A page that the browser kept whole and shows again (back, forward): what was watched meanwhile is shown on it.
import { many, on, one } from "../ui/dom.js";
import { restore } from "../ui/navigation.js";
import { dress } from "../ui/pictures.js";

/** The player's last word, sent when its page was left, is on its way; to a busy server it takes its time. */
const LOOKS_MS = [200, 2000];

/** What the page's address shows now; null where that cannot be had. */
async function newest() {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  } catch (_offline) {
    return null; // the old page is better than none
  }
}

/** @param {HTMLElement} main @param {HTMLElement} fresh */
function exchange(main, fresh) {
  const held = main.contains(document.activeElement);
  const places = many(".row__track", main).map((track) => track.scrollLeft);
  main.textContent = "";
  [].slice.call(fresh.childNodes).forEach((/** @type {Node} */ one_) => main.appendChild(document.importNode(one_, true)));
  dress(main);
  many(".row__track", main).forEach((track, index) => (track.scrollLeft = places[index] || 0));
  if (held) restore(true);
}

/** @param {HTMLElement} main */
async function renew(main) {
  let shown = "";
  for (const wait of LOOKS_MS) {
    await new Promise((done) => window.setTimeout(done, wait));
    const fresh = await newest();
    if (!fresh || fresh.innerHTML === shown) continue;
    shown = fresh.innerHTML;
    exchange(main, fresh);
  }
}

/** @param {HTMLElement} main listens on itself only: what is inside is exchanged */
export const attach = (main) => on(window, "pageshow", (event) => event.persisted && one("#main") === main && renew(main));
