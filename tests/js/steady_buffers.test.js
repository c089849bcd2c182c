// What hls.js asks of its source buffers: nothing is passed over that has not been told of.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.self ??= globalThis;
const { default: Hls } = await import("hls.js");
const { steadyBuffers } = await import("../../static/js/player/steady_buffers.js");

/** Two lines as hls.js keeps them; neither buffer is at work. @param {any} controller */
function lined(controller, lines) {
  const made = Object.create(controller.prototype);
  made.tracks = { video: { buffer: { updating: false } }, audio: { buffer: { updating: false } } };
  made.operationQueue = {
    current: (type) => lines[type][0] || null,
    audioBlocking: () => false,
    shiftAndExecuteNext: (type) => lines[type].shift(),
  };
  return made;
}

const lines = () => ({ video: [{ label: "remove" }], audio: [{ label: "async-blocker" }, { label: "append" }] });

test("a removal that has not been told of stays in its line while another line moves on", () => {
  const kept = lines();
  lined(steadyBuffers(Hls.DefaultConfig.bufferController), kept).stepOperationQueue(["video", "audio"]);
  assert.deepEqual(kept, { video: [{ label: "remove" }], audio: [{ label: "append" }] });
});

test("hls.js itself passes it over: where it does no more, ours can go", () => {
  const lost = lines();
  lined(Hls.DefaultConfig.bufferController, lost).stepOperationQueue(["video", "audio"]);
  assert.deepEqual(lost.video, []);
});

test("a line that waited moves on, an empty one stays empty", () => {
  const moved = { video: [{ label: "async-blocker-prepend" }], audio: [] };
  lined(steadyBuffers(Hls.DefaultConfig.bufferController), moved).stepOperationQueue(["video", "audio"]);
  assert.deepEqual(moved, { video: [], audio: [] });
});
