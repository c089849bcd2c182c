/** Cells that overlap by less than this stand beside each other (s). */
const SAME_S = 0.1;

/**
 * Sees to it that a chosen rung comes. hls.js replaces what is buffered in another one only where it finds the cell that
 * plays and the one after it, and says nothing where it does not: while a cell of the rung before is still on its way,
 * the choice falls. Here it is made again when such a cell has come, and when one begins to play with such a one behind.
 * @param {any} hls
 * @param {any} Events
 */
export function createPin(hls, Events) {
  let wanted = -1;
  /** What came, by when it begins and ends. @type {{start: number, end: number, level: number}[]} */
  let came = [];

  const again = () => (hls.nextLevel = wanted);
  /** @param {number} at */
  const isThere = (at) => {
    const ahead = hls.mainForwardBufferInfo;
    return Boolean(ahead && ahead.end > at);
  };

  hls.on(Events.FRAG_BUFFERED, (/** @type {string} */ _name, /** @type {any} */ { frag }) => {
    if (frag.type !== "main" || frag.sn === "initSegment") return;
    const { start, end, level } = frag;
    came = came.filter((one) => one.end <= start + SAME_S || one.start >= end - SAME_S).concat([{ start, end, level }]);
    if (wanted >= 0 && level !== wanted && start > hls.media.currentTime + SAME_S) again();
  });
  hls.on(Events.FRAG_CHANGED, (/** @type {string} */ _name, /** @type {any} */ { frag }) => {
    if (wanted < 0) return;
    const after = frag.end + SAME_S;
    const next = came.find((one) => one.start <= after && one.end > after);
    if (next && next.level !== wanted && isThere(after)) again();
  });

  return {
    /** @param {number} level -1: automatic */
    to(level) {
      wanted = level;
      hls.nextLevel = level;
    },
  };
}
