/**
 * hls.js lines up what it asks of each source buffer, and whoever had to wait for one line moves all of them on. What a
 * buffer has finished but not told of yet is passed over then: where sound arrives just as the picture has been emptied
 * for another rung, nobody hears of that, and no picture is fetched any more. Here only lines move on whose turn to wait
 * it was.
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
  };
