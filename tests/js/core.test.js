// The pure parts of the scripts: times, geometry, seeking, quality, devices, subtitles, words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { activeCues, parseVtt, runs } from "../../static/js/core/cues.js";
import { deviceProfile } from "../../static/js/core/device.js";
import { segmentsOf } from "../../static/js/core/playlists.js";
import { qualityMenu, sizeName } from "../../static/js/core/quality.js";
import { pick } from "../../static/js/core/rectangles.js";
import { ahead, atPoint, chapterAt, cuts, joined, nextSpeed, target } from "../../static/js/core/seek.js";
import { bitRate, clock, length, signed } from "../../static/js/core/times.js";
import { count, pluralForm, said, sentences, setCatalog, t } from "../../static/js/core/words.js";

test("times read as on a clock, and nothing is ever 0 min long", () => {
  assert.equal(clock(245.4), "4:05");
  assert.equal(clock(119.99), "2:00"); // as the server writes it: tests/web/test_phrases.py
  assert.equal(clock(2.5), "0:03");
  assert.deepEqual(length(119.99), { hours: 0, minutes: 2 });
  assert.equal(clock(3815), "1:03:35");
  assert.equal(clock(NaN), "0:00");
  assert.deepEqual(length(20), { hours: 0, minutes: 1 });
  assert.deepEqual(length(7000), { hours: 1, minutes: 57 });
  assert.equal(bitRate(8_040_000), "8.0 Mb/s");
  assert.equal(bitRate(24_600_000), "25 Mb/s");
  assert.equal(signed(0.04), "0.0");
  assert.equal(signed(-1.2), "−1.2");
});

const box = (left, top) => ({ left, top, right: left + 100, bottom: top + 100 });

test("an arrow leads to the nearest thing ahead, and sideways stays on its line", () => {
  const here = box(200, 200);
  assert.equal(pick(here, [box(320, 200), box(440, 200)], "right"), 0);
  assert.equal(pick(here, [box(80, 200), box(320, 200)], "left"), 0);
  assert.equal(pick(here, [box(200, 400), box(500, 310)], "down"), 0);
  assert.equal(pick(here, [box(320, 600)], "right"), -1);
  assert.equal(pick(here, [box(200, 200)], "down"), -1);
});

test("a seek stays inside the film and off its last frame", () => {
  assert.equal(target(-3, 100), 0);
  assert.equal(target(100, 100), 99.75);
  assert.equal(atPoint(150, { left: 100, right: 200 }, 60), 30);
  assert.equal(atPoint(9000, { left: 100, right: 200 }, 60), 59.75);
});

test("chapters are found and a crowd of them is not drawn", () => {
  const chapters = [{ start: 0 }, { start: 30 }, { start: 60 }];
  assert.equal(chapterAt(chapters, 29.9), 0);
  assert.equal(chapterAt(chapters, 30), 1);
  assert.equal(chapterAt([], 5), -1);
  assert.deepEqual(cuts(chapters, 90), [30, 60]);
  assert.deepEqual(cuts(Array.from({ length: 500 }, (_, index) => ({ start: index * 10 })), 5000), []);
});

test("ranges that touch are one, and what lies ahead is counted to the first gap", () => {
  const ranges = [{ start: 10, end: 20 }, { start: 0, end: 5 }, { start: 20.05, end: 30 }];
  assert.deepEqual(joined(ranges), [{ start: 0, end: 5 }, { start: 10, end: 30 }]);
  assert.equal(ahead(ranges, 12), 18);
  assert.equal(ahead(ranges, 7), 0);
});

test("speeds step through the list and stop at its ends", () => {
  assert.equal(nextSpeed(1, 1), 1.25);
  assert.equal(nextSpeed(1, -1), 0.75);
  assert.equal(nextSpeed(2, 1), 2);
  assert.equal(nextSpeed(0.25, -1), 0.25);
});

