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

/** What is told of a cell of 4 s at 8 s that added nothing, while the buffer holds from `start` to `end`. */
function toldOf(controller, start, end) {
  const errors = [];
  const made = Object.create(controller.prototype);
  made.tracks = { video: { buffer: { buffered: { length: 1, start: () => start, end: () => end } } } };
  made.fragmentAppendProgress = {};
  made.appendsWithoutProgress = {};
  made.hls = { config: { appendErrorMaxRetry: 3 }, trigger: (_event, { details }) => errors.push(details) };
  made.warn = () => {};
  const frag = { type: "main", level: 0, sn: 2, start: 8, duration: 4, end: 12, stats: { buffering: { start: 1, first: 2 } } };
  made.checkAppendProgress(frag, null, {}, ["video"]);
  return errors;
}

test("a cell whose last picture is held is no hole, one that holds nothing is", () => {
  const steady = steadyBuffers(Hls.DefaultConfig.bufferController);
  assert.deepEqual(toldOf(steady, 4, 10.5), []);
  assert.deepEqual(toldOf(steady, 0, 8), [Hls.ErrorDetails.BUFFER_APPEND_NO_PROGRESS]);
  assert.deepEqual(toldOf(Hls.DefaultConfig.bufferController, 4, 10.5), [Hls.ErrorDetails.BUFFER_APPEND_NO_PROGRESS]);
});
