// The server-side folder picker: walk down, see what is inside, choose.
import { call, get } from "../net/api.js";
import { count, t } from "../core/words.js";
import { all, fill, h, icon, need, on } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { sentence } from "./form.js";

/** @param {string} path */
function crumbs(path) {
  const parts = path.split("/").filter(Boolean);
  return [{ name: t("server"), path: "/" }].concat(
    parts.map((name, index) => ({ name, path: `/${parts.slice(0, index + 1).join("/")}` })),
  );
}

/** @param {any} folder */
function inside(folder) {
  if (folder.readable === false) return t("not readable");
  if (folder.video_files) return count("{n} video", "{n} videos", folder.video_files);
  if (folder.folders) return count("{n} folder", "{n} folders", folder.folders);
  return "";
}

/** @param {any} found */
function summary(found) {
  const parts = [];
  if (found.video_files) parts.push(count("{n} video file", "{n} video files", found.video_files));
  if (found.folders && found.folders.length) parts.push(count("{n} folder", "{n} folders", found.folders.length));
  return parts.length ? parts.join(", ") : t("Nothing that looks like a film here yet.");
}

/** @param {HTMLElement} root */
export function attach(root) {
  const path = need("[data-picker-path]", root);
  const list = need("[data-picker-list]", root);
  const found = need("[data-picker-found]", root);
  const where = /** @type {HTMLInputElement} */ (need('input[name="path"]', root));
  const name = /** @type {HTMLInputElement} */ (need('input[name="name"]', root));
  const form = /** @type {HTMLFormElement} */ (root.closest("form") || root.querySelector("form"));
  let named = false;
  /** Counts what was asked for: an answer that comes after one was asked for anew is not shown. */
  let asked = 0;

  /** @param {any} folder */
  const line = (folder) =>
    h("button", { class: "pick", type: "button", "data-path": folder.path }, [
      icon("folder"),
      h("span", { class: "cut" }, [folder.name]),
      h("span", { class: "num" }, [inside(folder)]),
    ]);

  /** @param {string} to @param {boolean} moved */
  async function open(to, moved) {
    asked += 1;
    const mine = asked;
    try {
      const answer = await get(`/api/v1/admin/folders?path=${encodeURIComponent(to)}`);
      if (mine === asked) show(answer, moved);
    } catch (error) {
      if (mine === asked) fill(found, [sentence(error)]);
    }
  }

  /** @param {any} answer @param {boolean} moved */
  function show(answer, moved) {
    where.value = answer.path;
    const steps = crumbs(answer.path);
    fill(path, steps.map((step) => h("button", { class: "picker__step", type: "button", "data-path": step.path }, [step.name])));
    const up = steps.length > 1 ? steps[steps.length - 2] : null;
    fill(list, [
      up && h("button", { class: "pick", type: "button", "data-path": up.path }, [
        icon("left"),
        h("span", { class: "cut" }, [t("Up to {name}", { name: up.name })]),
      ]),
      ...answer.folders.map(line),
    ]);
    fill(found, [h("b", { class: "ink" }, [steps[steps.length - 1].name]), " · ", summary(answer)]);
    if (!named) name.value = steps.length > 1 ? steps[steps.length - 1].name : "";
    const first = /** @type {HTMLElement | null} */ (list.querySelector(".pick"));
    if (moved && first) focus(first);
  }

  open(where.value || "/", false);
  return all(
    on(root, "click", (event) => {
      const button = event.target.closest("[data-path]");
      if (button) open(button.dataset.path, true);
    }),
    on(name, "input", () => (named = true)),
    on(where, "input", () => (asked += 1)),
    on(where, "change", () => open(where.value, false)),
    form ? on(form, "reset", () => open("/", false)) : () => undefined,
  );
}

/**
 * Adds the chosen folder as a library and starts its scan.
 * @param {{path: string, name: string, kind: string}} values
 */
export async function addLibrary(values) {
  const library = await call("POST", "/api/v1/admin/libraries", values);
  const scan = await call("POST", "/api/v1/admin/scan", { library_id: library.id });
  return { library, job_id: scan.job_id };
}
