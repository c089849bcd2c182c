// Settings that take effect at once: language, theme, TV mode; sign-out and other devices.
import { call, post, remove } from "../net/api.js";
import { many, on } from "../ui/dom.js";
import { toast } from "../ui/toast.js";
import { t } from "../core/words.js";
import { sentence } from "./form.js";

/** @param {string} name @param {string} value */
const cookie = (name, value) => {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
};

/** @param {HTMLElement} button */
async function choose(button) {
  const name = button.dataset.set || "";
  const value = button.dataset.value || "";
  if (name === "theme") {
    cookie("matinee_theme", value);
    if (value === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", value);
  } else if (name === "tv") {
    cookie("matinee_tv", value);
    location.reload();
  } else if (name === "language") {
    cookie("matinee_language", value);
    await call("PATCH", "/api/v1/auth/profile", { language: value });
    location.reload();
  }
  many(`[data-set="${name}"]`).forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
}

/** @param {HTMLElement} button */
async function act(button) {
  if (button.dataset.signout !== undefined) {
    await post("/api/v1/auth/logout");
    location.href = "/login";
  } else if (button.dataset.remove) {
    if (button.dataset.ask && !window.confirm(button.dataset.ask)) return;
    await remove(button.dataset.remove);
    if (button.dataset.then) {
      location.replace(button.dataset.then);
      return;
    }
    const line = button.closest(".line,tr,li");
    if (line) line.remove();
    toast(t("Done"));
  } else if (button.dataset.post) {
    await post(button.dataset.post, JSON.parse(button.dataset.body || "{}"));
    window.dispatchEvent(new Event("matinee:jobs")); // what it began is shown at once
    toast(button.dataset.done || t("Done"));
  }
}

/** @param {HTMLElement} root */
export const attach = (root) =>
  on(root, "click", async (event) => {
    const button = event.target.closest("[data-set],[data-signout],[data-remove],[data-post]");
    if (!button) return;
    try {
      await (button.dataset.set ? choose(button) : act(button));
    } catch (error) {
      toast(sentence(error));
    }
  });
