// Statistics for nerds: what plays, how, and how well.
import { bitRate } from "../core/times.js";
import { ahead } from "../core/seek.js";
import { t } from "../core/words.js";
import { fill, h, need } from "../ui/dom.js";
import { levels, levelState, sounds } from "./levels.js";

/** @param {import("./player.js").Player} player */
function method(player) {
  const plan = player.plan();
  if (!plan) return "";
  if (plan.method === "direct") return t("Plays directly");
  return plan.method === "remux" ? t("Original picture, repacked") : t("Converted here");
}

/** @param {import("./player.js").Player} player */
function facts(player) {
  const { video } = player;
  const plan = player.plan();
  const hls = player.hls();
  const state = levelState(player);
  const level = levels(player).find((one) => one.index === state.playing);
  const raw = hls && hls.levels[hls.currentLevel];
  const sound = sounds(player).find((one) => one.checked);
  const quality = video.getVideoPlaybackQuality ? video.getVideoPlaybackQuality() : null;
  const reasons = ((plan && plan.reasons) || []).map((one) => one.detail || one.code);
  return [
    [t("Method"), method(player)],
    [t("Why"), reasons.join("; ")],
    [t("Picture"), `${video.videoWidth}×${video.videoHeight}${level ? `, ${bitRate(level.bit_rate)}` : ""}`],
    [t("Codec"), raw ? [raw.videoCodec, raw.audioCodec].filter(Boolean).join(", ") : (plan && plan.mime_type) || ""],
    [t("Sound"), sound ? [sound.note, sound.language].filter(Boolean).join(", ") : ""],
    [t("Buffered"), `${ahead(player.buffered(), player.position()).toFixed(1)} ${t("s")}`],
    [t("Line"), hls ? bitRate(hls.bandwidthEstimate || 0) : ""],
    [t("Dropped"), quality ? t("{a} of {b}", { a: quality.droppedVideoFrames, b: quality.totalVideoFrames }) : ""],
  ].filter(([, value]) => value);
}

/**
 * @param {HTMLElement} root
 * @param {import("./player.js").Player} player
 */
export function createStats(root, player) {
  const box = need("[data-stats]", root);
  let timer = 0;

  function draw() {
    fill(box, [h("dl", {}, facts(player).map(([name, value]) =>
      h("div", { class: "kv" }, [h("dt", { class: "dim" }, [name]), h("dd", { class: "num-soft" }, [value])])))]);
  }

  return {
    toggle() {
      box.hidden = !box.hidden;
      window.clearInterval(timer);
      if (box.hidden) return;
      draw();
      timer = window.setInterval(draw, 1000);
    },
    detach: () => window.clearInterval(timer),
  };
}
