// The ways out of the player. The page behind it is found as it was left, and the film is not left in the history.
import { need, on } from "../ui/dom.js";

/** The path of our own page that led here; empty where there is none. */
function cameFrom() {
  if (!document.referrer || history.length < 2) return "";
  const from = new URL(document.referrer);
  return from.origin === location.origin && from.pathname !== "/login" ? from.pathname : "";
}

/**
 * `toTitle` leads to the title's page (Escape, the arrow on the screen), `back` to where the viewer came from (a remote's
 * Back). Both go back in the history where that is the same, so that the place in a grid and the focus are kept.
 * @param {HTMLElement} root
 */
export function createWaysOut(root) {
  const title = () => root.dataset.back || "/";

  function toTitle() {
    if (cameFrom() === title()) history.back();
    else location.replace(title());
  }

  function back() {
    if (cameFrom()) history.back();
    else location.replace(title());
  }

  const arrow = need(".player__back", root);
  return {
    toTitle,
    back,
    detach: on(arrow, "click", (event) => {
      if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return; // into a tab of its own
      event.preventDefault();
      toTitle();
    }),
  };
}
