// Which of a provider's works a title is: a dialog of the title's page. One press on a candidate settles it.
import { said, sentences, t } from "../core/words.js";
import { get, post } from "../net/api.js";
import { all, fill, h, icon, need, on, one } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { sentence, submits } from "./form.js";

const QUIET_MS = 300;

/** @typedef {{provider: string, id: string, title: string, original_title?: string | null, year?: number | null, overview?: string | null, confidence: number, reasons: string[]}} Candidate */
/** @typedef {{state: string, provider?: string | null, id?: string | null, reason: string, said_name: string, said_year?: number | null, path?: string | null, items: Candidate[]}} Matches */

/** @param {{title: string, year?: number | null}} work */
const called = (work) => (work.year ? `${work.title} (${work.year})` : work.title);

/** Answers with the title's id as it is now: another where the work was in the catalog already. @param {string} mediaId @param {string | null} id */
export const choose = (mediaId, id) => post(`/api/v1/media/${mediaId}/match`, { provider: "tmdb", id });

/** @param {Matches} found */
function stateOf(found) {
  if (found.state === "matched") return t("Recognised by itself: {why}", { why: sentences(found.reason) });
  if (found.state === "chosen") return t("Chosen by a person");
  if (found.state === "none") return t("A person said that it is none of the works that are known");
  return found.state === "doubtful" ? sentences(found.reason) : "";
}

/** @param {Candidate} work @param {boolean} current @param {(event: Event) => void} onclick */
function line(work, current, onclick) {
  const facts = [work.year, work.original_title].filter(Boolean).join(", ");
  const sure = t("{n} % sure", { n: Math.round(work.confidence * 100) });
  return h("button", { class: "line line--press choice", type: "button", "aria-current": current && "true", onclick }, [
    h("span", { class: "grow" }, [
      h("b", { class: "block" }, [work.title, current && icon("check", "i--s")]),
      h("span", { class: "small dim block" }, [facts]),
      work.overview && h("span", { class: "small text cut-2 pad-1" }, [work.overview]),
      h("span", { class: "small dim block pad-1" }, [work.reasons.map(said).join("; ")]),
    ]),
    h("span", { class: "small num" }, [sure]),
  ]);
}

/** @param {HTMLElement} root the dialog; `data-media` names the title */
export function attach(root) {
  const choices = need("[data-choices]", root);
  const trouble = need("[data-trouble]", root);
  const status = need("[data-status]", root);
  const form = /** @type {HTMLFormElement} */ (need("form", root));
  const name = /** @type {HTMLInputElement} */ (need('input[name="q"]', form));
  const mediaId = root.dataset.media || "";
  /** Counts what was asked for: an answer that comes after something else was asked for is not shown. */
  let asked = 0;
  let settling = false;

  /** What goes on is told once it takes a while. @template T @param {string} text @param {Promise<T>} work @returns {Promise<T>} */
  async function telling(text, work) {
    const timer = window.setTimeout(() => fill(status, [text]), QUIET_MS);
    try {
      return await work;
    } finally {
      window.clearTimeout(timer);
      fill(status, []);
    }
  }

  /** @param {unknown} error */
  const complain = (error) =>
    fill(trouble, [h("div", { class: "notice notice--bad", role: "alert" }, [icon("warning"), h("div", { class: "grow" }, [sentence(error)])])]);

  /** @param {string | null} id */
  async function settle(id) {
    if (settling) return;
    settling = true;
    fill(trouble, []);
    try {
      const now = await telling(t("Writing down what is known of it"), choose(mediaId, id));
      location.replace(`/title/${now.media_id}`);
    } catch (error) {
      settling = false;
      complain(error);
    }
  }

  /** @param {Matches} found */
  function show(found) {
    fill(need("[data-said]", root), [called({ title: found.said_name, year: found.said_year })]);
    fill(need("[data-path]", root), [found.path || ""]);
    fill(need("[data-state]", root), [stateOf(found)]);
    fill(choices, found.items.map((work) => line(work, work.id === found.id && work.provider === found.provider, () => settle(work.id))));
    if (!found.items.length) fill(choices, [h("p", { class: "text" }, [t("Nothing of that name was found.")])]);
    if (!name.value) name.value = found.said_name;
    const first = one("button", choices);
    if (first && !root.hidden) focus(first);
  }

  /** @param {Record<string, string>} wanted */
  async function load(wanted) {
    asked += 1;
    const mine = asked;
    const query = Object.keys(wanted).filter((key) => wanted[key]).map((key) => `${key}=${encodeURIComponent(wanted[key])}`);
    fill(trouble, []);
    try {
      const found = await telling(t("Asking TMDB"), get(`/api/v1/media/${mediaId}/matches?${query.join("&")}`));
      if (mine === asked) show(found);
    } catch (error) {
      if (mine === asked) throw error;
    }
  }

  const detach = all(
    on(document, "click", (event) => {
      if (event.target.closest(`[data-open="${root.id}"]`) && !root.hidden) load({}).catch(complain);
    }),
    on(root, "click", (event) => event.target.closest("[data-none]") && settle(null)),
    submits(form, load),
  );
  const opener = one(`[data-open="${root.id}"]`);
  if (opener && /[?&]match=1\b/.test(location.search)) opener.click();
  return detach;
}
