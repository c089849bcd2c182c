// The menus of the player: quality, sound, subtitles, speed. Built when opened, so they are always true.
import { qualityMenu, sizeName } from "../core/quality.js";
import { SPEEDS } from "../core/seek.js";
import { signed } from "../core/times.js";
import { locale, t } from "../core/words.js";
import { all, fill, h, icon, need, on } from "../ui/dom.js";
import { focus } from "../ui/navigation.js";
import { chooseLevel, chooseSound, levels, levelState, sounds } from "./levels.js";

/** @param {string} code */
function language(code) {
  if (!code || code === "und") return "";
  try {
    const name = new Intl.DisplayNames([locale()], { type: "language" }).of(code) || code;
    return name.charAt(0).toUpperCase() + name.slice(1);
  } catch (_unknown) {
    return code; // an old engine has no names, an odd file odd codes
  }
}

/** @param {{label: string, note?: string, side?: string, checked: boolean, run: () => void}} item */
const radio = (item) =>
  h("button", { class: "menu__item", type: "button", role: "menuitemradio", "aria-checked": String(item.checked), onclick: item.run }, [
    icon("check"),
    h("span", {}, [item.label, item.note ? h("small", {}, [item.note]) : null]),
    item.side ? h("span", { class: "num" }, [item.side]) : null,
  ]);

/** @param {string} label @param {() => void} run */
const plain = (label, run) =>
  h("button", { class: "menu__item", type: "button", role: "menuitem", onclick: run }, [icon("check"), h("span", {}, [label])]);

/** @param {string} label @param {Node} control */
const row = (label, control) =>
  h("div", { class: "menu__row", role: "group", "aria-label": label, "data-row": true }, [h("span", {}, [label]), control]);

/** @param {string[][]} options @param {string} chosen @param {(value: string) => void} run */
const segment = (options, chosen, run) =>
  h("span", { class: "seg" }, options.map(([value, label]) =>
    h("button", { type: "button", role: "menuitemradio", "aria-checked": String(value === chosen), onclick: () => run(value) }, [label])));

/** @param {import("../types").Track} track @param {number} index */
function trackName(track, index) {
  const name = [language(String(track.language || "")), track.title || ""].filter(Boolean).join(", ");
  return name || String(track.name || "") || t("Track {n}", { n: index + 1 });
}

/** @param {import("../types").Track} track */
function hint(track) {
  if (track.forced) return ` (${t("forced")})`;
  return track.hearing_impaired ? ` (${t("hard of hearing")})` : "";
}

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 * @param {import("./captions.js").Captions} captions
 * @param {{toggleStats: () => void, showKeys: () => void}} actions
 */
