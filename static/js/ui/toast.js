// One short message at the foot of the page, read out and gone after a while.
import { h } from "./dom.js";

let timer = 0;

/** @param {string} text @param {{label: string, run: () => void}} [action] */
export function toast(text, action) {
  const old = document.querySelector(".toast-place");
  if (old) old.remove();
  const button = action && h("button", { class: "btn", type: "button", onclick: action.run }, [action.label]);
  const place = h("div", { class: "toast-place", role: "status", "aria-live": "polite" }, [
    h("p", { class: "toast" }, [h("span", {}, [text]), button]),
  ]);
  document.body.appendChild(place);
  window.clearTimeout(timer);
  timer = window.setTimeout(() => place.remove(), action ? 8000 : 4000);
}
