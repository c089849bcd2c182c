// Background work, live: one line each with a bar, a count and a time left, on whatever page it was started.
import { get, remove } from "../net/api.js";
import { length } from "../core/times.js";
import { count, t } from "../core/words.js";
import { all, fill, h, icon, on } from "../ui/dom.js";
import { sentence } from "./form.js";
import { toast } from "../ui/toast.js";

/** @typedef {{id: number, kind: string, state: string, progress: number, detail: any, error?: string | null, started_at?: string | null, created_at?: string}} Job */

/** @param {Job} job */
function name(job) {
  const detail = job.detail || {};
  const what = detail.library || detail.name || detail.title || "";
  if (job.kind === "scan") return what ? t("Scanning {name}", { name: what }) : t("Scanning the libraries");
  if (job.kind === "artwork") return t("Looking for artwork");
  if (job.kind === "metadata") return t("Asking what the titles are");
  if (job.kind === "plan") return t("Making films ready to open at once");
  if (job.kind === "prepare") return what ? t("Preparing {name}", { name: what }) : t("Preparing video");
  if (job.kind === "tidy") return t("Tidying up");
  return job.kind;
}

/** @param {Job} job */
function timeLeft(job) {
  if (!job.started_at || job.progress < 0.03 || job.progress >= 1) return "";
  const spent = (Date.now() - Date.parse(job.started_at)) / 1000;
  const left = (spent / job.progress) * (1 - job.progress);
  if (left < 50) return t("{n} s left", { n: Math.max(1, Math.round(left)) });
  const { hours, minutes } = length(left);
  return hours ? t("{h} h {m} min left", { h: hours, m: minutes }) : t("{m} min left", { m: minutes });
}

/** @param {Job} job */
function amount(job) {
  const { done, total, files } = job.detail || {};
  if (typeof done === "number" && typeof total === "number" && total) return t("{a} of {b}", { a: done, b: total });
  if (typeof files === "number") return count("{n} file", "{n} files", files);
  return job.progress > 0 ? `${Math.round(job.progress * 100)} %` : "";
}

/** @param {Job} job */
const isOpen = (job) => job.state === "running" || job.state === "queued";

/** @param {Job} job @returns {Line} */
function running(job) {
  const facts = h("span", { class: "small dim num" });
  const fill_ = h("i");
  const bar = h("span", { class: "bar bar--l", role: "progressbar", "aria-label": name(job), "aria-valuemin": 0, "aria-valuemax": 100 }, [fill_]);
  const now = h("p", { class: "small dim cut pad-1" });
  const node = h("div", { class: "line line--top" }, [
    h("div", { class: "grow work" }, [
      h("div", { class: "work__head" }, [h("span", { class: "cut" }, [h("b", {}, [name(job)])]), facts]),
      bar,
      now,
    ]),
    h("button", { class: "btn btn--bare", type: "button", "data-cancel": job.id, "aria-label": t("Cancel: {name}", { name: name(job) }) }, [t("Cancel")]),
  ]);
  return {
    node,
    /** @param {Job} next */
    show(next) {
      const percent = Math.round(next.progress * 100);
      const detail = next.detail || {};
      write(facts, [amount(next), timeLeft(next)].filter(Boolean).join(", ") || (next.state === "queued" ? t("waiting its turn") : t("beginning")));
      write(now, detail.reading || detail.path || detail.stage || "");
      now.hidden = !now.textContent;
      fill_.className = `w${percent}`;
      bar.setAttribute("aria-valuenow", String(percent));
    },
  };
}

/** @param {Job} job @returns {Line} */
function finished(job) {
  const bad = job.state === "failed";
  const node = h("div", { class: "line" }, [
    h("span", { class: `tag ${bad ? "tag--bad" : "tag--ok"}` }, [icon(bad ? "warning" : "check")]),
    h("div", { class: "grow" }, [
      h("b", {}, [name(job)]),
      h("span", { class: "dim" }, [` · ${ending(job)}${amount(job) ? `, ${amount(job)}` : ""}`]),
      bad && job.error ? h("p", { class: "small dim" }, [job.error]) : null,
    ]),
  ]);
  return { node, show: () => undefined };
}

/** @param {Job} job */
function ending(job) {
  if (job.state === "failed") return t("failed");
  return job.state === "cancelled" ? t("cancelled") : t("done");
}

/** @param {Element} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @typedef {{node: HTMLElement, show: (job: Job) => void}} Line */

/**
 * The list on the page. A line stays the same node while its job goes on: what has the focus keeps it, and a reader of
 * the screen hears of ends, not of every per cent.
 * @param {HTMLElement} root
 */
