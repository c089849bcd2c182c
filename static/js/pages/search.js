// Results as you type, from the server's own markup; recent searches stay on this device.
import { t } from "../core/words.js";
import { part } from "../net/api.js";
import { all, fill, h, icon, many, memory, need, on } from "../ui/dom.js";
import { dress } from "../ui/pictures.js";

const RECENT = "matinee.searches";

/** @param {HTMLElement} root */
export function attach(root) {
  const form = /** @type {HTMLFormElement} */ (need("form", root));
  const input = /** @type {HTMLInputElement} */ (need('input[name="q"]', root));
  const results = need("[data-results]", root);
  const recent = need("[data-recent]", root);
  let timer = 0;
  let asked = 0;

  async function look() {
    const q = input.value.trim();
    const ticket = (asked += 1);
    history.replaceState(null, "", q ? `/search?q=${encodeURIComponent(q)}` : "/search");
    if (!q) {
      fill(results, []);
      showRecent();
      return;
    }
    const markup = await part(`/search?part=results&q=${encodeURIComponent(q)}`);
    if (ticket !== asked) return; // a later letter was faster
    if (markup === null) {
      fill(results, [h("p", { class: "text", role: "alert" }, [t("The search does not answer. Try again.")])]);
      return;
    }
    results.innerHTML = markup; // our own server's markup, escaped there
    dress(results);
    recent.hidden = true;
  }

  function keep() {
    const q = input.value.trim();
    if (q.length < 2) return;
    const list = (memory.get(RECENT) || []).filter((/** @type {string} */ old) => old !== q);
    memory.set(RECENT, [q].concat(list).slice(0, 8));
  }

  function showRecent() {
    const list = /** @type {string[]} */ (memory.get(RECENT) || []);
    recent.hidden = !list.length;
    const row = need("[data-row]", recent);
    fill(row, list.map((q) => h("a", { class: "chip chip--lead", href: `/search?q=${encodeURIComponent(q)}` }, [icon("clock", "i--s"), q])));
  }

  /** @param {string} key */
  function type(key) {
    if (key === "delete") input.value = input.value.slice(0, -1);
    else input.value += key === "space" ? " " : key;
    soon();
  }

  function soon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, 140);
  }

  if (!input.value) showRecent();
  if (!document.documentElement.hasAttribute("data-tv")) input.focus();
  return all(
    on(input, "input", soon),
    on(form, "submit", (event) => {
      event.preventDefault();
      keep();
      look();
    }),
    on(results, "click", keep),
    on(root, "click", (event) => {
      const key = event.target.closest("[data-letter]");
      if (key) type(key.dataset.letter);
      if (event.target.closest("[data-clear]")) {
        input.value = "";
        look();
        input.focus();
      }
    }),
    () => many("[data-letter]", root).forEach((key) => key.blur()),
  );
}
