// hls.js with the manners the grid needs: it starts with the rung that the server lists first, waits for a cell that is
// being made, does not mistake that wait for a slow line, never gives up on it for a smaller one, keeps to the file's own
// picture while the line carries it, and climbs where the encoder keeps up.
import { carried, decoding, firstEncoded, lately, nextRung } from "../core/climb.js";
import { copiedLevel } from "./own_level.js";
import { steadyBuffers } from "./steady_buffers.js";
import { withToken } from "./token.js";

/**
 * What the server tells of an answer's making (`Server-Timing`): `made`, the ms that it was waited for, and `pace`, the
 * seconds of film that are made in a second; 0 where it says nothing.
 * @param {any} request @param {"made" | "pace"} word
 */
function told(request, word) {
  const header = request && request.getResponseHeader && request.getResponseHeader("Server-Timing");
  const found = header && new RegExp(`${word};dur=([\\d.]+)`).exec(header);
  return found ? parseFloat(found[1]) : 0;
}

/**
 * A loader that goes where the current token points, takes the making out of the timing, and notes the pace of a rung.
 * @param {any} Base hls.js's own loader
 * @param {() => string} token
 * @param {import("../core/climb.js").Heard} heard
 */
const patientLoader = (Base, token, heard) =>
  class extends Base {
    /** @param {any} context @param {any} config @param {any} callbacks */
    load(context, config, callbacks) {
      context.url = withToken(context.url, token());
      const { onSuccess } = callbacks;
      callbacks.onSuccess = (/** @type {any} */ response, /** @type {any} */ stats, /** @type {any} */ at, /** @type {any} */ request) => {
        const { loading } = stats;
        loading.start = Math.min(loading.first, loading.start + told(request, "made"));
        const pace = told(request, "pace");
        if (pace && context.frag && context.frag.type === "main") heard[context.frag.level] = { pace, at: Date.now() };
        onSuccess(response, stats, at, request);
      };
      super.load(context, config, callbacks);
    }
  };

/** What the copied picture's last cells took says something of those to come for so long. */
const RECENT_MS = 60000;
/** A copied picture that failed is not asked for again within this time: a smaller one plays meanwhile. */
const FAILED_MS = 30000;
/** The line is as fast as each of so many cells came: hls.js's mean takes minutes to hear of one that has become faster. */
const CELLS_HEARD = 3;
/** So much of a copied cell must have come before it is given up for a smaller one. */
const JUDGED_MS = 1000;

/**
 * hls.js's own controller judges the line; what the encoder can keep up with, and whether the file's own picture stays, is
 * judged here.
 * @param {any} Base
 * @param {import("../core/climb.js").Heard} heard
 * @param {import("../types").Plan["source"]} source
 */
const patientAbr = (Base, heard, source) =>
  class extends Base {
    /** @param {any} hls */
    constructor(hls) {
      super(hls);
      const giveUp = /** @type {any} */ (this._abandonRulesCheck);
      // A cell in the making is waited for. One that is copied is there at once: what it takes then, the line takes.
      this._abandonRulesCheck = (/** @type {any} */ level) => this._crawls() && giveUp(level);
      this._answer = -1;
      this._sentTo = -1;
      this._recent = { rate: 0, at: 0 };
      /** @type {number[]} */
      this._rates = [];
    }

    get firstAutoLevel() {
      return this.hls ? this.hls.firstLevel : 0;
    }

    get nextAutoLevel() {
      if (!this.hls) return -1;
      this._answer = this._sentTo >= 0 ? this._sentTo : this._chosen();
      return this._answer;
    }

    /** hls.js sends away from a rung that failed: that holds until another cell has come. @param {number} level */
    set nextAutoLevel(level) {
      super.nextAutoLevel = level;
      if (level !== this._answer) this._sentTo = level;
    }

    /** @param {any} event @param {any} data */
    onFragLoaded(event, data) {
      const { frag } = data;
      if (frag.type === "main" && frag.sn !== "initSegment") {
        const { loaded, loading } = frag.stats;
        this._sentTo = -1;
        this._rates = [...this._rates, (loaded * 8000) / Math.max(1, loading.end - loading.start)].slice(-CELLS_HEARD);
        if (frag.level === copiedLevel(this.hls.levels)) this._took((loaded * 8) / frag.duration);
      }
      super.onFragLoaded(event, data);
    }

    /** @param {number} rate bits/s of a copied cell */
    _took(rate) {
      this._recent = { rate: this._recent.rate ? (this._recent.rate + rate) / 2 : rate, at: Date.now() };
    }

    /** Whether a copied cell has begun to come, and comes more slowly than it plays. */
    _crawls() {
      const { hls, fragCurrent: frag } = this;
      if (!hls || !frag || frag.level !== copiedLevel(hls.levels) || !frag.stats.loading.first) return false;
      const ms = performance.now() - frag.stats.loading.first;
      return ms > JUDGED_MS && (frag.stats.loaded * 8000) / ms < hls.levels[frag.level].averageBitrate;
    }

    _chosen() {
      const { levels, firstLevel, loadLevel, maxAutoLevel } = this.hls;
      if (this.lastLoadedFragLevel < 0) return Math.min(firstLevel, maxAutoLevel);
      const line = Math.min(this.getNextABRAutoLevel(), maxAutoLevel);
      if (levels.length < 2 || line < 0) return Math.max(0, line);
      const ahead = this.hls.mainForwardBufferInfo || { len: 0, end: 0 };
      const copied = copiedLevel(levels);
      if (copied >= 0 && copied <= maxAutoLevel && this._carried(copied, ahead)) return copied;
      const first = copied < 0 ? firstLevel : firstEncoded(levels, copied);
      return nextRung({
        rungs: levels, current: loadLevel < 0 || loadLevel === copied ? first : loadLevel, first,
        paces: lately(heard, Date.now()),
        line: copied < 0 ? line : Math.min(line, copied - 1),
        buffer: ahead.len, cell: this._cellAt(levels[loadLevel], ahead.end), base: decoding(source, levels),
      });
    }

    /** The line's rate (bits/s), 0 where it is not known. */
    _bandwidth() {
      const least = this._rates.length < CELLS_HEARD ? 0 : Math.min.apply(null, this._rates);
      return Math.max(least, this.bwEstimator.canEstimate() ? this.hls.bandwidthEstimate : 0);
    }

    /** @param {number} copied @param {{len: number, end: number}} ahead */
    _carried(copied, ahead) {
      const level = this.hls.levels[copied];
      if (level.loadError && performance.now() - level.loadErrorTime < FAILED_MS) return false;
      return carried({
        plays: this.hls.loadLevel === copied,
        bandwidth: this._bandwidth(),
        need: level.averageBitrate,
        recent: Date.now() - this._recent.at < RECENT_MS ? this._recent.rate : 0,
        buffer: ahead.len,
        cell: this._cellAt(level, ahead.end),
      });
    }

    /** Seconds of the cell that begins here. @param {any} level @param {number} at */
    _cellAt(level, at) {
      const details = level && level.details;
      const found = details && details.fragments.find((/** @type {any} */ one) => one.start + one.duration > at + 0.1);
      return found ? found.duration : 4;
    }
  };

