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
function running(job) {
  const percent = Math.round(job.progress * 100);
  const facts = [amount(job), timeLeft(job)].filter(Boolean).join(", ") || t("waiting its turn");
  const now = (job.detail && (job.detail.reading || job.detail.path || job.detail.stage)) || "";
  return h("div", { class: "line line--top" }, [
    h("div", { class: "grow work" }, [
      h("div", { class: "work__head" }, [
        h("span", { class: "cut" }, [h("b", {}, [name(job)])]),
        h("span", { class: "small dim num" }, [facts]),
      ]),
      h("span", {
        class: "bar bar--l", role: "progressbar", "aria-label": name(job), "aria-valuemin": 0, "aria-valuemax": 100,
        "aria-valuenow": percent,
      }, [h("i", { class: `w${percent}` })]),
      now ? h("p", { class: "small dim cut pad-1" }, [now]) : null,
    ]),
    h("button", { class: "btn btn--bare", type: "button", "data-cancel": job.id }, [t("Cancel")]),
  ]);
}

/** @param {Job} job */
function finished(job) {
  const bad = job.state === "failed";
  const word = bad ? t("failed") : job.state === "cancelled" ? t("cancelled") : t("done");
  return h("div", { class: "line" }, [
    h("span", { class: `tag ${bad ? "tag--bad" : "tag--ok"}` }, [icon(bad ? "warning" : "check")]),
    h("div", { class: "grow" }, [
      h("b", {}, [name(job)]),
      h("span", { class: "dim" }, [` · ${word}${amount(job) ? `, ${amount(job)}` : ""}`]),
      bad && job.error ? h("p", { class: "small dim" }, [job.error]) : null,
    ]),
  ]);
}

/**
 * Shows the jobs and keeps them current: each second while any runs, each ten seconds otherwise.
 * @param {HTMLElement} root
 * @param {{onChange?: (jobs: Job[]) => void}} [options]
 */
export function watchJobs(root, options = {}) {
  let timer = 0;
  let gone = false;

  async function look() {
    /** @type {Job[]} */
    let jobs = [];
    let pause = 1000;
    try {
      jobs = (await get("/api/v1/admin/jobs?per_page=20")).items;
      const live = jobs.filter((job) => job.state === "running" || job.state === "queued");
      const rest = jobs.filter((job) => live.indexOf(job) < 0).slice(0, 6);
      fill(root, live.map(running).concat(rest.map(finished)));
      if (!jobs.length) fill(root, [h("p", { class: "text" }, [t("Nothing is running. Scans and preparations appear here.")])]);
      root.setAttribute("aria-busy", String(live.length > 0));
      if (options.onChange) options.onChange(jobs);
      pause = live.length ? 1000 : 5000;
    } catch (error) {
      fill(root, [h("p", { class: "text", role: "status" }, [sentence(error)])]);
      pause = 5000;
    }
    if (!gone) timer = window.setTimeout(look, document.hidden ? 10000 : pause);
  }

  look();
  return all(
    on(root, "click", async (event) => {
      const button = event.target.closest("[data-cancel]");
      if (!button) return;
      button.disabled = true;
      try {
        await remove(`/api/v1/admin/jobs/${button.dataset.cancel}`);
      } catch (error) {
        toast(sentence(error));
      }
    }),
    () => {
      gone = true;
      window.clearTimeout(timer);
    },
  );
}

/** @param {HTMLElement} root */
export const attach = (root) => watchJobs(root);
