// The owner of playback. Everything on the page that shows or changes what plays asks this object and hears from it;
// nothing else touches what the <video> plays.
import { joined, target } from "../core/seek.js";
import { post, Problem, put } from "../net/api.js";
import { memory, on } from "../ui/dom.js";
import { emitter } from "./emitter.js";
import { createHls } from "./hls_engine.js";
import { copiedLevel, ownLevel } from "./own_level.js";
import { createPin } from "./pin.js";
import { probe } from "./probe.js";
import { tokenOf, withToken } from "./token.js";

/** @typedef {import("../types").Plan} Plan */

const VOLUME = "matinee.volume";
/** A film of at most this many seconds is one cell for the picture and one for the sound. */
const ONE_CELL_S = 2.5;
const VAIN_MS = 5000; // refused so soon after a new token, a session is begun anew
/** A picture that fails more often than this within a minute is played another way. */
const MOST_REPAIRS = 2;
const MINUTE_MS = 60000;
const MASTER = "master.m3u8";
const LADDER = "ladder.m3u8";

/** What happened within the last minute, and now. @param {number[]} times */
const lately = (times) => times.filter((at) => Date.now() - at < MINUTE_MS).concat([Date.now()]);

/** @param {TimeRanges} ranges */
const list = (ranges) => {
  const out = [];
  for (let index = 0; index < ranges.length; index += 1) out.push({ start: ranges.start(index), end: ranges.end(index) });
  return out;
};

/**
 * @param {HTMLVideoElement} video
 * @param {{mediaId: string, fileId: number, habits: Record<string, unknown>, loadHls: () => Promise<any>}} options `habits`:
 *   what this person hears and reads in the title, as the server keeps it
 */
