// The quality menu as a value: Auto first, then what the server offers, highest first.
import { bitRate } from "./times.js";

/** @typedef {{index: number, label: string, note: string, bits: string, checked: boolean}} QualityItem */

/**
 * The name of a picture size: by height for wide screens, by what the height would be where the film is cropped.
 * @param {number} width
 * @param {number} height
 */
export function sizeName(width, height) {
  const lines = Math.max(height, Math.round((width * 9) / 16));
  const steps = [2160, 1440, 1080, 720, 576, 480, 360, 240, 144];
  const step = steps.find((one) => lines >= one * 0.94);
  return step ? `${step}p` : `${height}p`;
}

/**
 * @param {{index: number, width: number, height: number, bit_rate: number, method?: string}[]} levels
 * @param {{chosen: number, playing: number}} state `chosen` -1 means automatic
 * @param {(text: string, values?: Record<string, string | number>) => string} t
 * @returns {QualityItem[]}
 */
export function qualityMenu(levels, state, t) {
  const ordered = levels.slice().sort((a, b) => b.height - a.height || b.bit_rate - a.bit_rate);
  const playing = levels.find((one) => one.index === state.playing);
  const items = ordered.map((one) => ({
    index: one.index,
    label: sizeName(one.width, one.height),
    note: one.method === "copy" ? t("Original, nothing is converted") : "",
    bits: bitRate(one.bit_rate),
    checked: state.chosen === one.index,
  }));
  const now = playing ? sizeName(playing.width, playing.height) : "";
  const auto = {
    index: -1,
    label: t("Auto"),
    note: now ? t("Follows your connection, now {size}", { size: now }) : t("Follows your connection"),
    bits: "",
    checked: state.chosen === -1,
  };
  return [auto, ...items];
}
