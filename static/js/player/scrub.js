// The seek bar: seen, buffered, prepared; chapters as cuts; a peek at where a press would lead.
import { atPoint, chapterAt, cuts, within } from "../core/seek.js";
import { clock, wholeSeconds } from "../core/times.js";
import { t } from "../core/words.js";
import { all, fill, h, many, need, on } from "../ui/dom.js";

/** @param {number} part */
const percent = (part) => `${within(part, 0, 1) * 100}%`;

/**
 * @param {HTMLElement} root the player
 * @param {import("./player.js").Player} player
 */
export function attach(root, player) {
  const bar = need("[data-scrub]", root);
  const line = need(".scrub__line", bar);
  const past = need(".scrub__past", bar);
  const dot = need(".scrub__dot", bar);
  const ghost = need(".scrub__ghost", bar);
  const peek = need(".peek", root);
  const times = need("[data-time]", root);
  const whole = need("[data-duration]", root);
  const chapterName = need("[data-chapter]", root);
  let dragging = false;
  let wanted = -1;

  const chapters = () => (player.plan() || { chapters: [] }).chapters || [];

  function time() {
    const duration = player.duration() || 1;
    const at = dragging ? wanted : player.position();
    past.style.width = percent(at / duration);
    dot.style.left = percent(at / duration);
    times.textContent = clock(at);
    whole.textContent = clock(player.duration());
    const index = chapterAt(chapters(), at);
    const chapter = index >= 0 && chapters()[index].title;
    chapterName.textContent = chapter ? `${t("Chapter {n}", { n: index + 1 })} · ${chapter}` : chapterName.dataset.line || "";
    bar.setAttribute("aria-valuemax", String(wholeSeconds(player.duration())));
    bar.setAttribute("aria-valuenow", String(wholeSeconds(at)));
    const spoken = t("{a} of {b}", { a: clock(at), b: clock(player.duration()) });
    bar.setAttribute("aria-valuetext", chapter ? `${spoken}, ${chapter}` : spoken);
  }

  /** @param {string} name @param {{start: number, end: number}[]} ranges */
  function paint(name, ranges) {
    const duration = player.duration() || 1;
    many(`.${name}`, line).forEach((old) => old.remove());
    for (const range of ranges) {
      const part = h("i", { class: name });
      part.style.left = percent(range.start / duration);
      part.style.width = percent((range.end - range.start) / duration);
      line.insertBefore(part, past);
    }
  }

  function ranges() {
    paint("scrub__made", player.prepared());
    paint("scrub__held", player.buffered());
  }

  function drawChapters() {
    many(".scrub__cut", line).forEach((old) => old.remove());
    const duration = player.duration() || 1;
    cuts(chapters(), duration).forEach((start) => {
      const cut = h("i", { class: "scrub__cut" });
      cut.style.left = percent(start / duration);
      line.appendChild(cut);
    });
  }

  /** @param {number} at */
  function look(at) {
    const duration = player.duration() || 1;
    ghost.style.left = percent(at / duration);
    const half = 90 / (bar.getBoundingClientRect().width || 1);
    peek.style.left = percent(within(at / duration, half, 1 - half));
    const index = chapterAt(chapters(), at);
    const name = index >= 0 && chapters()[index].title;
    fill(peek, [h("b", { class: "num" }, [clock(at)]), name ? h("span", { class: "cut" }, [String(name)]) : null]);
    root.classList.add("is-seeking");
  }

  /** @param {any} event */
  const place = (event) => {
    const point = event.touches && event.touches.length ? event.touches[0] : event;
    return atPoint(point.clientX, bar.getBoundingClientRect(), player.duration());
  };

  /** @param {any} event */
  function started(event) {
    if (event.button) return;
    dragging = true;
    wanted = place(event);
    look(wanted);
    time();
    if (event.cancelable) event.preventDefault();
    bar.focus({ preventScroll: true });
  }

  /** @param {any} event */
  function moved(event) {
    if (!dragging) return;
    wanted = place(event);
    look(wanted);
    time();
  }

  function ended() {
    if (!dragging) return;
    dragging = false;
    root.classList.remove("is-seeking");
    player.seek(wanted);
  }

  return all(
    on(bar, "mousedown touchstart", started, { passive: false }),
    on(window, "mousemove touchmove", moved, { passive: true }),
    on(window, "mouseup touchend touchcancel", ended),
    on(bar, "mousemove", (event) => !dragging && look(place(event))),
    on(bar, "mouseleave", () => !dragging && root.classList.remove("is-seeking")),
    player.on("time", time),
    player.on("buffer", ranges),
    player.on("plan", () => {
      time();
      drawChapters();
    }),
  );
}