function createList(root) {
  /** @type {Record<string, Line>} */
  let lines = {};
  /** @type {Record<number, boolean>} */
  let wereOpen = {};
  const spoken = h("p", { class: "sr", role: "status" });
  const none = h("p", { class: "text" });
  const holder = h("div", { class: "lines" });
  fill(root, [spoken, none, holder]);

  /** @param {Job[]} jobs */
  function draw(jobs) {
    const live = jobs.filter(isOpen);
    const shown = live.concat(jobs.filter((job) => !isOpen(job)).slice(0, 6));
    /** @type {Record<string, Line>} */
    const next = {};
    const held = holder.contains(document.activeElement);
    shown.forEach((job, index) => {
      const key = `${job.id} ${isOpen(job) ? "open" : job.state} ${name(job)}`;
      const line = (next[key] = lines[key] || (isOpen(job) ? running(job) : finished(job)));
      line.show(job);
      if (holder.children[index] !== line.node) holder.insertBefore(line.node, holder.children[index] || null);
    });
    Object.keys(lines).forEach((key) => next[key] || lines[key].node.remove());
    lines = next;
    if (held && !holder.contains(document.activeElement)) refocus();
    tellEnds(jobs, live);
    write(none, jobs.length ? "" : t("Nothing is running. Scans and preparations appear here."));
    none.hidden = !!jobs.length;
    root.setAttribute("aria-busy", String(live.length > 0));
  }

  /** The line that held the focus has ended: the next one's button, else what stands above the list. */
  function refocus() {
    const section = root.closest("section");
    const button = holder.querySelector("button") || (section && section.querySelector("button,a[href]"));
    if (button) /** @type {HTMLElement} */ (button).focus();
  }

  /** @param {Job[]} jobs @param {Job[]} live */
  function tellEnds(jobs, live) {
    const ended = jobs.filter((job) => !isOpen(job) && wereOpen[job.id]);
    if (ended.length) spoken.textContent = ended.map((job) => `${name(job)}: ${ending(job)}`).join("; ");
    wereOpen = {};
    live.forEach((job) => (wereOpen[job.id] = true));
  }

  return {
    draw,
    /** @param {string} text */
    trouble: (text) => {
      write(none, text);
      none.hidden = false;
    },
  };
}

const LIVE_LOOK_MS = 30000;
const BUSY_LOOK_MS = 1000;
const QUIET_LOOK_MS = 5000;

/**
 * Shows the jobs and keeps them current: by the live connection where the page brought one (`live.js`) and the server
 * has a place for it, else by asking each second while any runs.
 * @param {HTMLElement} root
 * @param {{onChange?: (jobs: Job[]) => void}} [options]
 */
export function watchJobs(root, options = {}) {
  const list = createList(root);
  /** @type {Job[]} */
  let jobs = [];
  let timer = 0;
  let live = false;
  let gone = false;
  let asking = false;

  function show() {
    list.draw(jobs);
    if (options.onChange) options.onChange(jobs);
  }

  /** @param {number} pause */
  function lookIn(pause) {
    window.clearTimeout(timer);
    if (!gone) timer = window.setTimeout(look, pause);
  }

  async function look() {
    if (asking) return;
    asking = true;
    try {
      jobs = (await get("/api/v1/admin/jobs?per_page=20")).items;
      show();
    } catch (error) {
      list.trouble(sentence(error));
      lookIn(QUIET_LOOK_MS);
      return;
    } finally {
      asking = false;
    }
    if (live) lookIn(LIVE_LOOK_MS);
    else lookIn(document.hidden ? 2 * QUIET_LOOK_MS : jobs.some(isOpen) ? BUSY_LOOK_MS : QUIET_LOOK_MS);
  }

  /** @param {Job} news part of a job; one that is not known yet, or an end that brings others forth, is asked for */
  function heard(news) {
    const known = jobs.find((job) => job.id === news.id);
    if (known) {
      Object.assign(known, news);
      show();
    }
    if (!known || !isOpen(known)) lookIn(200);
  }

  /** @param {boolean} now */
  function turned(now) {
    root.setAttribute("data-live", String(now));
    if (live === now && timer) return;
    live = now;
    lookIn(0);
  }

  root.setAttribute("data-live", "false");
  const hangUp = window.MatineeLive
    ? window.MatineeLive("/activity", { up: () => turned(true), down: () => turned(false), news: { job: heard } })
    : () => undefined;
  look();
  return all(
    hangUp,
    on(root, "click", async (event) => {
      const button = event.target.closest("[data-cancel]");
      if (!button) return;
      button.disabled = true;
      try {
        await remove(`/api/v1/admin/jobs/${button.dataset.cancel}`);
      } catch (error) {
        button.disabled = false;
        toast(sentence(error));
      }
      lookIn(0);
    }),
    on(window, "matinee:jobs", () => lookIn(0)),
    () => {
      gone = true;
      window.clearTimeout(timer);
    },
  );
}

/** @param {HTMLElement} root */
export const attach = (root) => watchJobs(root);
