// Arrow keys and Back on every page, as a remote sends them.
import { pick } from "../core/rectangles.js";
import { all, many, on } from "./dom.js";

const TARGETS = 'a[href],button:not([disabled]),input:not([disabled]):not([type="hidden"]),select,textarea,[tabindex="0"],summary';
/** @type {Record<string, import("../core/rectangles.js").Direction>} */
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const BACK = [461, 10009, 27]; // webOS, Tizen, Escape
const FIELDS = /^(INPUT|TEXTAREA|SELECT)$/;

/** @type {Map<Element, HTMLElement>} */
const remembered = new Map();

/** @param {Element} element */
const plain = (element) => {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return { left, top, right, bottom };
};
/** @param {Element} element */
const rowOf = (element) => element.closest("[data-row]");
/** @param {HTMLElement} element */
const seen = (element) =>
  element.offsetWidth > 0 && element.offsetHeight > 0 && element.tabIndex >= 0 && !element.classList.contains("skip") &&
  getComputedStyle(element).visibility !== "hidden";

/** @param {HTMLElement} element */
function show(element) {
  const track = element.closest(".row__track");
  if (track) {
    const frame = track.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    const pad = parseFloat(getComputedStyle(track).paddingLeft) || 0;
    if (box.left < frame.left + pad) track.scrollLeft += box.left - frame.left - pad;
    else if (box.right > frame.right - pad) track.scrollLeft += box.right - frame.right + pad;
  }
  const scroller = element.closest("[data-scroll]");
  if (scroller) {
    const frame = scroller.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    if (box.top < frame.top + 8) scroller.scrollTop += box.top - frame.top - 8;
    else if (box.bottom > frame.bottom - 8) scroller.scrollTop += box.bottom - frame.bottom + 8;
    return;
  }
  const block = (rowOf(element) || element).closest("section") || element;
  const whole = block.getBoundingClientRect();
  const box = whole.height < window.innerHeight * 0.9 ? whole : element.getBoundingClientRect();
  if (box.top < 24) window.scrollBy(0, box.top - 24);
  else if (box.bottom > window.innerHeight - 24) window.scrollBy(0, box.bottom - window.innerHeight + 24);
  if (window.pageYOffset < window.innerHeight * 0.35 && element.closest(".hero,.topbar")) window.scrollTo(0, 0);
}

/** @param {HTMLElement} element */
export function focus(element) {
  element.focus({ preventScroll: true });
  show(element);
}

/** @param {import("../core/rectangles.js").Direction} direction */
function move(direction) {
  const now = /** @type {HTMLElement | null} */ (document.activeElement);
  const traps = many("[data-trap]").filter((trap) => !trap.hidden);
  const everything = many(TARGETS, traps[traps.length - 1] || document).filter(seen);
  if (!now || now === document.body || everything.indexOf(now) < 0) {
    const first = everything.find((element) => element.hasAttribute("data-first")) || everything[0];
    if (first) focus(first);
    return true;
  }
  const row = rowOf(now);
  const sideways = direction === "left" || direction === "right";
  const pool = choices(everything, now, row, sideways);
  const index = pick(plain(now), pool.map(plain), direction);
  if (index < 0) return sideways && !!row;
  focus(inRow(pool[index], everything, now));
  return true;
}

/**
 * Sideways inside a row: its own items. Otherwise a row counts as one wide target, so that a step down never skips a
 * short row.
 * @param {HTMLElement[]} everything @param {HTMLElement} now @param {Element | null} row @param {boolean} sideways
 */
function choices(everything, now, row, sideways) {
  /** @type {HTMLElement[]} */
  const pool = [];
  for (const element of everything) {
    const own = rowOf(element);
    let candidate = /** @type {HTMLElement | null} */ (element);
    if (sideways && row) candidate = own === row ? element : null;
    else if (row && own === row) candidate = null;
    else if (!sideways && own) candidate = /** @type {HTMLElement} */ (own);
    if (candidate && candidate !== now && pool.indexOf(candidate) < 0) pool.push(candidate);
  }
  return pool;
}

/**
 * The item of a row to land on: the one last left, the selected one, else the nearest.
 * @param {HTMLElement} to @param {HTMLElement[]} everything @param {HTMLElement} now
 */
