// Invitations and accounts: make a link, change a role.
import { call, post } from "../net/api.js";
import { fill, h, on, one } from "../ui/dom.js";
import { toast } from "../ui/toast.js";
import { t } from "../core/words.js";
import { sentence } from "./form.js";

/** @param {HTMLElement} root */
async function invite(root) {
  const answer = await post("/api/v1/admin/invites", { role: "user" });
  const link = answer.url || `${location.origin}/login?invite=${encodeURIComponent(answer.code || answer.invite)}`;
  const place = one("[data-invite]", root);
  if (!place) return;
  fill(place, [
    h("label", { class: "field" }, [
      h("span", { class: "field__label" }, [t("Send this link; it works once")]),
      h("input", { class: "input", readonly: true, value: link, onfocus: (/** @type {any} */ event) => event.target.select() }),
    ]),
  ]);
}

/** @param {HTMLElement} root */
export const attach = (root) =>
  on(root, "click change", async (event) => {
    try {
      if (event.type === "click" && event.target.closest("[data-make-invite]")) await invite(root);
      const field = event.type === "change" && event.target.closest("[data-user]");
      if (field) await call("PATCH", `/api/v1/admin/users/${field.dataset.user}`, { [field.name]: field.value });
    } catch (error) {
      toast(sentence(error));
    }
  });
