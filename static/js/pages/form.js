// A form that talks to the JSON API: busy button, the server's sentence under the field it is about.
import { Problem } from "../net/api.js";
import { h, icon, many, on, one } from "../ui/dom.js";
import { t } from "../core/words.js";

/** @param {HTMLFormElement} form */
export function values(form) {
  /** @type {Record<string, string>} */
  const out = {};
  many("input[name],select[name]", form).forEach((field) => {
    const input = /** @type {HTMLInputElement} */ (field);
    if ((input.type === "radio" || input.type === "checkbox") && !input.checked) return;
    if (input.value || input.required) out[input.name] = input.value;
  });
  return out;
}

/** @param {HTMLFormElement} form */
function clear(form) {
  many(".is-error", form).forEach((field) => field.classList.remove("is-error"));
  many("[data-error]", form).forEach((hint) => hint.remove());
  many(".field__hint", form).forEach((hint) => (hint.hidden = false));
  many("[aria-invalid]", form).forEach((input) => input.removeAttribute("aria-invalid"));
}

/** What the server's checks say of one field, as a person says it. @param {string} message */
function inWords(message) {
  const least = /at least (\d+) characters?$/.exec(message);
  if (least) return Number(least[1]) > 1 ? t("At least {n} characters.", { n: least[1] }) : t("This is needed.");
  const most = /at most (\d+) characters?$/.exec(message);
  if (most) return t("At most {n} characters.", { n: most[1] });
  return /^Field required$|valid string$/.test(message) ? t("This is needed.") : t(message);
}

/** @param {HTMLFormElement} form @param {string} name @param {string} message */
function mark(form, name, message) {
  const input = one(`[name="${name}"]`, form);
  const field = input && input.closest(".field");
  if (!input || !field) return false;
  const id = `error-${name}`;
  const hint = one(".field__hint", field);
  if (hint) hint.hidden = true; // the refusal says the same again, and why
  field.classList.add("is-error");
  field.appendChild(h("span", { class: "field__hint", id, "data-error": true }, [inWords(message)]));
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", id);
  return true;
}

/** @param {Element} form @param {string} message */
export function notice(form, message) {
  const box = h("div", { class: "notice notice--bad", role: "alert", "data-error": true }, [
    icon("warning"),
    h("div", { class: "grow" }, [message]),
  ]);
  form.insertBefore(box, form.firstChild);
}

/** @param {unknown} error */
export function sentence(error) {
  if (!(error instanceof Problem)) throw error;
  if (error.code === "offline") return t("The server does not answer. Check the connection and try again.");
  return error.message || t("That did not work. Try again.");
}

/**
 * Sends a form by `send`; shows what went wrong and gives the button back.
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>) => Promise<void>} send
 */
export function submits(form, send) {
  return on(form, "submit", async (event) => {
    event.preventDefault();
    clear(form);
    const button = /** @type {HTMLButtonElement | null} */ (one('[type="submit"]', form));
    if (button) button.disabled = true;
    try {
      await send(values(form));
    } catch (error) {
      const text = sentence(error);
      const named = error instanceof Problem ? error.errors.filter((one) => mark(form, one.field, one.message)) : [];
      if (!named.length) notice(form, text);
      const wrong = one('[aria-invalid="true"]', form);
      if (wrong) wrong.focus();
    } finally {
      if (button) button.disabled = false;
    }
  });
}
