// Which rung plays next: what the line carries and the encoder keeps up with.
import assert from "node:assert/strict";
import { test } from "node:test";
import { carried, decoding, firstEncoded, lately, nextRung, paceOf } from "../../static/js/core/climb.js";

const rungs = [
  { width: 426, height: 240 },
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];
const h264 = { codec: "h264", width: 1920, height: 1080 };
const base = decoding(h264, rungs);
const state = { rungs, current: 1, first: 1, line: 3, paces: {}, buffer: 6, cell: 4, base };

test("a bigger picture costs more to make, but not as much more as it has pixels", () => {
  assert.equal(paceOf(rungs, {}, 2, base), null);
  assert.equal(paceOf(rungs, { 2: 2 }, 2, base), 2);
  const reckoned = paceOf(rungs, { 1: 4 }, 3, base);
  assert.ok(reckoned > 4 / 9 && reckoned < 2, String(reckoned));
  assert.ok(paceOf(rungs, { 1: 4 }, 2, base) > reckoned);
});

test("what decoding takes is the same for every rung, and hangs on the source", () => {
  const hevc = decoding({ ...h264, codec: "hevc-10" }, rungs);
  assert.ok(hevc > 2 * base);
  assert.ok(decoding({ ...h264, codec: "mpeg2video" }, rungs) < base);
  assert.equal(decoding({ ...h264, width: 3840, height: 2160 }, rungs), 4 * base);
  assert.equal(decoding(null, rungs), base);
  assert.ok(Number(paceOf(rungs, { 1: 2 }, 3, hevc)) > Number(paceOf(rungs, { 1: 2 }, 3, base)));
});

test("a source that is hard to decode hinders the largest rung less than it hinders the smallest", () => {
  const hevc = { ...state, paces: { 1: 2.1 }, buffer: 8 };
  assert.equal(nextRung(hevc), 2);
  assert.equal(nextRung({ ...hevc, base: decoding({ ...h264, codec: "hevc-10" }, rungs) }), 3);
});

test("an encoder that is fast enough is asked for the highest rung at once", () => {
  assert.equal(nextRung({ ...state, paces: { 1: 8 } }), 3);
});

test("an encoder that would not keep up is not asked", () => {
  assert.equal(nextRung({ ...state, paces: { 1: 2.5 } }), 2);
  assert.equal(nextRung({ ...state, paces: { 1: 1.2 } }), 1);
  assert.equal(nextRung({ ...state, paces: { 1: 8, 3: 0.8 } }), 2);
});

test("a slow line is not asked for more than it carries, however fast the encoder", () => {
  assert.equal(nextRung({ ...state, line: 1, paces: { 1: 9 } }), 1);
  assert.equal(nextRung({ ...state, current: 3, line: 1, paces: { 3: 9 } }), 1);
});

test("a climb never empties the buffer", () => {
  assert.equal(nextRung({ ...state, paces: { 1: 4.5 }, buffer: 1 }), 1);
});

test("a picture that is made too slowly gives way before the buffer is empty, and not while it is full", () => {
  assert.equal(nextRung({ ...state, current: 3, paces: { 3: 0.8 }, buffer: 3 }), 2);
  assert.equal(nextRung({ ...state, current: 3, paces: { 3: 0.8 }, buffer: 20 }), 3);
});

test("a seek begins with the rung that is there first", () => {
  assert.equal(nextRung({ ...state, current: 3, paces: { 3: 1.4 }, buffer: 0 }), 1);
  assert.equal(nextRung({ ...state, current: 3, paces: { 3: 12 }, buffer: 0 }), 3);
  assert.equal(nextRung({ ...state, current: 0, paces: { 0: 1.4 }, buffer: 0 }), 0);
});

test("nothing is climbed to on the way where the highest rung comes soon: every climb costs a beginning", () => {
  const soon = { ...state, paces: { 1: 2.9 }, buffer: 3 };
  assert.equal(nextRung(soon), 1, "four seconds of the highest rung would come too late");
  assert.equal(nextRung({ ...soon, buffer: 5.5 }), 3);
  assert.equal(nextRung({ ...soon, buffer: 3.4, cell: 2 }), 3, "two seconds come in time");
  const slow = { ...state, paces: { 1: 2.3 } };
  assert.equal(nextRung({ ...slow, buffer: 5 }), 1);
  assert.equal(nextRung({ ...slow, buffer: 6.5 }), 2, "the highest would never keep up");
});

test("a picture that is made a little too slowly stays where a smaller one would come no earlier", () => {
  const hevc = decoding({ ...h264, codec: "hevc-10" }, rungs);
  const late = { ...state, current: 3, paces: { 3: 0.98 }, buffer: 2, cell: 2, base: hevc };
  assert.equal(nextRung(late), 3);
  assert.equal(nextRung({ ...late, paces: { 3: 0.6 } }), 0);
});

test("a rung that could not be kept up with is tried again after a while", () => {
  const heard = { 1: { pace: 4, at: 200_000 }, 3: { pace: 0.8, at: 50_000 } };
  assert.deepEqual(lately(heard, 100_000), { 1: 4, 3: 0.8 });
  assert.deepEqual(lately(heard, 210_000), { 1: 4 });
  assert.deepEqual(lately(heard, 900_000), { 1: 4 }, "the newest counts however old it is");
  assert.deepEqual(lately({}, 0), {});
});

test("where nothing was made lately, one rung is tried with plenty in hand", () => {
  assert.equal(nextRung({ ...state, buffer: 4 }), 1);
  assert.equal(nextRung({ ...state, buffer: 12 }), 2);
});

const film = { plays: true, bandwidth: 10e6, need: 6e6, recent: 0, buffer: 12, cell: 4 };

test("the file's own picture stays as long as the line carries it, whatever its first cells say of the rest", () => {
  assert.ok(carried({ ...film, bandwidth: 0, buffer: 0 }), "nothing is known yet");
  assert.ok(carried({ ...film, buffer: 2 }));
  assert.ok(carried({ ...film, bandwidth: 6.4e6, buffer: 2 }));
  assert.ok(!carried({ ...film, bandwidth: 6.1e6, buffer: 2 }));
});

test("what is buffered makes up for a line that is a little slow, and for none that is far too slow", () => {
  assert.ok(carried({ ...film, bandwidth: 5e6, buffer: 30 }));
  assert.ok(!carried({ ...film, bandwidth: 5e6, buffer: 12 }));
  assert.ok(!carried({ ...film, bandwidth: 1e6, buffer: 30 }));
});

test("a scene that takes more than the film's mean counts where little is buffered", () => {
  assert.ok(!carried({ ...film, recent: 14e6, buffer: 5 }));
  assert.ok(carried({ ...film, recent: 14e6, buffer: 25 }));
});

test("the file's own picture is gone back to with something to spare", () => {
  const left = { ...film, plays: false };
  assert.ok(carried(left));
  assert.ok(!carried({ ...left, bandwidth: 7e6 }));
  assert.ok(!carried({ ...left, buffer: 1 }), "its cell would not come in time");
  assert.ok(!carried({ ...left, bandwidth: 0 }));
  assert.ok(!carried({ ...left, recent: 9e6, buffer: 5 }));
});

test("what follows on a copied picture begins with a rung that is there at once", () => {
  assert.equal(firstEncoded(rungs, 3), 1);
  assert.equal(firstEncoded(rungs.slice(2), 1), 0);
});