/**
 * Again while the server says "not yet" (503) or the line is gone; never on 403 or 404.
 * @param {any} _config @param {number} count @param {boolean} timeout @param {any} response
 */
const worthRetrying = (_config, count, timeout, response) =>
  count < 60 && (timeout || !response || !response.code || response.code >= 500 || response.code === 429);

/** Seconds that are fetched before the first picture is there: what comes later would only be in its way. */
const FIRST_S = 2;
const FULL_S = 60;

/** @param {number} firstByteMs */
const patience = (firstByteMs) => ({
  default: {
    maxTimeToFirstByteMs: firstByteMs,
    maxLoadTimeMs: 120000,
    timeoutRetry: { maxNumRetry: 8, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 60, retryDelayMs: 500, maxRetryDelayMs: 1500, shouldRetry: worthRetrying },
  },
});

/**
 * @param {typeof import("hls.js").default} Hls
 * @param {{token: () => string, position: number, source: import("../types").Plan["source"]}} options
 */
export function createHls(Hls, { token, position, source }) {
  const defaults = /** @type {any} */ (Hls.DefaultConfig);
  /** @type {import("../core/climb.js").Heard} */
  const heard = {};
  const hls = new Hls(/** @type {any} */ ({
    loader: patientLoader(defaults.loader, token, heard),
    abrController: patientAbr(defaults.abrController, heard, source),
    bufferController: steadyBuffers(defaults.bufferController),
    startPosition: position > 0 ? position : -1,
    startFragPrefetch: true,
    maxFragLookUpTolerance: 0.05, // playlists are exact: with more, what is left of a cell after a flush is jumped over
    testBandwidth: false,
    lowLatencyMode: false,
    enableWorker: false, // fMP4 is passed through: a worker would only cost its start
    useMediaCapabilities: false, // the server already offers only what this device named
    enableInterstitialPlayback: false,
    subtitleStreamController: undefined, // captions are ours: they have size, colour and timing
    subtitleTrackController: undefined,
    timelineController: undefined,
    emeController: undefined,
    cmcdController: undefined,
    contentSteeringController: undefined,
    maxBufferLength: 30,
    maxMaxBufferLength: FIRST_S,
    backBufferLength: 60,
    abrEwmaDefaultEstimate: 8e6,
    abrEwmaDefaultEstimateMax: 5e7,
    maxStarvationDelay: 4,
    fragLoadPolicy: patience(25000),
    playlistLoadPolicy: patience(15000),
    manifestLoadPolicy: patience(15000),
  }));
  hls.on(Hls.Events.MEDIA_ATTACHED, (_name, { media }) => {
    const showsPicture = () => (hls.config.maxMaxBufferLength = FULL_S);
    if (media.readyState >= media.HAVE_CURRENT_DATA) showsPicture();
    else media.addEventListener("loadeddata", showsPicture, { once: true });
  });
  return hls;
}
