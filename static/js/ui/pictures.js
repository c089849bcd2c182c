// Artwork: the blurred placeholder, the title's tint, and a composed card where the picture does not come.
import { thumbHashToDataURL } from "thumbhash";
import { h, many, on } from "./dom.js";

/** @param {string} text base64 */
function bytes(text) {
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let index = 0; index < raw.length; index += 1) out[index] = raw.charCodeAt(index);
  return out;
}

/** @param {HTMLElement} box */
function blur(box) {
  const hash = box.dataset.hash;
  if (!hash) return;
  box.style.backgroundImage = `url(${thumbHashToDataURL(bytes(hash))})`;
  box.removeAttribute("data-hash");
}

/** @param {string} title @param {string} small */
const composed = (title, small) =>
  h("span", { class: `art__made made-${title.length % 6}`, "aria-hidden": true }, [h("small", {}, [small]), h("span", {}, [title])]);

/** @param {ParentNode} root */
export function dress(root) {
  many("[data-hash]", root).forEach(blur);
  many("[data-tint]", root).forEach((element) => element.style.setProperty("--tint-rgb", element.dataset.tint || ""));
}

/** @param {Document} root */
export function attach(root) {
  dress(root);
  return on(
    root,
    "error",
    (event) => {
      // Errors of pictures do not bubble: hence the capture. The title stands in.
      const picture = event.target;
      if (!(picture instanceof HTMLImageElement) || !picture.closest(".art,.hero")) return;
      picture.hidden = true;
      const box = /** @type {HTMLElement | null} */ (picture.closest("[data-made]"));
      if (box && !box.querySelector(".art__made")) box.insertBefore(composed(box.dataset.made || "", box.dataset.small || ""), picture);
    },
    true,
  );
}
