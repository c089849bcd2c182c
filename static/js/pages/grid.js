// A long list: the next page of cards arrives before its end is reached; Back finds the same place again.
import { part } from "../net/api.js";
import { many, on, one, all } from "../ui/dom.js";
import * as navigation from "../ui/navigation.js";
import { dress } from "../ui/pictures.js";

/** @param {HTMLElement} root the list, with a link to the next page after it */
export function attach(root) {
  let busy = false;

  async function more() {
    const link = /** @type {HTMLAnchorElement | null} */ (one("[data-next]"));
    if (!link || busy) return;
    busy = true;
    const markup = await part(`${link.href}&part=cards`);
    busy = false;
    if (markup !== null) take(markup, link); // else the link stays: the next look, or a press, tries again
  }

  /** @param {string} markup our own server's, escaped there @param {HTMLAnchorElement} link */
  function take(markup, link) {
    const holder = document.createElement("div");
    holder.innerHTML = markup;
    dress(holder);
    many("li", holder).forEach((item) => root.appendChild(item));
    const next = /** @type {HTMLAnchorElement | null} */ (holder.querySelector("[data-next]"));
    if (next) link.href = next.href;
    else link.remove();
    keep();
  }

  const key = `grid:${location.pathname}${location.search}`;
  function keep() {
    try {
      sessionStorage.setItem(key, JSON.stringify({ count: root.children.length, y: window.pageYOffset }));
    } catch (_unavailable) {
      return; // a private window: Back then starts at the top
    }
  }

  async function restore() {
    const entry = /** @type {PerformanceNavigationTiming | undefined} */ (performance.getEntriesByType("navigation")[0]);
    if (!entry || entry.type !== "back_forward") return;
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(key) || "null");
    } catch (_unavailable) {
      return;
    }
    if (!kept) return;
    while (root.children.length < kept.count && one("[data-next]")) {
      const before = root.children.length;
      await more();
      if (root.children.length === before) return;
    }
    window.scrollTo(0, kept.y);
    navigation.restore(); // what held the focus may have come just now
  }

  restore();
  let waiting = 0;
  return all(
    on(window, "scroll", () => {
      if (waiting) return;
      waiting = window.setTimeout(() => {
        waiting = 0;
        keep();
        const link = one("[data-next]");
        if (link && link.getBoundingClientRect().top < window.innerHeight * 2.5) more();
      }, 120);
    }, { passive: true }),
    on(root, "focusin", (event) => {
      const items = root.children;
      const last = items[Math.max(0, items.length - 20)];
      if (last && last.compareDocumentPosition(event.target) & Node.DOCUMENT_POSITION_FOLLOWING) more();
    }),
  );
}