test("the quality menu has Auto first, the largest next, and names a cropped film by its width", () => {
  assert.equal(sizeName(1920, 804), "1080p");
  assert.equal(sizeName(854, 480), "480p");
  assert.equal(sizeName(406, 720), "720p");
  const levels = [
    { index: 0, width: 640, height: 360, bit_rate: 900_000 },
    { index: 1, width: 1920, height: 1080, bit_rate: 8_000_000, method: "copy" },
  ];
  const menu = qualityMenu(levels, { chosen: -1, playing: 0 }, (text, values) => text.replace("{size}", values ? values.size : ""));
  assert.deepEqual(menu.map((one) => one.label), ["Auto", "1080p", "360p"]);
  assert.equal(menu[0].checked, true);
  assert.match(menu[0].note, /360p/);
  assert.match(menu[1].note, /Original/);
});

test("a device tells what it plays in the words of the contract", () => {
  const plays = (codecs) => (type) => codecs.some((codec) => type.includes(codec)) && !type.includes("hvc1");
  const profile = deviceProfile({
    segments: plays(["avc1.640029", "mp4a"]), file: plays(["avc1.640029, mp4a"]), height: 1400, hdr: false, channels: 2, tv: true,
  });
  assert.deepEqual(profile.hls, ["h264", "aac"]);
  assert.deepEqual(profile.direct, ["mp4/h264/aac"]);
  assert.equal(profile.max_height, 1440);
  assert.deepEqual(profile.hdr, []);
});

test("subtitles are read, moved in time, and never become markup", () => {
  const cues = parseVtt("WEBVTT\n\n1\n00:01.000 --> 00:02.500 line:0\n<i>Hello</i> &amp; <script>\n\n01:00:00.000 --> 01:00:01.000\nLate\n\nNOTE no cue\n");
  assert.equal(cues.length, 2);
  assert.deepEqual(activeCues(cues, 1.5, 0).map((cue) => cue.start), [1]);
  assert.deepEqual(activeCues(cues, 1.5, 1), []);
  assert.deepEqual(activeCues(cues, 3, 1).map((cue) => cue.start), [1]);
  assert.deepEqual(runs(cues[0].text), [[{ text: "Hello", italic: true, bold: false }, { text: " & ", italic: false, bold: false }]]);
});

test("a subtitle playlist gives each segment its place", () => {
  const parts = segmentsOf("#EXTM3U\n#EXTINF:4.5,\ns/0.vtt\n#EXTINF:6,\ns/1.vtt\n", "http://h/play/T/s2.m3u8");
  assert.deepEqual(parts[1], { start: 4.5, end: 10.5, url: "http://h/play/T/s/1.vtt" });
});

test("words are translated, filled and counted as Russian counts", () => {
  assert.equal(t("Up to {name}", { name: "srv" }), "Up to srv");
  assert.equal(count("{n} folder", "{n} folders", 1), "1 folder");
  setCatalog({ locale: "ru", words: { "{n} folder": ["{n} папка", "{n} папки", "{n} папок"], Close: "Закрыть" } });
  assert.deepEqual([1, 2, 5, 11, 21, 104, 112].map((n) => pluralForm("ru", n)), [0, 1, 2, 2, 0, 1, 2]);
  assert.equal(count("{n} folder", "{n} folders", 22), "22 папки");
  assert.equal(t("Close"), "Закрыть");
  assert.equal(t("Not in the catalog"), "Not in the catalog");
});

test("the server's sentences are translated with the numbers, codes and names inside them", () => {
  setCatalog({ locale: "ru", words: {
    "the same year ({a})": "тот же год ({a})",
    "the same length ({a} minutes; the file has {b})": "та же длина (минут: {a}; в файле {b})",
    "made in {a}": "снято в стране: {a}",
    "TMDB could not be reached ({a}).": "До TMDB не достучаться ({a}).",
    "Only 3 of them": "Только три",
  } });
  assert.equal(said("the same year (1995)"), "тот же год (1995)");
  assert.equal(said("made in GB"), "снято в стране: GB");
  assert.equal(said("TMDB could not be reached (ReadTimeout)."), "До TMDB не достучаться (ReadTimeout).");
  assert.equal(said("Only 3 of them"), "Только три");
  assert.equal(said("another year (1995, the files say 1996)"), "another year (1995, the files say 1996)");
  assert.equal(
    sentences("the same length (95.5 minutes; the file has 96); made in GB"),
    "та же длина (минут: 95.5; в файле 96); снято в стране: GB",
  );
});
