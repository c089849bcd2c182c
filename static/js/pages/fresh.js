// A page that the browser kept whole and shows again (back, forward): what was watched meanwhile is shown on it.
import { many, on, one } from "../ui/dom.js";
import { restore } from "../ui/navigation.js";
import { dress } from "../ui/pictures.js";

/** The player's last word, sent when its page was left, is on its way. */
const LAST_WORD_MS = 200;

/** @param {HTMLElement} main */
async function renew(main) {
  let page;
  await new Promise((done) => window.setTimeout(done, LAST_WORD_MS));
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (_offline) {
    return; // the old page is better than none
  }
  const fresh = page.getElementById("main");
  if (!fresh) return;
  const held = main.contains(document.activeElement);
  const places = many(".row__track", main).map((track) => track.scrollLeft);
  main.textContent = "";
  [].slice.call(fresh.childNodes).forEach((/** @type {Node} */ one_) => main.appendChild(document.importNode(one_, true)));
  dress(main);
  many(".row__track", main).forEach((track, index) => (track.scrollLeft = places[index] || 0));
  if (held) restore(true);
}

/** @param {HTMLElement} main listens on itself only: what is inside is exchanged */
export const attach = (main) => on(window, "pageshow", (event) => event.persisted && one("#main") === main && renew(main));
