// A rung that was chosen comes, also where hls.js lets the choice fall.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPin } from "../../static/js/player/pin.js";

const Events = { FRAG_BUFFERED: "buffered", FRAG_CHANGED: "changed" };

function player({ at = 0, end = 0 } = {}) {
  const hears = {};
  const chosen = [];
  return {
    chosen,
    media: { currentTime: at },
    mainForwardBufferInfo: { end },
    on: (name, listener) => (hears[name] = listener),
    tell: (name, start, end_, level) => hears[name](name, { frag: { type: "main", sn: 1, start, end: end_, level } }),
    set nextLevel(level) {
      chosen.push(level);
    },
  };
}

test("a cell of the rung before that was still on its way is replaced", () => {
  const hls = player({ at: 3 });
  createPin(hls, Events).to(2);
  hls.tell("buffered", 5, 10, 0);
  hls.tell("buffered", 5, 10, 2);
  hls.tell("buffered", 0, 5, 0); // the one that plays stays
  assert.deepEqual(hls.chosen, [2, 2]);
});

test("what lies behind the cell that begins to play is replaced where it is there and of another rung", () => {
  const hls = player({ at: 5, end: 20 });
  const pin = createPin(hls, Events);
  for (const [start, end] of [[0, 5], [5, 10], [10, 15], [15, 20]]) hls.tell("buffered", start, end, 0);
  pin.to(1);
  hls.tell("changed", 5, 10, 0);
  assert.deepEqual(hls.chosen, [1, 1]);
  hls.tell("buffered", 10, 16, 1); // cells of another rung may end elsewhere
  hls.tell("changed", 5, 10, 0);
  hls.mainForwardBufferInfo.end = 10; // it was thrown away, and comes as chosen
  hls.tell("changed", 16, 20, 0);
  assert.deepEqual(hls.chosen, [1, 1]);
});

test("nothing is chosen again where the engine chooses", () => {
  const hls = player({ at: 0, end: 20 });
  const pin = createPin(hls, Events);
  pin.to(1);
  pin.to(-1);
  hls.tell("buffered", 5, 10, 0);
  hls.tell("changed", 0, 5, 2);
  assert.deepEqual(hls.chosen, [1, -1]);
});
