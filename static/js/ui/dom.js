// Small hands for the document: making nodes, listening until detached, the page's data.

const SVG = "http://www.w3.org/2000/svg";

/**
 * A node. Text children become text, never HTML. Classes, attributes and `on…` listeners by name.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {(Node | string | null | undefined | false)[]} [children]
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, children = []) {
  const node = document.createElement(tag);
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value === null || value === undefined || value === false) continue;
    if (name.slice(0, 2) === "on") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  fill(node, children);
  return node;
}

/** @param {Element} node @param {(Node | string | null | undefined | false)[]} children */
export function fill(node, children) {
  node.textContent = "";
  for (const child of children) {
    if (child) node.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

/** @param {string} name @param {string} [classes] */
export function icon(name, classes = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `i ${classes}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  use.setAttributeNS("http://www.w3.org/1999/xlink", "xlink:href", `#i-${name}`);
  svg.appendChild(use);
  return svg;
}

/**
 * Listens; the answer stops listening.
 * @param {EventTarget} target
 * @param {string} names several, divided by spaces
 * @param {(event: any) => void} listener
 * @param {AddEventListenerOptions | boolean} [options]
 */
export function on(target, names, listener, options) {
  const list = names.split(" ");
  list.forEach((name) => target.addEventListener(name, listener, options));
  return () => list.forEach((name) => target.removeEventListener(name, listener, options));
}

/** @param {(() => void)[]} steps */
export const all = (...steps) => () => steps.forEach((step) => step());

/**
 * JSON that the server put into the page.
 * @param {string} id
 */
export function data(id) {
  const node = document.getElementById(id);
  return node ? JSON.parse(node.textContent || "null") : null;
}

/** @template {Element} [E=HTMLElement] @param {string} selector @param {ParentNode} [root] @returns {E | null} */
export const one = (selector, root = document) => /** @type {E | null} */ (root.querySelector(selector));
/** @template {Element} [E=HTMLElement] @param {string} selector @param {ParentNode} [root] @returns {E[]} */
export const many = (selector, root = document) => /** @type {E[]} */ ([].slice.call(root.querySelectorAll(selector)));
/** @template {Element} [E=HTMLElement] @param {string} selector @param {ParentNode} root @returns {E} */
export function need(selector, root) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {E} */ (found);
}

/** Something small that should survive a page; private windows may have no storage. */
export const memory = {
  /** @param {string} key */
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key) || "null");
    } catch (_unavailable) {
      return null;
    }
  },
  /** @param {string} key @param {unknown} value */
  set(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch (_unavailable) {
      return false;
    }
    return true;
  },
};

/** A button with `data-show` opens and closes the part it names, and says which it is. @param {HTMLElement} root */
export function discloses(root) {
  return on(root, "click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return;
    const part = need(button.dataset.show, root);
    part.hidden = !part.hidden;
    button.setAttribute("aria-expanded", String(!part.hidden));
  });
}
