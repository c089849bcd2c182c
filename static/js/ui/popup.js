// Menus that open from a button: focus goes in, Escape and a press outside close, focus comes back.
import { all, many, on } from "./dom.js";
import { focus } from "./navigation.js";

/**
 * Buttons with `data-open="ID"` open the element with that id (`data-trap`).
 * @param {HTMLElement} root
 */
export function attach(root) {
  /** @type {{panel: HTMLElement, button: HTMLElement} | null} */
  let open = null;

  function close(back = true) {
    if (!open) return;
    const { panel, button } = open;
    open = null;
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
  }

  /** @param {HTMLElement} button */
  function toggle(button) {
    const panel = document.getElementById(button.dataset.open || "");
    const again = open && open.panel === panel;
    close(!!again);
    if (!panel || again) return;
    panel.hidden = false;
    button.setAttribute("aria-expanded", "true");
    open = { panel, button };
    const chosen = many('[aria-checked="true"],[data-first]', panel)[0] || many("a,button,input", panel)[0];
    if (chosen) focus(chosen);
  }

  return all(
    on(root, "click", (event) => {
      const button = event.target.closest("[data-open]");
      if (button) toggle(button);
      else if (open && !open.panel.contains(event.target)) close(false);
      else if (event.target.closest("[data-close]")) close();
    }),
    on(root, "keydown", (event) => {
      const back = event.keyCode === 27 || event.keyCode === 461 || event.keyCode === 10009;
      if (!open || !back) return;
      event.preventDefault();
      close();
    }),
  );
}
