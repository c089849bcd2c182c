// Titles that could be several works: one press says which it is, and its place tells what it has become.
import { t } from "../core/words.js";
import { fill, h, icon, need, on } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { toast } from "../ui/toast.js";
import { sentence } from "./form.js";
import { choose } from "./matching.js";

/** @param {HTMLElement} button */
async function settle(button) {
  const place = /** @type {HTMLElement} */ (button.closest("[data-doubt]"));
  if (place.hasAttribute("aria-busy")) return;
  place.setAttribute("aria-busy", "true");
  button.classList.add("is-busy");
  try {
    const now = await choose(button.dataset.media || "", button.dataset.choose || null);
    const name = need("b", /** @type {HTMLElement} */ (button.closest(".cand"))).textContent;
    const link = h("a", { class: "link", href: `/title/${now.media_id}` }, [name]);
    fill(place, [h("p", { class: "tag tag--ok" }, [icon("check"), h("span", {}, [t("It is"), " ", link])])]);
    focus(link);
  } catch (error) {
    button.classList.remove("is-busy");
    toast(sentence(error));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/** @param {HTMLElement} root */
export const attach = (root) =>
  on(root, "click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (button) settle(button);
  });
