/** A cell whose beginning is there for so long (s) is there. */
const BEGUN_S = 0.1;

/** @param {TimeRanges} ranges @param {number} at seconds */
function covers(ranges, at) {
  for (let n = 0; n < ranges.length; n += 1) if (ranges.start(n) <= at && ranges.end(n) >= at) return true;
  return false;
}

/**
 * hls.js lines up what it asks of each source buffer, and whoever had to wait for one line moves all of them on. What a
 * buffer has finished but not told of yet is passed over then: where sound arrives just as the picture has been emptied
 * for another rung, nobody hears of that, and no picture is fetched any more. Here only lines move on whose turn to wait
 * it was.
 *
 * It also takes a cell for a hole, and jumps over it, when it came three times and added nothing. Chromium counts a
 * picture that is held at a cell's end as long as any other, so hls.js asks for such a cell again after each seek into
 * it: cells are exact, and one that has begun is no hole.
 * @param {any} Base hls.js's own buffer controller
 */
export const steadyBuffers = (Base) =>
  class extends Base {
    /** @param {string[]} types */
    stepOperationQueue(types) {
      const waited = types.filter((type) => {
        const turn = this.operationQueue.current(type);
        return turn && turn.label.indexOf("async-blocker") === 0;
      });
      super.stepOperationQueue(waited);
    }

    /** @param {any} frag @param {any} part @param {any} chunk @param {string[]} types */
    checkAppendProgress(frag, part, chunk, types) {
      const begun = types.every((type) => {
        const { buffer } = this.tracks[type] || {};
        return buffer && covers(buffer.buffered, frag.start + BEGUN_S);
      });
      if (!begun) super.checkAppendProgress(frag, part, chunk, types);
    }
  };