export function createPlayer(video, { mediaId, fileId, habits, loadHls }) {
  const news = emitter();
  /** @type {Plan | null} */
  let plan = null;
  /** @type {any} */
  let hls = null;
  /** @type {{to: (level: number) => void} | null} */
  let pin = null;
  let token = "";
  let seekingTo = -1;
  /** Where playing was last, for while the <video> has lost its film. */
  let place = 0;
  /** Whether it was begun and not paused: a <video> that loses its film forgets that. */
  let going = false;
  /** The level of hls.js that is on the screen; -1: none yet. */
  let shown = -1;
  /** When the picture failed lately. @type {number[]} */
  let failures = [];
  let renewing = false;
  let renewed = { plan: /** @type {any} */ (null), at: 0 };
  /** Which multivariant playlist plays: a copied picture that may stand beside no encoded one has one of its own. */
  let master = MASTER;
  /** The one that is played where nothing is chosen: the ladder alone once the copied picture did not decode. */
  let home = MASTER;
  /** Index into the plan's renditions; -1: automatic. */
  let chosenLevel = -1;
  /** When playing ran dry lately. @type {number[]} */
  let stalls = [];
  /** @type {{start: number, end: number}[]} */
  let prepared = [];
  /** What was asked for beyond the device: kept when the film is prepared again. @type {Record<string, unknown>} */
  const wishes = {};
  /** @type {import("../types").DeviceProfile | null} */
  let device = null;

  const duration = () => (plan && plan.duration) || (Number.isFinite(video.duration) ? video.duration : 0);
  const position = () => (seekingTo >= 0 ? seekingTo : video.readyState ? video.currentTime : place);

  /** @param {number} [at] absent: where the viewer left off */
  async function prepare(at) {
    device = device || probe();
    const file = plan && (plan.parts || 1) > 1 ? plan.media_file_id : fileId; // places are those of the part that plays
    const body = file ? { media_file_id: file, device } : { media_id: mediaId, device };
    return post("/api/v1/player/prepare", Object.assign(body, wishes, at === undefined ? {} : { position: at }));
  }

  function drop() {
    if (hls) hls.destroy();
    hls = pin = null;
    seekingTo = -1;
  }

  /**
   * Plays this plan from its position.
   * @param {Plan} next
   * @param {boolean} go
   */
  async function load(next, go) {
    drop();
    plan = next;
    prepared = [];
    failures = [];
    place = next.position;
    master = home = MASTER;
    chosenLevel = -1;
    token = tokenOf(next.hls_url || next.url);
    news.tell("plan", next);
    if (next.method === "direct") straight(next.url, next.position);
    else await segments(next);
    if (go) await play();
  }

  /** @param {string} url @param {number} at */
  function straight(url, at) {
    video.src = url;
    if (at > 0) {
      seekingTo = at;
      video.addEventListener("loadedmetadata", () => (video.currentTime = at), { once: true });
    }
  }

  /** @param {Plan} next */
  async function segments(next) {
    const Hls = await loadHls();
    if (plan !== next) return; // another film was prepared meanwhile
    if (!Hls || !Hls.isSupported()) straight(next.hls_url, next.position);
    else attachHls(Hls, next.hls_url, next.position);
  }

  /** @param {any} Hls @param {string} url @param {number} at */
  function attachHls(Hls, url, at) {
    hls = createHls(Hls, { token: () => token, position: at, source: plan ? plan.source : null });
    pin = createPin(hls, Hls.Events);
    shown = -1;
    listen(Hls);
    hls.attachMedia(video); // first: what comes before the media source is open does not learn the film's length
    hls.loadSource(url);
  }

  /** @param {number} index into the plan's renditions; -1: automatic */
  function chooseLevel(index) {
    if (!hls || !plan) return;
    chosenLevel = index;
    const there = index < 0 ? master === home : ownLevel(hls, plan.renditions[index]) >= 0;
    if (there) pinLevel();
    else changeMaster(index < 0 ? home : plan.renditions[index].master);
    news.tell("levels");
  }

  /** What is buffered beyond the next cell is replaced; the picture goes on. */
  function pinLevel() {
    if (pin) pin.to(chosenLevel < 0 || !plan ? -1 : ownLevel(hls, plan.renditions[chosenLevel]));
  }

  /** The other playlist, from the same place. @param {string} wanted */
  function changeMaster(wanted) {
    const at = position();
    const url = withToken((wanted === LADDER && plan && plan.ladder_url) || (plan ? plan.hls_url : ""), token);
    master = wanted;
    place = at;
    drop();
    attachHls(window.MatineeHls, url, at);
    hls.once(window.MatineeHls && window.MatineeHls.Events.MANIFEST_PARSED, () => {
      if (plan && chosenLevel >= 0) hls.startLevel = hls.loadLevel = ownLevel(hls, plan.renditions[chosenLevel]);
    });
    if (going) play();
  }

  /** Where the line cannot carry a copied picture that is alone in its playlist, the ladder takes over. */
  function onStall() {
    if (!hls || !plan || chosenLevel >= 0 || hls.levels.length > 1 || !isCopied(plan)) return;
    const playing = plan.renditions[0];
    stalls = lately(stalls);
    if (stalls.length < 3 || hls.bandwidthEstimate > playing.bit_rate * 1.2) return;
    stalls = [];
    changeMaster(LADDER);
    news.tell("levels");
  }

  /** Whether the file's own picture plays, or may, and there is another. @param {Plan} now */
  const isCopied = (now) => now.method === "remux" && Boolean(now.ladder_url) && master === MASTER;

  /** @param {any} Hls */
  function listen(Hls) {
    const own = hls;
    const { Events } = Hls;
    own.on(Events.MANIFEST_PARSED, () => news.tell("levels"));
    own.on(Events.LEVEL_SWITCHED, (/** @type {string} */ _name, /** @type {{level: number}} */ { level }) => {
      shown = level;
      news.tell("levels");
    });
    own.on(Events.AUDIO_TRACKS_UPDATED, () => news.tell("tracks"));
    own.on(Events.AUDIO_TRACK_SWITCHED, () => news.tell("tracks"));
    own.on(Events.FRAG_BUFFERED, () => {
      knowLength(own, Hls);
      // hls.js ends the stream only once its sound has begun to play, which a tenth of a second never does before its end
      if (plan && plan.duration <= ONE_CELL_S && video.buffered.length) own.trigger(Events.BUFFER_EOS, {});
      news.tell("buffer");
    });
    own.on(Events.ERROR, (/** @type {string} */ _name, /** @type {any} */ problem) => onHlsError(own, Hls, problem));
  }

  /**
   * hls.js forgets the film's length where the first cell came before its media source was open; without one a seek
   * ends where the buffer does.
   * @param {any} own @param {any} Hls
   */
  function knowLength(own, Hls) {
    const level = own.levels[own.loadLevel];
    if (Number.isFinite(video.duration) || !level || !level.details) return;
    own.trigger(Hls.Events.LEVEL_UPDATED, { level: own.loadLevel, details: level.details });
  }

  /** @param {any} own @param {any} Hls @param {any} problem */
  function onHlsError(own, Hls, problem) {
    if (own !== hls) return;
    const status = problem.response && problem.response.code;
    if (status === 403) {
      renew();
      return;
    }
    if (status === 503) news.tell("making");
    const broken = problem.type === Hls.ErrorTypes.MEDIA_ERROR && (problem.fatal || isCopyBroken(own, Hls, problem));
    if (broken) failures = lately(failures);
    if (broken && failures.length > MOST_REPAIRS) again();
    else if (broken || !problem.fatal) {
      if (problem.fatal) own.recoverMediaError();
      if (going && video.paused) play(); // given its film anew, a <video> stands still
    } else if (problem.type === Hls.ErrorTypes.NETWORK_ERROR) news.tell("trouble", { kind: status ? "server" : "offline", status });
    else again();
  }

  /**
   * Whether this says that the file's own picture cannot be decoded, which hls.js answers by playing another rung for a while.
   * @param {any} own @param {any} Hls @param {any} problem
   */
  function isCopyBroken(own, Hls, problem) {
    const { BUFFER_APPEND_ERROR, FRAG_PARSING_ERROR, MEDIA_SOURCE_REQUIRES_RESET } = Hls.ErrorDetails;
    const copied = copiedLevel(own.levels);
    const level = problem.frag && problem.frag.type === "main" ? problem.frag.level : shown;
    const kinds = [BUFFER_APPEND_ERROR, FRAG_PARSING_ERROR, MEDIA_SOURCE_REQUIRES_RESET];
    return copied >= 0 && kinds.indexOf(problem.details) >= 0 && (level === copied || level < 0);
  }

  /** The token ran out while the machine slept, or the session ended: a new token, else a new session here. */
  async function renew() {
    if (renewing || !plan) return;
    renewing = true;
    const at = position();
    const isVain = renewed.plan === plan && Date.now() - renewed.at < VAIN_MS;
    renewed = { plan, at: Date.now() };
    try {
      if (isVain) {
        await restart(going); // a fresh token did not open it either: the addresses themselves are of another time
        return;
      }
      const answer = await post(`/api/v1/player/sessions/${plan.session_id}/renew`);
      token = answer.token || tokenOf(answer.hls_url || answer.url || "") || token;
      if (hls) hls.startLoad(at);
      else {
        straight(withToken(plan.url, token), at);
        if (going) await play();
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401) news.tell("trouble", { kind: "signed-out" });
      else await restart(going);
    } finally {
      renewing = false;
    }
  }

  /**
   * Prepares again, at this place, with what is wished for now.
   * @param {boolean} go
   * @param {number | undefined} at undefined: where the viewer left off
   */
  async function restartAt(go, at) {
    news.tell("making");
    try {
      await load(await prepare(at), go);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401) news.tell("trouble", { kind: "signed-out" });
      else news.tell("trouble", { kind: error.status ? "refused" : "offline", detail: error.message, status: error.status });
    }
  }

  /** @param {boolean} go */
  const restart = (go) => restartAt(go, position());

  /** This way of playing failed here: the next plainer one, from the same place. */
  async function again() {
    device = device || probe();
    const direct = plan && plan.method === "direct";
    failures = [];
    if (hls && plan && isCopied(plan)) {
      news.tell("fallback", "codec");
      home = LADDER;
      chosenLevel = -1;
      changeMaster(home); // the file's own picture does not decode here: one encoded anew does
      news.tell("levels");
      await play();
      return;
    }
    if (direct) device = Object.assign({}, device, { direct: [] });
    else if (device.hls.length > 2) device = Object.assign({}, device, { direct: [], hls: ["h264", "aac"] });
    else {
      news.tell("trouble", { kind: "decode" });
      return;
    }
    news.tell("fallback", direct ? "direct" : "codec");
    await restart(true);
  }

  async function play() {
    try {
      await video.play();
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (name === "NotAllowedError") news.tell("blocked");
      else if (name !== "AbortError" && name !== "NotSupportedError") throw error; // the video's own error event speaks
    }
  }

  /** @param {number} to */
  function seek(to) {
    seekingTo = target(to, duration());
    video.currentTime = seekingTo;
    news.tell("time");
    news.tell("seek");
  }

  const kept = memory.get(VOLUME);
  if (kept) {
    video.volume = kept.volume;
    video.muted = kept.muted;
  }
  const detach = [
    on(video, "play playing pause ended waiting stalled canplay", (event) => news.tell("state", event.type)),
    on(video, "waiting", () => video.currentTime > 1 && seekingTo < 0 && onStall()),
    on(video, "play", () => (going = true)),
    on(video, "pause", () => (going = false)),
    on(video, "timeupdate", () => {
      if (video.readyState) place = video.currentTime;
      news.tell("time");
    }),
    on(video, "progress", () => news.tell("buffer")),
    on(video, "seeked", () => {
      seekingTo = -1;
      news.tell("time");
    }),
    on(video, "ended", () => {
      if (!plan || !plan.next_media_file_id) return;
      plan.media_file_id = plan.next_media_file_id; // a film in several files goes on with the next
      restartAt(true, 0);
    }),
    on(video, "volumechange", () => {
      memory.set(VOLUME, { volume: video.volume, muted: video.muted });
      news.tell("volume");
    }),
    on(video, "error", () => {
      if (hls || !video.error || !plan || !video.getAttribute("src")) return;
      if (video.error.code === 2) renew();
      else again();
    }),
  ];

  return {
    on: news.on,
    tell: news.tell,
    video,
    mediaId,
    load,
    restart,
    again,
    play,
    seek,
    duration,
    position,
    plan: () => plan,
    token: () => token,
    hls: () => hls,
    chosenLevel: () => chosenLevel,
    chooseLevel,
    toggle: () => (video.paused ? play() : video.pause()),
    /** Where the viewer left off, or at a place. @param {number} [at] */
    start: (at) => restartAt(true, at),
    buffered: () => joined(list(video.buffered)),
    prepared: () => prepared,
    /** @param {{start: number, end: number}[]} ranges */
    setPrepared: (ranges) => {
      prepared = ranges;
      news.tell("buffer");
    },
    /** What is heard and read in this title from now on. @param {Record<string, unknown>} values */
    keep: (values) => {
      Object.assign(habits, values);
      put(`/api/v1/user/tracks/${mediaId}`, habits).catch(() => news.tell("not-kept"));
    },
    /** @param {string} wish @param {unknown} value */
    wish: (wish, value) => {
      wishes[wish] = value;
      return restart(!video.paused);
    },
    detach: () => {
      drop();
      detach.forEach((stop) => stop());
    },
  };
}

/** @typedef {ReturnType<typeof createPlayer>} Player */
