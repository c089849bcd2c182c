// Buttons that set one thing of a title: my list, watched. Pressed state first, taken back if the server refuses.
import { call } from "../net/api.js";
import { on } from "../ui/dom.js";
import { toast } from "../ui/toast.js";
import { sentence } from "./form.js";

/** @param {HTMLElement} button */
async function flip(button) {
  const pressed = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!pressed));
  try {
    await call(pressed ? "DELETE" : "PUT", button.dataset.toggle || "", pressed ? undefined : {});
    if (button.dataset.reload) location.reload();
  } catch (error) {
    button.setAttribute("aria-pressed", String(pressed));
    toast(sentence(error));
  }
}

/** @param {HTMLElement} root */
export const attach = (root) =>
  on(root, "click", (event) => {
    const button = event.target.closest("[data-toggle]");
    if (button) flip(button);
  });