export function attach(root, player, captions, actions) {
  const panel = need("[data-menu]", root);
  const word = need("[data-quality-word]", root);
  let open = "";
  /** @type {HTMLElement | null} */
  let opener = null;
  /** @type {Record<string, string>} */
  const titles = { quality: t("Quality"), audio: t("Sound"), subs: t("Subtitles"), speed: t("Speed") };

  function quality() {
    const plan = player.plan();
    const straight = plan && plan.method === "direct";
    const items = straight
      ? [radio({ label: t("Original"), note: t("Plays directly, nothing is converted"), checked: true, run: close })]
      : qualityMenu(levels(player), levelState(player), t).map((item) =>
          radio({ label: item.label, note: item.note, side: item.bits, checked: item.checked, run: () => choose(() => chooseLevel(player, item.index)) }));
    return items.concat([
      h("div", { class: "menu__rule" }),
      ...(isSeen('[data-menu-open="speed"]') ? [] : [plain(`${t("Speed")}: ${player.video.playbackRate}×`, () => turnTo("speed"))]),
      plain(t("Statistics"), () => choose(actions.toggleStats)),
      plain(t("Keys"), () => choose(actions.showKeys)),
    ]);
  }

  function audio() {
    const list = sounds(player);
    if (!list.length) return [h("p", { class: "menu__row dim" }, [t("This film has no sound.")])];
    return list.map((item, index) =>
      radio({
        label: trackName({ language: item.language, title: item.name === item.language ? "" : item.name }, index),
        side: item.note,
        checked: item.checked,
        run: () => choose(() => chooseSound(player, item.index)),
      }));
  }

  function speed() {
    return SPEEDS.map((one) => radio({
      label: one === 1 ? t("Normal") : `${one}×`,
      checked: Math.abs(player.video.playbackRate - one) < 0.01,
      run: () => choose(() => (player.video.playbackRate = one)),
    }));
  }

  function subs() {
    const tracks = captions.tracks();
    const list = [radio({ label: t("Off"), checked: captions.chosen() < 0, run: () => choose(() => captions.choose(-1)) })];
    tracks.forEach((track, index) => list.push(radio({
      label: trackName(track, index) + hint(track),
      side: Number(track.index) >= 1000 ? t("own file") : t("from the film"),
      checked: captions.chosen() === index,
      run: () => stay(() => captions.choose(index)),
    })));
    if (!tracks.length) return list.concat([h("p", { class: "menu__row dim" }, [t("This film has no subtitles.")])]);
    return list.concat([h("div", { class: "menu__rule" }), ...looks()]);
  }

  function looks() {
    const look = captions.look();
    /** @param {string} name */
    const set = (name) => (/** @type {string} */ value) => stay(() => captions.style({ [name]: value }));
    /** @param {string} side @param {number} by @param {string} label */
    const nudge = (side, by, label) =>
      h("button", { class: "icon", type: "button", role: "menuitem", "aria-label": label, onclick: () => stay(() => captions.shift(by)) }, [icon(side)]);
    return [
      row(t("Timing"), h("span", { class: "inline" }, [
        nudge("left", -0.1, t("Earlier by 0.1 s")),
        h("span", { class: "num" }, [`${signed(captions.offset())} ${t("s")}`]),
        nudge("right", 0.1, t("Later by 0.1 s")),
      ])),
      row(t("Size"), segment([["s", "S"], ["m", "M"], ["l", "L"], ["xl", "XL"]], look.size, set("size"))),
      row(t("Colour"), segment([["white", t("White")], ["yellow", t("Yellow")], ["grey", t("Grey")]], look.colour, set("colour"))),
      row(t("Behind"), segment([["none", t("None")], ["soft", t("Soft")], ["solid", t("Solid")]], look.behind, set("behind"))),
    ];
  }

  /** @type {Record<string, () => HTMLElement[]>} */
  const builders = { quality, audio, subs, speed };

  /** @param {() => void} run */
  function choose(run) {
    run();
    close();
  }

  function build() {
    const shut = h("button", { class: "icon push", type: "button", role: "menuitem", "aria-label": t("Close"), onclick: () => close() }, [icon("close")]);
    const head = h("div", { class: "menu__head" }, [titles[open], shut]);
    fill(panel, [head, ...builders[open]()]);
  }

  /** Whether a control stands on the screen: a telephone has no room for all of them. @param {string} selector */
  const isSeen = (selector) => need(selector, root).offsetWidth > 0;

  /** Another menu in the place of this one. @param {string} name */
  function turnTo(name) {
    open = name;
    panel.setAttribute("aria-label", titles[name]);
    build();
    focusChosen();
  }

  function focusChosen() {
    const first = /** @type {HTMLElement | null} */ (panel.querySelector('[aria-checked="true"]') || panel.querySelector(".menu__item"));
    if (first) focus(first);
  }

  /** The same menu again, the focus on the same place in it. */
  /** @param {() => void} run */
  function stay(run) {
    const index = [].slice.call(panel.querySelectorAll("button")).indexOf(/** @type {never} */ (document.activeElement));
    run();
    build();
    const again = panel.querySelectorAll("button")[Math.max(0, index)];
    if (again) again.focus();
  }

  function close(back = true) {
    if (!open) return;
    open = "";
    panel.hidden = true;
    root.classList.remove("has-menu");
    if (opener) {
      opener.setAttribute("aria-expanded", "false");
      if (back) opener.focus();
    }
    opener = null;
    player.tell("menu", false);
  }

  /** @param {string} name @param {HTMLElement} button */
  function show(name, button) {
    const same = open === name;
    close(same);
    if (same) return;
    open = name;
    opener = button;
    button.setAttribute("aria-expanded", "true");
    panel.hidden = false;
    panel.setAttribute("aria-label", titles[name]);
    root.classList.add("has-menu");
    build();
    focusChosen();
    player.tell("menu", true);
  }

  function label() {
    const plan = player.plan();
    const { chosen, playing } = levelState(player);
    const level = levels(player).find((one) => one.index === playing);
    const { videoWidth, videoHeight } = player.video;
    const now = level ? sizeName(level.width, level.height) : videoHeight ? sizeName(videoWidth, videoHeight) : "";
    const auto = plan && plan.method !== "direct" && chosen < 0;
    fill(word, auto ? [`${t("Auto")} `, h("span", { class: "player__soft" }, [now])] : [now || t("Quality")]);
  }

  return all(
    on(root, "click", (event) => {
      const button = event.target.closest("[data-menu-open]");
      if (button) show(button.dataset.menuOpen, button);
      else if (open && document.contains(event.target) && !panel.contains(event.target)) close(false);
    }),
    on(window, "keydown", (event) => {
      if (!open || (event.keyCode !== 27 && event.keyCode !== 461 && event.keyCode !== 10009)) return;
      event.preventDefault();
      event.stopPropagation();
      close();
    }, true),
    player.on("levels", label),
    player.on("plan", label),
    on(player.video, "resize loadedmetadata", label),
  );
}
