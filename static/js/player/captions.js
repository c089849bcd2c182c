// Captions of our own: the same for a plain file and for segments, with size, colour, background and timing.
import { activeCues, parseVtt, runs } from "../core/cues.js";
import { segmentsOf } from "../core/playlists.js";
import { all, fill, h, memory, on } from "../ui/dom.js";
import { withToken } from "./token.js";

const LOOK = "matinee.captions";
const DEFAULTS = { size: "m", colour: "white", behind: "soft" };

/** @param {string} url */
async function text(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`subtitles: ${answer.status}`);
  return answer.text();
}

/** @param {string} now */
function lines(now) {
  /** @type {(Node | string)[]} */
  const out = [];
  runs(now).forEach((line, index) => {
    if (index) out.push(h("br"));
    line.forEach((run) => out.push(run.italic ? h("i", {}, [run.text]) : run.bold ? h("b", {}, [run.text]) : run.text));
  });
  return out;
}

/**
 * @param {import("./player.js").Player} player
 * @param {HTMLElement} place
 */
export function createCaptions(player, place) {
  let look = Object.assign({}, DEFAULTS, memory.get(LOOK));
  let chosen = -1;
  let offset = 0;
  /** @type {import("../core/cues.js").Cue[]} */
  let cues = [];
  /** @type {{start: number, end: number, url: string, asked?: boolean}[]} */
  let parts = [];
  let shown = "";
  let ticket = 0;

  const tracks = () => {
    const plan = player.plan();
    return plan ? plan.subtitle_tracks.filter((track) => track.url) : []; // pictures cannot be sent as text
  };

  /** @param {number} index -1: off */
  async function choose(index) {
    const mine = (ticket += 1);
    chosen = index;
    cues = [];
    parts = [];
    draw();
    player.tell("captions");
    const plan = player.plan();
    const track = tracks()[index];
    if (!plan || !track) return;
    const base = new URL(plan.hls_url, location.href).href;
    const given = withToken(new URL(String(track.url), base).href, player.token());
    const document = await text(given);
    if (mine !== ticket) return;
    if (/^\uFEFF?WEBVTT/.test(document)) cues = parseVtt(document);
    else parts = segmentsOf(document, given);
    fetchNear();
  }

  function fetchNear() {
    const at = player.position() - offset;
    parts.filter((part) => !part.asked && part.end > at - 5 && part.start < at + 45).forEach(fetchPart);
  }

  /** @param {{url: string, asked?: boolean}} part */
  async function fetchPart(part) {
    const mine = ticket;
    part.asked = true;
    try {
      const found = parseVtt(await text(withToken(part.url, player.token())));
      if (mine !== ticket) return;
      const known = new Set(cues.map((cue) => `${cue.start} ${cue.text}`)); // a cue stands in each segment it overlaps
      cues = cues.concat(found.filter((cue) => !known.has(`${cue.start} ${cue.text}`))).sort((a, b) => a.start - b.start);
    } catch (_failed) {
      part.asked = false; // asked for again at the next look
    }
  }

  function draw() {
    const active = chosen < 0 ? [] : activeCues(cues, player.position(), offset);
    const now = active.map((cue) => cue.text).join("\n");
    if (now === shown) return;
    shown = now;
    fill(place, now ? [h("span", {}, lines(now))] : []);
  }

  function dress() {
    place.className = `caption caption--${look.size} caption--${look.colour} caption--${look.behind}`;
  }

  function remember() {
    const track = tracks()[chosen];
    const subtitle = track ? track.language || track.title || String(chosen) : "off";
    player.keep({ subtitle, subtitle_offset: offset });
  }

  /** @param {number} index */
  const start = (index) => choose(index).catch(() => player.tell("captions-failed"));

  dress();
  const timer = window.setInterval(draw, 100);
  const slow = window.setInterval(fetchNear, 2000);
  const captions = {
    tracks,
    start,
    chosen: () => chosen,
    offset: () => offset,
    look: () => look,
    /** @param {number} index */
    choose: (index) => {
      start(index);
      remember();
    },
    /** @param {number} by */
    shift: (by) => {
      offset = Math.round((offset + by) * 10) / 10;
      fetchNear();
      draw();
      if (chosen >= 0) remember();
      player.tell("captions");
    },
    /** @param {Record<string, string>} change */
    style: (change) => {
      look = Object.assign({}, look, change);
      memory.set(LOOK, look);
      dress();
      player.tell("captions");
    },
    toggle: () => captions.choose(chosen >= 0 || !tracks().length ? -1 : 0),
    detach: all(
      () => window.clearInterval(timer),
      () => window.clearInterval(slow),
      on(player.video, "seeking", fetchNear),
    ),
  };
  return captions;
}

/** @typedef {ReturnType<typeof createCaptions>} Captions */
