// A screen without a keyboard: it shows a code and asks until somebody has approved it; a code that ends is replaced.
import { clock } from "../core/times.js";
import { t } from "../core/words.js";
import { post, Problem } from "../net/api.js";
import { all, need, on } from "../ui/dom.js";

const UNREACHED_S = 5;

/** @param {HTMLElement} root */
export function attach(root) {
  const code = need("[data-code]", root);
  const state = need("[data-state]", root);
  const left = need("[data-left]", root);
  /** @type {{code: string, poll_token: string, expires_in: number, interval: number} | null} */
  let shown = null;
  let endsAt = 0;
  let ticket = 0;
  let timer = 0;

  /** @param {string} text */
  function say(text) {
    if (state.textContent !== text) state.textContent = text;
  }

  /** @param {() => void} step @param {number} seconds */
  function later(step, seconds) {
    window.clearTimeout(timer);
    timer = window.setTimeout(step, seconds * 1000);
  }

  async function begin() {
    const mine = (ticket += 1);
    shown = null;
    draw();
    try {
      const answer = await post("/api/v1/auth/pair");
      if (mine !== ticket) return;
      shown = answer;
      endsAt = Date.now() + answer.expires_in * 1000;
      say(t("Waiting for your phone. A new code comes in"));
      draw();
      later(ask, answer.interval);
    } catch (error) {
      if (mine === ticket) missed(error, begin);
    }
  }

  async function ask() {
    const mine = ticket;
    if (!shown) return;
    try {
      const answer = await post("/api/v1/auth/pair/poll", { poll_token: shown.poll_token, cookie: true });
      if (mine !== ticket) return;
      if (answer.state !== "waiting") {
        enter(answer.user);
        return;
      }
      say(t("Waiting for your phone. A new code comes in"));
      later(ask, shown.interval);
    } catch (error) {
      if (mine === ticket) missed(error, ask);
    }
  }

  /** @param {{username: string}} user */
  function enter(user) {
    shown = null;
    say(t("Signed in as {name}", { name: user.username }));
    left.textContent = "";
    location.replace(root.dataset.onward || "/");
  }

  /** @param {unknown} error @param {() => void} step what to try again */
  function missed(error, step) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 410) {
      begin();
      return;
    }
    say(error.status ? error.message : t("The server does not answer. This screen goes on asking."));
    later(step, error.retryAfter || UNREACHED_S);
  }

  function draw() {
    const letters = shown ? shown.code : "";
    const half = Math.ceil(letters.length / 2);
    code.textContent = shown ? `${letters.slice(0, half)} ${letters.slice(half)}` : "··· ···";
    const spelled = letters.split("").join(" ");
    code.setAttribute("aria-label", shown ? t("Code: {code}", { code: spelled }) : t("The code is not here yet"));
    count();
  }

  function count() {
    const seconds = (endsAt - Date.now()) / 1000;
    left.textContent = shown ? clock(seconds) : "";
    if (shown && seconds <= 0) begin();
  }

  const ticking = window.setInterval(count, 1000);
  begin();
  return all(
    on(need("[data-again]", root), "click", begin),
    () => window.clearInterval(ticking),
    () => window.clearTimeout(timer),
    () => (ticket += 1),
  );
}
