// Prompts by the play button: skip the intro, go on with the next episode.
import { t } from "../core/words.js";
import { all, data, fill, h, icon, need, on, one } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";

const NEXT_BEFORE_S = 25;
const COUNT_S = 10;

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 * @param {(mediaId: string) => void} go plays another title in this player
 */
export function attach(root, player, go) {
  const prompt = need("[data-prompt]", root);
  const card = one("[data-nextup]", root);
  const next = data("next");
  let refused = false;
  let timer = 0;

  /** A film or an episode that is cut in several files ends with the last of them. */
  const goesOn = () => Boolean((player.plan() || {}).next_media_file_id);
  const markers = () => (player.plan() || { markers: [] }).markers || [];

  function goNext() {
    stopCounting();
    if (next) go(next.media_id);
  }

  function stopCounting() {
    window.clearInterval(timer);
    if (card) need("[data-count]", card).textContent = "";
  }

  function skippable() {
    const at = player.position();
    const intro = markers().find((one) => (one.kind === "intro" || one.kind === "recap") && at >= one.start && at < one.end - 1);
    prompt.hidden = !intro;
    if (!intro || prompt.firstChild) return;
    const label = intro.kind === "intro" ? t("Skip intro") : t("Skip recap");
    fill(prompt, [h("button", { class: "btn btn--l", type: "button", onclick: () => {
      player.seek(intro.end);
      fill(prompt, []);
    } }, [icon("next"), label])]);
  }

  function nearEnd() {
    if (!card || refused || goesOn()) return;
    const credits = markers().find((one) => one.kind === "credits");
    const from = credits ? credits.start : player.duration() - NEXT_BEFORE_S;
    card.hidden = !(player.duration() > 60 && player.position() >= from);
  }

  function countDown() {
    if (!card || refused || goesOn()) return;
    card.hidden = false;
    stopCounting();
    const at = document.activeElement;
    if (!at || at === root || at === document.body) focus(need("[data-next-go]", card));
    let left = COUNT_S;
    const words = need("[data-count]", card);
    const tick = () => {
      words.textContent = t("Starts in {n} s", { n: left });
      if (left <= 0) goNext();
      left -= 1;
    };
    tick();
    timer = window.setInterval(tick, 1000);
  }

  return {
    next: goNext,
    hasNext: !!next,
    detach: all(
      player.on("time", () => {
        skippable();
        nearEnd();
      }),
      player.on("seek", () => {
        stopCounting();
        fill(prompt, []);
      }),
      on(player.video, "playing", stopCounting), // from the beginning again, or back a little: nobody is taken away
      on(player.video, "ended", countDown),
      card
        ? on(card, "click", (event) => {
            if (event.target.closest("[data-next-go]")) goNext();
            if (event.target.closest("[data-next-stay]")) {
              refused = true;
              stopCounting();
              card.hidden = true;
              root.focus({ preventScroll: true });
            }
          })
        : () => undefined,
      () => window.clearInterval(timer),
    ),
  };
}
