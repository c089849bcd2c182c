// The phone's side of signing in a TV: the code, then which device it is, then yes or no.
import { t } from "../core/words.js";
import { post } from "../net/api.js";
import { all, fill, h, need, on } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { sentence, submits } from "./form.js";

/** @param {HTMLElement} root */
export function attach(root) {
  const form = /** @type {HTMLFormElement} */ (need("form", root));
  const question = need("[data-question]", root);
  const typed = /** @type {HTMLInputElement} */ (need('input[name="code"]', form));

  /** @param {string} code @param {{name: string, device: string, address: string}} screen */
  function ask(code, screen) {
    const name = screen.name || screen.device || t("Unknown device");
    const yes = h("button", { class: "btn btn--strong btn--l", type: "button", onclick: () => approve(code, name, yes) }, [t("Let it in")]);
    const no = h("button", { class: "btn btn--l", type: "button", onclick: again }, [t("No")]);
    fill(question, [
      h("h2", { class: "h2" }, [t("Let {name} in?", { name })]),
      h("p", { class: "text" }, [t("It asks from {address} and will be signed in as you. Say yes only if the screen is in front of you.", { address: screen.address })]),
      h("div", { class: "hero__acts", "data-row": true }, [yes, no]),
    ]);
    form.hidden = true;
    question.hidden = false;
    focus(yes);
  }

  /** @param {string} code @param {string} name @param {HTMLElement} button */
  async function approve(code, name, button) {
    /** @type {HTMLButtonElement} */ (button).disabled = true;
    try {
      await post("/api/v1/auth/pair/approve", { code });
    } catch (error) {
      again();
      fill(question, [h("p", { class: "text", role: "alert" }, [sentence(error)])]);
      question.hidden = false;
      return;
    }
    const home = h("a", { class: "btn btn--l", href: "/" }, [t("Go home")]);
    fill(question, [
      h("h2", { class: "h2" }, [t("{name} is signed in", { name })]),
      h("p", { class: "text" }, [t("It can be signed out again under Settings.")]),
      h("div", { class: "hero__acts", "data-row": true }, [home]),
    ]);
    focus(home);
  }

  function again() {
    question.hidden = true;
    form.hidden = false;
    typed.value = "";
    typed.focus();
  }

  const off = submits(form, async (values) => {
    ask(values.code || "", await post("/api/v1/auth/pair/screen", { code: values.code || " " }));
  });
  if (typed.value) need("button", form).click();
  else typed.focus();
  return all(off, on(typed, "input", () => (question.hidden = true)));
}
