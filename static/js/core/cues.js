// Which subtitle lines show at a moment. Pure: cues are `{start, end, text}` in seconds, in order of start.

/** @typedef {{start: number, end: number, text: string}} Cue */

/**
 * @param {Cue[]} cues
 * @param {number} position
 * @param {number} offset seconds that the viewer moved the subtitles later
 * @returns {Cue[]}
 */
export function activeCues(cues, position, offset) {
  const at = position - offset;
  return cues.filter((cue) => cue.start <= at && at < cue.end);
}

/**
 * A WebVTT document's cues; what is not a cue is passed over.
 * @param {string} text
 * @returns {Cue[]}
 */
export function parseVtt(text) {
  /** @type {Cue[]} */
  const cues = [];
  for (const block of text.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => line.indexOf("-->") >= 0);
    if (at < 0) continue;
    const [start, end] = lines[at].split("-->").map((part) => seconds(part.trim().split(/\s/)[0]));
    if (!(end > start)) continue;
    cues.push({ start, end, text: lines.slice(at + 1).join("\n") });
  }
  return cues.sort((a, b) => a.start - b.start);
}

/** @param {string} stamp */
function seconds(stamp) {
  return stamp.split(":").reduce((sum, part) => sum * 60 + parseFloat(part.replace(",", ".")), 0);
}

const ENTITIES = /** @type {Record<string, string>} */ ({
  "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": "\u00a0", "&lrm;": "\u200e", "&rlm;": "\u200f",
});

/**
 * A cue's lines as runs of text with italics and bold kept, everything else dropped: never HTML.
 * @param {string} text
 * @returns {{text: string, italic: boolean, bold: boolean}[][]}
 */
export function runs(text) {
  let italic = 0;
  let bold = 0;
  return text.split("\n").map((line) => {
    /** @type {{text: string, italic: boolean, bold: boolean}[]} */
    const out = [];
    for (const piece of line.split(/(<[^>]*>)/)) {
      if (/^<i[ .>]/.test(piece)) italic += 1;
      else if (piece === "</i>") italic = Math.max(0, italic - 1);
      else if (/^<b[ .>]/.test(piece)) bold += 1;
      else if (piece === "</b>") bold = Math.max(0, bold - 1);
      else if (piece && piece[0] !== "<") {
        out.push({ text: piece.replace(/&\w+;/g, (name) => ENTITIES[name] || name), italic: italic > 0, bold: bold > 0 });
      }
    }
    return out;
  });
}