function inRow(to, everything, now) {
  if (!to.hasAttribute("data-row")) return to;
  const inside = everything.filter((element) => rowOf(element) === to);
  const kept = remembered.get(to);
  if (kept && inside.indexOf(kept) >= 0) return kept;
  const chosen = inside.find((element) => element.getAttribute("aria-selected") === "true" || element.hasAttribute("aria-current"));
  if (chosen) return chosen;
  const from = plain(now);
  const main = inside.find((element) => element.hasAttribute("data-first"));
  if (main && from.right - from.left > window.innerWidth / 2) return main; // below a bar nothing is nearer than the rest
  /** @param {HTMLElement} element */
  const off = (element) => {
    const box = plain(element);
    return Math.abs(box.left + box.right - from.left - from.right);
  };
  return inside.reduce((a, b) => (off(b) < off(a) ? b : a));
}

const place = () => `focus:${location.pathname}`;

/** @param {string} key */
function keep(key) {
  try {
    sessionStorage.setItem(place(), key);
  } catch (_unavailable) {
    return; // a private window: Back then starts at the top
  }
}

function kept() {
  try {
    return sessionStorage.getItem(place());
  } catch (_unavailable) {
    return null;
  }
}

/** Coming back: the item that was left holds the focus again. On a TV something always has it. @param {boolean} [back] */
export function restore(back = false) {
  const key = kept();
  const entry = /** @type {PerformanceNavigationTiming | undefined} */ (performance.getEntriesByType("navigation")[0]);
  const came = entry && (entry.type === "back_forward" || (entry.type === "reload" && onTv()));
  const old = (back || came || chosenHere()) && key ? many("[data-key]").find((element) => element.getAttribute("data-key") === key) : null;
  if (old) focus(old);
  else if (onTv() && document.activeElement === document.body) {
    const main = document.getElementById("main");
    const first = many("[data-first]").find(seen) || (main && (many(".card,.pick,.line--press", main).find(seen) || many(TARGETS, main).find(seen)));
    if (first) focus(first);
  }
}

const onTv = () => document.documentElement.hasAttribute("data-tv");

/** Whether this page came from itself: a filter or a season was chosen, and the choice keeps the focus. */
function chosenHere() {
  if (!document.referrer || !/[?&](sort|season|kind)=/.test(location.search)) return false;
  const from = new URL(document.referrer);
  return from.origin === location.origin && from.pathname === location.pathname;
}

/** The list that is open under a select: its arrows are its own. @type {HTMLSelectElement | null} */
let picking = null;

/** Enter opens a select's list; where the engine cannot, it takes the next choice. @param {HTMLSelectElement} select */
function pickFrom(select) {
  if (select.showPicker) {
    picking = select;
    select.showPicker();
    return;
  }
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

/** @param {KeyboardEvent} event */
function onSelectKey(event) {
  const select = /** @type {HTMLSelectElement} */ (event.target);
  if (picking === select) {
    if (event.key === "Enter" || event.key === "Escape") picking = null;
    return true;
  }
  if (event.key !== "Enter") return false;
  event.preventDefault();
  pickFrom(select);
  return true;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  const active = /** @type {HTMLInputElement} */ (event.target);
  const typing = FIELDS.test(active.tagName) && active.type !== "checkbox" && active.type !== "radio";
  if (active.tagName === "SELECT" && onSelectKey(event)) return;
  const direction = KEYS[event.key];
  if (direction) {
    const sideways = direction === "left" || direction === "right";
    const slider = active.type === "range"; // up and down set it, sideways leads on: it stands among buttons
    const inside = active.tagName === "TEXTAREA" || (typing && active.tagName === "INPUT" && sideways !== slider);
    if (!inside && move(direction)) event.preventDefault();
    return;
  }
  const backspace = event.keyCode === 8 && document.documentElement.hasAttribute("data-tv");
  if (!typing && (BACK.indexOf(event.keyCode) >= 0 || backspace)) {
    if (event.keyCode === 27 && !document.documentElement.hasAttribute("data-tv")) return;
    event.preventDefault();
    history.back();
  }
}

/** @param {Document} root */
export function attach(root) {
  return all(
    on(root, "focusin", (event) => {
      const row = rowOf(event.target);
      if (row && row.hasAttribute("data-remember")) remembered.set(row, event.target);
      if (event.target.dataset && event.target.dataset.key) keep(event.target.dataset.key);
    }),
    on(root, "keydown", onKey),
    on(root, "change focusout", (event) => {
      if (event.target === picking) picking = null;
    }),
    on(window, "pageshow", () => restore()),
  );
}
