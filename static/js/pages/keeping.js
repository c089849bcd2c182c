// On which playlists a title is: a dialog of the title's page, filled when it is opened.
import { t } from "../core/words.js";
import { call, get, post } from "../net/api.js";
import { all, fill, h, icon, need, on } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { toast } from "../ui/toast.js";
import { sentence, submits } from "./form.js";

const MOST = 50;

/** @typedef {{id: number, name: string, items?: {media_id?: string, media?: {media_id: string} | null}[]}} Playlist */

/** @param {HTMLElement} root the dialog; `data-media` names the title */
export function attach(root) {
  const list = need("[data-lists]", root);
  const form = /** @type {HTMLFormElement} */ (need("form", root));
  const name = /** @type {HTMLInputElement} */ (need('input[name="name"]', form));
  const mediaId = root.dataset.media || "";

  /** @param {Playlist} one */
  const holds = (one) => (one.items || []).some((item) => (item.media_id || (item.media && item.media.media_id)) === mediaId);

  /** @param {Playlist} one @param {boolean} inside */
  function line(one, inside) {
    const button = h("button", { class: "line line--press", type: "button", "aria-pressed": String(inside), onclick: () => flip(one, button) }, [
      h("span", { class: "line__tick" }, [icon("check")]),
      h("span", { class: "grow cut" }, [one.name]),
    ]);
    return button;
  }

  /** @param {Playlist} one @param {HTMLElement} button */
  async function flip(one, button) {
    const inside = button.getAttribute("aria-pressed") === "true";
    button.setAttribute("aria-pressed", String(!inside));
    try {
      await call(inside ? "DELETE" : "POST", `/api/v1/user/playlists/${one.id}/items`, { media_id: mediaId });
    } catch (error) {
      button.setAttribute("aria-pressed", String(inside));
      toast(sentence(error));
    }
  }

  async function load() {
    try {
      /** @type {Playlist[]} */
      const found = (await get(`/api/v1/user/playlists?per_page=${MOST}`)).items;
      const whole = await Promise.all(found.map((one) => get(`/api/v1/user/playlists/${one.id}`)));
      fill(list, whole.map((one) => line(one, holds(one))));
      const first = list.querySelector("button");
      if (first && !root.hidden) focus(first);
    } catch (error) {
      fill(list, [h("p", { class: "text", role: "alert" }, [sentence(error)])]);
    }
  }

  return all(
    on(document, "click", (event) => event.target.closest(`[data-open="${root.id}"]`) && !root.hidden && load()),
    submits(form, async (values) => {
      const made = await post("/api/v1/user/playlists", { name: values.name });
      await post(`/api/v1/user/playlists/${made.id}/items`, { media_id: mediaId });
      list.appendChild(line(made, true));
      toast(t("Kept in {name}", { name: made.name }));
      name.value = "";
      name.focus();
    }),
  );
}
