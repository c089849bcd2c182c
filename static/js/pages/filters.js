// Filters take effect when they change; the address carries them.
import { on } from "../ui/dom.js";

/** @param {HTMLFormElement} form */
export const attach = (form) =>
  on(form, "change", () => {
    const fields = /** @type {HTMLSelectElement[]} */ ([].slice.call(form.elements));
    const chosen = fields.filter((field) => field.name && field.value);
    const query = chosen.map((field) => `${encodeURIComponent(field.name)}=${encodeURIComponent(field.value)}`);
    location.href = `${form.action}?${query.join("&")}`;
  });
