// hls.js with the manners the grid needs: it waits for a cell that is being made, does not mistake that wait for a slow
// line, and never gives up on it for a smaller one.
import { withToken } from "./token.js";

/** Milliseconds that the server spent making what it sent (`Server-Timing: made;dur=…`). */
/** @param {any} request */
function madeMs(request) {
  const header = request && request.getResponseHeader && request.getResponseHeader("Server-Timing");
  const found = header && /made;dur=([\d.]+)/.exec(header);
  return found ? parseFloat(found[1]) : 0;
}

/**
 * A loader that goes where the current token points and takes the making out of the timing.
 * @param {any} Base hls.js's own loader
 * @param {() => string} token
 */
const patientLoader = (Base, token) =>
  class extends Base {
    /** @param {any} context @param {any} config @param {any} callbacks */
    load(context, config, callbacks) {
      context.url = withToken(context.url, token());
      const { onSuccess } = callbacks;
      callbacks.onSuccess = (/** @type {any} */ response, /** @type {any} */ stats, /** @type {any} */ at, /** @type {any} */ request) => {
        const { loading } = stats;
        loading.start = Math.min(loading.first, loading.start + madeMs(request));
        onSuccess(response, stats, at, request);
      };
      super.load(context, config, callbacks);
    }
  };

/** @param {any} Base hls.js's own controller: a cell in the making is waited for */
const patientAbr = (Base) =>
  class extends Base {
    /** @param {any} hls */
    constructor(hls) {
      super(hls);
      this._abandonRulesCheck = () => undefined;
    }
  };

/**
 * Again while the server says "not yet" (503) or the line is gone; never on 403 or 404.
 * @param {any} _config @param {number} count @param {boolean} timeout @param {any} response
 */
const worthRetrying = (_config, count, timeout, response) =>
  count < 60 && (timeout || !response || !response.code || response.code >= 500 || response.code === 429);

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
 * @param {{token: () => string, position: number}} options
 */
export function createHls(Hls, { token, position }) {
  const defaults = /** @type {any} */ (Hls.DefaultConfig);
  return new Hls(/** @type {any} */ ({
    loader: patientLoader(defaults.loader, token),
    abrController: patientAbr(defaults.abrController),
    startPosition: position > 0 ? position : -1,
    startFragPrefetch: true,
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
    maxMaxBufferLength: 60,
    backBufferLength: 60,
    abrEwmaDefaultEstimate: 8e6,
    abrEwmaDefaultEstimateMax: 5e7,
    maxStarvationDelay: 4,
    fragLoadPolicy: patience(25000),
    playlistLoadPolicy: patience(15000),
    manifestLoadPolicy: patience(15000),
  }));
}
